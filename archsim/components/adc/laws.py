"""How figures of an ADC at one resolution and rate become those of another: costs of ``model: law``.

Each kind gives its own laws of energy and area by bits (:mod:`archsim.components.adc.kinds`). By rate, as the
regression on Murmann's survey has it (:mod:`archsim.components.adc.survey`):

- energy of a conversion is flat up to 1 GS/s of one converter, then grows as rate^0.66 (2.87 dB of the figure of
  merit for each factor e of the rate);
- area ~ rate^0.18;
- leakage does not depend on the rate.
"""

from __future__ import annotations

import math
from typing import Final, Protocol

from archsim.registry import ADCS
from archsim.spec.chip import Adc
from archsim.spec.costs import LawAdc


class Converter(Protocol):
    """An `AdcKind`, as far as its laws are asked."""

    @property
    def kind(self) -> str: ...

    @property
    def law_bits(self) -> tuple[int, int] | None: ...

    @property
    def adc(self) -> Adc: ...

    def full_rate_mhz(self) -> float: ...


FLAT_MHZ: Final = 1000.0
LARGEST_MHZ: Final = 1e4
ENERGY_PER_RATE: Final = 2.8719030399529957 / (10 / math.log(10))
AREA_PER_RATE: Final = 0.18071538424508238


def flat_until(rate_mhz: float) -> float:
    """Factor on the energy of a conversion at a rate.

    Examples
    --------
    >>> flat_until(250.0), round(flat_until(2000.0), 2)
    (1.0, 1.58)
    """
    return float(max(1.0, rate_mhz / FLAT_MHZ) ** ENERGY_PER_RATE)


def from_rate(given_mhz: float, rate_mhz: float) -> float:
    """Factor on the area from one rate to another.

    Examples
    --------
    >>> round(from_rate(100.0, 1000.0), 2)
    1.52
    """
    return float((rate_mhz / given_mhz) ** AREA_PER_RATE)


def law_errors(law: Converter, cost: LawAdc) -> list[str]:
    """Reasons why a cost of ``model: law`` cannot be priced, as ``path: what is wrong; what would help``."""
    if law.law_bits is None:
        said = f"kind {law.kind} has no laws of energy and area"
        return [f"adc.cost.model: {said}; use model: cited, or {_others()}"]
    low, high = law.law_bits
    errors = []
    for path, bits in (("adc.resolution", law.adc.resolution_bits), ("adc.cost.resolution", cost.resolution_bits)):
        if not low <= bits <= high:
            allowed = f"{low} bit" if low == high else f"{low} to {high} bit"
            is_cost = path == "adc.cost.resolution"
            helps = "give adc.cost the figures of this kind" if is_cost else f"use {_others()}"
            errors.append(f"{path}: the laws of {law.kind} hold for {allowed}, not {bits}; {helps}")
    if law.full_rate_mhz() > LARGEST_MHZ:
        key = "rate" if law.adc.step_ps is None else "step"
        said = "the laws of ADCs end at 10 GS/s for one ADC; give it fewer columns and a lower rate"
        errors.append(f"adc.{key}: {said}")
    return errors


def _others() -> str:
    """Kinds with laws, and for which resolutions."""
    known = {name: kind.law_bits for name, kind in ADCS.items() if kind.law_bits is not None}
    shown = (f"{name} ({low} to {high} bit)" for name, (low, high) in known.items())
    return f"another kind: {', '.join(shown)}"
