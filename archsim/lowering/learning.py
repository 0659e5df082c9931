"""Tasks that learning rules share: the error at the output, errors on their way, surrogates, outer products.

For every layer with weights and every step whose error delta is known at the layer's homes::

    recall       the step's potentials out of the history buffer
    surrogate    delta = (what arrived) x sigma'(u), at the home; frees the potentials
    emit, hop ..., receive   delta to the tiles that hold the layer's arrays
    recall       the step's inputs out of the history buffer of each such tile
    outer        delta times inputs into the gradient buffer, only where an input was active and the error is not
                 zero (every error counts where the activity does not say); frees the inputs
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from archsim.lowering.arrays import summed_up
from archsim.lowering.context import ADMIT, BARRIER, RELEASE, Claim, Context, Label
from archsim.lowering.forward import Forward, history_room
from archsim.lowering.transport import Room, emit, fetch, send_all, shared_room
from archsim.mapping import Home, LayerPlan, n_bytes
from archsim.registry import LOSSES
from archsim.workload import Layer

OUTER_PHASE = "gradient"


@dataclass
class Learning:
    """The learning tasks of one sample.

    Parameters
    ----------
    ctx : Context
    forward : Forward
        The sample's forward pass; the learning rule lays it down, before or along with its own tasks.
    phase : str
        Label of the tasks that carry errors: "backward" or "feedback".
    gradients : dict of str to list of int
        Tasks that must be done before a layer's weights may change, by layer; added to.
    """

    ctx: Context
    forward: Forward
    phase: str
    gradients: dict[str, list[int]]
    tasks: list[int] = field(default_factory=list)
    normalised: dict[range, dict[int, list[int]]] = field(default_factory=dict)

    @property
    def last(self) -> Layer:
        """The read-out layer."""
        return self.ctx.network.layers[-1]

    def label(self, layer: str, step: int, phase: str | None = None) -> Label:
        """The label of a step's tasks."""
        timestep = self.ctx.flow.timestep(layer, step)
        return Label(phase or self.phase, layer, timestep, self.forward.sample)

    def errors(self) -> dict[tuple[int, int], int]:
        """The error at the output by (home tile, step): at every step, or one on the mean rate for all."""
        ctx, plan, name = self.ctx, self.ctx.plan(self.last.name), self.last.name
        found: dict[tuple[int, int], int] = {}
        for home in plan.homes:
            steps = range(ctx.flow.n_steps(name))
            if ctx.work.error == "mean_rate":
                n = home.n_channels * ctx.flow.n_positions(name)
                task = self._error(home, steps[-1], n, self._outputs_known(home, steps))
                found |= {(home.tile, step): task for step in steps}
            else:
                found |= {(home.tile, step): self.error_of_step(home, step) for step in steps}
        return found

    def error_of_step(self, home: Home, step: int) -> int:
        """The error of one step at one home of the output."""
        n = home.n_channels * self.ctx.n_vectors(self.last.name, step)
        return self._error(home, step, n, self._outputs_known(home, range(step, step + 1)))

    def _outputs_known(self, home: Home, steps: range) -> list[int]:
        """Predecessors of the error of some steps at a home: its outputs, and what the loss needs of all others.

        A cross entropy divides by a sum over all outputs of a timestep, so homes exchange their parts of it.
        """
        if not LOSSES[self.ctx.work.learning.loss].across_outputs:
            return [self._output(home, step) for step in steps]
        n_bursts = self.ctx.flow.n_bursts(self.last.name)
        whole = range(steps[0] // n_bursts * n_bursts, (steps[-1] // n_bursts + 1) * n_bursts)
        if whole not in self.normalised:
            self.normalised[whole] = self._normalised(whole)
        return self.normalised[whole][home.tile]

    def _normalised(self, steps: range) -> dict[int, list[int]]:
        """By home tile: the tasks after which it knows its outputs of whole timesteps and the sum over all."""
        homes, ctx = self.ctx.plan(self.last.name).homes, self.ctx
        known = {home.tile: [self._output(home, step) for step in steps] for home in homes}
        if len(homes) == 1:
            return known
        label = self.label(self.last.name, steps[-1])
        ready = {tile: ctx.add(label, BARRIER, 1, after=tasks) for tile, tasks in known.items()}
        bits = ctx.chip.tile.membrane_buffer.potential_bits
        return {tile: [task] for tile, task in summed_up(ctx, label, dict.fromkeys(ready, 1), ready, bits).items()}

    def _output(self, home: Home, step: int) -> int:
        key = (self.last.name, home.tile, step)
        return self.forward.updated.get(key, self.forward.sent[key])

    def _error(self, home: Home, step: int, n_values: int, after: Iterable[int]) -> int:
        job = self.ctx.parts.gradient_unit.error(n_values)
        return self.ctx.do(self.label(self.last.name, step), home.tile, job, after)

    def surrogate(self, plan: LayerPlan, home: Home, step: int, after: Iterable[int | None]) -> int:
        """delta of a home's neurons in one step; frees the potentials that were kept for it."""
        ctx, name, label = self.ctx, plan.layer.name, self.label(plan.layer.name, step)
        if plan.layer.neuron is None:
            return ctx.add(label, ADMIT, 1, after=after)
        room, bits = history_room(ctx, plan, home.tile, step, "potentials")
        kept = self.forward.kept_potentials[name, home.tile, step]
        buffer = ctx.parts.at(home.tile).history_buffer
        recalled = ctx.do(label, home.tile, buffer.access("recall", bits), [kept, *after])
        job = ctx.parts.gradient_unit.surrogate(home.n_channels * ctx.n_vectors(name, step))
        return ctx.do(label, home.tile, job, [recalled], frees=[room.claim])

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
        ctx, name, label = self.ctx, plan.layer.name, self.label(plan.layer.name, step)
        bits = ctx.chip.execution.error_resolution_bits
        arrived: dict[int, list[int]] = {tile: [] for tile in readers}
        held: dict[int, list[Claim]] = {tile: [] for tile in arrived}
        for home in plan.homes:
            size = n_bytes(home.n_channels * ctx.n_vectors(name, step), bits)
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
        n_bits = ctx.n_vectors(name, step) * plan.layer.out_shape[0] * bits
        fetched = {
            tile: self.fetch_errors(label, tile, n_bits, readers[tile], arrived[tile]) for tile in arrived
        }
        return fetched, held

    def fetch_errors(self, label: Label, tile: int, n_bits: int, n_readers: int, after: Iterable[int]) -> int:
        """Fetch errors out of the input buffer, once for each reader (once in all on a broadcast bus)."""
        ctx = self.ctx
        times = min(n_readers, 1) if ctx.chip.tile.bus.broadcast else n_readers
        return fetch(ctx, label, tile, times * ctx.parts.input_buffer.accesses(n_bits), after)

    def _error_room(self, plan: LayerPlan, home: Home, tile: int, size: int) -> Room:
        ctx, name = self.ctx, plan.layer.name
        burst = min(ctx.flow.n_positions(name), ctx.work.n_positions_per_burst)
        bits = ctx.chip.execution.error_resolution_bits
        sizes = {h.tile: n_bytes(h.n_channels * burst, bits) for h in plan.homes}
        return shared_room(ctx, tile, f"error of {name}", home.tile, sizes, size)

    def outer(self, plan: LayerPlan, tile: int, step: int, fetched: int) -> int:
        """Outer products of a step on one tile, gated by inputs and errors; frees the inputs kept for it."""
        ctx, name = self.ctx, plan.layer.name
        label = self.label(name, step, OUTER_PHASE)
        room, bits = history_room(ctx, plan, tile, step, "inputs")
        kept = self.forward.kept_inputs[name, tile, step]
        recalled = ctx.do(label, tile, ctx.parts.at(tile).history_buffer.access("recall", bits), [kept, fetched])
        n_macs = sum(
            ctx.macs_per_step(plan.layer, self.forward.sample, block.rows, block.columns)[step]
            for block in plan.forward
            if block.tile == tile and block.replica == 0
        )
        task = ctx.do(label, tile, ctx.parts.at(tile).gradient_unit.outer(n_macs), [recalled], frees=[room.claim])
        self.gradients.setdefault(name, []).append(task)
        return task

    def release(self, label: Label, readers: Iterable[int], claims: list[Claim]) -> None:
        """Give back space once all its readers are done."""
        if claims:
            self.tasks.append(self.ctx.add(label, RELEASE, 1, after=readers, frees=claims))
