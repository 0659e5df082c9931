"""The range over which the sums of an array are converted, and which arrays a read-out suits.

Sums are in *full cells* (see :mod:`archsim.spec.values`); converters: :mod:`archsim.crossbar.readouts.converter`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.mvm.inputs import n_cycles_of
from archsim.crossbar.mvm.weights import level_scale, pedestal
from archsim.crossbar.readouts.converter import Adc
from archsim.crossbar.readouts.kind import ReadOut
from archsim.errors import SpecError
from archsim.spec.values import ArraySpec


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
    return not spec.readout.subtracts_codes


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
    readout: ReadOut = spec.readout
    full = full_range(spec, n_rows)
    if readout.percentile is None:
        return readout.converter(full)
    if sums is None:
        raise SpecError("readout.range: is calibrated on data: call calibrate with a batch of inputs first")
    return readout.over(*reach_of(sums, readout.percentile, full))


def check_readout(spec: ArraySpec, n_in: int) -> None:
    """Refuse a read-out that decides on a sum where one sum is not one output.

    It decides on the current itself, so there is nothing to shift, add or take away afterwards.

    Raises
    ------
    SpecError
        Several slices, cycles or row blocks, or "unsigned" weights; all that apply.
    """
    if not spec.readout.decides:
        return
    n_cycles = n_cycles_of(spec.inputs)
    errors = [
        f"readout: {spec.readout.kind} decides on one sum, but {said}"
        for wrong, said in (
            (spec.n_cells_per_weight > 1, f"cells_per_weight is {spec.n_cells_per_weight}; must be 1"),
            (n_cycles > 1, f"inputs take {n_cycles} cycles; must be 1 (per_cycle as resolution, no two_phase)"),
            (n_in > spec.n_rows, f"{n_in} inputs do not fit on the {spec.n_rows} rows of one array"),
            (spec.signed == "unsigned", "signed is unsigned; choose differential or offset"),
        )
        if wrong
    ]
    if errors:
        raise SpecError("\n".join(errors))
