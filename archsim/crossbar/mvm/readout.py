"""Column sums as codes, bits or spikes.

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

Integrate-and-fire on the column current as in W. Wan et al., "A compute-in-memory chip based on resistive
random-access memory", Nature 608, 2022.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.mvm.inputs import n_cycles_of
from archsim.crossbar.mvm.weights import level_scale, pedestal
from archsim.errors import SpecError
from archsim.spec.values import (
    AdcReadout,
    ArraySpec,
    CalibratedRange,
    Conversion,
    FixedRange,
    IdealReadout,
    IntegrateFireReadout,
    Readout,
    SenseAmpReadout,
    TrackedRange,
)

Floats = NDArray[np.float64]

# part of a step, and of a full cell, within which a sum counts as equal to a bound: rounding of sums is less
SLACK = 1e-9


@dataclass(frozen=True)
class Adc:
    """An ideal converter: `n_codes` values, `step` apart, from `lowest` up.

    Examples
    --------
    >>> adc = adc_of(AdcReadout(kind="adc", resolution="3 bit"), -3.0, 3.0)
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


def adc_of(readout: Conversion, lowest: float, highest: float) -> Adc:
    """The converter of a read-out over a range in full cells.

    Parameters
    ----------
    readout : AdcReadout
    lowest, highest : float
        Ends of the range; "sign_magnitude" reaches as far as the farther one on either side.

    Raises
    ------
    SpecError
        A range of zero width, or one whose ends are no finite numbers.
    """
    if not isinstance(readout, AdcReadout):
        raise SpecError(f"readout: a converter needs kind adc with a resolution; got {type(readout).__name__}")
    if not (np.isfinite(lowest) and np.isfinite(highest) and highest > lowest):
        said = f"readout.range: an ADC cannot resolve from {lowest:g} to {highest:g} full cells"
        raise SpecError(f"{said}; its upper end must be above the lower one (all sums equal?)")
    bits = readout.resolution_bits
    n_codes = 2**bits
    if readout.code == "sign_magnitude":
        highest = max(abs(lowest), abs(highest))
        lowest, n_codes = -highest, n_codes - 1
    return Adc(lowest, (highest - lowest) / (n_codes - 1), n_codes, readout.code, readout.rounding)


def full_range(spec: ArraySpec, n_rows: int | None = None) -> tuple[float, float]:
    """Least and largest sum that a converter of this array can see, in full cells.

    Parameters
    ----------
    spec : ArraySpec
        Its scheme, and whether the read-out subtracts before or after conversion.
    n_rows : int, optional
        Driven rows; all rows of the array by default.

    Examples
    --------
    >>> full_range(ArraySpec(rows=64)), full_range(ArraySpec(rows=64, signed="offset", levels=5))
    ((-64.0, 64.0), (-32.0, 32.0))
    """
    rows = spec.n_rows if n_rows is None else n_rows
    if not subtracts_currents(spec):
        low, high = 0.0, 1.0 + pedestal(spec)
    elif spec.signed == "differential":
        low, high = -1.0, 1.0
    else:
        scale = level_scale(spec)
        low, high = -scale.reference_digit / scale.digit_max, 1 - scale.reference_digit / scale.digit_max
    if spec.inputs.signed == "bipolar":
        low, high = min(low, -high), max(high, -low)
    return rows * low, rows * high


def subtracts_currents(spec: ArraySpec) -> bool:
    """Whether sums are differences before they are read: else columns are read one by one."""
    if spec.signed == "unsigned":
        return False
    return not (isinstance(spec.readout, AdcReadout) and spec.readout.subtract == "digital")


def range_of(sums: NDArray[np.floating], percentile: float, signed: bool) -> tuple[float, float]:
    """Range so wide that `percentile` per cent of `sums` lie inside, from zero or around it.

    Parameters
    ----------
    sums : ndarray
        Sums of a calibration batch, in full cells.
    percentile : float
        0 .. 100.
    signed : bool
        -R to R; else 0 to R.

    Raises
    ------
    SpecError
        A range of zero width, or sums that are not finite.

    Examples
    --------
    >>> range_of(np.array([-4.0, 1.0, 2.0, 3.0]), 75, signed=True)
    (-3.0, 3.0)
    """
    values = np.asarray(sums, dtype=np.float64)
    if values.size == 0 or not np.isfinite(values).all():
        raise SpecError("readout.range: calibration needs one finite sum or more; give a batch of inputs")
    reach = float(np.percentile(np.abs(values) if signed else values, percentile, method="inverted_cdf"))
    if reach <= 0:
        said = f"readout.range: calibrated range is zero: {percentile:g} % of the sums are zero"
        raise SpecError(f"{said} or below; calibrate with inputs that drive rows, or raise percentile")
    return (-reach if signed else 0.0), reach


def percentile_of(readout: Readout) -> float | None:
    """The percentile of a range that data set; None where it comes from elsewhere."""
    given = readout.range if isinstance(readout, AdcReadout) else None
    return given.percentile if isinstance(given, CalibratedRange | TrackedRange) else None


def reach_of(sums: NDArray[np.floating], percentile: float, full: tuple[float, float]) -> tuple[float, float]:
    """As `range_of`, also where most sums are zero: those that are not tell then, and the full range if all are.

    Examples
    --------
    >>> sums = np.array([0.0, 0.0, 0.0, -2.0])
    >>> reach_of(sums, 50, (-9.0, 9.0)), reach_of(0 * sums, 50, (-9.0, 9.0))
    ((-2.0, 2.0), (-9.0, 9.0))
    """
    signed = full[0] < 0
    sizes = np.abs(sums) if signed else sums
    if np.count_nonzero(sizes > 0) <= (1 - percentile / 100) * sizes.size:
        sums = sums[sizes > 0]
    return range_of(sums, percentile, signed) if sums.size else full


