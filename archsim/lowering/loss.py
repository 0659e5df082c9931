"""The error at the output of one sample: labels, softmax, and what a mean over time adds.

::

    load_global, hop ...   the sample's label to the homes of the output, with its first input
    tally                  (on the mean rate) each timestep's outputs, added up
    largest                (cross entropy) the largest output of a timestep; homes on several tiles tell each other
    exponential            (cross entropy) exp(output - largest), and their sum, told likewise
    error                  divided by the sum (cross entropy), and less the label

A membrane's cross entropy on the mean rate has a softmax in each timestep, and `tally` adds up the errors; all
other losses have one error, of the outputs' sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from archsim.components import Operations
from archsim.lowering import arithmetic
from archsim.lowering.arrays import summed_up
from archsim.lowering.context import BARRIER, Context, Label
from archsim.lowering.forward import Forward
from archsim.lowering.transport import travel
from archsim.mapping import IO, Home, LayerPlan, label_bits
from archsim.registry import LOSSES
from archsim.taskgraph import opening

Known = dict[int, int]  # by home tile, the task after which something is there


@dataclass
class OutputError:
    """The errors at the output of one sample.

    Parameters
    ----------
    ctx : Context
    forward : Forward
    stage : str
        Label of the tasks.
    """

    ctx: Context
    forward: Forward
    stage: str
    labels: Known = field(default_factory=dict)
    _softmax: dict[int, Known] = field(default_factory=dict)  # by timestep

    @property
    def plan(self) -> LayerPlan:
        """Of the read-out layer."""
        return self.ctx.plan(self.ctx.network.layers[-1].name)

    def of_step(self, home: Home, step: int) -> int:
        """The error of one step at one home."""
        ctx, name = self.ctx, self.plan.layer.name
        known = self._output(home, step)
        if self._is_normalised:
            known = self._softmax_of(ctx.flow.timestep(name, step))[home.tile]
        n_values = home.n_channels * ctx.n_vectors(name, step)
        first, error = ctx.placed(
            ("error", home.tile, n_values), self._label(step),
            lambda: self._error(home, step, n_values, [opening(0)], opening(1)),
            [known, self.label_at(home.tile)],
        )  # fmt: skip
        return first + int(error)

    def of_sample(self) -> Known:
        """The one error of a sample at each home: on the mean rate, or of the last timestep."""
        if self.ctx.work.error == "last":
            n_times = self.ctx.flow.timesteps[self.plan.layer.name]
            last = self._steps_of(n_times - 1)
            each = {home.tile: [self.of_step(home, step) for step in last] for home in self.plan.homes}
            return self._joined(last[-1], each)
        return self._on_mean_rate()

    def _on_mean_rate(self) -> Known:
        n_times = self.ctx.flow.timesteps[self.plan.layer.name]
        last = self.ctx.flow.n_steps(self.plan.layer.name) - 1
        added = [self._tallied(timestep) for timestep in range(n_times)]
        known = self._joined(last, {home.tile: [of[home.tile] for of in added] for home in self.plan.homes})
        if self._is_normalised and not self._is_normalised_each_time:
            known = self._normalised(last, known)
        homes = self.plan.homes
        return {
            home.tile: self._error(
                home, last, self._n_values(home), [known[home.tile]], self.label_at(home.tile)
            )
            for home in homes
        }  # fmt: skip

    @property
    def _is_normalised(self) -> bool:
        return bool(LOSSES[self.ctx.work.learning.loss].across_outputs)

    @property
    def _is_normalised_each_time(self) -> bool:
        """Whether there is a softmax of every timestep, not one of their sum."""
        return self._is_normalised and not LOSSES[self.ctx.work.learning.loss].of_whole_sample

    def _tallied(self, timestep: int) -> Known:
        """A timestep's outputs, or its errors, added to those before."""
        step = self._steps_of(timestep)[-1]
        if self._is_normalised_each_time:
            found, operations = self._softmax_of(timestep), arithmetic.less_label(self.ctx.chip, normalised=True)
            known = {tile: [task, self.label_at(tile)] for tile, task in found.items()}
        else:
            known, operations = self._outputs_of(timestep), Operations()
        return {
            home.tile: self._do("tally", home, step, operations + Operations(1), known[home.tile])
            for home in self.plan.homes
        }

    def _softmax_of(self, timestep: int) -> Known:
        """After which each home has its exponentials of a timestep and the sum of all."""
        if timestep not in self._softmax:
            step, outputs = self._steps_of(timestep)[-1], self._outputs_of(timestep)
            first, made = self.ctx.placed(
                "softmax", self._label(step), lambda: self._lay_down_softmax(step), list(outputs.values())
            )
            self._softmax[timestep] = {tile: first + task for tile, task in made.items()}
        return self._softmax[timestep]

    def _lay_down_softmax(self, step: int) -> Known:
        """Ports: the outputs of each home."""
        ports = {home.tile: [opening(k)] for k, home in enumerate(self.plan.homes)}
        return self._normalised(step, self._joined(step, ports))

    def _normalised(self, step: int, known: Known) -> Known:
        """The largest, then exponentials and their sum; homes tell each other both."""
        chip, homes = self.ctx.chip, self.plan.homes
        for name, operations in (("largest", arithmetic.COMPARE), ("exponential", arithmetic.exponential(chip))):
            own = {home.tile: self._do(name, home, step, operations, [known[home.tile]]) for home in homes}
            known = self._told(step, own)
        return known

    def _told(self, step: int, own: Known) -> Known:
        """Exchange among homes of a value that each has found of its own outputs."""
        one_each = dict.fromkeys(own, 1)
        return summed_up(self.ctx, self._label(step), one_each, own, arithmetic.potential_bits(self.ctx.chip))

    def _error(self, home: Home, step: int, n_values: int, known: list[int], label: int) -> int:
        """The label taken off; of errors that were added up it is off."""
        operations = arithmetic.less_label(self.ctx.chip, normalised=self._is_normalised)
        if self.ctx.work.error == "mean_rate" and self._is_normalised_each_time:
            operations = Operations()
        job = self.ctx.parts.gradient_unit.compute(_named("error", operations), n_values, operations)
        return self.ctx.do(self._label(step), home.tile, job, [*known, label])

    def _do(self, name: str, home: Home, step: int, operations: Operations, after: list[int]) -> int:
        """Arithmetic on all outputs of a timestep at a home."""
        job = self.ctx.parts.gradient_unit.compute(_named(name, operations), self._n_values(home), operations)
        return self.ctx.do(self._label(step), home.tile, job, after)

    def label_at(self, tile: int) -> int:
        """The sample's label, sent to all homes once the first of its inputs has come."""
        if not self.labels:
            ctx, label = self.ctx, self._label(0)
            bits = label_bits(ctx.network.layers[-1].n_neurons)
            load = ctx.parts.global_buffer.access("load_global", bits)
            loaded = ctx.do(label, IO, load, self.forward.laid.first_received())
            for home in self.plan.homes:
                there = travel(ctx, label, IO, home.tile, bits, [loaded])
                self.labels[home.tile] = loaded if there is None else there
        return self.labels[tile]

    def _joined(self, step: int, tasks: Mapping[int, list[int]]) -> Known:
        label = self._label(step)
        return {tile: self.ctx.add(label, BARRIER, 1, after=of_tile) for tile, of_tile in tasks.items()}

    def _outputs_of(self, timestep: int) -> dict[int, list[int]]:
        steps = self._steps_of(timestep)
        return {home.tile: [self._output(home, step) for step in steps] for home in self.plan.homes}

    def _output(self, home: Home, step: int) -> int:
        return self.forward.laid.output(self.plan.layer.name, home.tile, step)

    def _steps_of(self, timestep: int) -> range:
        n_bursts = self.ctx.flow.n_bursts(self.plan.layer.name)
        return range(timestep * n_bursts, (timestep + 1) * n_bursts)

    def _n_values(self, home: Home) -> int:
        return home.n_channels * self.ctx.flow.n_positions(self.plan.layer.name)

    def _label(self, step: int) -> Label:
        name = self.plan.layer.name
        return Label(self.stage, name, self.ctx.flow.timestep(name, step), self.forward.sample)


def _named(name: str, operations: Operations) -> str:
    """A name for each price of an action."""
    return f"{name}@{operations.n_additions}+{operations.n_products:g}x"
