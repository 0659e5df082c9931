"""Exact column currents of a passive crossbar with resistive wires: checks, special cases, choice of method."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.transfer import transfer_matrix
from archsim.crossbar.vectors import Ladders, WiredArray, lower_end_first
from archsim.errors import SpecError

Floats = NDArray[np.float64]

# up to so many vectors are quicker one by one than by the transfer matrix: measured 2 to 9 from 8x8 to
# 512x512 cells at 1 to 5 ohms a segment (benchmarks/crossbar.py)
_FEW = 4
# a wire whose whole drop is below this fraction of the drive cannot change a result in double precision
_NEGLIGIBLE = 1e-18


def _numbers(name: str, value: ArrayLike, shape: str, faults: list[str]) -> Floats | None:
    """A finite two-dimensional array of floats, or None and what is wrong."""
    try:
        raw: NDArray[Any] = np.asarray(value)
        if raw.dtype.kind not in "fiub":
            raise TypeError
        array = raw.astype(np.float64)
    except (TypeError, ValueError):
        faults.append(f"{name}: must be an array of real numbers of shape {shape}")
        return None
    if array.ndim != 2:
        faults.append(f"{name}: has {array.ndim} dimension(s), must have 2: {shape}")
        return None
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        i, j = wrong[0]
        faults.append(f"{name}[{i}, {j}] is {array[i, j]}, must be finite ({len(wrong)} such)")
        return None
    return array


def _conductance(value: ArrayLike, faults: list[str]) -> Floats | None:
    array = _numbers("conductance_siemens", value, "(rows, cols)", faults)
    if array is None:
        return None
    if array.size == 0:
        faults.append(f"conductance_siemens: shape {array.shape} has no cells")
        return None
    wrong = np.argwhere(array < 0)
    if len(wrong):
        i, j = wrong[0]
        faults.append(
            f"conductance_siemens[{i}, {j}] is {array[i, j]:g} S, must be 0 (open) or more ({len(wrong)} such)"
        )
    return array


def _resistance(name: str, value: float, faults: list[str]) -> float:
    number = float(value) if isinstance(value, Real) else math.nan
    if not (math.isfinite(number) and number >= 0):
        faults.append(f"{name} is {value!r}, must be a finite number of ohms, 0 (ideal wire) or more")
    return number


class _Scaled:
    """The circuit in a unit near its largest cell; wires that cannot matter are ideal."""

    def __init__(self, g: Floats, r_row_ohm: float, r_col_ohm: float) -> None:
        self.unit = math.ldexp(1.0, math.frexp(float(g.max()))[1] - 1)  # a power of two: scaling is exact
        self.g = g / self.unit
        rows, cols = g.shape
        r_row, r_col = r_row_ohm * self.unit, r_col_ohm * self.unit
        row_drop = r_row * cols * self.g.sum(axis=1).max()
        col_drop = r_col * rows * self.g.sum(axis=0).max()
        self.row_segment = 1 / r_row if row_drop > _NEGLIGIBLE else math.inf
        self.col_segment = 1 / r_col if col_drop > _NEGLIGIBLE else math.inf

    @property
    def wired(self) -> bool:
        """Whether both kinds of line have a resistance: otherwise the lines decouple."""
        return math.isfinite(self.row_segment) and math.isfinite(self.col_segment)

    def decoupled(self) -> Floats:
        """Transfer matrix when one kind of line, or both, is ideal: every line is a ladder of its own."""
        if math.isfinite(self.row_segment):
            feed = np.zeros_like(self.g)
            feed[:, 0] = self.row_segment
            return np.asarray(self.g * Ladders(self.g, self.row_segment).solve(feed))
        if math.isfinite(self.col_segment):
            # by reciprocity the share of a cell's current that reaches the ground is the voltage that
            # one volt at the grounded end would put on that cell
            lines = lower_end_first(self.g)
            feed = np.zeros_like(lines)
            feed[:, 0] = self.col_segment
            return np.asarray((lines * Ladders(lines, self.col_segment).solve(feed)).T[::-1])
        return self.g

    def transfer(self) -> Floats:
        if self.wired:
            return self.unit * transfer_matrix(self.g, self.row_segment, self.col_segment)
        return self.unit * self.decoupled()


def effective_conductance(conductance_siemens: ArrayLike, r_row_ohm: float, r_col_ohm: float) -> Floats:
    """Exact transfer matrix W of an array with resistive wires: ``currents = voltages @ W``.

    The circuit is linear: ``I_j = sum_i V_i W_ij`` holds exactly for driven rows (a row that is cut off,
    not driven with 0 V, is another circuit). Drivers sit at the left end of the word lines (rows), virtual
    grounds at the lower end of the bit lines (columns); the other ends are open.

    Parameters
    ----------
    conductance_siemens : array (rows, cols)
        Conductance of each cell, 0 (open) or more.
    r_row_ohm, r_col_ohm : float
        Resistance of one wire segment between neighbouring cells, and from the driver to the first cell
        and from the last cell to the ground; 0 is an ideal wire.

    Returns
    -------
    array (rows, cols)
        Effective conductance in siemens, `conductance_siemens` itself for ideal wires. An open cell may
        have some: current also comes by way of other rows.

    Raises
    ------
    SpecError
        An argument is no array of numbers, negative, not finite, empty, or of the wrong dimension; every
        fault is listed, before any work.

    Notes
    -----
    Kirchhoff's current law at every node, solved directly: nested dissection over port admittances
    (A. George, SIAM J. Numer. Anal. 10, 345, 1973). Relative error about 1e-12 of the largest entry, or
    less, while ``r * max(G) <= 1``.

    Examples
    --------
    One cell of 100 µS between 5 Ω and 5 Ω has ``1 / (10 kΩ + 10 Ω)``:

    >>> float(effective_conductance([[100e-6]], 5.0, 5.0)[0, 0] * 1e6).__round__(6)
    99.9001
    """
    faults: list[str] = []
    g = _conductance(conductance_siemens, faults)
    r_row, r_col = _resistance("r_row_ohm", r_row_ohm, faults), _resistance("r_col_ohm", r_col_ohm, faults)
    if g is None or faults:
        raise SpecError("\n".join(faults))
    return _Scaled(g, r_row, r_col).transfer()


def column_currents(
    conductance_siemens: ArrayLike, voltage_v: ArrayLike, r_row_ohm: float, r_col_ohm: float
) -> Floats:
    """Exact currents of all bit lines into their virtual grounds.

    Parameters
    ----------
    conductance_siemens : array (rows, cols)
        Conductance of each cell, 0 (open) or more.
    voltage_v : array (n, rows)
        Drive voltages, one vector a row, of any sign.
    r_row_ohm, r_col_ohm : float
        Resistance of one wire segment, as for `effective_conductance`; 0 is an ideal wire.

    Returns
    -------
    array (n, cols)
        Currents in amperes, positive into the ground.

    Raises
    ------
    SpecError
        An argument is no array of numbers, negative, not finite, empty, of the wrong dimension, or the
        rows disagree; every fault is listed, before any work.

    Notes
    -----
    Few vectors are solved one by one, by conjugate gradients with a refinement step (error about 1e-15
    of the largest current); many go through `effective_conductance`, so memory grows with
    ``n * (rows + cols)`` only.

    Examples
    --------
    >>> currents = column_currents([[1e-4, 2e-4], [3e-4, 4e-4]], [[0.2, 0.0], [0.2, 0.2]], 1.0, 1.0)
    >>> (currents * 1e6).round(3)
    array([[ 19.984,  39.948],
           [ 79.918, 119.812]])
    """
    faults: list[str] = []
    g = _conductance(conductance_siemens, faults)
    voltage = _numbers("voltage_v", voltage_v, "(n, rows)", faults)
    if g is not None and voltage is not None and voltage.shape[1] != g.shape[0]:
        faults.append(
            f"voltage_v: shape {voltage.shape} drives {voltage.shape[1]} rows, "
            f"conductance_siemens of shape {g.shape} has {g.shape[0]}; voltage_v must be (n, rows)"
        )
    r_row, r_col = _resistance("r_row_ohm", r_row_ohm, faults), _resistance("r_col_ohm", r_col_ohm, faults)
    if g is None or voltage is None or faults:
        raise SpecError("\n".join(faults))
    circuit = _Scaled(g, r_row, r_col)
    if circuit.wired and len(voltage) <= _FEW:
        found = _one_by_one(circuit, voltage)
        if found is not None:
            return found
    return np.asarray(voltage @ circuit.transfer())


def _one_by_one(circuit: _Scaled, voltage: Floats) -> Floats | None:
    """Currents of few vectors, or None where the iteration does not settle."""
    array = WiredArray(circuit.g, circuit.row_segment, circuit.col_segment)
    currents = np.zeros((len(voltage), circuit.g.shape[1]))
    for current, drive in zip(currents, voltage, strict=True):
        if not drive.any():
            continue
        nodes = array.solve(drive)
        if nodes is None:
            return None
        current[:] = nodes.current * circuit.unit
    return currents
