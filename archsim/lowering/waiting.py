"""Errors that are kept until the sample is over, and quantised then.

For every step of a layer, and for every error that goes to fixed matrices, at each home::

    scan         compared with the largest of the sample so far
    keep         in the history buffer, whose room for the whole sample is taken with the first of them

and once all of them are known::

    hop ..., add   homes on several tiles tell each other the largest
    recall         each step's errors out of the history buffer, before they are scaled and sent
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from archsim.lowering import arithmetic
from archsim.lowering.arrays import summed_up
from archsim.lowering.context import ADMIT, BARRIER, Claim, Context, Label
from archsim.mapping import LayerPlan, n_bytes

FOR_FEEDBACK = "errors for feedback"
"""Who has the room of the errors that go to fixed matrices."""


def errors_of(layer: str) -> str:
    """Who has the room of a layer's own errors."""
    return f"errors of {layer}"


@dataclass
class WaitingErrors:
    """The errors of one sample that wait.

    Parameters
    ----------
    ctx : Context
    """

    ctx: Context
    _admitted: dict[tuple[str, int], int] = field(default_factory=dict)  # by whose and tile, when there is room
    _seen: dict[str, dict[int, list[int]]] = field(default_factory=dict)  # by whose and tile: comparisons

    def keep(self, label: Label, whose: str, tile: int, n_values: int, known: int) -> int:
        """Compare and keep some errors of a home; the task after which they are kept."""
        ctx, here = self.ctx, self.ctx.parts.at(tile)
        if (whose, tile) not in self._admitted:
            whole = self._resource(whose, tile)
            self._admitted[whose, tile] = ctx.add(label, ADMIT, 1, after=[known], reserves=[whole])
        seen = ctx.do(label, tile, here.gradient_unit.compute("scan", n_values, arithmetic.COMPARE), [known])
        self._seen.setdefault(whose, {}).setdefault(tile, []).append(seen)
        job = here.history_buffer.access("keep", n_values * arithmetic.potential_bits(ctx.chip))
        return ctx.do(label, tile, job, [known, self._admitted[whose, tile]])

    def tell(self, label: Label, whose: str) -> dict[int, int]:
        """By home tile, the task after which it knows the largest of all."""
        ctx = self.ctx
        known = {
            tile: ctx.add(label, BARRIER, 1, after=tasks) for tile, tasks in self._seen.pop(whose, {}).items()
        }
        return summed_up(ctx, label, dict.fromkeys(known, 1), known, arithmetic.potential_bits(ctx.chip))

    def keep_step(self, label: Label, plan: LayerPlan, step: int, deltas: Mapping[int, int]) -> dict[int, int]:
        """A step's deltas, by home tile; likewise the tasks after which they are kept."""
        name, n_vectors = plan.layer.name, self.ctx.n_vectors(plan.layer.name, step)
        n_values = {home.tile: home.n_channels * n_vectors for home in plan.homes}
        return {
            tile: self.keep(label, errors_of(name), tile, n_values[tile], task) for tile, task in deltas.items()
        }

    def recall(
        self, label: Label, whose: str, kept: Mapping[int, int], n_values: Mapping[int, int]
    ) -> dict[int, int]:
        """Get errors back, and give up their room; by home tile."""
        ctx, bits, found = self.ctx, arithmetic.potential_bits(self.ctx.chip), dict[int, int]()
        for tile, task in kept.items():
            job = ctx.parts.at(tile).history_buffer.access("recall", n_values[tile] * bits)
            room = self._resource(whose, tile)[0], n_bytes(n_values[tile], bits)
            found[tile] = ctx.do(label, tile, job, [task], frees=[room])
        return found

    def _resource(self, whose: str, tile: int) -> Claim:
        """The room, and all that a sample takes of it."""
        n_all = next(
            demand.least_bytes
            for demand in self.ctx.mapping.buffers.demands
            if (demand.buffer, demand.tile, demand.user) == ("history_buffer", tile, whose)
        )
        share = self.ctx.mapping.buffers.share_bytes["history_buffer", tile, whose]
        return self.ctx.resource(f"tile[{tile}].history_buffer.space[{whose}]", share), n_all
