"""Single drive vectors: conjugate gradients on the bit lines, in cell currents and resistances.

`WiredArray` is plain numpy and scipy, `CompiledArray` the same with compiled loops, when they are installed.

All conductances here are relative to about the largest cell, so the numbers are of the order of one. Bit
lines are kept as rows of a (cols, rows) array whose first entry is the grounded lower end: word lines and
bit lines then are the same ladder, joined to a fixed end at entry 0 and open at the other.

No formula divides by a resistance or subtracts conductances: ideal segments, open cells and floating rows
are numbers like any other, and no digits are lost to a segment that conducts far better than a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
import scipy
from numpy.typing import NDArray

from archsim.compiling import loops_of
from archsim.crossbar.wires.circuit import Circuit
from archsim.errors import EngineError

Floats = NDArray[np.float64]

# relative size, in the energy of the preconditioner, at which an iteration ends
TOLERANCE = 2e-13
# two passes of this make 1e-16
TOLERANCE_REFINED = 1e-9
# enough for wires a hundred times as resistive as cells; an error says when it is not
MOST_ITERATIONS = 20_000
MOST_REFINEMENTS = 4
# stands for the conductance of an ideal segment to the fixed end: its square is still a number
_SHORT = 1e150


def compiled_loops() -> ModuleType | None:
    """The compiled loops, or None when their library is not installed; loaded when first needed."""
    found: ModuleType | None = loops_of("crossbar.wires")
    return found


def wired_array(circuit: Circuit) -> WiredArray:
    """The array by the quicker way there is."""
    return WiredArray(circuit) if compiled_loops() is None else CompiledArray(circuit)


class UnsettledError(EngineError):
    """The iteration took too many steps: wires are far more resistive than cells."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"the currents of an array did not settle in {most} steps: its wires are far more resistive "
            "than its cells"
        )


class Ladders:
    """Parallel wires, each a chain of segments with a conductance to somewhere at every node.

    Parameters
    ----------
    load : array (lines, nodes)
        Conductance that hangs on each node.
    r : array (lines, nodes)
        Resistance of the segment before each node; the first joins node 0 to the fixed end.
    floating : array (lines,) of bool, optional
        Lines that are cut off from their fixed end.
    """

    def __init__(self, load: Floats, r: Floats, floating: NDArray[np.bool_] | None = None) -> None:
        lines, nodes = load.shape
        # share of a current into node k - 1 that goes on to node k; inverse pivots
        onward = np.zeros((nodes, lines))
        pivot = np.empty((nodes, lines))
        loads, segments = np.ascontiguousarray(load.T), np.ascontiguousarray(r.T)
        feed = 1 / np.maximum(segments[0], 1 / _SHORT)
        if floating is not None:
            feed[floating] = 0.0
        seen = feed + loads[0]  # conductance seen from a node towards the fixed end, its own load included
        for k in range(1, nodes):
            onward[k] = 1 / (1 + segments[k] * seen)
            pivot[k - 1] = segments[k] * onward[k]
            seen = loads[k] + seen * onward[k]
        # a line that is tied to nothing rests at 0 V
        pivot[-1] = np.divide(1.0, seen, out=np.zeros(lines), where=seen > 0)
        self._feed = feed
        self._pivot = np.ascontiguousarray(pivot.T)
        with np.errstate(divide="ignore"):  # a node that is shorted to the fixed end: 1 / inf is 0 V
            self._d = np.ascontiguousarray(1 / self._pivot).ravel()
        # all lines are one long tridiagonal matrix L D L^T; nothing joins one line to the next
        self._e = np.ascontiguousarray(-onward.T).ravel()[1:]

    def solve(self, injected: Floats) -> Floats:
        """Node voltages for currents injected into the nodes, the fixed end at 0 V."""
        if injected.size == 1:  # LAPACK's interface wants at least two nodes
            return np.asarray(injected * self._pivot)
        x, _ = scipy.linalg.lapack.dpttrs(self._d, self._e, injected.ravel())
        return np.asarray(x).reshape(injected.shape)

    def profile(self) -> Floats:
        """Node voltages for one volt at the fixed end and no injected current."""
        injected = np.zeros_like(self._pivot)
        injected[:, 0] = self._feed
        return self.solve(injected)


