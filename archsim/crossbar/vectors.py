"""Few vectors: conjugate gradients on the bit lines, refined once with currents from voltage differences.

All conductances here are relative to the largest cell, so the numbers are of the order of one. Bit lines
are kept as rows of a (cols, rows) array whose first entry is the grounded lower end: word lines and bit
lines then are the same ladder, fed through a segment at entry 0 and open at the other end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Floats = NDArray[np.float64]

# relative size, in the energy of the preconditioner, at which an iteration ends: two passes make 1e-16
_TOLERANCE = 1e-8
# where more would be needed (wires about as resistive as cells) the transfer matrix is quicker
_MOST_ITERATIONS = 60
_MOST_REFINEMENTS = 4


class Ladders:
    """Parallel wires, each a chain of segments with a conductance to somewhere at every node.

    Parameters
    ----------
    load : array (lines, nodes)
        Conductance that hangs on each node.
    segment : float
        Conductance of one wire segment; the first joins node 0 to the fixed end.
    """

    def __init__(self, load: Floats, segment: float) -> None:
        lines, nodes = load.shape
        diagonal = load + 2 * segment
        diagonal[:, -1] = load[:, -1] + segment
        beside = np.full((lines, nodes), -segment)
        beside[:, -1] = 0.0  # nothing joins the end of one line to the start of the next
        self.segment = segment
        if load.size == 1:  # LAPACK's interface wants at least two nodes
            self._d = diagonal[0]
            return
        # all lines are one long tridiagonal matrix, positive definite: L D L^T
        self._d, self._e, info = lapack.dpttrf(diagonal.ravel(), beside.ravel()[: lines * nodes - 1])
        if info:
            raise ArithmeticError("the ladder is not positive definite")

    def solve(self, injected: Floats) -> Floats:
        """Node voltages for currents injected into the nodes, the fixed end at 0 V."""
        if injected.size == 1:
            return np.asarray(injected / self._d)
        x, _ = lapack.dpttrs(self._d, self._e, injected.ravel())
        return np.asarray(x).reshape(injected.shape)

    def flow_out(self, voltage: Floats, fixed_v: Floats | float = 0.0) -> Floats:
        """Current that leaves each node along the wire, from voltage differences."""
        drop = np.diff(voltage, axis=1)
        drop *= self.segment
        out = np.zeros_like(voltage)
        out[:, 1:] += drop
        out[:, :-1] -= drop
        out[:, 0] += self.segment * (voltage[:, 0] - fixed_v)
        return out


def lower_end_first(by_rows: Floats) -> Floats:
    """(rows, cols) as bit lines, each from its grounded end upwards: (cols, rows)."""
    return np.ascontiguousarray(by_rows[::-1].T)


def _by_rows(by_bit_lines: Floats) -> Floats:
    return np.ascontiguousarray(by_bit_lines.T[::-1])


@dataclass(frozen=True)
class Nodes:
    """Voltages of one solution, both (rows, cols), and the current of each bit line into its ground."""

    word_line_v: Floats
    bit_line_v: Floats
    current: Floats


class WiredArray:
    """One array between resistive wires, ready for drive vectors.

    Parameters
    ----------
    conductance : array (rows, cols)
    row_segment, col_segment : float
        Conductance of one wire segment, in the same unit.
    """

    def __init__(self, conductance: Floats, row_segment: float, col_segment: float) -> None:
        self._g = conductance
        self._g_bit = lower_end_first(conductance)
        self._word = Ladders(conductance, row_segment)
        self._bit = Ladders(self._g_bit, col_segment)

    def _schur(self, bit_v: Floats) -> Floats:
        """Current into the bit-line nodes once the word-line nodes are eliminated."""
        word_v = self._word.solve(_by_rows(self._g_bit * bit_v))
        out = self._bit.flow_out(bit_v)
        out += self._g_bit * (bit_v - lower_end_first(word_v))
        return out

    def _conjugate_gradients(self, injected: Floats) -> Floats | None:
        """Bit-line voltages for injected currents; None when the iteration does not settle."""
        x = np.zeros_like(injected)
        r = injected.copy()
        z = self._bit.solve(r)
        p = z.copy()
        rz = start = float(np.vdot(r, z))
        for _ in range(_MOST_ITERATIONS):
            if rz <= _TOLERANCE**2 * start:
                return x
            q = self._schur(p)
            step = rz / float(np.vdot(p, q))
            x += step * p
            r -= step * q
            z = self._bit.solve(r)
            rz, before = float(np.vdot(r, z)), rz
            p *= rz / before
            p += z
        return None

    def _correction(self, into_word: Floats, into_bit: Floats) -> tuple[Floats, Floats] | None:
        """Voltages (by rows, by bit lines) for currents injected into all nodes."""
        word_v = self._word.solve(into_word)
        bit_v = self._conjugate_gradients(into_bit + self._g_bit * lower_end_first(word_v))
        if bit_v is None:
            return None
        return self._word.solve(into_word + _by_rows(self._g_bit * bit_v)), bit_v

    def solve(self, voltage: Floats) -> Nodes | None:
        """Voltages and currents for one drive vector (rows,), or None when the iteration does not settle.

        The first pass starts from nothing; every further pass solves for what Kirchhoff's law still lacks
        at the nodes, and the last is the one that changed next to nothing.
        """
        segment = self._bit.segment
        word_v, bit_v = np.zeros_like(self._g), np.zeros_like(self._g_bit)
        for done in range(_MOST_REFINEMENTS):
            through = self._g * (word_v - _by_rows(bit_v))
            lacking_word = -self._word.flow_out(word_v, voltage) - through
            lacking_bit = lower_end_first(through) - self._bit.flow_out(bit_v)
            change = self._correction(lacking_word, lacking_bit)
            if change is None:
                return None
            word_v += change[0]
            bit_v += change[1]
            largest = np.abs(bit_v[:, 0]).max()
            if done and np.abs(change[1][:, 0]).max() <= 1e-7 * largest:
                return Nodes(word_v, _by_rows(bit_v), segment * bit_v[:, 0])
        return None
