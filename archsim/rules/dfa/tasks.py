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

No layer waits for another, and nothing goes back through time but inside the neurons that `time_path` names: then
their steps follow each other from the last to the first. With ``readout`` and ``full`` the error that is sent is
the delta of the output, so it is sent for every timestep, from the last to the first; with the feedback "sdfa"
each layer has its own path. With an error at every timestep the
history of a step is free as soon as its own error has been used. A layer that runs at another rate than the
output uses the error of the output's timestep t_out = floor(t T_out / T_l). On the mean rate one read of B_l
serves all timesteps.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, cast

from archsim.components import Operations
from archsim.lowering import arithmetic
from archsim.lowering.arrays import deliver, read_array, summed_up
from archsim.lowering.context import ADMIT, BARRIER, RELEASE, Claim, Given, Label
from archsim.lowering.inputs import Bursts
from archsim.lowering.learning import Learning
from archsim.lowering.order import as_output_asks
from archsim.lowering.products import Product, counts_of
from archsim.lowering.transport import Room, emit, send_to, shared_room
from archsim.lowering.waiting import FOR_FEEDBACK
from archsim.mapping import Block, Home, LayerPlan, error_bytes
from archsim.mapping.rule import MappedRule
from archsim.workload import Layer, Workload

Reader = tuple[str, int]  # layer, tile


class DirectRule(MappedRule, Protocol):
    """The rule as these tasks see it; see :class:`archsim.rules.dfa.DFA`."""

    def n_sent(self, work: Workload) -> int: ...

    def n_values_of(self, work: Workload, plan: LayerPlan, home: Home) -> int: ...

    def reading_tiles(self, work: Workload, plan: LayerPlan) -> list[int]: ...


