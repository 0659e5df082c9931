"""Cells with a nonlinear current-voltage curve, without wires and between resistive wires.

The curve is ``I(v) = G V0 sinh(v / V0)``. Between wires the unknowns are the voltages across the cells:
the currents that they draw follow from the curve, the drops along word lines and bit lines are sums of
these currents times resistances, and every loop driver - word line - cell - bit line - ground must close.
Kirchhoff's current law then holds by construction, and an ideal wire is no special case.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.wires.circuit import Circuit, Wires, conductances, numbers
from archsim.crossbar.wires.vectors import Ladders, by_rows, lower_end_first, suffix_sum
from archsim.errors import EngineError, SpecError

Floats = NDArray[np.float64]

# sinh(v / v0) and products of it stay within double precision up to here
LARGEST_RATIO = 100.0
# below this |v / v0| sinh(x) / x is 1 to the last digit
_LINEAR = 1e-9
# the linear solve inside a Newton step: relative size, in its own energy, at which it ends, and where it stops
_INNER_TOLERANCE = 1e-7
_MOST_INNER = 500
_MOST_HALVINGS = 40
# part of the promised decrease that a step must bring (Armijo), and rounding of the sums that are compared
_DECREASE, _ROUNDING = 1e-4, 1e-13


@dataclass(frozen=True)
class NonlinearSolution:
    """Currents of an array of nonlinear cells between wires, and whether they are the solution.

    Attributes
    ----------
    current_a : array (n, cols)
        Current of each bit line into its virtual ground; of a vector that did not converge the last one
        found, to be used for nothing but a look at it.
    n_iterations : array (n,) of int
        Newton steps, one linear solve each.
    residual : array (n,)
        Largest voltage by which a loop driver - word line - cell - bit line - ground does not close,
        over the largest drive voltage.
    converged : array (n,) of bool
        Whether `residual` is at most the tolerance that was asked for.
    """

    current_a: Floats
    n_iterations: NDArray[np.int64]
    residual: Floats
    converged: NDArray[np.bool_]

    def checked(self) -> NonlinearSolution:
        """The solution itself; an EngineError that names the vectors if some did not converge."""
        if self.converged.all():
            return self
        failed = np.flatnonzero(~self.converged)
        worst = int(failed[np.argmax(self.residual[failed])])
        raise EngineError(
            f"nonlinear cells between wires: {len(failed)} of {len(self.converged)} vectors did not converge, "
            f"the first is voltage_v[{failed[0]}]; the largest residual is {self.residual[worst]:.3g} of the "
            f"drive after {self.n_iterations[worst]} steps; raise max_iterations or tolerance, or lower "
            "voltage_v / v0_v"
        )


def sinh_current(conductance_siemens: ArrayLike, voltage_v: ArrayLike, v0_v: float) -> Floats:
    """Column currents of cells with a sinh curve between ideal wires.

    ``I_j = sum_i G_ij V0 sinh(V_i / V0)``: G is the small-signal conductance, the slope of the curve at
    0 V; ``v0_v = math.inf`` is the linear cell.

    Parameters
    ----------
    conductance_siemens : array (rows, cols)
        Small-signal conductance of each cell, 0 (open) or more.
    voltage_v : array (n, rows)
        Drive voltages of any sign, one vector a row, at most 100 times `v0_v`.
    v0_v : float
        Voltage at which the curve bends, more than 0; the smaller, the stronger. 0.25 V is the default in
        the published code of the model cited below (Stanford-PKU, ``rram.va``).

    Returns
    -------
    array (n, cols)
        Currents in amperes, positive into the ground.

    Raises
    ------
    SpecError
        An argument is no array of numbers, out of range, not finite, empty, of the wrong dimension, or the
        rows disagree; every error is listed, before any work.

    Notes
    -----
    Filamentary RRAM conducts by tunnelling through the gap d that the filament leaves: ``I = I0 exp(-d/d0)
    sinh(V/V0)`` (X. Guan, S. Yu, H.-S. P. Wong, IEEE Electron Device Lett. 33, 1405, 2012). A programmed
    state is a gap, so its curve is ``G V0 sinh(V/V0)`` with ``G = (I0/V0) exp(-d/d0)``. A conductance that
    was verified at a read voltage V_r is ``G sinh(x)/x`` with ``x = V_r/V0``: see
    `small_signal_conductance`. Below about 10 % of V0 the curve is linear to 0.2 %.

    Examples
    --------
    >>> (sinh_current([[1e-4, 2e-4]], [[0.1], [0.5]], 0.25) * 1e6).round(3)
    array([[ 10.269,  20.538],
           [ 90.672, 181.343]])
    """
    errors: list[str] = []
    g = conductances(conductance_siemens, errors)
    v0 = _bend(v0_v, errors)
    voltage = _drive(voltage_v, g, v0, errors)
    if g is None or voltage is None or errors:
        raise SpecError("\n".join(errors))
    return np.asarray(_Curve(v0).current(voltage) @ g)


def small_signal_conductance(conductance_siemens: ArrayLike, read_voltage_v: float, v0_v: float) -> Floats:
    """Slope at 0 V of cells whose conductance was measured as current over voltage at a read voltage.

    ``G = G_read x / sinh(x)`` with ``x = V_read / V0``.

    Parameters
    ----------
    conductance_siemens : array (rows, cols)
        Current over voltage at `read_voltage_v`, 0 (open) or more.
    read_voltage_v : float
        Voltage at which it was measured, at most 100 times `v0_v`.
    v0_v : float
        As for `sinh_current`.

    Returns
    -------
    array (rows, cols)
        Conductance in siemens, as `sinh_current` and `nonlinear_currents` take it.

    Raises
    ------
    SpecError
        As for `sinh_current`.

    Examples
    --------
    A cell verified as 100 µS at 0.2 V gives 20 µA there:

    >>> g = small_signal_conductance([[100e-6]], 0.2, 0.25)
    >>> float((sinh_current(g, [[0.2]], 0.25) * 1e6).round(9)[0, 0])
    20.0
    """
    errors: list[str] = []
    g = conductances(conductance_siemens, errors)
    v0 = _bend(v0_v, errors)
    read = float(read_voltage_v) if isinstance(read_voltage_v, Real) else math.nan
    if not (math.isfinite(read) and abs(read) <= LARGEST_RATIO * v0):
        errors.append(
            f"read_voltage_v is {read_voltage_v!r}, must be a finite number of volts, at most "
            f"{LARGEST_RATIO:g} times v0_v"
        )
    if g is None or errors:
        raise SpecError("\n".join(errors))
    return g / _Curve(v0).gain(np.array(read))


def nonlinear_currents(
    conductance_siemens: ArrayLike,
    voltage_v: ArrayLike,
    r_row_ohm: ArrayLike,
    r_col_ohm: ArrayLike,
    v0_v: float,
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 50,
    r_driver_ohm: float = 0.0,
    r_ground_ohm: float = 0.0,
) -> NonlinearSolution:
    """Column currents of cells with a sinh curve between resistive wires: Newton's method, step by step linear.

    The circuit is that of `column_currents`, the cells are those of `sinh_current`. The solution exists and
    is the only one, since every element's current rises with its voltage.

    Parameters
    ----------
    conductance_siemens : array (rows, cols)
        Small-signal conductance of each cell, 0 (open) or more.
    voltage_v : array (n, rows)
        Drive voltages of any sign, one vector a row, at most 100 times `v0_v`.
    r_row_ohm, r_col_ohm : float, or array that broadcasts to (rows, cols)
        Resistance of the wire segments, as for `effective_conductance`; 0 is an ideal wire.
    v0_v : float
        Voltage at which the curve bends, more than 0; ``math.inf`` is the linear cell.
    tolerance : float
        Largest residual that counts as converged, relative to the largest drive voltage.
    max_iterations : int
        Newton steps after which a vector is given up, at least 1.
    r_driver_ohm, r_ground_ohm : float
        Resistance of each driver and of each virtual ground, in series with the end segment.

    Returns
    -------
    NonlinearSolution
        Currents, and for every vector the steps, the residual and whether it converged. Nothing is raised
        for a vector that did not: call ``.checked()`` for an EngineError then.

    Raises
    ------
    SpecError
        An argument is no array of numbers, out of range, not finite, empty, of the wrong dimension, or the
        rows disagree; every error is listed, before any work.

    Notes
    -----
    With Z the resistances that cell currents share on word lines and bit lines, ``F(v) = v + Z I(v) - V =
    0``. F is the gradient, with respect to the currents, of the circuit's content (W. Millar, Phil. Mag. 42,
    1150, 1951), a strictly convex function; a Newton step that would not lower it is halved. The linear
    solve of a step is conjugate gradients on the bit lines with the word lines eliminated, as for a single
    vector of `column_currents`. The first step, from v = 0, is the linear circuit. Up to ``|V| / V0 = 3``
    two to five steps are usual, up to 10 every one of 4,000 random arrays converged (wires from 1e-9 Ω to 1
    MΩ, open cells); far beyond, currents through pairs of cells may hide those into the ground from double
    precision, and the vector is said not to have converged.

    Examples
    --------
    >>> found = nonlinear_currents([[1e-4, 2e-4], [3e-4, 4e-4]], [[0.2, 0.2]], 10.0, 10.0, 0.25).checked()
    >>> (found.current_a * 1e6).round(3)
    array([[ 87.616, 130.492]])
    >>> linear = nonlinear_currents([[1e-4, 2e-4], [3e-4, 4e-4]], [[0.2, 0.2]], 10.0, 10.0, math.inf)
    >>> (linear.current_a * 1e6).round(3)
    array([[ 79.19 , 118.148]])
    """
    errors: list[str] = []
    g = conductances(conductance_siemens, errors)
    v0 = _bend(v0_v, errors)
    voltage = _drive(voltage_v, g, v0, errors)
    shape = None if g is None else (g.shape[0], g.shape[1])
    wires = Wires.checked(shape, r_row_ohm, r_col_ohm, r_driver_ohm, r_ground_ohm, errors)
    _limits(tolerance, max_iterations, errors)
    if g is None or voltage is None or errors:
        raise SpecError("\n".join(errors))
    array = _Array(Circuit(g, wires), _Curve(v0))
    current = np.zeros((len(voltage), g.shape[1]))
    steps = np.zeros(len(voltage), dtype=np.int64)
    residual = np.zeros(len(voltage))
    for k, drive in enumerate(voltage):
        current[k], steps[k], residual[k] = array.solve(drive, tolerance, max_iterations)
    return NonlinearSolution(current, steps, residual, residual <= tolerance)


def _bend(value: float, errors: list[str]) -> float:
    number = float(value) if isinstance(value, Real) else math.nan
    if not number > 0:
        errors.append(f"v0_v is {value!r}, must be a number of volts more than 0; math.inf is the linear cell")
        return math.inf
    return number


def _drive(value: ArrayLike, g: Floats | None, v0: float, errors: list[str]) -> Floats | None:
    voltage = numbers("voltage_v", value, "(n, rows)", errors)
    if voltage is None:
        return None
    if g is not None and voltage.shape[1] != g.shape[0]:
        errors.append(
            f"voltage_v: shape {voltage.shape} drives {voltage.shape[1]} rows, "
            f"conductance_siemens of shape {g.shape} has {g.shape[0]}; voltage_v must be (n, rows)"
        )
    wrong = np.argwhere(np.abs(voltage) > LARGEST_RATIO * v0)
    if len(wrong):
        k, i = wrong[0]
        errors.append(
            f"voltage_v[{k}, {i}] is {voltage[k, i]:g} V, must be at most {LARGEST_RATIO:g} times v0_v, "
            f"{LARGEST_RATIO * v0:g} V ({len(wrong)} such)"
        )
    return voltage


def _limits(tolerance: float, max_iterations: int, errors: list[str]) -> None:
    if not (isinstance(tolerance, Real) and 0 < float(tolerance) < 1):
        errors.append(f"tolerance is {tolerance!r}, must be a number between 0 and 1")
    if not (isinstance(max_iterations, Integral) and max_iterations >= 1):
        errors.append(f"max_iterations is {max_iterations!r}, must be a whole number of at least 1")


class _Curve:
    """The cell's curve for a conductance of 1."""

    def __init__(self, v0: float) -> None:
        self._v0 = v0

    def gain(self, voltage: Floats) -> Floats:
        """Current over voltage, sinh(x) / x."""
        x = np.abs(voltage) / self._v0
        return np.where(x < _LINEAR, 1.0, np.sinh(x) / np.where(x < _LINEAR, 1.0, x))

    def current(self, voltage: Floats) -> Floats:
        return voltage * self.gain(voltage)

    def slope(self, voltage: Floats) -> Floats:
        return np.cosh(voltage / self._v0)

    def along(self, voltage: Floats, step: Floats) -> Floats:
        """Where the curve carries the current that its tangent has a step away."""
        if self._v0 == math.inf:
            return voltage + step
        x = voltage / self._v0
        return np.asarray(self._v0 * np.arcsinh(np.sinh(x) + np.cosh(x) * (step / self._v0)))

    def content(self, voltage: Floats) -> Floats:
        """The integral of the voltage over the current, ``v I - V0^2 (cosh x - 1)``."""
        half = self.current(voltage / 2)  # cosh x - 1 = 2 sinh(x / 2)^2: no digits cancel
        return voltage * self.current(voltage) - 2 * half**2


