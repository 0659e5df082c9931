"""Direct random target projection, one sample: which tasks exist, and why.

::

    load_global, hop ...   the label, to the homes of the output
    emit, hop ..., receive   from there to the tiles of all fixed matrices, as a vector with a single one
    each matrix:           drive, read, convert, shift_add of its one row
    collect, hop ..., add  B_l y at the homes of layer l, in one of their sets of accumulators to the sample's end
    for every hidden layer and step, as soon as it has its inputs
        surrogate, spread, outer   see :mod:`archsim.lowering.learning`
    error, surrogate, spread, outer   of the output, with each timestep's own error

Nothing is scaled: a label is what it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archsim.lowering.context import BARRIER, Label
from archsim.lowering.inputs import Bursts
from archsim.lowering.order import as_output_asks
from archsim.mapping import Block
from archsim.rules.dfa.tasks import DirectFeedback


@dataclass
class TargetProjection(DirectFeedback):
    """The learning pass of one sample."""

    def run(self) -> None:
        """Send the label, then lay down the forward pass, and behind it what is learned of each timestep."""
        ctx, flow, plan = self.ctx, self.ctx.flow, self.ctx.plan(self.last.name)
        at_once = ctx.rule.learns_at_once(ctx.work, flow)
        order = list(as_output_asks(flow))
        first, rest = order[:1], order[1:]
        for name, step in first:  # the label comes with the first input
            self.forward.lay_down(name, step)
        self._feed_back(0, 0, {home.tile: [self.output_error.label_at(home.tile)] for home in plan.homes})
        for name, step in rest:
            self.forward.lay_down(name, step)
            if at_once and name == self.last.name and (step + 1) % flow.n_bursts(name) == 0:
                self._of_timestep(flow.timestep(name, step))
        if not at_once:
            self._of_sample()
            self.learn_postponed()
        self._give_back()

    def _of_timestep(self, timestep: int) -> None:
        """Learning of all layers in a timestep."""
        plan, flow = self.ctx.plan(self.last.name), self.ctx.flow
        errors = self._errors_at(plan, timestep)
        self._output_layer(sorted({step for _, step in errors}), errors)
        for layer in self.ctx.network.weighted[:-1]:
            n_bursts = flow.n_bursts(layer.name)
            self._steps(layer.name, range(timestep * n_bursts, (timestep + 1) * n_bursts))

    def _of_sample(self) -> None:
        errors = self.errors()
        self._output_layer(self._in_turn(self.last), errors)
        for layer in self.ctx.network.weighted[:-1]:
            self._steps(layer.name, self._in_turn(layer))

    def _steps(self, name: str, steps: range | list[int]) -> None:
        plan = self.ctx.plan(name)
        for step in steps:
            deltas = {home.tile: self._hidden_delta(plan, home, step, 0) for home in plan.homes}
            for tile, delta in deltas.items():
                self.used.setdefault((name, tile), []).append(delta)
            self.learn(plan, step, deltas)

    def _give_back(self) -> None:
        """The sets of accumulators that hold B_l y, once all steps have used them."""
        for layer in self.ctx.network.weighted[:-1]:
            tiles = [home.tile for home in self.ctx.plan(layer.name).homes]
            self._free_sums(layer.name, 0, {tile: self.used.get((layer.name, tile), []) for tile in tiles})

    @property
    def _n_inputs(self) -> int:
        return 1

    @property
    def _n_errors(self) -> int:
        return 1

    @property
    def _sends_delta(self) -> bool:
        return False

    def _ready_to_send(self, label: Label, known: dict[int, int]) -> tuple[dict[int, int], list[int]]:
        return known, []  # unscaled

    def _scales_at(self, tile: int) -> list[int]:
        return []

    def _rescaled(self, label: Label, tile: int, n_values: int, tasks: list[int]) -> int:
        return self.ctx.add(label, BARRIER, 1, after=tasks)

    @property
    def _bits_sent(self) -> tuple[int, bool]:
        return 1, False

    def _driven(self, block: Block, error: int) -> tuple[int, Bursts | None]:
        """A single one: on the row of the label, where it is known, or on the first."""
        known = self.ctx.activity.fed_back_codes(self.forward.sample, error)
        start, stop = block.rows
        if known is None:
            return int(start == 0), None
        codes = np.sign(known[:, start:stop])
        counted = self.ctx.chip.drivers.charged == "ones"
        return int(codes.sum()), Bursts(codes, np.zeros(1, np.int64)) if counted else None
