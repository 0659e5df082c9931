"""The accumulators of a tile: they add partial sums, and pool."""

from __future__ import annotations

from archsim.components.part import Job, Look, action, remembered
from archsim.components.records import Action
from archsim.components.unit import DigitalUnit


class Accumulator(DigitalUnit):
    """One unit in a tile."""

    kind = "accumulator"
    path = ("tile", "accumulator")
    counts = (
        ("add", "value"),
        ("pool", "value"),
    )
    area_action = "add"
    scaling = "digital"
    look = Look(5, "////")

    def _priced(self, name: str) -> Action:
        return action(name, accumulator=self.unit.cost.energy_pj)

    @remembered
    def add(self, n_values: int) -> Job:
        """Add partial sums. Count: values."""
        return self.job(self._priced("add"), n_values)

    @remembered
    def pool(self, n_values: int) -> Job:
        """Pool. Count: values in the windows."""
        return self.job(self._priced("pool"), n_values)

    def examples(self) -> list[Action]:
        return [self._priced("add"), self._priced("pool")]