class _Array:
    """One array between its wires, solved for one drive vector after the other."""

    def __init__(self, circuit: Circuit, curve: _Curve) -> None:
        self.g, self.curve = circuit.g, curve
        self._unit = circuit.unit
        self._r_row, self._r_col = circuit.r_row, lower_end_first(circuit.r_col)

    def solve(self, drive: Floats, tolerance: float, max_iterations: int) -> tuple[Floats, int, float]:
        """Column currents, steps made, residual."""
        highest = float(np.abs(drive).max())
        state = _State(self, np.zeros_like(self.g), drive)
        done, residual = 0, float(highest > 0)
        while residual > tolerance and done < max_iterations:
            state = self._lowered(state, self._step(state))
            done, residual = done + 1, float(np.abs(state.lacking).max()) / highest
        return self._unit * state.current.sum(axis=0), done, residual

    def _lowered(self, state: _State, step: Floats) -> _State:
        """The state after a step, in voltage or else in current, halved until it lowers the content.

        Where a step in voltage goes too far the cells are better than the wires, and their voltage follows
        the logarithm of a current that the wires set.
        """
        promised = -float(np.vdot(state.lacking, state.slope * step))
        share = 1.0
        for _ in range(_MOST_HALVINGS):
            most = state.content + _DECREASE * share * promised + _ROUNDING * state.size
            for cell_v in (state.cell_v + share * step, self.curve.along(state.cell_v, share * step)):
                new = _State(self, cell_v, state.drive)
                if new.content <= most:
                    return new
            share /= 2
        return new

    def drops(self, current: Floats) -> Floats:
        """Voltage that the wires take from each loop for given cell currents."""
        word = _drop(current, self._r_row)
        return word + by_rows(_drop(lower_end_first(current), self._r_col))

    def _step(self, state: _State) -> Floats:
        """Change of the cell voltages for which the loops of the linearised circuit close.

        With D the slopes, the changes of the drops obey ``(K_w + D) d = D (l - b)`` and ``(K_b + D) b =
        D (l - d)``, where l is what the loops lack; the change of the cell voltage is ``l - d - b``.
        """
        slope, slope_bit = state.slope, lower_end_first(state.slope)
        word, bit = Ladders(slope, self._r_row), Ladders(slope_bit, self._r_col)

        def by_way_of_word_lines(bit_v: Floats) -> Floats:
            return slope_bit * lower_end_first(word.solve(slope * by_rows(bit_v)))

        lacking = slope_bit * lower_end_first(state.lacking)
        bit_v = _conjugate_gradients(
            bit, by_way_of_word_lines, lacking - by_way_of_word_lines(lower_end_first(state.lacking))
        )
        left = state.lacking - by_rows(bit_v)
        return left - word.solve(slope * left)