def lower_end_first(by_rows: Floats) -> Floats:
    """(rows, cols) as bit lines, each from its grounded end upwards: (cols, rows)."""
    return np.ascontiguousarray(by_rows[::-1].T)


def by_rows(by_bit_lines: Floats) -> Floats:
    """The way back from `lower_end_first`."""
    return np.ascontiguousarray(by_bit_lines.T[::-1])


def suffix_sum(a: Floats, axis: int) -> Floats:
    """Sum of each entry and all behind it."""
    return np.flip(np.cumsum(np.flip(a, axis), axis=axis), axis)


@dataclass(frozen=True)
class Cells:
    """One solution: what flows through each cell, and the voltage at the start of every word line."""

    current: Floats  # (rows, cols)
    end_v: Floats  # (rows,), of the driver, or of the first node of a floating row

    def word_line_v(self, circuit: Circuit) -> Floats:
        """Word-line nodes by Ohm's law along the line."""
        drop = circuit.r_word * suffix_sum(self.current, 1)
        if circuit.floating is not None:
            drop[circuit.floating, 0] = 0.0
        return np.asarray(self.end_v[:, None] - np.cumsum(drop, axis=1))

    def bit_line_v(self, circuit: Circuit) -> Floats:
        """Bit-line nodes by Ohm's law along the line."""
        return suffix_sum(circuit.r_col * np.cumsum(self.current, axis=0), 0)


class WiredArray:
    """One array between resistive wires, ready for drive vectors; plain numpy and scipy."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._g = circuit.g
        self._g_bit = lower_end_first(circuit.g)
        self._word = Ladders(circuit.g, circuit.r_row, circuit.floating)
        self._bit = Ladders(self._g_bit, lower_end_first(circuit.r_col))

    def _through_word_lines(self, bit_v: Floats) -> Floats:
        """Current that reaches the bit lines from voltages on them, by way of the word lines."""
        word_v = self._word.solve(by_rows(self._g_bit * bit_v))
        return np.asarray(self._g_bit * lower_end_first(word_v))

    def _conjugate_gradients(self, injected: Floats, tolerance: float, most: int) -> Floats:
        """Bit-line voltages for currents injected into them.

        The product with the preconditioner is carried along beside each direction instead of being formed
        from it, which would need the conductance of the segments.
        """
        x = np.zeros_like(injected)
        r = injected.copy()
        p = self._bit.solve(r)
        mp = r.copy()
        rz = start = float(np.vdot(r, p))
        for _ in range(most):
            if rz <= tolerance**2 * start:
                return x
            q = mp - self._through_word_lines(p)
            step = rz / float(np.vdot(p, q))
            x += step * p
            r -= step * q
            z = self._bit.solve(r)
            rz, before = float(np.vdot(r, z)), rz
            p *= rz / before
            p += z
            mp *= rz / before
            mp += r
        raise UnsettledError(most)

    def _pass(self, lacking: Floats, tolerance: float, most: int) -> tuple[Floats, Floats]:
        """Cell currents and first word-line nodes for current sources beside the cells, nothing driven."""
        lacking_bit = lower_end_first(lacking)
        word_v = self._word.solve(lacking)
        injected = lacking_bit - self._g_bit * lower_end_first(word_v)
        bit_v = self._conjugate_gradients(injected, tolerance, most)
        bit = by_rows(bit_v)
        word_v = self._word.solve(self._g * bit - lacking)
        return lacking + self._g * (word_v - bit), word_v[:, 0]

    def solve(self, voltage: Floats, refine: bool, most: int = MOST_ITERATIONS) -> Cells:
        """Cell currents for one drive vector (rows,); UnsettledError where the iteration does not end.

        The first pass starts from nothing; every further pass solves for what Ohm's law still lacks at the
        cells, and the last is the one that changed next to nothing.
        """
        floating = self._circuit.floating
        end_v = voltage.copy()
        if floating is not None:
            end_v[floating] = 0.0
        cells = Cells(np.zeros_like(self._g), end_v)
        lacking = self._g * end_v[:, None]
        passes = MOST_REFINEMENTS if refine else 1
        for done in range(passes):
            found = self._pass(lacking, TOLERANCE_REFINED if refine else TOLERANCE, most)
            current, end_v = cells.current + found[0], cells.end_v.copy()
            if floating is not None:
                end_v[floating] += found[1][floating]
            cells = Cells(current, end_v)
            if done and np.abs(found[0]).max() <= 1e-7 * np.abs(current).max():
                break
            if done < passes - 1:
                lacking = self._lacking(cells)
        return cells

    def _lacking(self, cells: Cells) -> Floats:
        """Residual of Ohm's law of each cell at the voltages that the currents make."""
        across = cells.word_line_v(self._circuit) - cells.bit_line_v(self._circuit)
        return np.asarray(self._g * across - cells.current)

    def currents(self, voltage: Floats, refine: bool, most: int = MOST_ITERATIONS) -> Floats:
        """Currents of all bit lines for one drive vector (rows,)."""
        return np.asarray(self.solve(voltage, refine, most).current.sum(axis=0))


