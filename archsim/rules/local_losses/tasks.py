"""Local losses, one sample: which tasks exist, and why.

::

    load_global, hop ...      the label, to the homes of all layers
    for every hidden layer and timestep, at each of its homes
        read_feedback or draw, project   the fixed matrix times the spikes: a row for each that spiked
        hop ..., add           (homes on several tiles) the sums of the first, and back
        largest, exponential, error      the loss of this read-out, as at the output
        read_feedback or draw, project   the matrix times that error: B_l e_l
        surrogate, spread, outer         see :mod:`archsim.lowering.learning`
    error, surrogate, spread, outer      of the output

No layer waits for another. With a path through time the steps of a layer follow each other from the last to the
first, behind the forward pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archsim.lowering import arithmetic
from archsim.lowering.arrays import summed_up
from archsim.lowering.context import BARRIER
from archsim.lowering.learning import Learning
from archsim.lowering.loss import OutputError
from archsim.lowering.order import as_output_asks
from archsim.mapping import Home, LayerPlan
from archsim.rules.places import Place
from archsim.workload import Layer


@dataclass
class LayerError(OutputError):
    """The errors at a hidden layer's own read-out: every home has all of its values."""

    layer: str = ""
    read: dict[tuple[int, int], int] = field(default_factory=dict)  # by home tile and timestep

    @property
    def plan(self) -> LayerPlan:
        """Of the layer itself."""
        return self.ctx.plan(self.layer)

    def of_timestep(self, home: Home, timestep: int) -> int:
        """The error of a timestep at one home."""
        step = self._steps_of(timestep)[-1]
        known = self.read[home.tile, timestep]
        if self._is_normalised:
            known = self._softmax_of(timestep)[home.tile]
        return self._error(home, step, self._n_values(home), [known], self.label_at(home.tile))

    def _outputs_of(self, timestep: int) -> dict[int, list[int]]:
        return {home.tile: [self.read[home.tile, timestep]] for home in self.plan.homes}

    def _told(self, step: int, own: dict[int, int]) -> dict[int, int]:  # all know all
        return own

    def _n_values(self, home: Home) -> int:
        return self.ctx.network.layers[-1].n_neurons


@dataclass
class LocalErrors(Learning):
    """The learning pass of one sample."""

    of_layer: dict[str, LayerError] = field(default_factory=dict)

    def run(self) -> None:
        """Each timestep of each layer behind the output's; or all behind the forward pass, the last ones first."""
        flow = self.ctx.flow
        self.of_layer = {
            layer.name: LayerError(self.ctx, self.forward, self.stage, layer=layer.name)
            for layer in self.ctx.network.weighted
            if layer.name != self.last.name
        }
        if not self.ctx.rule.learns_at_once(self.ctx.work, flow):
            self.forward.run()
            for layer in self.ctx.network.weighted:
                for timestep in self._in_turn(layer):
                    self._learn_timestep(layer, timestep)
            self.learn_postponed()
            return
        for name, step in as_output_asks(flow):
            self.forward.lay_down(name, step)
            if name == self.last.name and (step + 1) % flow.n_bursts(name) == 0:
                for layer in self.ctx.network.weighted:
                    self._learn_timestep(layer, flow.timestep(name, step))

    def _in_turn(self, layer: Layer) -> list[int]:
        times = list(range(self.ctx.flow.timesteps[layer.name]))
        return times[::-1] if self.ctx.rule.goes_back_in_time(self.ctx.work, layer) else times

    def _learn_timestep(self, layer: Layer, timestep: int) -> None:
        plan, n_bursts = self.ctx.plan(layer.name), self.ctx.flow.n_bursts(layer.name)
        steps = range(timestep * n_bursts, (timestep + 1) * n_bursts)
        is_last = layer.name == self.last.name
        local = {} if is_last else self._local_errors(plan, timestep, steps)
        for step in steps:
            deltas = {}
            for home in plan.homes:
                error = self.output_error.of_step(home, step) if is_last else local[home.tile]
                after = [error, self.forward.laid.sent(layer.name, home.tile, step)]
                deltas[home.tile] = self.delta(plan, home, step, after)
            self.learn(plan, step, deltas)

    def _local_errors(self, plan: LayerPlan, timestep: int, steps: range) -> dict[int, int]:
        """B_l e_l of a timestep, by home tile."""
        ctx, name, n_classes = self.ctx, plan.layer.name, self.last.n_neurons
        label, place = self.label(name, steps[-1]), self._place
        read = {}
        for home in plan.homes:
            spikes = ctx.spikes_per_step(name, self.forward.sample, home)
            n_values = n_classes * sum(spikes[step] for step in steps)
            sent = [self.forward.laid.sent(name, home.tile, step) for step in steps]
            read[home.tile] = ctx.add(label, BARRIER, 1, after=sent)
            if n_values:
                read[home.tile] = place.lay_down(ctx, label, home.tile, n_values, [read[home.tile]])
        one_each = dict.fromkeys(read, n_classes)
        errors = self.of_layer[name]
        for tile, task in summed_up(ctx, label, one_each, read, arithmetic.potential_bits(ctx.chip)).items():
            errors.read[tile, timestep] = task
        found = {}
        for home in plan.homes:
            n_values = n_classes * home.n_channels * ctx.flow.n_positions(name)
            known = errors.of_timestep(home, timestep)
            found[home.tile] = place.lay_down(ctx, label, home.tile, n_values, [known])
        return found

    @property
    def _place(self) -> Place:
        found: Place = self.ctx.rule.settings(self.ctx.work).place
        return found