class _State:
    """Cell voltages and what follows from them.

    Attributes
    ----------
    current, slope : array (rows, cols)
        Of the cells at these voltages.
    lacking : array (rows, cols)
        Voltage that each loop still lacks, ``V - Z I - v``.
    content, size : float
        Content of the circuit, and the sum of its terms without their signs.
    """

    def __init__(self, array: _Array, cell_v: Floats, drive: Floats) -> None:
        g, curve = array.g, array.curve
        self.cell_v, self.drive = cell_v, drive
        with np.errstate(over="ignore", invalid="ignore"):  # a step that goes too far is halved
            self.current = g * curve.current(cell_v)
            self.slope = g * curve.slope(cell_v)
            drop = array.drops(self.current)
            self.lacking = drive[:, None] - drop - cell_v
            cells = float((g * curve.content(cell_v)).sum())
            wires = float(np.vdot(self.current, drop)) / 2
            fed = float(drive @ self.current.sum(axis=1))
            self.content, self.size = cells + wires - fed, cells + wires + abs(fed)


def _drop(current: Floats, r: Floats) -> Floats:
    """Voltage between each node and the fed end for currents drawn at the nodes."""
    return np.cumsum(r * suffix_sum(current, 1), axis=1)


def _conjugate_gradients(
    bit: Ladders, by_way_of_word_lines: Callable[[Floats], Floats], injected: Floats
) -> Floats:
    """Bit-line voltages for injected currents, preconditioned by the bit lines' own ladders.

    Only solves of ladders are needed: the ladder matrix times the direction of search is known from the
    residuals that made it. A direction that is not finished is still one that lowers the content.
    """
    x = np.zeros_like(injected)
    r = injected
    z = bit.solve(r)
    p, ladder_p = z, r
    rz = start = float(np.vdot(r, z))
    for _ in range(_MOST_INNER):
        if rz <= _INNER_TOLERANCE**2 * start:
            break
        q = ladder_p - by_way_of_word_lines(p)
        curvature = float(np.vdot(p, q))
        if not curvature > 0:  # all digits cancelled: wires are far more resistive than cells
            break
        step = rz / curvature
        x = x + step * p
        r = r - step * q
        z = bit.solve(r)
        rz, before = float(np.vdot(r, z)), rz
        p, ladder_p = z + (rz / before) * p, r + (rz / before) * ladder_p
    return x
