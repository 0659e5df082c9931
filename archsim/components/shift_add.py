"""The shift-and-add unit behind a bank of ADCs: merges slices, input bits and signs."""

from __future__ import annotations

from functools import cached_property

from archsim.components.array_part import charged
from archsim.components.part import Job, Look, action, remembered
from archsim.components.records import Action, Where
from archsim.components.unit import DigitalUnit
from archsim.spec.costs import CitedCost
from archsim.spec.units import Unit


class ShiftAdd(DigitalUnit):
    """One for each bank of ADCs."""

    kind = "shift_add"
    path = ("shift_add",)
    counts = (("shift_add", "value"),)
    area_action = "shift_add"
    scaling = "digital"
    look = Look(2, "")

    @property
    def where(self) -> Where:
        return self.chip.adc.scope

    @cached_property
    def unit(self) -> Unit:
        """Section of the chip file, with its lanes as a number."""
        spec = self.chip.shift_add
        n_lanes = self.parts.adc.n_in_bank if spec.n_lanes == "auto" else spec.n_lanes
        assert isinstance(spec.cost, CitedCost)  # circuits have been priced
        return Unit.model_construct(
            n_lanes=n_lanes, cycle_ps=spec.cycle_ps, latency_ps=spec.latency_ps, cost=spec.cost
        )

    @remembered
    def merge(self, n_values: int) -> Job:
        """Merge slices, input bits and signs of one vector. Count: converted values."""
        kept = charged((part, part.merge_pj()) for part in self.parts.around_arrays)
        own = action("shift_add", shift_add=self.unit.cost.energy_pj)
        return self.job(Action(own.name, own.charges + kept), n_values)

    def examples(self) -> list[Action]:
        return [self.merge(1).action]
