"""Direct feedback alignment, one sample: which tasks exist, and why.

::

    error        at the output: for each timestep as soon as the output is known, or once on the mean rate
    for every error
        scan, scale                   over its largest, for the drivers
        emit, hop ..., receive        the error to the tiles of all feedback arrays, all layers at once; with
                                      multicast as one message, over each link once
        each feedback array:          drive, read, convert, shift_add for each cycle of the error's bits
        collect, hop ..., add         B_l e at the homes of layer l, in one of their sets of accumulators
        rescale                       times the largest, which e was divided by
    for every hidden layer and step
        surrogate, spread, outer      see :mod:`archsim.lowering.learning`

No layer waits for another, and nothing goes back through time but, with the feedback "sdfa", inside each layer's
own neurons: then its steps follow each other from the last to the first. With an error at every timestep the
history of a step is free as soon as its own error has been used. A layer that runs at another rate than the
output uses the error of the output's timestep t_out = floor(t T_out / T_l). On the mean rate one read of B_l
serves all timesteps.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from archsim.lowering.arrays import Product, counts_of, deliver, read_array
from archsim.lowering.context import ADMIT, BARRIER, RELEASE, Claim
from archsim.lowering.learning import Learning
from archsim.lowering.order import as_output_asks
from archsim.lowering.transport import Room, emit, send_to, shared_room
from archsim.mapping import Home, LayerPlan, error_bytes


@dataclass
class DirectFeedback(Learning):
    """The learning pass of one sample."""

    fed_back: dict[tuple[str, int, int], list[int]] = field(default_factory=dict)  # layer, tile, error
    _counts_of: dict[tuple[Hashable, ...], list[int]] = field(default_factory=dict)

    def run(self) -> None:
        """Lay down forward pass and errors, and with each error the steps of all layers that use it.

        Where the history holds a few timesteps only, the errors go between the steps of the forward pass: in
        program order, too, a step then finds the space that an earlier one has given back.
        """
        ctx, flow, name = self.ctx, self.ctx.flow, self.last.name
        if ctx.work.error == "per_timestep" and flow.has_one_rate:
            self._along_with_forward()
            return
        self.forward.run()
        errors = self.errors()
        for error in range(1 if ctx.work.error == "mean_rate" else flow.timesteps[name]):
            self._learn_from(error, errors)

    def _along_with_forward(self) -> None:
        """Each timestep's error after the output's next timestep: it is on its way while that one is computed."""
        flow, plan = self.ctx.flow, self.ctx.plan(self.last.name)
        n_bursts, n_errors = flow.n_bursts(self.last.name), flow.timesteps[self.last.name]
        due = 0
        for name, step in as_output_asks(flow):
            self.forward.lay_down(name, step)
            if name == self.last.name and step + 1 == (due + 2) * n_bursts:
                self._learn_from(due, self._errors_at(plan, due))
                due += 1
        for error in range(due, n_errors):
            self._learn_from(error, self._errors_at(plan, error))

    def _errors_at(self, plan: LayerPlan, timestep: int) -> dict[tuple[int, int], int]:
        """The output's errors of one timestep by (home tile, step)."""
        n_bursts = self.ctx.flow.n_bursts(plan.layer.name)
        return {
            (home.tile, step): self.output_error.of_step(home, step)
            for home in plan.homes
            for step in range(timestep * n_bursts, (timestep + 1) * n_bursts)
        }

    def _learn_from(self, error: int, errors: dict[tuple[int, int], int]) -> None:
        """One error, and the steps of all layers that use it."""
        flow, name = self.ctx.flow, self.last.name
        n_errors = 1 if self.ctx.work.error == "mean_rate" else flow.timesteps[name]
        last_step = flow.n_steps(name) - 1 if n_errors == 1 else (error + 1) * flow.n_bursts(name) - 1
        steps = range(error * flow.n_bursts(name), last_step + 1)
        known = {home.tile: [errors[home.tile, step] for step in steps] for home in self.ctx.plan(name).homes}
        self._feed_back(error, last_step, known)
        self._output_layer([step for step in self._in_turn(name) if step in steps], errors)
        for layer in self.ctx.network.weighted:
            if layer is not self.last:
                in_turn = self._in_turn(layer.name)
                using = [step for step in in_turn if self._error_of(layer.name, step, n_errors) == error]
                self._hidden(self.ctx.plan(layer.name), using, error)

    def _in_turn(self, layer: str) -> list[int]:
        """Steps of a layer, the latest timestep first where errors go back in time."""
        flow, sign = self.ctx.flow, -1 if self.ctx.rule.goes_back_in_time(self.ctx.work) else 1
        return sorted(range(flow.n_steps(layer)), key=lambda step: (sign * flow.timestep(layer, step), step))

    def _error_of(self, layer: str, step: int, n_errors: int) -> int:
        """Which error a step of a layer uses."""
        if n_errors == 1:
            return 0
        return self.ctx.flow.timestep(layer, step) * n_errors // self.ctx.flow.timesteps[layer]

    def _feed_back(self, error: int, last_step: int, known: dict[int, list[int]]) -> None:
        """Send one error to the feedback arrays, to all of them at once with multicast, and read them."""
        ctx, name = self.ctx, self.last.name
        label = self.label(name, last_step)
        plans = [p for p in ctx.mapping.plans.values() if p.feedback]
        readers = [(plan, tile) for plan in plans for tile in sorted({block.tile for block in plan.feedback})]
        if not plans:
            return
        arrived: dict[tuple[str, int], list[int]] = {}
        held: dict[tuple[str, int], list[Claim]] = {}
        homes, n_positions = ctx.plan(name).homes, ctx.flow.n_positions(name)
        joined = {
            tile: ctx.add(label, BARRIER, 1, after=[*tasks, *self.scale_of(name, tile)])
            for tile, tasks in known.items()
        }
        n_values = {home.tile: home.n_channels * n_positions for home in homes}
        scaled, seen = self.scaled(label, joined, n_values, 1)
        self.gradients.setdefault(name, []).extend(seen)
        for home in homes:
            size = error_bytes(ctx.chip, home.n_channels * n_positions, 1)
            share = ctx.mapping.buffers.share_bytes["output_buffer", home.tile, "error for feedback"]
            out = (ctx.resource(f"tile[{home.tile}].output_buffer.space[error for feedback]", share), size)
            admitted = ctx.add(label, ADMIT, 1, after=[scaled[home.tile]], reserves=[out])
            _, emitted = emit(ctx, label, home.tile, size * 8, [admitted])
            rooms = [(tile, self._feedback_room(plan, home.tile, tile, size)) for plan, tile in readers]
            messages = send_to(ctx, label, home.tile, size * 8, rooms, [emitted])
            for (plan, tile), (_, room), message in zip(readers, rooms, messages, strict=True):
                arrived.setdefault((plan.layer.name, tile), []).append(message)
                held.setdefault((plan.layer.name, tile), []).append(room.claim)
            ctx.add(label, RELEASE, 1, after=messages or [emitted], frees=[out])
        for plan in plans:
            for home in plan.homes:
                self.sums.take(label, plan.layer.name, home.tile, [error], 1)
            for tile in sorted({block.tile for block in plan.feedback}):
                key = (plan.layer.name, tile)
                read = self._read_feedback(plan, tile, error, arrived[key])
                ctx.add(label, RELEASE, 1, after=read, frees=held[key])
            for home in plan.homes:
                of_home = (plan.layer.name, home.tile, error)
                n_neurons = home.n_channels * ctx.flow.n_positions(plan.layer.name)
                self.fed_back[of_home] = [self.rescaled(label, home.tile, n_neurons, self.fed_back[of_home])]

    def _feedback_room(self, plan: LayerPlan, source: int, tile: int, size: int) -> Room:
        ctx, last = self.ctx, self.last.name
        n_positions = ctx.flow.n_positions(last)
        sizes = {h.tile: error_bytes(ctx.chip, h.n_channels * n_positions, 1) for h in ctx.plan(last).homes}
        return shared_room(ctx, tile, f"feedback of {plan.layer.name}", source, sizes, size)

    def _read_feedback(self, plan: LayerPlan, tile: int, error: int, arrived: list[int]) -> list[int]:
        """Read a layer's feedback arrays on one tile and add the results at the layer's homes."""
        ctx, name = self.ctx, plan.layer.name
        label = self.label(name, min(error * ctx.flow.n_bursts(name), ctx.flow.n_steps(name) - 1))
        per_channel = ctx.flow.n_positions(name)
        bits = ctx.chip.execution.error_resolution_bits
        blocks = [block for block in plan.feedback if block.tile == tile]
        n_bits = 8 * error_bytes(ctx.chip, self.last.n_neurons, 1)
        fetched = self.fetch_errors(label, tile, n_bits, len(blocks), arrived)
        readers = []
        for block in blocks:
            product = Product(block, 1, bits, signed=bits > 1)
            channel = block.columns[0] // per_channel
            home = next(h for h in plan.homes for low, high in h.channels if low <= channel < high)
            own_set = self.sums.taken[name, home.tile, error]
            # no result waits in an output register for accumulators that one behind it has to free
            merged = read_array(ctx, label, product, self._counts(product, error), [fetched, own_set])
            readers.append(merged)
            added = deliver(ctx, label, product, merged, home.tile, own_set)
            self.fed_back.setdefault((name, home.tile, error), []).append(added)
        return readers

    def _counts(self, product: Product, error: int) -> list[int]:
        """What an error drives and reads, cycle by cycle; alike for arrays that hold the same rows alike."""
        block = product.block
        key = (error, block.rows, block.n_columns, block.n_crossbars)
        if key not in self._counts_of:
            codes = self.ctx.fed_back_codes(self.forward.sample, error, block.rows)
            [self._counts_of[key]] = counts_of(self.ctx, product, [block.n_rows], codes).tolist()
        return self._counts_of[key]

    def _output_layer(self, steps: list[int], errors: dict[tuple[int, int], int]) -> None:
        plan = self.ctx.plan(self.last.name)
        for step in steps:
            deltas = {
                home.tile: self.delta(plan, home, step, [errors[home.tile, step]]) for home in plan.homes
            }
            self._learn(plan, step, deltas)

    def _hidden(self, plan: LayerPlan, steps: list[int], error: int) -> None:
        """The steps of a layer that use an error; the last of them gives back the sums of B_l e."""
        name = plan.layer.name
        used: dict[int, list[int]] = {home.tile: [] for home in plan.homes}
        for step in steps:
            deltas = {home.tile: self._hidden_delta(plan, home, step, error) for home in plan.homes}
            for tile, delta in deltas.items():
                used[tile].append(delta)
            self._learn(plan, step, deltas)
        for tile, tasks in used.items():
            label, claim = self.label(name, steps[-1] if steps else 0), self.sums.claim(name, tile, 1)
            self.ctx.add(label, RELEASE, 1, after=tasks or self.fed_back[name, tile, error], frees=[claim])

    def _hidden_delta(self, plan: LayerPlan, home: Home, step: int, error: int) -> int:
        key = (plan.layer.name, home.tile)
        return self.delta(plan, home, step, [*self.fed_back[*key, error], self.forward.sent[*key, step]])

    def _learn(self, plan: LayerPlan, step: int, deltas: dict[int, int]) -> None:
        fetched, held = self.spread(plan, step, deltas, dict.fromkeys(plan.gradient_tiles, 1))
        label = self.label(plan.layer.name, step)
        for tile in plan.gradient_tiles:
            task = self.outer(plan, tile, step, fetched[tile])
            self.release(label, [task], held[tile])