class CompiledArray(WiredArray):
    """The same by compiled loops."""

    def __init__(self, circuit: Circuit) -> None:
        loops = compiled_loops()
        if loops is None:
            raise ImportError("compiled loops need numba: pip install archsim[fast]")
        self._loops = loops
        self._circuit = circuit
        self._g = circuit.g
        feed = 1 / np.maximum(np.broadcast_to(circuit.r_word[..., 0], len(circuit.g)), 1 / _SHORT)
        if circuit.floating is not None:
            feed[circuit.floating] = 0.0
        self._word_lines = (*loops.factor_word_lines(circuit.g, circuit.r_word, feed), circuit.r_word)
        # one block for all that an iteration touches: quicker to get than many
        space = np.empty((6, *circuit.g.shape))
        self._space, onward = space[:5], space[5]
        self._bit_lines = (onward, loops.factor_bit_lines(circuit.g, circuit.r_bit, onward), circuit.r_bit)

    def _last_rows(self, lacking: Floats, n: int, tolerance: float, most: int) -> Floats:
        """The last n rows of the bit-line voltages for current sources beside the cells."""
        bit_v = np.zeros((n, self._g.shape[1]))
        self._loops.injected(self._g, *self._word_lines, lacking, self._space[0])
        done = self._loops.conjugate_gradients(
            self._g, self._word_lines, self._bit_lines, self._space, bit_v, tolerance, most
        )
        if done < 0:
            raise UnsettledError(most)
        return bit_v

    def _pass(self, lacking: Floats, tolerance: float, most: int) -> tuple[Floats, Floats]:
        bit_v = self._last_rows(lacking, len(lacking), tolerance, most)
        current, first_v = self._loops.cell_currents(self._g, *self._word_lines, lacking, bit_v)
        return current, first_v

    def _lacking(self, cells: Cells) -> Floats:
        found = np.empty_like(self._g)
        floating = self._circuit.floating
        if floating is None:
            floating = np.zeros(len(found), np.bool_)
        self._loops.lacking_currents(
            self._g, self._circuit.r_word, self._circuit.r_bit, cells.current, cells.end_v, floating, found
        )
        return found

    def currents(self, voltage: Floats, refine: bool, most: int = MOST_ITERATIONS) -> Floats:
        """Currents of all bit lines for one drive vector (rows,): through their last segments, if they can."""
        last = self._circuit.r_bit[-1]
        if refine or not np.all(last):
            return super().currents(voltage, refine, most)
        if self._circuit.floating is not None:
            voltage = np.where(self._circuit.floating, 0.0, voltage)
        return np.asarray(self._last_rows(self._g * voltage[:, None], 1, TOLERANCE, most)[0] / last)
