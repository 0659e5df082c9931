"""Column sums as codes.

Sums are in *full cells* (see :mod:`archsim.spec.values`). Codes of a converter of ``B`` bits over ``[a, b]``:

================  =====================================================  ======================
code              value of a sum ``s``                                   step
================  =====================================================  ======================
uniform           ``a + step round((s - a) / step)``                     ``(b - a) / (2^B - 1)``
sign_magnitude    ``sign(s) step round(|s| / step)``, ``|s| <= R``       ``R / (2^(B-1) - 1)``
================  =====================================================  ======================

``R = max(|a|, |b|)``. A uniform code over a symmetric range has no value at zero: it flips between the two beside
it. "down" takes the code below (sign_magnitude: towards zero, as the magnitude is converted). These are the
``QuantizerADC`` and ``SignMagnitudeADC`` of CrossSim 3.2 (T. P. Xiao et al., Sandia National Laboratories), but
for sums midway between two codes: those go up (away from zero), so that the last bit of a sum, which depends on
the order of its addition, does not choose the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.errors import SpecError

Floats = NDArray[np.float64]

# part of a step, and of a full cell, within which a sum counts as equal to a bound: rounding of sums is less
SLACK = 1e-9


@dataclass(frozen=True)
class Adc:
    """An ideal converter: `n_codes` values, `step` apart, from `lowest` up.

    Examples
    --------
    >>> from archsim.registry import READOUTS
    >>> adc = adc_of(READOUTS["adc"](kind="adc", resolution="3 bit"), -3.0, 3.0)
    >>> adc.convert(np.array([-9.0, -0.6, 0.4, 1.5])), adc.saturated(np.array([-9.0, 3.0]))
    (array([-3., -1.,  0.,  2.]), 1)
    """

    lowest: float
    step: float
    n_codes: int
    code: Literal["uniform", "sign_magnitude"]
    rounding: Literal["nearest", "down"]

    @property
    def highest(self) -> float:
        """Value of the last code."""
        return self.lowest + self.step * (self.n_codes - 1)

    def convert(self, sums: NDArray[np.floating]) -> Floats:
        """Values of the codes that sums get: same shape, in full cells."""
        up = SLACK + (0.5 if self.rounding == "nearest" else 0.0)
        s = np.asarray(sums, dtype=np.float64)
        if self.code == "uniform":
            k = np.clip(np.floor((s - self.lowest) / self.step + up), 0, self.n_codes - 1)
            return np.asarray(self.lowest + self.step * k)
        k = np.minimum(np.floor(np.abs(s) / self.step + up), (self.n_codes - 1) // 2)
        return np.asarray(np.sign(s) * self.step * k)

    def saturated(self, sums: NDArray[np.floating]) -> int:
        """Number of sums outside of the range."""
        slack = SLACK * self.step
        return int(np.count_nonzero((sums < self.lowest - slack) | (sums > self.highest + slack)))


class Coded(Protocol):
    """How a read-out makes codes."""

    @property
    def resolution_bits(self) -> int:
        """Bits of a code."""

    @property
    def code(self) -> Literal["uniform", "sign_magnitude"]:
        """Which value a code has."""

    @property
    def rounding(self) -> Literal["nearest", "down"]:
        """Which code a sum between two has."""


def adc_of(readout: Coded, lowest: float, highest: float) -> Adc:
    """The converter of a read-out over a range in full cells.

    Parameters
    ----------
    readout : Coded
        Such as a read-out of kind adc.
    lowest, highest : float
        Ends of the range; "sign_magnitude" reaches as far as the farther one on either side.

    Raises
    ------
    SpecError
        A range of zero width, or one whose ends are no finite numbers.
    """
    if not (np.isfinite(lowest) and np.isfinite(highest) and highest > lowest):
        said = f"readout.range: an ADC cannot resolve from {lowest:g} to {highest:g} full cells"
        raise SpecError(f"{said}; its upper end must be above the lower one (all sums equal?)")
    bits = readout.resolution_bits
    n_codes = 2**bits
    if readout.code == "sign_magnitude":
        highest = max(abs(lowest), abs(highest))
        lowest, n_codes = -highest, n_codes - 1
    return Adc(lowest, (highest - lowest) / (n_codes - 1), n_codes, readout.code, readout.rounding)
