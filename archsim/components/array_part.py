"""Base of the optional circuits around the cells of an array."""

from __future__ import annotations

from collections.abc import Iterable

from archsim.components.part import Part
from archsim.components.records import ArrayRead, Charge, Figures, ReadCycle, Where


class ArrayPart(Part):
    """A circuit of an array's periphery: none, unless the chip file describes it below ``crossbar``.

    It has no tasks of its own. What it spends is charged on those of the array: on conversions, merged values and
    programmed cells, so that nothing is spent in an array that is not read or written.
    """

    @property
    def where(self) -> Where:
        return "crossbar"

    @property
    def n_per_parent(self) -> int:
        return 0 if self.of_file(self.chip) is None else self.n_instances

    @property
    def n_instances(self) -> int:
        """How many of them an array has, on a chip that describes them."""
        return 1

    @property
    def figures(self) -> Figures:
        cost = self.of_file(self.chip).cost
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)

    def read_pj(self, cycle: ReadCycle, read: ArrayRead) -> float:  # noqa: ARG002  # most spend nothing on reads
        """Energy of one cycle of one vector, in pJ."""
        return 0.0

    def merge_pj(self) -> float:
        """Energy of one merged value, in pJ."""
        return 0.0

    def row_pulse_pj(self) -> float:
        """Energy of one pulse on a row, in pJ."""
        return 0.0

    def cell_pulse_pj(self) -> float:
        """Energy of one pulse on a cell, in pJ."""
        return 0.0


def charged(parts: Iterable[tuple[ArrayPart, float]]) -> tuple[Charge, ...]:
    """Charges of several parts, without those that spend nothing."""
    return tuple(Charge(part.kind, energy_pj) for part, energy_pj in parts if energy_pj)
