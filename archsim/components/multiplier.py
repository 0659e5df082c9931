"""The multipliers in the lanes of a gradient unit."""

from __future__ import annotations

from archsim.components.cost_alone import CostAlone
from archsim.components.part import Look
from archsim.components.records import Where

PER_ADDITION = 4.0
"""Energy of a multiplication of 8 by 8 bit over that of an addition of 16 bit: Horowitz (ISSCC 2014, 45 nm) has
0.2 and 0.05 pJ; at 22 nm the mean of Horowitz, Aladdin, CiMLoop, PUMA and NeuroSim's adders is 72 fJ, NeuroSim's
addition 18 fJ."""


class Multiplier(CostAlone):
    """One in each lane of the gradient unit, if the chip file prices it."""

    kind = "multiplier"
    path = ("tile", "gradient_unit", "multiply")
    area_action = "outer"
    area_stage = "learning"
    scaling = "digital"
    look = Look(6, "xxxx")

    @property
    def where(self) -> Where:
        return "tile"

    @property
    def n_per_parent(self) -> int:
        return 0 if self.cost_of(self.chip) is None else self.chip.tile.learner.n_lanes

    def charges(self, n_products: float) -> dict[str, float]:
        """Energy (pJ) of so many multiplications, by part: of the additions' unit where no price is given."""
        cost = self.cost_of(self.chip)
        if not n_products:
            return {}
        if cost is None:
            return {"gradient_unit": n_products * PER_ADDITION * self.chip.tile.learner.cost.energy_pj}
        return {self.kind: n_products * cost.energy_pj}
