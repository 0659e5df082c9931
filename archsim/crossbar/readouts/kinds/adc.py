"""An analogue-to-digital converter."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import model_validator

from archsim.crossbar.readouts.converter import Adc, adc_of
from archsim.crossbar.readouts.kind import ReadOut
from archsim.registry import READOUTS
from archsim.spec.values import CalibratedRange, Conversion, FixedRange, TrackedRange
from archsim.units import Bits, FieldsError


@READOUTS.register
class AdcReadout(Conversion, ReadOut):
    """An analogue-to-digital converter of `resolution` bits."""

    kind: Literal["adc"]
    resolution_bits: Bits
    has_codes: ClassVar[bool] = True

    @model_validator(mode="after")
    def _a_real_converter(self) -> AdcReadout:
        if not 1 <= self.resolution_bits <= 16:
            said = f"must be 1 to 16 bit; got {self.resolution_bits} bit"
            raise FieldsError([(("resolution",), said)])
        if self.code == "sign_magnitude" and self.resolution_bits < 2:
            raise FieldsError([(("resolution",), "sign_magnitude needs 2 bit or more: one is the sign")])
        return self

    @property
    def subtracts_codes(self) -> bool:
        return self.subtract == "digital"

    @property
    def percentile(self) -> float | None:
        return self.range.percentile if isinstance(self.range, CalibratedRange | TrackedRange) else None

    def over(self, lowest: float, highest: float) -> Adc:
        return adc_of(self, lowest, highest)

    def converter(self, full: tuple[float, float]) -> Adc:
        given = self.range
        return self.over(given.minimum, given.maximum) if isinstance(given, FixedRange) else self.over(*full)

    def followed(self, adc: Adc, n_sums: int, n_outside: int) -> Adc:
        """The same range, but for one that is tracked: a step wider or narrower.

        Examples
        --------
        >>> tracked = {"kind": "tracked", "percentile": 90, "step": 0.5}
        >>> readout = AdcReadout(kind="adc", resolution="3 bit", range=tracked)
        >>> readout.followed(readout.over(-3.0, 3.0), 100, 11).highest
        4.5
        """
        if not isinstance(self.range, TrackedRange) or not n_sums:
            return adc
        is_narrow = n_outside > (1 - self.range.percentile / 100) * n_sums
        factor = 1 + self.range.step_frac if is_narrow else 1 / (1 + self.range.step_frac)
        return replace(adc, lowest=factor * adc.lowest, step=factor * adc.step)
