"""Kinds of ADCs: how many steps a conversion takes, and from there its time, energy and area."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from fractions import Fraction
from typing import ClassVar

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
from archsim.spec.costs import CitedAdc


class AdcKind(ABC):
    """One kind of ADC; a subclass gives its steps, and what else is its own.

    Parameters
    ----------
    adc : Adc
        What the chip file says of the converters.
    node_nm : float
    """

    kind: ClassVar[str]

    def __init__(self, adc: Adc, node_nm: float) -> None:
        self.adc, self.node_nm = adc, node_nm

    @abstractmethod
    def n_steps(self, bits: int) -> int:
        """Steps of one conversion to `bits` bits, 1 or more."""

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
        """Energy of one conversion to `bits` bits; the survey's ADC always makes a full one."""
        cost = self.adc.cost
        if not bits:
            return 0.0
        if isinstance(cost, CitedAdc):
            return cost.energy_pj * (self.n_steps(bits) if cost.per == "step" else 1)
        full = self.adc.resolution_bits
        return DYNAMIC_FRAC * survey_energy_pj(full, self.full_rate_mhz(), self.node_nm)

    def figures(self) -> Figures:
        """Area and leakage of one ADC."""
        cost = self.adc.cost
        if isinstance(cost, CitedAdc):
            return Figures(cost.area_um2, cost.leakage_uw, cost.source)
        bits, rate_mhz = self.adc.resolution_bits, self.full_rate_mhz()
        energy_pj = survey_energy_pj(bits, rate_mhz, self.node_nm)
        return Figures(
            survey_area_um2(bits, rate_mhz, self.node_nm),
            (1 - DYNAMIC_FRAC) * energy_pj * rate_mhz,  # pJ x MHz = uW
            SURVEY_SOURCE,
            f"model at {bits} bit, {rate_mhz:g} MS/s, {self.node_nm:g} nm; 80 % dynamic, 20 % leakage",
        )

    def faults(self) -> list[str]:
        """Errors that keep this ADC from being priced, as ``path: what is wrong; what would help``."""
        if isinstance(self.adc.cost, CitedAdc):
            return []
        faults = []
        if self.adc.resolution_bits < MIN_SURVEY_BITS:
            faults.append(
                f"adc.resolution: the survey of ADCs starts at {MIN_SURVEY_BITS} bit, not "
                f"{self.adc.resolution_bits}; use kind: sense_amp with a cost of model: cited"
            )
        if self.full_rate_mhz() > MAX_SURVEY_RATE_MHZ:
            key = "rate" if self.adc.step_ps is None else "step"
            faults.append(
                f"adc.{key}: the survey of ADCs ends at 10 GS/s for one ADC; use a cost of model: cited, or "
                "give each ADC fewer columns and a lower rate"
            )
        if self.node_nm <= 0:
            faults.append("technology.node: must be above zero")
        return faults

    def unlawful(self) -> list[str]:
        """Where the laws of this kind give no steps, energy or time that a chip can have; as `faults`."""
        for bits in range(1, self.adc.resolution_bits + 1):
            n_steps, energy_pj, period_ps = self.n_steps(bits), self.energy_pj(bits), self.period_ps(bits)
            if not (isinstance(n_steps, int) and n_steps >= 1):
                return [f"adc.kind: {self.kind} takes {n_steps!r} steps for {bits} bit, not a whole number from 1"]
            if not 0 <= energy_pj < math.inf:
                return [f"adc.kind: {self.kind} spends {energy_pj!r} pJ on {bits} bit, not a number from 0"]
            if not (isinstance(period_ps, Fraction) and period_ps >= 0):
                return [f"adc.kind: {self.kind} takes {period_ps!r} ps for {bits} bit, not a Fraction from 0"]
        return []
