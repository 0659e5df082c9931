"""Parts of which the chip file says the cost and nothing else, if it has them."""

from __future__ import annotations

from archsim.components.part import Part
from archsim.components.records import Figures
from archsim.spec.chip import Chip
from archsim.spec.costs import CitedCost


class CostAlone(Part):
    """A part whose path in the chip file leads to its cost; none where the file leaves it out."""

    @classmethod
    def cost_of(cls, chip: Chip) -> CitedCost | None:
        found: CitedCost | None = cls.of_file(chip)
        return found

    @classmethod
    def cost_path(cls) -> tuple[str, ...]:
        return cls.path

    @classmethod
    def free_paths(cls) -> list[tuple[str, ...]]:
        return [cls.path]

    @property
    def n_per_parent(self) -> int:
        return 0 if self.cost_of(self.chip) is None else 1

    @property
    def figures(self) -> Figures:
        cost = self.cost_of(self.chip)
        assert cost is not None  # asked of parts that a chip has
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)


class Control(CostAlone):
    """Control circuits: area and leakage, but no action that is counted."""

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:
        cost = cls.cost_of(chip)
        if cost is None or not cost.energy_pj:
            return []
        said = "must be 0 pJ, for control has no action that is counted; give its power as leakage"
        return [f"{'.'.join(cls.path)}.energy: {said}"]
