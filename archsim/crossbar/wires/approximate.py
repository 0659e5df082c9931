"""Approximate wires: the transfer matrix in a few sweeps over the cells, with a proven bound on its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.wires.circuit import Circuit, Wires, conductances, floating_rows
from archsim.crossbar.wires.vectors import Ladders, by_rows, lower_end_first
from archsim.errors import SpecError

Floats = NDArray[np.float64]

# sweeps end when the interval of the way round is this narrow relative to its upper end ...
_NARROW = 0.02
# ... or after so many: only wires that lose most of the signal get here, and the bound stays a bound
_MOST_SWEEPS = 20
# rounding of a sum of products, per cell on the way
_ROUNDING = 4 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class ApproximateWires:
    """An approximate transfer matrix and how far its currents can be off.

    Attributes
    ----------
    w_siemens : array (rows, cols)
        Approximate transfer matrix: ``currents = voltages @ w_siemens``.
    error_bound_siemens : array (cols,)
        No current of column j is off by more than ``error_bound_siemens[j] * (max(0, V) - min(0, V))``,
        with the largest and smallest drive voltage; so no entry of column j is off by more than
        ``error_bound_siemens[j]``.
    """

    w_siemens: Floats
    error_bound_siemens: Floats


def approximate_conductance(
    conductance_siemens: ArrayLike,
    r_row_ohm: ArrayLike,
    r_col_ohm: ArrayLike,
    *,
    r_driver_ohm: float = 0.0,
    r_ground_ohm: float = 0.0,
    floating: ArrayLike | None = None,
) -> ApproximateWires:
    """Approximate transfer matrix of an array with resistive wires, with a guaranteed error bound.

    The circuit is that of `effective_conductance`; the work is a few sweeps over the cells, rows x cols
    operations each, instead of an exact solution.

    Parameters
    ----------
    conductance_siemens : array (rows, cols)
        Conductance of each cell, 0 (open) or more.
    r_row_ohm, r_col_ohm : float, or array that broadcasts to (rows, cols)
        Resistance of the wire segments, as for `effective_conductance`; 0 is an ideal wire.
    r_driver_ohm, r_ground_ohm : float
        Resistance of each driver and of each virtual ground, in series with the end segment.
    floating : array (rows,) of bool, optional
        True where the driver is disconnected, as for `effective_conductance`.

    Returns
    -------
    ApproximateWires
        The matrix and, for each column, the bound in siemens. Both are exact, the bound next to 0, when
        one kind of line is ideal.

    Raises
    ------
    SpecError
        An argument is no array of numbers, negative, not finite, empty, or of the wrong dimension; every
        error is listed, before any work.

    Notes
    -----
    With one line ladder per row (P, bit lines at 0 V) and per column (Q, word lines at 0 V), let a_ij be
    the voltage at a cell when its word line is driven with 1 V and all bit lines are held at 0 V, and b_ij
    the part of a current put into a bit-line node that leaves by the ground when all word lines are held at
    0 V. The circuit's matrix is an M-matrix, P and Q have no negative entries, and its solution is the
    series that goes once, twice, ... from word lines to bit lines and back (A. Berman, R. J. Plemmons,
    *Nonnegative Matrices in the Mathematical Sciences*, 1979, ch. 7). So:

    1. Its first term ``D_ij = a_ij G_ij b_ij`` (the direct way, through the cell itself) and the rest E
       (by way of other rows), ``W = D + E``, have no negative entry.
    2. With 1 V on *all* rows that are driven, every node is at most at 1 V. Line iteration ``x_b = Q G x_w,
       x_w = a + P G x_b`` from ``x_w = 1``, an upper solution, falls to the solution, from ``x_w = a`` it
       rises to it. As ``sum_i E_ij = sum_i b_ij G_ij (x_w - a)_ij``, each sweep gives a lower and an upper
       end for the sum of every column of E. By reciprocity the sums of its rows come from the same sweeps.
    3. E is replaced by a rank-one matrix F >= 0 with column sums in the middle of these intervals and rows
       in the ratio of these sums. For drive voltages within [lo, hi], lo <= 0 <= hi: ``|sum_i V_i
       (E - F)_ij| <= (hi - lo) max(sum_i E_ij, sum_i F_ij)``, which is at most (hi - lo) times the upper
       end of the column. That upper end, and an allowance for rounding, is the bound.

    The bound is the whole current that goes by way of other rows: about the product of the relative voltage
    drops on word lines and bit lines; the error itself is usually a hundredth of it.

    Examples
    --------
    >>> found = approximate_conductance(np.full((64, 64), 50e-6), 1.0, 1.0)
    >>> real = 0.2 * found.w_siemens.sum(axis=0)
    >>> (real[[0, -1]] / (0.2 * 64 * 50e-6)).round(3)
    array([0.933, 0.851])
    >>> bool((found.error_bound_siemens < 0.01 * found.w_siemens.sum(axis=0)).all())
    True
    """
    errors: list[str] = []
    g = conductances(conductance_siemens, errors)
    shape = None if g is None else (g.shape[0], g.shape[1])
    wires = Wires.checked(shape, r_row_ohm, r_col_ohm, r_driver_ohm, r_ground_ohm, errors)
    cut_off = None if g is None else floating_rows(floating, [g.shape[:1]], errors)
    if g is None or errors:
        raise SpecError("\n".join(errors))
    circuit = Circuit(g, wires, cut_off)
    ways = _Ways(circuit)
    low, high, of_rows = ways.round_about()
    ratio = of_rows / of_rows.sum() if of_rows.any() else of_rows
    w = ways.direct + ratio[:, None] * ((low + high) / 2)
    bound = high + _ROUNDING * sum(g.shape) * w.sum(axis=0)
    return ApproximateWires(circuit.unit * w, circuit.unit * bound)


class _Ways:
    """The two ways of a current: through the cell itself, and by way of other rows."""

    def __init__(self, circuit: Circuit) -> None:
        self._g = circuit.g
        self._word = Ladders(circuit.g, circuit.r_row, circuit.floating)
        self._bit = Ladders(lower_end_first(circuit.g), lower_end_first(circuit.r_col))
        self._reaches_cell = self._word.profile()
        self._reaches_ground = by_rows(self._bit.profile())
        self.direct = self._reaches_cell * self._g * self._reaches_ground

    def _on_bit_lines(self, word_v: Floats) -> Floats:
        return by_rows(self._bit.solve(lower_end_first(self._g * word_v)))

    def _back_on_word_lines(self, bit_v: Floats) -> Floats:
        """Voltages that bit lines add on the word lines beyond those of the drivers."""
        return self._word.solve(self._g * bit_v)

    def round_about(self) -> tuple[Floats, Floats, Floats]:
        """Lower and upper end of the column sums by way of other rows, and the row sums about."""
        through = self._g * self._reaches_ground
        low_v, high_v = self._reaches_cell, np.ones_like(self._g)
        for _ in range(_MOST_SWEEPS):
            low_bit, high_bit = self._on_bit_lines(low_v), self._on_bit_lines(high_v)
            low_add, high_add = self._back_on_word_lines(low_bit), self._back_on_word_lines(high_bit)
            low, high = (through * low_add).sum(axis=0), (through * high_add).sum(axis=0)
            if (high - low <= _NARROW * high).all():
                break
            low_v, high_v = self._reaches_cell + low_add, self._reaches_cell + high_add
        beyond_direct = 1 - self._reaches_ground - (low_bit + high_bit) / 2
        of_rows = (self._reaches_cell * self._g * beyond_direct).sum(axis=1)
        return low, high, np.maximum(of_rows, 0.0)
