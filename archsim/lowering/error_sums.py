"""The accumulators that errors are added up in: a home has sets of them for each layer, as in the forward pass.

A set holds the sum of one step, from its first addition until the surrogate has used it. Sets are handed out in
the order in which the steps are learned from, sample by sample, so that no step waits for one behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from archsim.lowering.context import ADMIT, Claim, Context, Label

Key = tuple[str, int, int]  # layer, home tile, step


@dataclass
class ErrorSums:
    """Sets of accumulators of one sample.

    Parameters
    ----------
    ctx : Context
    start : int or None
        The task to wait for before the sample begins.
    taken : dict of Key to int
        The task that hands out the set of a step.
    """

    ctx: Context
    start: int | None
    taken: dict[Key, int] = field(default_factory=dict)

    def take(self, label: Label, layer: str, home: int, steps: Iterable[int], n_open: int) -> None:
        """Hand out sets to steps in this order; `n_open` steps must be held at once for any to be complete."""
        last = self.ctx.last_sum
        for step in steps:
            claim = self.claim(layer, home, n_open)
            task = self.ctx.add(label, ADMIT, 1, after=[last.get((layer, home)), self.start], reserves=[claim])
            self.taken[layer, home, step] = last[layer, home] = task

    def claim(self, layer: str, home: int, n_open: int) -> Claim:
        """One set."""
        n_sets = self.ctx.chip.tile.n_accumulator_sets + n_open - 1
        return self.ctx.resource(f"tile[{home}].accumulator.sets[error of {layer}]", n_sets), 1
