"""The transposer of a tile: gradients go in row by row, and come out column by column for the transposed copy."""

from __future__ import annotations

from archsim.components.part import Job, Look, Part, action, remembered
from archsim.components.records import Action, Figures, Where, longest
from archsim.spec.chip import Chip
from archsim.spec.costs import CitedCost


class Transposer(Part):
    """One in the tile, if the chip file has it."""

    kind = "transposer"
    path = ("tile", "transposer")
    counts = (("transpose", "word"),)
    area_action = "transpose"
    area_stage = "update"
    scaling = "digital"
    look = Look(4, "xxxx")

    @classmethod
    def cost_of(cls, chip: Chip) -> CitedCost | None:
        """None also where there are no gradients to turn round."""
        tile = chip.tile
        return None if tile.transposer is None or tile.gradient_buffer is None else tile.transposer.cost

    @classmethod
    def notes(cls, chip: Chip) -> list[str]:
        if chip.tile.transposer is None or chip.tile.gradient_buffer is not None:
            return []
        return ["tile.transposer: changes nothing here, for there is no tile.gradient_buffer; say null"]

    @classmethod
    def free_paths(cls) -> list[tuple[str, ...]]:
        return [(*cls.path, key) for key in ("cycle", "cost")]

    @property
    def where(self) -> Where:
        return "tile"

    @property
    def n_per_parent(self) -> int:
        """None is built for a workload without a transposed copy."""
        held = self.parts.held
        is_used = held is None or held.has_copies
        return 1 if is_used and self.cost_of(self.chip) is not None else 0

    @property
    def figures(self) -> Figures:
        cost = self.cost_of(self.chip)
        assert cost is not None  # asked of parts that a chip has
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)

    @remembered
    def price_of_transpose(self) -> Action:
        """A word of the gradient buffer into the transposer, and as much out of it. Count: words."""
        cost = self.cost_of(self.chip)
        assert cost is not None
        buffer = self.parts.gradient_buffer
        return action(
            buffer.named("transpose"), transposer=cost.energy_pj, gradient_buffer=buffer.price.read_energy_pj
        )

    @remembered
    def transpose(self, n_words: int) -> Job:
        """Turn round the gradients of `n_words`: as long as the transposer takes, or the buffer to read them."""
        assert self.chip.tile.transposer is not None
        buffer = self.parts.gradient_buffer
        time_ps = longest(n_words * self.chip.tile.transposer.cycle_ps, buffer.access_ps(n_words))
        return Job(self.price_of_transpose(), n_words, time_ps, time_ps, ((self.kind, 1, 1), (buffer.kind, 1, 1)))

    def examples(self) -> list[Action]:
        return [self.price_of_transpose()]

    def time_of_one_ps(self) -> int | None:
        return None if self.chip.tile.transposer is None else self.chip.tile.transposer.cycle_ps
