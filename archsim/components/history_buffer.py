"""The history buffer of a tile: spikes and potentials, kept for the backward pass."""

from __future__ import annotations

from fractions import Fraction

from archsim.components.memory import Memory
from archsim.components.part import Look


class HistoryBuffer(Memory):
    """One memory in a tile."""

    kind = "history_buffer"
    path = ("tile", "history_buffer")
    counts = (
        ("recall", "access"),
        ("keep", "access"),
    )
    reads = ("recall",)
    writes = ("keep",)
    area_action = "keep"
    area_stage = "learning"
    look = Look(2, "////")

    def asked(self) -> tuple[int, Fraction]:
        """A potential for each of the gradient unit's lanes in a cycle."""
        unit, bits = self.chip.tile.learner, self.chip.tile.membrane_buffer.potential_bits
        return unit.n_lanes * bits, Fraction(unit.cycle_ps)