def followed(adc: Adc, given: TrackedRange, n_sums: int, n_outside: int) -> Adc:
    """The converter of the next batch, after one with so many sums outside of the range.

    Examples
    --------
    >>> adc = adc_of(AdcReadout(kind="adc", resolution="3 bit"), -3.0, 3.0)
    >>> followed(adc, TrackedRange(kind="tracked", percentile=90, step=0.5), 100, 11).highest
    4.5
    """
    if not n_sums:
        return adc
    is_narrow = n_outside > (1 - given.percentile / 100) * n_sums
    factor = 1 + given.step_frac if is_narrow else 1 / (1 + given.step_frac)
    return replace(adc, lowest=factor * adc.lowest, step=factor * adc.step)


def adc_for(spec: ArraySpec, sums: NDArray[np.floating] | None = None, n_rows: int | None = None) -> Adc:
    """The converter of an array, over the range that its read-out asks for.

    Parameters
    ----------
    spec : ArraySpec
        With an ADC as read-out.
    sums : ndarray, optional
        Sums of a calibration batch, which a calibrated range needs.
    n_rows : int, optional
        Driven rows of a full range.

    Raises
    ------
    SpecError
        No ADC; a calibrated range without sums; a range of zero width.
    """
    readout = spec.readout
    if not isinstance(readout, AdcReadout):
        raise SpecError(f"readout: must be of kind adc to have a range; is {readout.kind}")
    if isinstance(readout.range, FixedRange):
        return adc_of(readout, readout.range.minimum, readout.range.maximum)
    full = full_range(spec, n_rows)
    percentile = percentile_of(readout)
    if percentile is None:
        return adc_of(readout, *full)
    if sums is None:
        raise SpecError("readout.range: is calibrated on data: call calibrate with a batch of inputs first")
    return adc_of(readout, *reach_of(sums, percentile, full))


def check_readout(spec: ArraySpec, n_in: int) -> None:
    """Refuse a sense amplifier or integrate-and-fire read-out where one sum is not one output.

    They decide on the current itself, so there is nothing to shift, add or take away afterwards.

    Raises
    ------
    SpecError
        Several slices, cycles or row blocks, or "unsigned" weights; all that apply.
    """
    if isinstance(spec.readout, IdealReadout | AdcReadout):
        return
    n_cycles = n_cycles_of(spec.inputs)
    faults = [
        f"readout: {spec.readout.kind} decides on one sum, but {said}"
        for wrong, said in (
            (spec.n_cells_per_weight > 1, f"cells_per_weight is {spec.n_cells_per_weight}; must be 1"),
            (n_cycles > 1, f"inputs take {n_cycles} cycles; must be 1 (per_cycle as resolution, no two_phase)"),
            (n_in > spec.n_rows, f"{n_in} inputs do not fit on the {spec.n_rows} rows of one array"),
            (spec.signed == "unsigned", "signed is unsigned; choose differential or offset"),
        )
        if wrong
    ]
    if faults:
        raise SpecError("\n".join(faults))


@dataclass(frozen=True)
class SenseAmp:
    """One bit per column: 1 where the sum exceeds `threshold`, in full cells.

    Examples
    --------
    >>> SenseAmp(threshold=0.5).convert(np.array([0.4, 0.5, 0.6]))
    array([0., 0., 1.])
    """

    threshold: float = 0.0

    @classmethod
    def of(cls, readout: SenseAmpReadout) -> SenseAmp:
        """The amplifier of a read-out."""
        return cls(readout.threshold)

    def convert(self, sums: NDArray[np.floating]) -> Floats:
        """Bits as numbers, same shape."""
        return _exceeds(sums, self.threshold).astype(np.float64)


class IntegrateFire:
    """Membranes that column currents charge: ``m <- leak m + charge``, a spike where ``m > threshold``.

    After a spike the membrane is zero, or has lost the threshold; one spike at most per step.

    Parameters
    ----------
    readout : IntegrateFireReadout
        Threshold in full cells, reset, leak.
    shape : tuple of int
        Of the membranes: vectors and columns.

    Attributes
    ----------
    membrane : ndarray
        In full cells.

    Examples
    --------
    >>> cell = IntegrateFire(IntegrateFireReadout(kind="integrate_fire", threshold=2.0), (1, 1))
    >>> [bool(cell.step(np.array([[1.5]]))[0, 0]) for _ in range(4)], cell.membrane
    ([False, True, True, False], array([[2.]]))
    """

    def __init__(self, readout: IntegrateFireReadout, shape: tuple[int, ...]) -> None:
        self.readout = readout
        self.membrane = np.zeros(shape)

    def step(self, charge: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Spikes of one read.

        Raises
        ------
        SpecError
            A charge of another shape than the membranes.
        """
        if charge.shape != self.membrane.shape:
            said = f"charge: must have the shape {self.membrane.shape} of the membranes; got {charge.shape}"
            raise SpecError(f"{said}; call reset with the new shape between batches")
        membrane = self.readout.leak * self.membrane + charge
        spikes = _exceeds(membrane, self.readout.threshold)
        fired = 0.0 if self.readout.reset == "zero" else membrane - self.readout.threshold
        self.membrane = np.where(spikes, fired, membrane)
        return spikes

    def reset(self, shape: tuple[int, ...] | None = None) -> None:
        """Empty membranes, of another shape if given."""
        self.membrane = np.zeros(self.membrane.shape if shape is None else shape)


def _exceeds(sums: NDArray[np.floating], threshold: float) -> NDArray[np.bool_]:
    return np.asarray(sums > threshold + SLACK)
