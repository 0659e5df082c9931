"""Kinds of ADCs: how many steps a conversion takes, and from there its time, energy and area."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from fractions import Fraction
from typing import ClassVar, assert_never

from archsim.components.adc.laws import flat_until, from_rate, law_errors
from archsim.components.adc.survey import (
    DYNAMIC_FRAC,
    MAX_SURVEY_RATE_MHZ,
    MIN_SURVEY_BITS,
    SURVEY_SOURCE,
    survey_area_um2,
    survey_energy_pj,
)
from archsim.components.records import Figures, exact
from archsim.spec.chip import Adc
from archsim.spec.costs import CircuitAdc, CitedAdc, FiguresOfAdc, LawAdc, SurveyAdc


class AdcKind(ABC):
    """One kind of ADC; a subclass gives its steps, and what else is its own.

    Parameters
    ----------
    adc : Adc
        What the chip file says of the converters.
    node_nm : float

    Attributes
    ----------
    law_bits : (int, int) or None
        From and to which resolution its laws of energy and area hold; None without such laws.
    """

    kind: ClassVar[str]
    law_bits: ClassVar[tuple[int, int] | None] = None

    def __init__(self, adc: Adc, node_nm: float) -> None:
        self.adc, self.node_nm = adc, node_nm

    @abstractmethod
    def n_steps(self, bits: int) -> int:
        """Steps of one conversion to `bits` bits, 1 or more."""

    def energy_law(self, bits: int) -> float:
        """Relative energy of a conversion to `bits` bits: costs of ``model: law`` are scaled by it."""
        return float(self.n_steps(bits))

    def area_law(self, bits: int) -> float:
        """The area for `bits` bits, in any unit; idle leakage goes with it."""
        return self.energy_law(bits)

    def period_ps(self, bits: int) -> Fraction:
        """Time of one conversion to `bits` bits, exact; none if there is no bit to convert.

        1/`rate` where the chip file gives a rate, else the kind's steps.
        """
        if bits == 0:
            return Fraction(0)
        if self.adc.step_ps is not None:
            return Fraction(self.adc.step_ps * self.n_steps(bits))
        assert self.adc.rate_mhz is not None  # the spec allows one of the two
        return 1_000_000 / exact(self.adc.rate_mhz)

    def full_rate_mhz(self) -> float:
        """Conversions at full resolution in a microsecond; infinite for a step of zero."""
        period_ps = self.period_ps(self.adc.resolution_bits)
        return float(1_000_000 / period_ps) if period_ps else math.inf

    def energy_pj(self, bits: int) -> float:
        """Energy of one conversion to `bits` bits, and of what a gated ADC leaks meanwhile."""
        if not bits:
            return 0.0
        leaked_pj = 0.0
        if self.adc.gated:
            leaked_pj = self._idle().leakage_uw * float(self.period_ps(bits)) / 1e6  # uW x ps = 1e-6 pJ
        return self._conversion_pj(bits) + leaked_pj

    def integration_pj(self, n_pulses: int) -> float:
        """Energy of gathering the charge of so many pulses of the input."""
        cost = self.adc.cost
        return n_pulses * cost.integration_energy_pj if isinstance(cost, FiguresOfAdc) else 0.0

    def _conversion_pj(self, bits: int) -> float:
        """The survey's ADC always makes a full conversion."""
        cost = self.adc.cost
        match cost:
            case CitedAdc():
                return cost.energy_pj * (self.n_steps(bits) if cost.per == "step" else 1)
            case LawAdc():
                of_bits = self.energy_law(bits) / self.energy_law(cost.resolution_bits)
                return cost.energy_pj * of_bits * flat_until(self.full_rate_mhz())
            case SurveyAdc():
                energy_pj = survey_energy_pj(self.adc.resolution_bits, self.full_rate_mhz(), self.node_nm)
                return energy_pj if cost.leakage_uw is not None else DYNAMIC_FRAC * energy_pj
            case CircuitAdc():
                raise TypeError("circuits are priced before anything asks their converters")
            case _:
                assert_never(cost)

    def figures(self) -> Figures:
        """Area and leakage of one ADC; a gated one leaks nothing but in its conversions."""
        found = self._idle()
        if not self.adc.gated:
            return found
        scaling = f"{found.scaling}; leakage gated" if found.scaling else "leakage gated"
        return Figures(found.area_um2, 0.0, found.source, scaling)

    def _idle(self) -> Figures:
        """Area and leakage of one ADC that stays at its supply."""
        cost = self.adc.cost
        match cost:
            case CitedAdc():
                return Figures(cost.area_um2, cost.leakage_uw, cost.source)
            case LawAdc():
                return self._by_law(cost)
            case SurveyAdc():
                return self._by_survey(cost)
            case CircuitAdc():
                raise TypeError("circuits are priced before anything asks their converters")
            case _:
                assert_never(cost)

    def _by_law(self, cost: LawAdc) -> Figures:
        bits = self.adc.resolution_bits
        of_bits = self.area_law(bits) / self.area_law(cost.resolution_bits)
        of_rate = 1.0 if cost.rate_mhz is None else from_rate(cost.rate_mhz, self.full_rate_mhz())
        said = []
        if bits != cost.resolution_bits:
            said.append(f"from {cost.resolution_bits} to {bits} bit by the law of {self.kind}")
        if of_rate != 1:
            said.append(f"from {cost.rate_mhz:g} to {self.full_rate_mhz():g} MS/s, area ~ rate^0.18")
        area_um2, leakage_uw = cost.area_um2 * of_bits * of_rate, cost.leakage_uw * of_bits
        return Figures(area_um2, leakage_uw, cost.source, "; ".join(said))

    def _by_survey(self, cost: SurveyAdc) -> Figures:
        bits, rate_mhz = self.adc.resolution_bits, self.full_rate_mhz()
        energy_pj = survey_energy_pj(bits, rate_mhz, self.node_nm)
        area_um2 = survey_area_um2(bits, rate_mhz, self.node_nm)
        said = f"model at {bits} bit, {rate_mhz:g} MS/s, {self.node_nm:g} nm"
        if cost.leakage_uw is not None:
            return Figures(area_um2, cost.leakage_uw, f"{SURVEY_SOURCE}; leakage: {cost.source}", said)
        leakage_uw = (1 - DYNAMIC_FRAC) * energy_pj * rate_mhz  # pJ x MHz = uW
        return Figures(area_um2, leakage_uw, SURVEY_SOURCE, f"{said}; 80 % dynamic, 20 % leakage")

    def errors(self) -> list[str]:
        """Errors that keep this ADC from being priced, as ``path: what is wrong; what would help``."""
        cost = self.adc.cost
        if isinstance(cost, LawAdc):
            return law_errors(self, cost)
        return self._survey_errors() if isinstance(cost, SurveyAdc) else []

    def _survey_errors(self) -> list[str]:
        errors = []
        if self.adc.resolution_bits < MIN_SURVEY_BITS:
            errors.append(
                f"adc.resolution: the survey of ADCs starts at {MIN_SURVEY_BITS} bit, not "
                f"{self.adc.resolution_bits}; use kind: sense_amp with a cost of model: cited"
            )
        if self.full_rate_mhz() > MAX_SURVEY_RATE_MHZ:
            key = "rate" if self.adc.step_ps is None else "step"
            errors.append(
                f"adc.{key}: the survey of ADCs ends at 10 GS/s for one ADC; use a cost of model: cited, or "
                "give each ADC fewer columns and a lower rate"
            )
        if self.node_nm <= 0:
            errors.append("technology.node: must be above zero")
        return errors

    def unlawful(self) -> list[str]:
        """Where the laws of this kind give no steps, energy or time that a chip can have; as `errors`."""
        for bits in range(1, self.adc.resolution_bits + 1):
            n_steps, energy_pj, period_ps = self.n_steps(bits), self.energy_pj(bits), self.period_ps(bits)
            if not (isinstance(n_steps, int) and n_steps >= 1):
                return [f"adc.kind: {self.kind} takes {n_steps!r} steps for {bits} bit, not a whole number from 1"]
            if not 0 <= energy_pj < math.inf:
                return [f"adc.kind: {self.kind} spends {energy_pj!r} pJ on {bits} bit, not a number from 0"]
            if not (isinstance(period_ps, Fraction) and period_ps >= 0):
                return [f"adc.kind: {self.kind} takes {period_ps!r} ps for {bits} bit, not a Fraction from 0"]
        return []
