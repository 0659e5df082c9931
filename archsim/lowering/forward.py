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
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from archsim.lowering.arrays import Product, counts_of
from archsim.lowering.context import RELEASE, Claim, Context, Label, or_nothing
from archsim.lowering.counted import Ints, Span
from archsim.lowering.homes import Sent, admitted_to_history, keep, lay_down_home
from archsim.lowering.order import as_inputs_come
from archsim.lowering.reads import Reads, Turn
from archsim.lowering.rooms import homes_read, input_room, message_bytes
from archsim.lowering.transport import Room, empty_token, fetch, send_all, spike_bits
from archsim.mapping import IO, Home, LayerPlan, n_bytes, sources_of, stored_for
from archsim.taskgraph import opening
from archsim.workload import INPUT, Pool

Key = tuple[str, int, int]  # layer, tile, step
UNDER_WAY = 4  # steps of the input loaded for a layer and not yet received: loading, on two links, being received


@dataclass
class Forward:
    """The forward pass of one sample, as far as it is laid down.

    Parameters
    ----------
    ctx : Context
    sample : int
    phase : str
        Label of the tasks.
    learns : bool
        Whether inputs and potentials are kept for the backward pass.
    start : int or None
        The task to wait for before the sample begins.
    before : Forward or None
        The sample before: neurons of this one wait until that one has left them.
    """

    ctx: Context
    sample: int
    phase: str
    learns: bool
    start: int | None = None
    before: Forward | None = None
    arrived: dict[tuple[str, int, str, int], list[int]] = field(default_factory=dict)
    fetched: dict[Key, int] = field(default_factory=dict)
    read: dict[Key, list[int]] = field(default_factory=dict)
    updated: dict[Key, int] = field(default_factory=dict)
    sent: dict[Key, int] = field(default_factory=dict)
    received: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    kept_inputs: dict[Key, int] = field(default_factory=dict)
    kept_potentials: dict[Key, int] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    emptied: dict[tuple[str, int], int] = field(default_factory=dict)  # by layer and tile, its output buffer
    _readers: dict[tuple[str, int, int, int], list[int]] = field(default_factory=dict)  # source, step, tile, home
    _last_users: dict[tuple[str, str], dict[int, int]] = field(default_factory=dict)
    _reached: dict[Turn, NDArray[np.bool_]] = field(default_factory=dict)  # (blocks, steps)
    _counts: dict[tuple[Turn, int], tuple[Reads, Ints]] = field(default_factory=dict)

    def run(self) -> None:
        """Lay down all steps of all layers, each as soon as its inputs are there."""
        for name, step in as_inputs_come(self.ctx.flow):
            self.lay_down(name, step)

    def lay_down(self, name: str, step: int) -> None:
        """Lay down one step of a layer, or of the input; the steps that it needs must be there."""
        if name == INPUT:
            self._send_input(step)
        else:
            self._step(self.ctx.plan(name), step)

    @property
    def over(self) -> list[int]:
        """Tasks after which nothing of the sample is under way, also of what nobody reads."""
        return [*self.left.values(), *self.emptied.values()]

    def label(self, layer: str, step: int) -> Label:
        """The label of a step's tasks."""
        return Label(self.phase, layer, self.ctx.flow.timestep(layer, step), self.sample)

    def last_users(self, layer: str, source: str) -> dict[int, int]:
        """For each step of a source: the last step of the layer that reads it."""
        key = (layer, source)
        if key not in self._last_users:
            known = self.before.last_users(layer, source) if self.before is not None else None
            self._last_users[key] = known or self.ctx.flow.last_users(self.ctx.network.layer(layer), source)
        return self._last_users[key]

    # ---- the input -----------------------------------------------------------------------------

    def _send_input(self, step: int) -> None:
        ctx, label = self.ctx, self.label(INPUT, step)
        shape, bits = ctx.network.input_shape, ctx.bits[INPUT]
        n_values = shape[0] * ctx.flow.n_positions(INPUT)
        on_link = spike_bits(ctx, n_values, ctx.spikes_of_input(self.sample)[step], bits)
        for consumer in ctx.network.consumers(INPUT):
            plan = ctx.plan(consumer.name)
            if not plan.tiles or step not in self.last_users(consumer.name, INPUT):
                continue
            first, received = ctx.placed(
                ("input", consumer.name, on_link), label,
                partial(self._lay_down_input, label, plan, n_values * bits, on_link),
                [self._received_before(consumer.name, step)],
            )  # fmt: skip
            self.received[consumer.name, step] = [first + task for task in received.values()]
            for tile, task in received.items():
                self.arrived.setdefault((consumer.name, tile, INPUT, step), []).append(first + task)

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
        received = [] if run is None else run.received.get((consumer, there), [])
        return [*received] if run is self and received else [self.start, *received]

    # ---- one step of one layer -----------------------------------------------------------------

    def _step(self, plan: LayerPlan, step: int) -> None:
        come: dict[int, list[int]] = {home.tile: [] for home in plan.homes}
        turn, active = self._turn(plan, step), self._active(plan, step)
        n_accesses = self._fetched_accesses(plan, step, turn, active)
        for tile in plan.tiles:
            fetched = self._fetch(plan, tile, step, n_accesses[tile])
            if not plan.forward:
                come[tile].append(self._pool(plan, tile, step, fetched))
        if active:
            self._read(plan, step, turn, active, come)
        for tile, home in sorted(turn.ways_of(range(len(turn.blocks))) - turn.ways_of(active)):
            come[home].append(self._nothing(plan, tile, home, step))
        for place in plan.homes:
            self._home(plan, place, step, come[place.tile])

    def _fetch(self, plan: LayerPlan, tile: int, step: int, n_accesses: int) -> int:
        """Read the step's inputs out of the input buffer, once for each array (once in all on a broadcast bus)."""
        ctx, label, layer = self.ctx, self.label(plan.layer.name, step), plan.layer.name
        after: list[int | None] = [self._start_of(step), *self._read_before(plan, tile, step)]
        frees: list[Claim] = []
        for source in sources_of(plan.layer):
            for needed in ctx.flow.needs(plan.layer, step, source):
                after += self.arrived.get((layer, tile, source, needed), [])
            frees += self._leaving(plan, tile, source, step)
        kept = self._keeps(plan, "inputs") and tile in plan.gradient_tiles
        n_vectors = ctx.n_vectors(layer, step)

        def lay_down() -> tuple[int, int]:
            waits = opening(0)
            if kept:
                waits = admitted_to_history(ctx, label, plan, tile, step, "inputs", waits)
            task = fetch(ctx, label, tile, n_accesses, [waits], frees)
            return task, keep(ctx, label, plan, tile, step, "inputs", task) if kept else task

        key = ("fetch", tile, n_accesses, n_vectors, kept, *frees)
        first, (task, in_history) = ctx.placed(key, label, lay_down, [after])
        if kept:
            self.kept_inputs[layer, tile, step] = first + in_history
        self.fetched[layer, tile, step] = first + task
        self._leave_shared(plan, tile, step, first + task)
        return first + int(task)

    def _start_of(self, step: int) -> int | None:
        """Predecessors of a step of a layer before the sample begins: later steps follow the first one anyway."""
        return self.start if step == 0 else None

    def _read_before(self, plan: LayerPlan, tile: int, step: int) -> list[int]:
        """The fetch before, and the reads as many turns before as there are sets of input registers."""
        name, n_replicas = plan.layer.name, plan.forward[-1].replica + 1 if plan.forward else 1
        run, there = self._steps_before(name, step, 1)
        waits = [] if run is None else [run.fetched[name, tile, there]]
        run, there = self._steps_before(name, step, self.ctx.chip.tile.n_input_sets * n_replicas)
        return waits if run is None else waits + run.read.get((name, tile, there), [])

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
        found: dict[int, list[Span]] = {tile: [] for tile in plan.tiles}
        for k in active:
            found[turn.blocks[k].tile].append(turn.blocks[k].rows)
        once, n_vectors = ctx.chip.tile.bus.broadcast, ctx.n_vectors(name, step)
        return {
            tile: n_vectors * sum(accesses((b - a) * bits) for a, b in (set(rows) if once else rows))
            for tile, rows in found.items()
        }

    def _turn(self, plan: LayerPlan, step: int) -> Turn:
        """The blocks whose turn the step is: those of one replica."""
        known, name = self.ctx.known, plan.layer.name
        if ("turns", name) not in known:
            n_replicas = max((block.replica for block in plan.forward), default=0) + 1
            known["turns", name] = [
                Turn(plan, [block for block in plan.forward if block.replica == replica])
                for replica in range(n_replicas)
            ]
        turns: list[Turn] = known["turns", name]
        return turns[step % len(turns)]

    def _active(self, plan: LayerPlan, step: int) -> list[int]:
        """Blocks that are read in this step: all whose turn it is, or those that an input reaches."""
        ctx, turn = self.ctx, self._turn(plan, step)
        if not ctx.chip.execution.skip_idle_blocks:
            return list(range(len(turn.blocks)))
        if turn not in self._reached:
            spans = [ctx.active_per_step(plan.layer, self.sample, block.rows) for block in turn.blocks]
            shape = (len(spans), ctx.flow.n_steps(plan.layer.name))
            self._reached[turn] = np.array(spans, np.int64).reshape(shape) > 0
        reached = self._reached[turn]
        active: list[int] = np.flatnonzero(reached[:, step]).tolist()
        return active

    def _nothing(self, plan: LayerPlan, tile: int, home: int, step: int) -> int:
        """An empty token: a tile knows once it has its inputs that none of its blocks adds to a home."""
        name = plan.layer.name
        return empty_token(self.ctx, self.label(name, step), tile, home, self.fetched[name, tile, step])

    def _leaving(self, plan: LayerPlan, tile: int, source: str, step: int) -> list[Claim]:
        """Space of the inputs that no later step of the layer reads."""
        claims: dict[int, int] = {}
        for s in self._read_for_good(plan, source, step):
            for room in self._rooms(plan, tile, source, s):
                claims[room.resource] = claims.get(room.resource, 0) + room.n_bytes
        return list(claims.items())

    def _read_for_good(self, plan: LayerPlan, source: str, step: int) -> list[int]:
        """Steps of a source that this step of a layer is the last to read."""
        users = self.last_users(plan.layer.name, source)
        return [s for s in self.ctx.flow.needs(plan.layer, step, source) if users[s] == step]

    def _rooms(self, plan: LayerPlan, tile: int, source: str, step: int) -> list[Room]:
        """Where the messages of a source's step lie in a tile's input buffer, those that no other layer reads."""
        ctx = self.ctx
        if source == INPUT:
            n_values = ctx.network.input_shape[0] * ctx.flow.n_positions(INPUT)
            return [input_room(ctx, plan, tile, source, None, n_bytes(n_values, ctx.bits[INPUT]))]
        return [
            input_room(ctx, plan, tile, source, home, message_bytes(ctx, source, home, step))
            for home in homes_read(ctx, plan, tile, source)
            if len(self._sharers(plan, tile, source, home, step)) == 1
        ]

    def _sharers(self, plan: LayerPlan, tile: int, source: str, home: Home, step: int) -> list[str]:
        """Layers on a tile that read a step of a home of a source where `plan` reads it, itself among them."""
        plans, network = self.ctx.mapping.plans, self.ctx.network
        if source == INPUT or not network.layer(source).recurrent:
            return [plan.layer.name]
        owner = stored_for(plans, plan, tile, source, home, network)
        return [
            name
            for name in self._consumers(source)
            if tile in plans[name].tiles
            and step in self.last_users(name, source)
            and home in homes_read(self.ctx, plans[name], tile, source)
            and stored_for(plans, plans[name], tile, source, home, network) == owner
        ]

    def _leave_shared(self, plan: LayerPlan, tile: int, step: int, fetched: int) -> None:
        """Give back the space of spikes that several layers on a tile read, once the last of them has."""
        ctx, label = self.ctx, self.label(plan.layer.name, step)
        for source in sources_of(plan.layer):
            if source == INPUT or not ctx.network.layer(source).recurrent:
                continue
            homes = homes_read(ctx, plan, tile, source)
            for s, home in product(self._read_for_good(plan, source, step), homes):
                sharers = self._sharers(plan, tile, source, home, s)
                read = self._readers.setdefault((source, s, tile, home.tile), [])
                read.append(fetched)
                if len(read) == len(sharers) > 1:
                    size = message_bytes(ctx, source, home, s)
                    room = input_room(ctx, plan, tile, source, home, size)
                    ctx.add(label, RELEASE, 1, after=read, frees=[room.claim])

    def _read(
        self, plan: LayerPlan, step: int, turn: Turn, active: Sequence[int], come: dict[int, list[int]]
    ) -> None:
        """Read blocks and add their sums up at their homes."""
        ctx, name, n_vectors = self.ctx, plan.layer.name, self.ctx.n_vectors(plan.layer.name, step)
        reads, counts = self._reads(turn, n_vectors)
        fetched = {tile: self.fetched[name, tile, step] for tile in plan.tiles}
        distance = ctx.chip.tile.n_accumulator_sets
        free = {home.tile: or_nothing(self._sent_before(name, home.tile, step, distance)) for home in plan.homes}
        where = [(turn.blocks[k].tile, turn.homes[k]) for k in active]
        waits = [
            [fetched[tile], ctx.written_last(turn.blocks[k])] for k, (tile, _) in zip(active, where, strict=True)
        ]
        frees = [[[free[home]]] for _, home in where]
        merged, added = reads.place(ctx, self.label(name, step), active, counts[active, step], waits, frees)
        for (tile, home), read, [task] in zip(where, merged, added, strict=True):
            self.read.setdefault((name, tile, step), []).append(read)
            come[home].append(task)

    def _reads(self, turn: Turn, n_vectors: int) -> tuple[Reads, Ints]:
        """What the blocks of a turn compute, and what they drive and read, by block and step."""
        ctx, layer, key = self.ctx, turn.plan.layer, (turn, n_vectors)
        if key not in self._counts:
            bits = max(ctx.bits[source] for source in sources_of(layer))
            signed = any(ctx.signed[source] for source in sources_of(layer))
            products = [Product(block, n_vectors, bits, signed) for block in turn.blocks]
            counts = [self._driven(turn, product) for product in products]
            if ("reads", *key) not in ctx.known:
                n_values = [block.n_columns * n_vectors for block in turn.blocks]
                targets = [[target] for target in zip(turn.homes, n_values, strict=True)]
                ctx.known["reads", *key] = Reads(products, targets)
            self._counts[key] = ctx.known["reads", *key], np.array(counts)
        return self._counts[key]

    def _driven(self, turn: Turn, product: Product) -> Ints:
        ctx, layer, rows = self.ctx, turn.plan.layer, product.block.rows
        codes = ctx.row_codes(layer, self.sample, rows) if product.n_bits > 1 else None
        return counts_of(ctx, product, ctx.active_per_step(layer, self.sample, rows), codes)

    def _pool(self, plan: LayerPlan, tile: int, step: int, fetched: int) -> int:
        ctx, label = self.ctx, self.label(plan.layer.name, step)
        home = next(h for h in plan.homes if h.tile == tile)
        n = pooled_values(ctx, plan, home, step)
        return ctx.do(label, tile, ctx.parts.accumulator.pool(n), [fetched])

    def _sent_before(self, name: str, tile: int, step: int, distance: int) -> int | None:
        """The task that sent this home's step `distance` before, in the sample before if need be."""
        run, there = self._steps_before(name, step, distance)
        return None if run is None else run.sent[name, tile, there]

    # ---- neurons and what they send ------------------------------------------------------------

    def _home(self, plan: LayerPlan, home: Home, step: int, come: Sequence[int]) -> None:
        """Neurons, once all has come that their sums are made of, and what they send; without sums they leak."""
        ctx, name, label = self.ctx, plan.layer.name, self.label(plan.layer.name, step)
        after = [*come, self._start_of(step), self._sent_before(name, home.tile, step, 1)]
        n_spikes, n_vectors = ctx.spikes_per_step(name, self.sample, home)[step], ctx.n_vectors(name, step)
        on_link = spike_bits(ctx, home.n_channels * n_vectors, n_spikes, ctx.bits[name])
        consumers = [other for other in self._consumers(name) if step in self.last_users(other, name)]
        # in order, so that the last step ends the sample
        is_last = plan.layer is ctx.network.layers[-1]
        left = self.left.get(home.tile) if is_last and ctx.work.schedule == "sequential" else None
        key = ("home", home.tile, n_vectors, on_link, left is None, *consumers)
        sent, keeps = Sent(on_link, consumers, in_order=left is not None), self._keeps(plan, "potentials")
        first, done = ctx.placed(
            key, label, lambda: lay_down_home(ctx, label, plan, home, step, sent, keeps=keeps), [after, left]
        )
        if plan.layer.neuron is not None:
            self.updated[name, home.tile, step] = first + done.updated
            self.kept_potentials[name, home.tile, step] = first + done.kept
        self.sent[name, home.tile, step] = first + done.stored
        self.emptied[name, home.tile] = first + done.released
        if is_last:
            self.left[home.tile] = first + done.released
        for consumer, tile, message in done.arrived:
            self.arrived.setdefault((consumer, tile, name, step), []).append(first + message)

    def _consumers(self, name: str) -> list[str]:
        network = self.ctx.network
        own = [name] if network.layer(name).recurrent else []
        return own + [layer.name for layer in network.consumers(name)]

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
