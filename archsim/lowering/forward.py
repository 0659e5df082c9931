"""The forward pass of one sample, in every phase: which tasks exist, and why.

For every layer and step (a burst of output positions at one timestep), in the order in which its inputs come::

    on each tile with blocks of the layer     (input messages have arrived)
        fetch        the rows' bits out of the input buffer, over the tile's bus; frees what nobody needs again
        keep         (learning) the same bits into the history buffer, for the outer product
        each block:  drive, read, convert, shift_add   for each cycle of the input's bits
                     collect, hop ...                  the partial sums to the home tile
        hop ...      an empty token to each home that gets no sums from here, as the blocks for it are idle
    on each home tile of the layer
        add          the partial sums of all row blocks
        update       the neurons: membrane potential, threshold, reset
        keep         (learning) the potentials into the history buffer
        emit, unload the spikes into the output buffer and out again
        admit, hop ..., receive   to every tile that needs them; the last frees the output buffer
        admit, move, receive      over the bus to this tile itself, if it needs them

The membrane orders the timesteps of a layer: a step's update waits until the step before has been sent. Of input
registers and accumulators a chip has some sets, two if it does not say (double buffering): a step's fetch waits
until the step that many before has been read, its additions until the step that many before has been sent. Layers
overlap as the data allow. A block that no spike reaches is skipped if the chip says so; its home still waits until
the block's tile has its inputs and has told it. Pooling has no arrays: its home adds up the window.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from archsim.lowering.alike import StepsAlike
from archsim.lowering.context import Context, Given, Label, listed
from archsim.lowering.counted import Span
from archsim.lowering.homes import AtHome, Sent, admitted_to_history, keep, lay_down_home
from archsim.lowering.laid import Laid
from archsim.lowering.one_step import InputSent, StepDone, Waits
from archsim.lowering.order import Step, as_inputs_come, units
from archsim.lowering.reads import Turn
from archsim.lowering.repeats import Repeats
from archsim.lowering.rooms import input_room
from archsim.lowering.transport import empty_token, fetch, send_all
from archsim.mapping import IO, Home, LayerPlan, n_bytes, sources_of
from archsim.taskgraph import opening
from archsim.workload import INPUT, Pool

Come = dict[int, list[int]]  # by home, the tasks after which its sums are there
UNDER_WAY = 4  # steps of the input loaded for a layer and not yet received: loading, on two links, being received


@dataclass
class Forward(StepsAlike):
    """The forward pass of one sample, as far as it is laid down.

    Parameters
    ----------
    ctx : Context
    sample : int
    stage : str
        Label of the tasks.
    learns : bool
        Whether inputs and potentials are kept for the backward pass.
    start : int or None
        The task to wait for before the sample begins.
    before : Forward or None
        The sample before: neurons of this one wait until that one has left them.
    """

    learns: bool
    start: int | None = None
    before: Forward | None = None
    laid: Laid = field(default_factory=Laid)

    @cached_property
    def repeats(self) -> Repeats:
        """Those of the sample before, where nothing was laid down between the two."""
        before = self.before
        goes_on = before is not None and self.start is None and before.repeats.goes_on(self.sample)
        return before.repeats if before is not None and goes_on else Repeats(self.ctx.graph)

    def run(self) -> None:
        """Lay down all steps of all layers, each as soon as its inputs are there.

        What follows on one step of the input is a unit; such that are alike are placed without another look.
        """
        self._forget_early_samples()
        repeats, every = self.repeats, self._units
        keys = self._keys(every)
        at = 0
        while at < len(every):
            n = 1
            if repeats.comes_again(keys[at]):
                while at + n < len(every) and keys[at + n] == keys[at]:
                    n += 1
                self._again(repeats, every[at : at + n])
            else:
                mark = self.ctx.graph.mark()
                parts = [self._laid_down(name, step) for name, step in every[at]]
                repeats.learn(keys[at], self.ctx.graph.since(mark), parts)
            at += n

    def _forget_early_samples(self) -> None:
        """Samples that lie further back than any step looks: in a run of thousands they would fill the memory."""
        ctx, tile = self.ctx, self.ctx.chip.tile
        n_replicas = 1 + max((block.replica for block in ctx.mapping.blocks), default=0)
        back = max(UNDER_WAY, tile.n_input_sets * n_replicas, tile.n_accumulator_sets)
        fewest = min(ctx.flow.n_steps(name) for name in (INPUT, *ctx.network.names))
        run: Forward | None = self
        for _ in range(math.ceil(back / fewest)):
            run = None if run is None else run.before
        if run is not None:
            run.before = None

    @property
    def _units(self) -> list[list[Step]]:
        known = self.ctx.flow.known
        if "units" not in known:
            known["units"] = list(units(as_inputs_come(self.ctx.flow)))
        found: list[list[Step]] = known["units"]
        return found

    def _keys(self, every: Sequence[Sequence[Step]]) -> list[Hashable]:
        """Units with the same key have the same tasks; None as for `kind_of`."""
        of = {name: self.kinds_of(name) for name in (INPUT, *self.ctx.network.names)}
        keys = [tuple([of[name][step] for name, step in unit]) for unit in every]
        return [None if None in key else key for key in keys]

    def _again(self, repeats: Repeats, alike: Sequence[Sequence[Step]]) -> None:
        """Units that are the last one, moved on."""
        of_parts = [(part[0][0], [step for _, step in part]) for part in zip(*alike, strict=True)]
        counts = [self.counts_of_steps(name, steps) for name, steps in of_parts]
        placed = repeats.place(np.concatenate(counts, axis=1))
        for (name, steps), (firsts, done) in zip(of_parts, placed, strict=True):
            self.laid.remember(name, steps, firsts, done)

    def lay_down(self, name: str, step: int) -> None:
        """Lay down one step of a layer, or of the input; the steps that it needs must be there."""
        self._laid_down(name, step)

    def _laid_down(self, name: str, step: int) -> tuple[int, InputSent | StepDone]:
        part = self._send_input(step) if name == INPUT else self._step(self.ctx.plan(name), step)
        first, done = part
        self.laid.remember(name, [step], [first], done)
        return part

    @property
    def over(self) -> list[int]:
        """Tasks after which nothing of the sample is under way, also of what nobody reads."""
        return [task for name in self.laid.newest for task in self.laid.released(name).values()]

    # ---- the input -----------------------------------------------------------------------------

    def _send_input(self, step: int) -> tuple[int, InputSent]:
        ctx, label, begin = self.ctx, self.label(INPUT, step), self.ctx.graph.n_tasks
        n_bits = ctx.network.input_shape[0] * ctx.flow.n_positions(INPUT) * ctx.bits[INPUT]
        on_link, sent = self.on_link_of_input[step], {}
        for name in self.readers_of_input(step):
            lay_down = partial(self._lay_down_input, label, ctx.plan(name), n_bits, on_link)
            ports = [self._received_before(name, step)]
            first, received = ctx.placed(("input", name, on_link), label, lay_down, ports)
            sent[name] = {tile: first - begin + task for tile, task in received.items()}
        return begin, InputSent(sent)

    def _lay_down_input(self, label: Label, plan: LayerPlan, n_bits: int, on_link: int) -> dict[int, int]:
        """One timestep out of the global buffer, to all tiles of a layer; by tile, when it is there."""
        ctx = self.ctx
        loaded = ctx.do(label, IO, ctx.parts.global_buffer.access("load_global", n_bits), [opening(0)])
        rooms = {tile: input_room(ctx, plan, tile, INPUT, None, n_bytes(n_bits, 1)) for tile in plan.tiles}
        return send_all(ctx, label, IO, on_link, rooms, [loaded])

    def _received_before(self, consumer: str, step: int) -> list[int | None]:
        """Predecessors of a load: the input does not run ahead of its receivers without bound.

        Each layer that reads the input has loads of its own: one may need a step long before another, and until
        then the step lies in the global buffer.
        """
        run, there = self._steps_before(INPUT, step, UNDER_WAY)
        received = [] if run is None else run.laid.received(consumer, there)
        return [*received] if run is self and received else [self.start, *received]

    # ---- one step of one layer -----------------------------------------------------------------

    def _step(self, plan: LayerPlan, step: int) -> tuple[int, StepDone]:
        key = self.kind_of(plan.layer.name, step)
        turn = self.turn_of(plan, step)
        active = self.active_of(turn, step)
        given = self._given(plan, step, turn, active)
        lay_down = partial(self._lay_down_step, plan, step, turn, active)
        n_times = self.often(plan.layer.name)[id(key)]
        return self.ctx.recurring(key, self.label(plan.layer.name, step), lay_down, given, n_times)

    def _given(self, plan: LayerPlan, step: int, turn: Turn, active: Sequence[int]) -> Given:
        """Ports: of each tile's fetch, each block's last write, each home's sets of accumulators, each home."""
        ctx, name = self.ctx, plan.layer.name
        ports = [self._before_fetch(plan, tile, step) for tile in plan.tiles]
        counts: list[int] = []
        if active:
            if ctx.last_write:
                ports += [listed(ctx.last_write.get(turn.blocks[k])) for k in active]
            distance = ctx.chip.tile.n_accumulator_sets
            ports += [listed(self._sent_before(name, home.tile, step, distance)) for home in plan.homes]
            counts = self.counts_of_steps(name, [step])[0].tolist()
        left = self.laid.released(name) if self._in_order(plan) else {}
        for home in plan.homes:
            ports.append(listed(self._start_of(step)) + listed(self._sent_before(name, home.tile, step, 1)))
            ports.append(listed(left.get(home.tile)))
        return Given(ports, counts)

    def _lay_down_step(
        self, plan: LayerPlan, step: int, turn: Turn, active: Sequence[int], given: Given
    ) -> StepDone:
        ports, n_blocks, n_homes = list(given.ports), len(active), len(plan.homes)
        done = StepDone()
        come: Come = {home.tile: [] for home in plan.homes}
        n_accesses = self._fetched_accesses(plan, step, turn, active)
        for tile in plan.tiles:
            fetched = done.fetched[tile] = self._fetch(plan, tile, step, n_accesses[tile], ports.pop(0), done.kept)
            if not plan.forward:
                come[tile].append(self._pool(plan, tile, step, fetched))
        if active:
            written = [ports.pop(0) for _ in range(n_blocks)] if self.ctx.last_write else [[]] * n_blocks
            free = {home.tile: ports.pop(0) for home in plan.homes}
            counts = np.reshape(given.counts, (n_blocks, -1))
            self._read(step, turn, active, Waits(written, free, counts), done, come)
        for tile, home in turn.ways_without(active):
            come[home].append(self._nothing(plan, tile, home, step, done.fetched[tile]))
        assert len(ports) == 2 * n_homes
        for place in plan.homes:
            after, left = [*come[place.tile], *ports.pop(0)], ports.pop(0)
            done.homes[place.tile] = self._home(plan, place, step, after, left)
        return done

    def _in_order(self, plan: LayerPlan) -> bool:
        """Whether a step ends only when the one before has, so that the last step ends the sample."""
        return plan.layer is self.ctx.network.layers[-1] and self.ctx.work.schedule == "sequential"

    def _before_fetch(self, plan: LayerPlan, tile: int, step: int) -> list[int]:
        """Predecessors of a fetch: registers, and the step's inputs."""
        name = plan.layer.name
        after = [*listed(self._start_of(step)), *self._read_before(plan, tile, step)]
        for source in sources_of(plan.layer):
            for needed in self.ctx.flow.needs(plan.layer, step, source):
                after += self.laid.arrived(name, tile, source, needed)
        return after

    def _fetch(
        self,
        plan: LayerPlan,
        tile: int,
        step: int,
        n_accesses: int,
        after: Sequence[int],
        kept: dict[int, int],
    ) -> int:
        """Read the step's inputs out of the input buffer, once for each array (once in all on a broadcast bus)."""
        ctx, label, layer = self.ctx, self.label(plan.layer.name, step), plan.layer.name
        frees = [c for source in sources_of(plan.layer) for c in self.leaving(plan, tile, source, step)]
        keeps = self._keeps(plan, "inputs") and tile in plan.gradient_tiles
        n_vectors = ctx.n_vectors(layer, step)

        def lay_down() -> tuple[int, int]:
            waits = opening(0)
            if keeps:
                waits = admitted_to_history(ctx, label, plan, tile, step, "inputs", waits)
            task = fetch(ctx, label, tile, n_accesses, [waits], frees)
            return task, keep(ctx, label, plan, tile, step, "inputs", task) if keeps else task

        key = ("fetch", tile, n_accesses, n_vectors, keeps, *frees)
        first, (task, history) = ctx.placed(key, label, lay_down, [after])
        if keeps:
            kept[tile] = first + history
        self.leave_shared(plan, tile, step, first + task)
        return first + int(task)

    def _start_of(self, step: int) -> int | None:
        """Predecessors of a step of a layer before the sample begins: later steps follow the first one anyway."""
        return self.start if step == 0 else None

    def _read_before(self, plan: LayerPlan, tile: int, step: int) -> list[int]:
        """The fetch before, and the reads as many turns before as there are sets of input registers."""
        name, n_replicas = plan.layer.name, plan.forward[-1].replica + 1 if plan.forward else 1
        run, there = self._steps_before(name, step, 1)
        waits = [] if run is None else [run.laid.fetched(name, tile, there)]
        run, there = self._steps_before(name, step, self.ctx.chip.tile.n_input_sets * n_replicas)
        return waits if run is None else waits + run.laid.read(name, tile, there)

    def _steps_before(self, name: str, step: int, distance: int) -> tuple[Forward | None, int]:
        """The pass and step that lie `distance` steps before, if need be in an earlier sample."""
        run: Forward | None = self
        there = step - distance
        while there < 0 and run is not None:
            run, there = run.before, there + self.ctx.flow.n_steps(name)
        return run, there

    def _fetched_accesses(self, plan: LayerPlan, step: int, turn: Turn, active: Sequence[int]) -> dict[int, int]:
        """Accesses of the input buffer of each tile: the rows of its active blocks, once if the bus broadcasts."""
        ctx, name = self.ctx, plan.layer.name
        bits = max(ctx.bits[source] for source in sources_of(plan.layer))
        accesses = ctx.parts.input_buffer.accesses
        if not plan.forward:
            return {h.tile: accesses(pooled_values(ctx, plan, h, step) * bits) for h in plan.homes}
        key, n_vectors = ("accesses", name, step % len(self._turns_of(plan)), *active), ctx.n_vectors(name, step)
        if key not in ctx.known:
            rows_of: dict[int, list[Span]] = {tile: [] for tile in plan.tiles}
            for k in active:
                rows_of[turn.blocks[k].tile].append(turn.blocks[k].rows)
            once = ctx.chip.tile.bus.broadcast
            ctx.known[key] = {
                tile: sum(accesses((b - a) * bits) for a, b in (set(rows) if once else rows))
                for tile, rows in rows_of.items()
            }
        of_vector: dict[int, int] = ctx.known[key]
        return {tile: n_vectors * n for tile, n in of_vector.items()}

    def _nothing(self, plan: LayerPlan, tile: int, home: int, step: int, fetched: int) -> int:
        """An empty token: a tile knows once it has its inputs that none of its blocks adds to a home."""
        return empty_token(self.ctx, self.label(plan.layer.name, step), tile, home, fetched)

    def _read(
        self,
        step: int,
        turn: Turn,
        active: Sequence[int],
        waits: Waits,
        done: StepDone,
        come: dict[int, list[int]],
    ) -> None:
        """Read blocks and add their sums up at their homes."""
        ctx, name = self.ctx, turn.plan.layer.name
        reads, _ = self.reads_of(turn, ctx.n_vectors(name, step))
        where = [(turn.blocks[k].tile, turn.homes[k]) for k in active]
        before = [[done.fetched[tile], *written] for (tile, _), written in zip(where, waits.written, strict=True)]
        frees = [[waits.free[home]] for _, home in where]
        merged, added = reads.place(ctx, self.label(name, step), active, waits.counts, before, frees)
        for (tile, home), read, [task] in zip(where, merged, added, strict=True):
            done.read.setdefault(tile, []).append(read)
            come[home].append(task)

    def _pool(self, plan: LayerPlan, tile: int, step: int, fetched: int) -> int:
        ctx, label = self.ctx, self.label(plan.layer.name, step)
        home = next(h for h in plan.homes if h.tile == tile)
        n = pooled_values(ctx, plan, home, step)
        return ctx.do(label, tile, ctx.parts.accumulator.pool(n), [fetched])

    def _sent_before(self, name: str, tile: int, step: int, distance: int) -> int | None:
        """The task that sent this home's step `distance` before, in the sample before if need be."""
        run, there = self._steps_before(name, step, distance)
        return None if run is None else run.laid.sent(name, tile, there)

    # ---- neurons and what they send ------------------------------------------------------------

    def _home(
        self, plan: LayerPlan, home: Home, step: int, come: Sequence[int], left: Sequence[int]
    ) -> tuple[int, AtHome]:
        """Neurons, once all has come that their sums are made of, and what they send; without sums they leak."""
        ctx, name, label = self.ctx, plan.layer.name, self.label(plan.layer.name, step)
        on_link, consumers = self.on_link(home, name, step), self.consumers_of(name, step)
        key = ("home", home.tile, ctx.n_vectors(name, step), on_link, *consumers)
        sent, keeps = Sent(on_link, consumers, self._in_order(plan)), self._keeps(plan, "potentials")
        found: tuple[int, AtHome] = ctx.placed(
            key, label, lambda: lay_down_home(ctx, label, plan, home, step, sent, keeps=keeps), [come, left]
        )
        return found

    def _keeps(self, plan: LayerPlan, what: str) -> bool:
        """Whether the backward pass will ask for a layer's inputs or potentials."""
        if not self.learns:
            return False
        if what == "inputs":
            return bool(plan.forward)
        return self.ctx.rule.keeps_potentials(self.ctx.network, plan.layer)


def pooled_values(ctx: Context, plan: LayerPlan, home: Home, step: int) -> int:
    """Values in the windows of one step of a pooling layer, the padding included."""
    assert isinstance(plan.layer.op, Pool)
    return math.prod(plan.layer.op.kernel) * home.n_channels * ctx.n_vectors(plan.layer.name, step)
