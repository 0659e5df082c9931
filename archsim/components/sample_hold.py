"""The sample-and-hold circuits: they keep the values of the columns until these are converted."""

from __future__ import annotations

from archsim.components.part import Look, Part
from archsim.components.records import Figures, Where


class SampleHold(Part):
    """One sample-and-hold circuit for each column, bank and side of an array."""

    kind = "sample_hold"
    path = ("sample_hold",)
    area_action = "convert"
    scaling = "fixed"
    look = Look(6, "////")

    @property
    def where(self) -> Where:
        return "crossbar"

    @property
    def n_per_parent(self) -> int:
        hold = self.chip.sample_hold
        return 0 if hold is None else self.parts.n_sides * self.chip.crossbar.n_columns * hold.n_banks

    @property
    def figures(self) -> Figures:
        assert self.chip.sample_hold is not None  # asked of parts that a chip has
        cost = self.chip.sample_hold.cost
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)

    @property
    def energy_pj(self) -> float | None:
        """Energy of one held value; None without the circuits."""
        hold = self.chip.sample_hold
        return None if hold is None else hold.cost.energy_pj
