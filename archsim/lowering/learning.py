"""Tasks that learning rules share: the error at the output, errors on their way, surrogates, outer products.

For every layer with weights and every step whose error delta is known at the layer's homes::

    recall       the step's potentials out of the history buffer
    leak         the delta of the later timestep, times the leak, where the rule goes back in time
    surrogate    delta = (what arrived) x sigma'(u), at the home, and that; frees the potentials
    scan, scale  delta over what the largest code stands for, for the drivers: by default the largest of its
                 vector, which homes on several tiles tell each other (:mod:`archsim.crossbar.quantisers`); the
                 largest of a sample is waited for (:mod:`archsim.lowering.waiting`)
    emit, hop ..., receive   delta to the tiles that hold the layer's arrays (a move to the home's own)
    recall       the step's inputs out of the history buffer of each such tile
    rescale      delta times what it was divided by, at the tile
    outer        delta times inputs, only where an input was active and the error is not zero (every error counts
                 where the activity does not say)
    accumulate   beside it: each word of gradients that this touches out of the gradient buffer and back; both free
                 the inputs

Where a rule keeps traces, `outer` multiplies them, see :mod:`archsim.lowering.traces`; with traces of synapses the
slopes go with the errors, for they are multiplied at the synapse. The steps of such a layer meet their traces one
after the other, so their errors leave the home in that order, too: one that came first otherwise (of a step that
reads fewer arrays) would hold the buffers that the step before it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from archsim.components import Job, Operations
from archsim.lowering import arithmetic
from archsim.lowering.arrays import summed_up
from archsim.lowering.context import (
    ADMIT,
    RELEASE,
    Claim,
    Context,
    Given,
    Label,
    listed,
    numbers_of,
    opened,
)
from archsim.lowering.error_sums import ErrorSums
from archsim.lowering.forward import Forward
from archsim.lowering.loss import OutputError
from archsim.lowering.outer import jobs_of_outer
from archsim.lowering.rooms import history_room
from archsim.lowering.traces import StepOfTile, meet_traces
from archsim.lowering.transport import Room, emit, fetch, send_all, shared_room
from archsim.lowering.waiting import WaitingErrors, errors_of
from archsim.mapping import Home, LayerPlan, TraceNeed, error_bytes, numbers_of_error
from archsim.taskgraph import opening
from archsim.workload import Layer

OUTER_STAGE = "gradient"


@dataclass
class Learning:
    """The learning tasks of one sample.

    Parameters
    ----------
    ctx : Context
    forward : Forward
        The sample's forward pass; the learning rule lays it down, before or along with its own tasks.
    stage : str
        Label of the tasks that carry errors: "backward" or "feedback".
    gradients : dict of str to list of int
        Tasks that must be done before a layer's weights may change, by layer; added to.
    """

    ctx: Context
    forward: Forward
    stage: str
    gradients: dict[str, list[int]]
    deltas: dict[tuple[str, int, int], int] = field(default_factory=dict)  # layer, tile, step
    traced: dict[tuple[str, int], list[int]] = field(default_factory=dict)  # layer, tile: who used its traces last
    before: dict[tuple[str, int], int] = field(default_factory=dict)  # the last delta of a layer at a tile
    _outer: dict[tuple[str, int], Callable[[int], list[Job]]] = field(default_factory=dict)  # layer, tile
    _postponed: dict[str, list[tuple[int, dict[int, int]]]] = field(
        default_factory=dict
    )  # layer: step, kept deltas

    def __post_init__(self) -> None:
        self.output_error = OutputError(self.ctx, self.forward, self.stage)
        self.sums = ErrorSums(self.ctx, self.forward.start)
        self.waiting = WaitingErrors(self.ctx)

    @property
    def last(self) -> Layer:
        """The read-out layer."""
        return self.ctx.network.layers[-1]

    def label(self, layer: str, step: int, stage: str | None = None) -> Label:
        """The label of a step's tasks."""
        timestep = self.ctx.flow.timestep(layer, step)
        return Label(stage or self.stage, layer, timestep, self.forward.sample)

    def errors(self) -> dict[tuple[int, int], int]:
        """The error at the output by (home tile, step): at every step, or one for all."""
        ctx, plan, name = self.ctx, self.ctx.plan(self.last.name), self.last.name
        steps = range(ctx.flow.n_steps(name))
        if ctx.work.error != "per_timestep":
            found = self.output_error.of_sample()
            return {(tile, step): task for tile, task in found.items() for step in steps}
        return {(home.tile, step): self.output_error.of_step(home, step) for home in plan.homes for step in steps}

    def delta(
        self, plan: LayerPlan, home: Home, step: int, after: Sequence[int | None], frees: Sequence[Claim] = ()
    ) -> int:
        """delta of a home's neurons in one step, of which there is one more for those before it in time."""
        arrived = [*(task for task in after if task is not None), *self.in_turn(plan, home.tile)]
        ports = [arrived, *self.ports_of_delta(plan, home, step)]
        found = self.place_delta(plan, home, step, ports, frees, has_later=bool(ports[1]))
        self.remember_delta(plan, home.tile, step, found)
        return found

    def in_turn(self, plan: LayerPlan, tile: int) -> list[int]:
        """The delta before, where the steps of a layer meet its traces one after the other."""
        if self.ctx.rule.traces(self.ctx.work, plan.layer) is None:
            return []
        return listed(self.before.get((plan.layer.name, tile)))

    def ports_of_delta(self, plan: LayerPlan, home: Home, step: int) -> tuple[list[int], list[int]]:
        """The delta of the later timestep, where errors go back from it, and the potentials that were kept."""
        ctx, name = self.ctx, plan.layer.name
        later = None
        if self._goes_back(plan.layer) and not self._ends_piece(name, step):
            later = self.deltas.get((name, home.tile, step + ctx.flow.n_bursts(name)))
        kept = None if plan.layer.neuron is None else self.forward.laid.kept_potentials(name, home.tile, step)
        return listed(later), listed(kept)

    def _goes_back(self, layer: Layer) -> bool:
        key, known = ("goes back in time", layer.name), self.ctx.known
        if key not in known:
            known[key] = self.ctx.rule.goes_back_in_time(self.ctx.work, layer)
        return bool(known[key])

    def _ends_piece(self, name: str, step: int) -> bool:
        piece = self._piece_length
        return piece is not None and (self.ctx.flow.timestep(name, step) + 1) % piece == 0

    @cached_property
    def _piece_length(self) -> int | None:
        return self.ctx.rule.n_timesteps_of_a_piece(self.ctx.work)

    def place_delta(
        self, plan: LayerPlan, home: Home, step: int, ports: Sequence[Sequence[int]], frees: Sequence[Claim], *,
        has_later: bool,
    ) -> int:  # fmt: skip
        """Ports: what has arrived, the delta of the later timestep, the potentials that were kept."""
        name = plan.layer.name
        first, done = self.ctx.placed(
            ("delta", home.tile, self.ctx.n_vectors(name, step), has_later, *frees), self.label(name, step),
            lambda: self._lay_down_delta(plan, home, step, has_later, frees), ports,
        )  # fmt: skip
        return first + int(done)

    def remember_delta(self, plan: LayerPlan, tile: int, step: int, task: int) -> None:
        """Of a step, for those before it in time and those after it in turn."""
        self.before[plan.layer.name, tile] = task
        if self._goes_back(plan.layer):
            self.deltas[plan.layer.name, tile, step] = task

    def _lay_down_delta(
        self, plan: LayerPlan, home: Home, step: int, has_later: bool, frees: Sequence[Claim]
    ) -> int:
        """Ports: what has arrived, the delta of the later timestep, the potentials that were kept."""
        after = [opening(0)]
        if has_later:
            after.append(self._leaked(plan, home, step, opening(1)))
        if plan.layer.neuron is None:
            return self.ctx.add(self.label(plan.layer.name, step), ADMIT, 1, after=after, frees=frees)
        return self.surrogate(plan, home, step, [*after, opening(2)], frees)

    def _leaked(self, plan: LayerPlan, home: Home, step: int, later: int) -> int:
        """Error of the later timestep, times the leak."""
        ctx, name, neuron = self.ctx, plan.layer.name, plan.layer.neuron
        if neuron is None:
            return later
        operations = arithmetic.leak(ctx.chip, neuron, reset_path=ctx.work.learning.reset_path)
        if not operations.n_turns:
            return later
        n_neurons = home.n_channels * ctx.n_vectors(name, step)
        action = f"leak@{operations.n_additions}+{operations.n_products:g}x,{neuron.n_states}states"
        job = ctx.parts.at(home.tile).gradient_unit.states(action, n_neurons, neuron.n_states, operations)
        return ctx.do(self.label(name, step), home.tile, job, [later])

    def surrogate(
        self, plan: LayerPlan, home: Home, step: int, after: Iterable[int | None], frees: Sequence[Claim] = ()
    ) -> int:
        """The arriving error times the slope; frees the potentials kept for it, and its other inputs."""
        ctx, name, label = self.ctx, plan.layer.name, self.label(plan.layer.name, step)
        assert plan.layer.neuron is not None  # who calls has looked
        room, bits = history_room(ctx, plan, home.tile, step, "potentials")
        parts = ctx.parts.at(home.tile)
        recalled = ctx.do(label, home.tile, parts.history_buffer.access("recall", bits), after)
        kind, operations = arithmetic.surrogate(ctx.chip, plan.layer.neuron, ctx.work.learning.surrogate)
        job = parts.gradient_unit.compute(kind, home.n_channels * ctx.n_vectors(name, step), operations)
        return ctx.do(label, home.tile, job, [recalled], frees=[room.claim, *frees])

    @property
    def waits(self) -> bool:
        """Whether errors are kept until the sample is over."""
        return bool(self.ctx.chip.execution.quantiser.waits_for_sample)

    def learn(self, plan: LayerPlan, step: int, deltas: dict[int, int]) -> None:
        """Send a step's deltas and make gradients of them; or keep them until `learn_postponed`."""
        if self.waits:
            self._postponed.setdefault(plan.layer.name, []).append((step, self.keep_deltas(plan, step, deltas)))
        else:
            self._learn_now(plan, step, deltas)

    def _learn_now(self, plan: LayerPlan, step: int, deltas: dict[int, int]) -> None:
        fetched, held = self.spread(plan, step, deltas, dict.fromkeys(plan.gradient_tiles, 1))
        label = self.label(plan.layer.name, step)
        for tile in plan.gradient_tiles:
            task = self.outer(plan, tile, step, fetched[tile])
            self.release(label, [task], held[tile])

    def learn_postponed(self) -> None:
        """What was kept of all layers: each once its largest is known."""
        for name, steps in self._postponed.items():
            self.tell_largest(name)
            for step, deltas in steps:
                self._learn_now(self.ctx.plan(name), step, deltas)

    def keep_deltas(self, plan: LayerPlan, step: int, deltas: dict[int, int]) -> dict[int, int]:
        """Keep a step's deltas at their homes until the sample is over."""
        return self.waiting.keep_step(self.label(plan.layer.name, step), plan, step, deltas)

    def tell_largest(self, name: str) -> None:
        """What scales the errors of a layer, once all of the sample are known."""
        self.ctx.scales[name] = self.waiting.tell(self.label(name, 0), errors_of(name))

    def spread(
        self, plan: LayerPlan, step: int, deltas: dict[int, int], readers: dict[int, int]
    ) -> tuple[dict[int, int], dict[int, list[Claim]]]:
        """Send a step's deltas from their homes to the tiles that need them, and fetch them there.

        Parameters
        ----------
        readers : dict of int to int
            By tile: arrays and gradient units that need the deltas.

        Returns
        -------
        fetched, held
            By tile: the task that has fetched them, and the space that they hold there.
        """
        name = plan.layer.name
        ports = [[deltas[home.tile], *self.scale_of(name, home.tile)] for home in plan.homes]
        fetched, held, seen = self.place_spread(plan, step, ports, readers)
        self.gradients.setdefault(name, []).extend(seen)
        return fetched, held

    def place_spread(
        self, plan: LayerPlan, step: int, ports: Sequence[Sequence[int]], readers: dict[int, int]
    ) -> tuple[dict[int, int], dict[int, list[Claim]], list[int]]:
        """Ports: the delta of each home. Beside what `spread` returns: tasks that the update waits for."""
        name = plan.layer.name
        first, (fetched, held, seen) = self.ctx.placed(
            ("spread", self.ctx.n_vectors(name, step), *readers.items()), self.label(name, step),
            lambda: self._lay_down_spread(plan, step, readers), ports,
        )  # fmt: skip
        return {tile: first + task for tile, task in fetched.items()}, held, [first + task for task in seen]

    def _lay_down_spread(
        self, plan: LayerPlan, step: int, readers: dict[int, int]
    ) -> tuple[dict[int, int], dict[int, list[Claim]], list[int]]:
        """Ports: the delta of each home. Beside what `spread` returns: tasks that the update waits for."""
        ctx, name, label = self.ctx, plan.layer.name, self.label(plan.layer.name, step)
        n_vectors = ctx.n_vectors(name, step)
        deltas = {home.tile: opening(k) for k, home in enumerate(plan.homes)}
        n_values = {h.tile: h.n_channels * n_vectors for h in plan.homes}
        if self.waits:
            deltas = self.waiting.recall(label, errors_of(name), deltas, n_values)
        deltas, seen = self.scaled(label, deltas, n_values, n_vectors)
        arrived: dict[int, list[int]] = {tile: [] for tile in readers}
        held: dict[int, list[Claim]] = {tile: [] for tile in arrived}
        n_each = numbers_of_error(ctx.rule, ctx.work, plan.layer)
        for home in plan.homes:
            size = error_bytes(ctx.chip, n_each * home.n_channels * n_vectors, n_vectors)
            share = ctx.mapping.buffers.share_bytes["output_buffer", home.tile, f"error of {name}"]
            out = (ctx.resource(f"tile[{home.tile}].output_buffer.space[error of {name}]", share), size)
            admitted = ctx.add(label, ADMIT, 1, after=[deltas[home.tile]], reserves=[out])
            _, emitted = emit(ctx, label, home.tile, size * 8, [admitted])
            rooms = {tile: self._error_room(plan, home, tile, size) for tile in arrived}
            messages = send_all(ctx, label, home.tile, size * 8, rooms, [emitted])
            for tile, task in messages.items():
                arrived[tile].append(task)
                held[tile].append(rooms[tile].claim)
            ctx.add(label, RELEASE, 1, after=messages.values() or [emitted], frees=[out])
        n_bits = 8 * error_bytes(ctx.chip, n_each * n_vectors * plan.layer.out_shape[0], n_vectors)
        fetched = {tile: self.fetch_errors(label, tile, n_bits, readers[tile], arrived[tile]) for tile in arrived}
        return fetched, held, seen

    def scaled(
        self, label: Label, known: Mapping[int, int], n_values: Mapping[int, int], n_vectors: int
    ) -> tuple[dict[int, int], list[int]]:
        """Scale the errors of each vector for the drivers; by home tile, when that is done.

        Where the quantiser looks first, all homes compare their errors and tell each other the largest; where it
        looks beside, they compare them for the batches to come, and the update waits for these tasks.
        """
        ctx, unit, kind = self.ctx, self.ctx.parts.gradient_unit, self.ctx.chip.execution.quantiser
        told, beside = dict(known), list[int]()
        if (kind.looks_first or kind.looks_beside) and not kind.waits_for_sample:
            seen = {
                tile: ctx.do(label, tile, unit.compute("scan", n_values[tile], arithmetic.COMPARE), [task])
                for tile, task in known.items()
            }
            if kind.looks_first:
                bits = arithmetic.potential_bits(ctx.chip)
                told = summed_up(ctx, label, dict.fromkeys(seen, n_vectors), seen, bits)
            else:
                beside += seen.values()
        name, operations = arithmetic.scale(ctx.chip)
        scaled = {
            tile: ctx.do(label, tile, unit.compute(name, n_values[tile], operations), [task])
            for tile, task in told.items()
        }
        return scaled, beside

    def scale_of(self, layer: str, tile: int) -> list[int]:
        """The task after which a home knows what to scale by, where earlier batches have told."""
        told = self.ctx.scales.get(layer, {}).get(tile)
        return [] if told is None else [told]

    def rescaled(self, label: Label, tile: int, n_values: int, after: Iterable[int | None]) -> int:
        """Multiply what was made of scaled errors by what they were divided by."""
        name, operations = self._of_rescaling
        return self.ctx.do(label, tile, self.ctx.parts.gradient_unit.compute(name, n_values, operations), after)

    @cached_property
    def _of_rescaling(self) -> tuple[str, Operations]:
        return arithmetic.rescale(self.ctx.chip)

    def fetch_errors(self, label: Label, tile: int, n_bits: int, n_readers: int, after: Iterable[int]) -> int:
        """Fetch errors out of the input buffer, once for each reader (once in all on a broadcast bus)."""
        ctx = self.ctx
        times = min(n_readers, 1) if ctx.chip.tile.bus.broadcast else n_readers
        return fetch(ctx, label, tile, times * ctx.parts.input_buffer.accesses(n_bits), after)

    def _error_room(self, plan: LayerPlan, home: Home, tile: int, size: int) -> Room:
        ctx, name = self.ctx, plan.layer.name
        burst = min(ctx.flow.n_positions(name), ctx.work.n_positions_per_burst)
        n_each = numbers_of_error(ctx.rule, ctx.work, plan.layer)
        sizes = {h.tile: error_bytes(ctx.chip, n_each * h.n_channels * burst, burst) for h in plan.homes}
        return shared_room(ctx, tile, f"error of {name}", home.tile, sizes, size)

    def outer(self, plan: LayerPlan, tile: int, step: int, fetched: int) -> int:
        """Outer products of a step on one tile, gated by inputs and errors; frees the inputs kept for it."""
        ctx, name = self.ctx, plan.layer.name
        if (need := ctx.rule.traces(ctx.work, plan.layer)) is not None:
            added = self.outer_of_traces(plan, tile, step, fetched, need)
        else:
            jobs, kept = self.jobs_of_outer(plan, tile, step), self.forward.laid.kept_inputs(name, tile, step)
            added = self.place_outer(plan, tile, step, Given([[fetched], [kept]], *numbers_of(jobs)), jobs)
        self.gradients.setdefault(name, []).append(added)
        return added

    def place_outer(self, plan: LayerPlan, tile: int, step: int, given: Given, jobs: Sequence[Job]) -> int:
        """Ports: the errors, fetched; the inputs that were kept. Counts and times: those of the jobs."""
        first, added = self.ctx.placed(
            ("outer", tile, self.ctx.n_vectors(plan.layer.name, step), *(job.action.name for job in jobs)),
            self.label(plan.layer.name, step, OUTER_STAGE),
            lambda: self._lay_down_outer(plan, tile, step, jobs), *given,
        )  # fmt: skip
        return first + int(added)

    def outer_of_traces(self, plan: LayerPlan, tile: int, step: int, fetched: int, need: TraceNeed) -> int:
        """The same where traces are kept, which are brought up to date first."""
        ctx, name, sample = self.ctx, plan.layer.name, self.forward.sample
        label = self.label(name, step, OUTER_STAGE)
        room, bits = history_room(ctx, plan, tile, step, "inputs")
        recall = ctx.parts.at(tile).history_buffer.access("recall", bits)
        recalled = ctx.do(label, tile, recall, [self.forward.laid.kept_inputs(name, tile, step), fetched])
        blocks = [block for block in plan.forward if block.tile == tile and block.replica == 0]
        spans = {block.columns for block in blocks}
        n_errors = sum(ctx.errors_per_step(name, sample, span)[step] for span in spans)
        before = [recalled, self.rescaled(label, tile, n_errors, [fetched]), *self.traced.get((name, tile), [])]
        done = meet_traces(ctx, label, StepOfTile(plan.layer, blocks, sample, step), need, before)
        self.traced[name, tile] = done
        return ctx.add(label, RELEASE, 1, after=done, frees=[room.claim])

    def jobs_of_outer(self, plan: LayerPlan, tile: int, step: int) -> list[Job]:
        """To rescale the errors, to multiply, to add up the words that this touches if there are any."""
        key = (plan.layer.name, tile)
        if key not in self._outer:
            self._outer[key] = jobs_of_outer(self.ctx, plan, tile, self.forward.sample)
        return self._outer[key](step)

    def _lay_down_outer(self, plan: LayerPlan, tile: int, step: int, jobs: Sequence[Job]) -> int:
        """Ports: the errors, fetched; the inputs that were kept."""
        ctx, label = self.ctx, self.label(plan.layer.name, step, OUTER_STAGE)
        room, bits = history_room(ctx, plan, tile, step, "inputs")
        recall = ctx.parts.at(tile).history_buffer.access("recall", bits)
        recalled = ctx.do(label, tile, recall, [opening(0), opening(1)])
        rescale, *others = (opened(job, k) for k, job in enumerate(jobs))
        ready = [recalled, ctx.do(label, tile, rescale, [opening(0)])]
        done = [ctx.do(label, tile, job, ready) for job in others]
        return ctx.add(label, RELEASE, 1, after=done, frees=[room.claim])

    def release(self, label: Label, readers: Iterable[int], claims: list[Claim]) -> None:
        """Give back space once all its readers are done."""
        if not claims:
            return
        self.ctx.placed(
            ("release", *claims), label,
            lambda: self.ctx.add(label, RELEASE, 1, after=[opening(0)], frees=claims), [list(readers)],
        )  # fmt: skip
