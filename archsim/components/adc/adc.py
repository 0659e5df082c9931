"""The converters of the columns, as a part of the chip; their laws are those of their kind."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from archsim.components.adc.kind import AdcKind
from archsim.components.array_part import charged
from archsim.components.part import Look, Part, remembered
from archsim.components.records import Action, ArrayRead, Charge, Figures, ReadCycle, Where, burst_ps
from archsim.registry import ADCS
from archsim.spec.chip import Chip
from archsim.spec.costs import CircuitAdc, CitedAdc, LawAdc, OhmicArray, SurveyAdc


def law_of(chip: Chip) -> AdcKind:
    """The laws of a chip's converters."""
    found: AdcKind = ADCS[chip.adc.kind](chip.adc, chip.technology.node_nm)
    return found


class Adc(Part):
    """One ADC of a bank; banks belong to a crossbar, or to the crossbars of a PE."""

    kind = "adc"
    path = ("adc",)
    counts = (("convert", "conversion"),)
    area_action = "convert"
    free_keys = ("rate", "step", "kind", "resolution", "gated", "cost")
    scaling = "analog"
    look = Look(0, "")

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:
        if isinstance(chip.adc.cost, CircuitAdc):  # has laws of its own
            return []
        with ADCS.calling(chip.adc.kind):
            law = law_of(chip)
            return [*_counted_twice(chip), *(law.errors() or law.unlawful())]

    @classmethod
    def notes(cls, chip: Chip) -> list[str]:
        cost = chip.adc.cost
        by_kind = isinstance(cost, LawAdc | CircuitAdc) or (isinstance(cost, CitedAdc) and cost.per == "step")
        if by_kind or chip.adc.step_ps is not None:
            return _notes_of_gate(chip)
        found = [
            "adc.kind: changes nothing here, for rate and cost hold for any kind; give step for its time, or "
            "cost.per: step"
        ]
        if isinstance(cost, CitedAdc) and chip.without.converters:
            found.append(
                "adc.resolution: changes nothing here, for rate and cost hold for any, and ideal.converters says "
                "that its codes do not count; leave that out, give step, or a cost of model: survey"
            )
        return found + _notes_of_gate(chip)

    @classmethod
    def scales(cls, chip: Chip) -> bool:
        return isinstance(chip.adc.cost, SurveyAdc) or super().scales(chip)

    @cached_property
    def law(self) -> AdcKind:
        """The laws of its kind."""
        return law_of(self.chip)

    @property
    def where(self) -> Where:
        return self.chip.adc.scope

    @property
    def n_in_bank(self) -> int:
        """ADCs of a bank that convert at once."""
        return self.chip.crossbar.n_columns // self.chip.adc.n_columns_per_adc

    @property
    def n_per_parent(self) -> int:
        """A bank for each side that has circuits of its own."""
        return self.parts.n_sides * self.n_in_bank

    @cached_property
    def figures(self) -> Figures:
        return self.law.figures()

    @remembered
    def convert_ps(self, n_values: int, adc_bits: int) -> int:
        """Time to convert `n_values` columns on one bank: ``ceil(values/ADCs)`` conversions each."""
        return burst_ps(-(-n_values // self.n_in_bank), self.law.period_ps(adc_bits))

    @remembered
    def convert(self, cycle: ReadCycle, read: ArrayRead | None = None) -> Action:
        """Sample and convert a column. Count: conversions.

        With `read`, each of its conversions bears its share of what the circuits around the array spend on it.
        """
        name, own = f"convert@{cycle.adc_bits}b{self._pulses(cycle)}", self.charges(cycle)
        if read is None or not self.parts.around_arrays:
            return Action(name, own)
        spent = ((part, part.read_pj(cycle, read) / read.n_values) for part in self.parts.around_arrays)
        side = " transposed" if read.transposed else ""
        of_read = f",{cycle.n_bits}b,{read.n_values} of {read.n_lines}x{read.n_crossbars}{side}"
        return Action(name + of_read, own + charged(spent))

    def _pulses(self, cycle: ReadCycle) -> str:
        """Sizes on which a price depends besides the bits."""
        return f",{cycle.n_pulses} pulses" if self.law.integration_pj(1) and cycle.n_pulses > 1 else ""

    def charges(self, cycle: ReadCycle) -> tuple[Charge, ...]:
        """Energy of one conversion: of the ADC, and of the sample-and-hold circuit."""
        energy_pj = self.law.energy_pj(cycle.adc_bits) + self.law.integration_pj(cycle.n_pulses)
        charges = [Charge("adc", energy_pj)]
        held_pj = self.parts.sample_hold.energy_pj
        if held_pj is not None:
            charges.append(Charge("sample_hold", held_pj if cycle.adc_bits else 0.0))
        return tuple(charges)

    def examples(self) -> list[Action]:
        n_columns = self.chip.crossbar.n_columns
        read = ArrayRead(n_columns, n_columns)
        return [self.convert(cycle, read) for cycle in self.parts.drivers.example_cycles()]

    def time_of_one_ps(self) -> Fraction:
        return self.law.period_ps(self.chip.adc.resolution_bits)


def _counted_twice(chip: Chip) -> list[str]:
    """The current of the columns, where two costs contain it."""
    cost = chip.adc.cost
    contains = isinstance(cost, CitedAdc | LawAdc) and cost.column_current == "included"
    if not (contains and isinstance(chip.crossbar.cost, OhmicArray)):
        return []
    return [
        "adc.cost.column_current: included, and crossbar.cost of model: ohmic charges the same current again; "
        "give figures without it (column_current: apart), or crossbar.cost as model: cited with an energy of 0 pJ"
    ]


def _notes_of_gate(chip: Chip) -> list[str]:
    """A gate of what does not leak."""
    leaks = getattr(chip.adc.cost, "leakage_uw", None)
    if not chip.adc.gated or leaks != 0:
        return []
    return ["adc.gated: changes nothing here, for adc.cost has no leakage to cut off"]
