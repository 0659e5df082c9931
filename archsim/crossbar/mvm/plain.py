"""The product of inputs and weights on crossbars, spelled out: the meaning that fast kernels must equal.

For every block of rows, every cycle, every slice: drives times conductances, subtraction, conversion; then
shift-and-add over cycles and slices, and the way back to the units of ``x @ W``. No noise, no wires: the
conductances given are those that conduct.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.mvm.inputs import Drive, checked_inputs, encode
from archsim.crossbar.mvm.readout import (
    adc_for,
    check_readout,
    subtracts_currents,
)
from archsim.crossbar.mvm.weights import WeightMap
from archsim.crossbar.readouts.converter import Adc
from archsim.errors import SpecError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """Sums at the read-out of one block of rows, in full cells.

    Parameters
    ----------
    columns : ndarray (n_cycles, n, n_out, S, P')
        P' = 2 for differential pairs that are subtracted after conversion, else 1.
    reference : ndarray (n_cycles, n, n_column_blocks) or None
        Reference columns that are subtracted after conversion.
    """

    columns: Floats
    reference: Floats | None

    def all(self) -> Floats:
        """Every sum once, flat."""
        parts = [self.columns.ravel()] + ([] if self.reference is None else [self.reference.ravel()])
        return np.concatenate(parts)


def plain_mvm(
    x: ArrayLike,
    weight_map: WeightMap,
    *,
    conductance_siemens: Floats | None = None,
    reference_siemens: Floats | None = None,
    adc: Adc | None = None,
) -> Floats:
    """``x @ W`` as an array computes it.

    Parameters
    ----------
    x : array_like (n, n_in)
    weight_map : WeightMap
        Its spec says how inputs are driven and sums read.
    conductance_siemens, reference_siemens : ndarray, optional
        What conducts, in the shapes of the map; its targets by default.
    adc : Adc, optional
        Instead of the converter that the spec asks for; a calibrated range needs it.

    Returns
    -------
    ndarray (n, n_out)
        In units of ``x @ W``; what a read-out decides; full cells (the charge) if that depends on earlier reads.

    Raises
    ------
    SpecError
        Inputs as in `encode`; a calibrated range without `adc`; a read-out that does not suit the array.

    Examples
    --------
    >>> from archsim.crossbar.mvm.weights import map_weights
    >>> from archsim.spec.values import ArraySpec
    >>> mapped = map_weights([[1.0, -0.5], [0.25, 1.0]], ArraySpec(rows=1, levels=3, cells_per_weight=2))
    >>> plain_mvm([[1, 0], [1, 1]], mapped)
    array([[ 1.  , -0.5 ],
           [ 1.25,  0.5 ]])
    """
    spec = weight_map.spec
    check_readout(spec, weight_map.shape[0])
    checked = checked_inputs(x, spec.inputs, weight_map.shape[0])
    drive = encode(checked, spec.inputs)
    blocks = plain_sums(drive, weight_map, conductance_siemens, reference_siemens)
    if spec.readout.decides:
        sums: Floats = blocks[0].columns[0, :, :, 0, 0]
        return sums if spec.readout.remembers else np.asarray(spec.readout.decider(sums.shape).decide(sums))
    if adc is None and spec.readout.has_codes:
        if spec.readout.percentile is not None:
            raise SpecError("readout.range: is calibrated on data: give the converter as adc")
        adc = adc_for(spec)
    return _merged(blocks, drive, weight_map, adc)


def plain_sums(
    drive: Drive,
    weight_map: WeightMap,
    conductance_siemens: Floats | None = None,
    reference_siemens: Floats | None = None,
) -> list[Sums]:
    """Sums before conversion, for each block of rows."""
    spec = weight_map.spec
    window = spec.g_max_siemens - spec.g_min_siemens
    g = weight_map.target_siemens if conductance_siemens is None else conductance_siemens
    g_beside = weight_map.reference_siemens if reference_siemens is None else reference_siemens
    voltage = drive.digits.astype(np.float64) / drive.digit_max  # of the full read voltage
    seen = []
    for rows in weight_map.row_blocks():
        columns = np.tensordot(voltage[:, :, rows], g[rows] / window, axes=1)
        reference = None if g_beside is None else voltage[:, :, rows] @ (g_beside[rows] / window)
        if subtracts_currents(spec):
            if reference is not None:
                columns = columns - reference[:, :, weight_map.column_block_of_output(), None, None]
                reference = None
            else:
                columns = columns[..., :1] - columns[..., 1:]
        seen.append(Sums(columns, reference))
    return seen


def _merged(blocks: list[Sums], drive: Drive, weight_map: WeightMap, adc: Adc | None) -> Floats:
    """Codes to outputs: subtract, shift and add, take the known offset away, scale."""
    how = weight_map.combine()
    y = np.zeros((drive.digits.shape[1], weight_map.shape[1]))
    for t, (rows, sums) in enumerate(zip(weight_map.row_blocks(), blocks, strict=True)):
        columns = sums.columns if adc is None else adc.convert(sums.columns)
        if columns.shape[-1] == 2:
            columns = columns[..., :1] - columns[..., 1:]
        if sums.reference is not None:
            reference = sums.reference if adc is None else adc.convert(sums.reference)
            columns = columns - reference[:, :, weight_map.column_block_of_output(), None, None]
        level_sums = columns[..., 0] @ how.slice_weight * drive.digit_max  # (cycle, n, n_out)
        input_sums = drive.digits[:, :, rows].sum(axis=2, dtype=np.float64)[:, :, None]
        per_cycle = level_sums - how.digital_offset * input_sums
        y += how.w_unit[t] * drive.unit * np.tensordot(drive.cycle_weight, per_cycle, axes=1)
    return y