@dataclass
class DirectFeedback(Learning):
    """The learning pass of one sample."""

    fed_back: dict[tuple[str, int, int], list[int]] = field(default_factory=dict)  # layer, tile, error
    used: dict[tuple[str, int], list[int]] = field(default_factory=dict)  # layer, tile: deltas made of one error
    _counts_of: dict[tuple[Hashable, ...], list[int]] = field(default_factory=dict)

    def run(self) -> None:
        """Lay down forward pass and errors, and with each error the steps of all layers that use it.

        Where the history holds a few timesteps only, the errors go between the steps of the forward pass: in
        program order, too, a step then finds the space that an earlier one has given back.
        """
        ctx, flow = self.ctx, self.ctx.flow
        if ctx.rule.learns_at_once(ctx.work, flow):
            self._along_with_forward()
            return
        self.forward.run()
        errors, n_errors = self.errors(), self._n_errors
        in_turn = range(n_errors)[::-1] if self._sends_delta else range(n_errors)
        if self.waits:
            self._after_the_sample(in_turn, errors)
            return
        for error in in_turn:
            self._learn_from(error, errors)

    def _after_the_sample(self, in_turn: range, errors: dict[tuple[int, int], int]) -> None:
        """All errors are known and kept before the first is sent; and all of a layer before it learns from one."""
        known = {error: self._at_output(error, errors) for error in in_turn}
        if any(self._reading.values()):  # there are hidden layers
            kept = {error: self._kept_to_send(error, tasks) for error, tasks in known.items()}
            self.ctx.scales[FOR_FEEDBACK] = self.waiting.tell(self.label(self.last.name, 0), FOR_FEEDBACK)
            for error in in_turn:
                self._feed_back(error, self._steps_of(error)[-1], kept[error])
                self._hidden_layers(error)
        self.learn_postponed()

    @property
    def _sends_delta(self) -> bool:
        """Whether what is sent is the output's own delta, which comes back through its time first."""
        return bool(self.ctx.rule.settings(self.ctx.work).time_path != "none")

    @property
    def _n_errors(self) -> int:
        """Errors that are sent in a sample."""
        if self.ctx.work.error == "per_timestep" or self._sends_delta:
            return self.ctx.flow.timesteps[self.last.name]
        return 1

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
        steps = self._steps_of(error)
        if self._sends_delta:
            self._feed_back(error, steps[-1], self._at_output(error, errors))
        else:
            self._feed_back(error, steps[-1], self._tasks_of(steps, errors))
            self._output_layer(self._using(self.last, error), errors)
        self._hidden_layers(error)

    def _steps_of(self, error: int) -> range:
        """Steps of the output that an error is of."""
        flow, name = self.ctx.flow, self.last.name
        n_bursts = flow.n_bursts(name)
        end = flow.n_steps(name) if self._n_errors == 1 else (error + 1) * n_bursts
        return range(error * n_bursts, end)

    def _tasks_of(self, steps: range, errors: dict[tuple[int, int], int]) -> dict[int, list[int]]:
        return {
            home.tile: [errors[home.tile, step] for step in steps] for home in self.ctx.plan(self.last.name).homes
        }

    def _at_output(self, error: int, errors: dict[tuple[int, int], int]) -> dict[int, list[int]]:
        """The output learns from an error; by home tile, what is sent of it: its delta, or the error itself."""
        deltas = self._output_layer(self._using(self.last, error), errors)
        return self._tasks_of(self._steps_of(error), deltas if self._sends_delta else errors)

    def _hidden_layers(self, error: int) -> None:
        """The steps of all hidden layers that use an error."""
        for layer in self.ctx.network.weighted:
            if layer is not self.last:
                self._hidden(self.ctx.plan(layer.name), self._using(layer, error), error)

    def _using(self, layer: Layer, error: int) -> list[int]:
        """Steps of a layer that use an error, in the order of `_in_turn`."""
        key, known = ("steps of errors", layer.name, self._n_errors), self.ctx.known
        if key not in known:
            known[key] = [[] for _ in range(self._n_errors)]
            for step in self._in_turn(layer):
                known[key][self._error_of(layer.name, step, self._n_errors)].append(step)
        found: list[int] = known[key][error]
        return found

    def _in_turn(self, layer: Layer) -> list[int]:
        """Steps of a layer, the latest timestep first where errors go back in time."""
        flow, sign = self.ctx.flow, -1 if self.ctx.rule.goes_back_in_time(self.ctx.work, layer) else 1
        steps = range(flow.n_steps(layer.name))
        return sorted(steps, key=lambda step: (sign * flow.timestep(layer.name, step), step))

    def _error_of(self, layer: str, step: int, n_errors: int) -> int:
        """Which error a step of a layer uses."""
        if n_errors == 1:
            return 0
        return self.ctx.flow.timestep(layer, step) * n_errors // self.ctx.flow.timesteps[layer]

    def _feed_back(self, error: int, last_step: int, known: dict[int, list[int]]) -> None:
        """Send one error to the feedback arrays, to all of them at once with multicast, and read them."""
        ctx, label = self.ctx, self.label(self.last.name, last_step)
        plans = [plan for plan in ctx.mapping.plans.values() if self._reading[plan.layer.name]]
        if not plans:
            return
        ports = [[*tasks, *self._scales_at(tile)] for tile, tasks in known.items()]
        first, (arrived, held, seen) = ctx.recurring(
            ("send errors", label.stage, label.layer), label,
            lambda given: self._lay_down_sent(label, dict(zip(known, given.ports, strict=True))), Given(ports),
        )  # fmt: skip
        self.gradients.setdefault(self.last.name, []).extend(first + task for task in seen)
        for plan in plans:
            for home in plan.homes:
                self.sums.take(label, plan.layer.name, home.tile, [error], 1)
            for tile in self._reading[plan.layer.name]:
                key = (plan.layer.name, tile)
                read = self._read_feedback(plan, tile, error, [first + task for task in arrived[key]])
                self._free_sent(label, (*key, error), read, held[key])
            for home in plan.homes:
                of_home = (plan.layer.name, home.tile, error)
                n_values = self.rule.n_values_of(ctx.work, plan, home)
                self.fed_back[of_home] = [self._rescaled(label, home.tile, n_values, self.fed_back[of_home])]

    def _free_sent(self, label: Label, whose: tuple[str, int, int], read: list[int], held: list[Claim]) -> None:
        """Give back the space of an error (layer, tile, error), once it has been read."""
        del whose  # nobody else reads it
        self.ctx.add(label, RELEASE, 1, after=read, frees=held)

    @cached_property
    def _reading(self) -> dict[str, list[int]]:
        """By layer the tiles that are sent errors."""
        return {
            name: self.rule.reading_tiles(self.ctx.work, plan) for name, plan in self.ctx.mapping.plans.items()
        }

    def _lay_down_sent(
        self, label: Label, known: Mapping[int, Sequence[int]]
    ) -> tuple[dict[Reader, list[int]], dict[Reader, list[Claim]], list[int]]:
        """One error to all that read it: what has come, the space that it holds, and what the update waits for."""
        ctx = self.ctx
        readers = [(ctx.plan(name), tile) for name, tiles in self._reading.items() for tile in tiles]
        arrived: dict[Reader, list[int]] = {}
        held: dict[Reader, list[Claim]] = {}
        joined = {tile: ctx.add(label, BARRIER, 1, after=tasks) for tile, tasks in known.items()}
        scaled, seen = self._ready_to_send(label, joined)
        for source, size in self._sizes.items():
            share = ctx.mapping.buffers.share_bytes["output_buffer", source, "error for feedback"]
            out = (ctx.resource(f"tile[{source}].output_buffer.space[error for feedback]", share), size)
            admitted = ctx.add(label, ADMIT, 1, after=[scaled[source]], reserves=[out])
            _, emitted = emit(ctx, label, source, size * 8, [admitted])
            rooms = [(tile, self._feedback_room(plan, source, tile, size)) for plan, tile in readers]
            messages = send_to(ctx, label, source, size * 8, rooms, [emitted])
            for (plan, tile), (_, room), message in zip(readers, rooms, messages, strict=True):
                arrived.setdefault((plan.layer.name, tile), []).append(message)
                held.setdefault((plan.layer.name, tile), []).append(room.claim)
            ctx.add(label, RELEASE, 1, after=messages or [emitted], frees=[out])
        return arrived, held, seen

    def _kept_to_send(self, error: int, tasks: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
        """A whole error, kept until the sample is over; by home tile, when it is."""
        label = self.label(self.last.name, self._steps_of(error)[-1])
        known = {tile: self.ctx.add(label, BARRIER, 1, after=after) for tile, after in tasks.items()}
        if self.rule.settings(self.ctx.work).rank is not None:
            known = self._compressed(label, known)
        n_values = self.rule.n_values_sent(self.ctx.work, self.ctx.plan(self.last.name))
        return {
            tile: [self.waiting.keep(label, FOR_FEEDBACK, tile, n_values[tile], task)]
            for tile, task in known.items()
        }

    def _ready_to_send(self, label: Label, known: dict[int, int]) -> tuple[dict[int, int], list[int]]:
        """The whole error over its largest, for the drivers: by home tile, when that is done; who has looked."""
        n_values = self.rule.n_values_sent(self.ctx.work, self.ctx.plan(self.last.name))
        if self.waits:
            known = self.waiting.recall(label, FOR_FEEDBACK, known, n_values)
        elif self.rule.settings(self.ctx.work).rank is not None:
            known = self._compressed(label, known)
        return self.scaled(label, known, n_values, 1)

    def _scales_at(self, tile: int) -> list[int]:
        """Tasks that tell a home of the output its errors' scale: the sample's largest, or batches before."""
        return self.scale_of(FOR_FEEDBACK if self.waits else self.last.name, tile)

    def _compressed(self, label: Label, known: dict[int, int]) -> dict[int, int]:
        """The error times the factor of low rank, added up at the first home of the output."""
        ctx, plan, n_sent = self.ctx, self.ctx.plan(self.last.name), self.rule.n_sent(self.ctx.work)
        bits, potential = arithmetic.error_bits(ctx.chip), arithmetic.potential_bits(ctx.chip)
        operations, done = Operations(1, ((potential, bits),)), {}
        for home in plan.homes:
            n_values = n_sent * home.n_channels * ctx.flow.n_positions(self.last.name)
            here = ctx.parts.at(home.tile)
            read = here.gradient_buffer.access("read_feedback", n_values * bits)
            fetched = ctx.do(label, home.tile, read, [known[home.tile]])
            job = here.gradient_unit.compute(f"compress@1+{operations.n_products:g}x", n_values, operations)
            done[home.tile] = ctx.do(label, home.tile, job, [fetched])
        summed = summed_up(ctx, label, dict.fromkeys(done, n_sent), done, potential)
        first = plan.homes[0].tile
        return {first: summed[first]}

    def _rescaled(self, label: Label, tile: int, n_values: int, tasks: list[int]) -> int:
        """The sums times what the error was divided by."""
        return self.rescaled(label, tile, n_values, tasks)

    @property
    def _bits_sent(self) -> tuple[int, bool]:
        """Bits of a number that drives a line, and whether one of them is a sign."""
        bits = self.ctx.chip.execution.error_resolution_bits
        return bits, bits > 1

    def _driven(self, block: Block, error: int) -> tuple[int, Bursts | None]:
        """Inputs of an array: number of driven lines, and their values where they matter."""
        of_rank = self.rule.settings(self.ctx.work).rank is not None  # those numbers are not recorded
        codes = None if of_rank else self.ctx.fed_back_codes(self.forward.sample, error, block.rows)
        return block.n_rows, codes

    def _feedback_room(self, plan: LayerPlan, source: int, tile: int, size: int) -> Room:
        return shared_room(self.ctx, tile, f"feedback of {plan.layer.name}", source, self._sizes, size)

    @cached_property
    def _sizes(self) -> dict[int, int]:
        """Bytes of a whole error, by the tiles of the output that send it."""
        sent = self.rule.n_values_sent(self.ctx.work, self.ctx.plan(self.last.name))
        return {tile: error_bytes(self.ctx.chip, n_values, 1) for tile, n_values in sent.items()}

    @property
    def rule(self) -> DirectRule:
        """The rule, which knows where its matrices are."""
        return cast("DirectRule", self.ctx.rule)

    def _read_feedback(self, plan: LayerPlan, tile: int, error: int, arrived: list[int]) -> list[int]:
        """Read a layer's feedback arrays on one tile and add the results at the layer's homes."""
        ctx, name = self.ctx, plan.layer.name
        label = self.label(name, min(error * ctx.flow.n_bursts(name), ctx.flow.n_steps(name) - 1))
        n_bits = 8 * error_bytes(ctx.chip, self.rule.n_sent(ctx.work), 1)
        if not self.rule.settings(ctx.work).place.has_arrays:
            fetched = self.fetch_errors(label, tile, n_bits, 1, arrived)
            return [self._multiplied(plan, tile, error, fetched)]
        arrays = self._arrays_on(plan, tile)
        sets = [[self.sums.taken[name, home, error]] for _, home in arrays]
        counts = [number for product, _ in arrays for number in self._counts(product, error)]
        is_written = ctx.work.schedule == "three_level" or any(p.block in ctx.last_write for p, _ in arrays)
        first, (readers, added) = ctx.recurring(
            None if is_written else ("read errors", label.stage, name, tile), label,
            lambda given: self._lay_down_reads(label, tile, arrays, given), Given([arrived, *sets], counts),
        )  # fmt: skip
        for (_, home), task in zip(arrays, added, strict=True):
            self.fed_back.setdefault((name, home, error), []).append(first + task)
        return [first + task for task in readers]

    def _arrays_on(self, plan: LayerPlan, tile: int) -> list[tuple[Product, int]]:
        """What the arrays of a layer's matrix on a tile compute, and the home that each adds to."""
        ctx, key = self.ctx, ("arrays of errors", plan.layer.name, tile)
        if key not in ctx.known:
            shared, (n_bits, signed) = self.rule.settings(ctx.work).shared, self._bits_sent
            per_channel = 1 if shared else ctx.flow.n_positions(plan.layer.name)
            home_of = {
                channel: home.tile
                for home in plan.homes
                for low, high in home.channels
                for channel in range(low, high)
            }
            ctx.known[key] = [
                (Product(block, 1, n_bits, signed=signed), home_of[block.columns[0] // per_channel])
                for block in plan.feedback
                if block.tile == tile
            ]
        found: list[tuple[Product, int]] = ctx.known[key]
        return found

    def _lay_down_reads(
        self, label: Label, tile: int, arrays: Sequence[tuple[Product, int]], given: Given
    ) -> tuple[list[int], list[int]]:
        """Ports: the error, and for each array its set of accumulators. The reads, and the additions."""
        ctx, (arrived, *sets) = self.ctx, given.ports
        n_bits = 8 * error_bytes(ctx.chip, self.rule.n_sent(ctx.work), 1)
        fetched = self.fetch_errors(label, tile, n_bits, len(arrays), arrived)
        each, read, added = len(given.counts) // max(1, len(arrays)), list[int](), list[int]()
        for k, ((product, home), [own_set]) in enumerate(zip(arrays, sets, strict=True)):
            # no result waits in an output register for accumulators that one behind it has to free
            counts = given.counts[k * each : (k + 1) * each]
            read.append(read_array(ctx, label, product, counts, [fetched, own_set]))
            added.append(deliver(ctx, label, product, read[-1], home, own_set))
        return read, added

    def _multiplied(self, plan: LayerPlan, tile: int, error: int, fetched: int) -> int:
        """The product with a matrix that lies on no array, at a home of the layer."""
        ctx, name = self.ctx, plan.layer.name
        label = self.label(name, min(error * ctx.flow.n_bursts(name), ctx.flow.n_steps(name) - 1))
        home = next(home for home in plan.homes if home.tile == tile)
        n_values = self._n_inputs * self.rule.n_values_of(ctx.work, plan, home)
        own_set = self.sums.taken[name, tile, error]
        place = self.rule.settings(ctx.work).place
        found: int = place.lay_down(ctx, label, tile, n_values, [fetched, own_set])
        self.fed_back[name, tile, error] = [found]
        return found

    @property
    def _n_inputs(self) -> int:
        """Numbers of an error that are not known to be zero."""
        return self.rule.n_sent(self.ctx.work)

    def _counts(self, product: Product, error: int) -> list[int]:
        """Lines that an error drives and reads, cycle by cycle; the same for arrays that hold the same rows."""
        block = product.block
        key = (error, block.rows, block.n_columns, block.n_crossbars)
        if key not in self._counts_of:
            n_active, codes = self._driven(block, error)
            [self._counts_of[key]] = counts_of(self.ctx, product, [n_active], codes).tolist()
        return self._counts_of[key]

    def _output_layer(self, steps: list[int], errors: dict[tuple[int, int], int]) -> dict[tuple[int, int], int]:
        """The output's own deltas, and what it learns from them; by (home tile, step)."""
        plan = self.ctx.plan(self.last.name)
        found: dict[tuple[int, int], int] = {}
        for step in steps:
            deltas = {home.tile: self.delta(plan, home, step, [errors[home.tile, step]]) for home in plan.homes}
            found |= {(tile, step): task for tile, task in deltas.items()}
            self.learn(plan, step, deltas)
        return found

    def _hidden(self, plan: LayerPlan, steps: list[int], error: int) -> None:
        """The steps of a layer that use an error; the last of them gives back the sums of B_l e."""
        name = plan.layer.name
        used: dict[int, list[int]] = {home.tile: [] for home in plan.homes}
        for step in steps:
            deltas = {home.tile: self._hidden_delta(plan, home, step, error) for home in plan.homes}
            for tile, delta in deltas.items():
                used[tile].append(delta)
            self.learn(plan, step, deltas)
        self._free_sums(name, steps[-1] if steps else 0, used, error)

    def _free_sums(self, name: str, step: int, used: dict[int, list[int]], error: int = 0) -> None:
        """Give the sums of B_l e back, by home tile after all that used them."""
        for tile, tasks in used.items():
            claim = self.sums.claim(name, tile, 1)
            after = tasks or self.fed_back[name, tile, error]
            self.ctx.add(self.label(name, step), RELEASE, 1, after=after, frees=[claim])

    def _hidden_delta(self, plan: LayerPlan, home: Home, step: int, error: int) -> int:
        key = (plan.layer.name, home.tile)
        return self.delta(plan, home, step, [*self.fed_back[*key, error], self.forward.laid.sent(*key, step)])
