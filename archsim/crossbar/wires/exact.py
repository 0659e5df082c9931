"""Exact currents and voltages of a passive crossbar with resistive wires: arguments, choice of method."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.wires import circuit as checks
from archsim.crossbar.wires.circuit import Circuit, Floats, Truths, Wires
from archsim.crossbar.wires.transfer import transfer_matrix
from archsim.crossbar.wires.vectors import (
    MOST_ITERATIONS,
    Ladders,
    UnsettledError,
    compiled_loops,
    lower_end_first,
    wired_array,
)
from archsim.errors import SpecError

# up to so many vectors are quicker one by one than by the transfer matrix: with compiled loops measured 10 to
# 19 from 64x64 to 512x512 cells at 1 to 5 ohms a segment, without them 2 to 9 (benchmarks/crossbar.py)
_FEW, _FEW_PLAIN = 12, 4
# where more would be needed (wires about as resistive as cells) the transfer matrix is quicker
_QUICK_ITERATIONS = 100
# drives between these are solved as they are
_SMALLEST, _LARGEST = 1e-60, 1e60


@dataclass(frozen=True)
class NodeVoltages:
    """Voltages of every node of a wired array and currents at its edges, for n drive vectors.

    Attributes
    ----------
    word_line_v, bit_line_v : array (n, rows, cols)
        Volts above and below each cell.
    current_a : array (n, cols)
        Amperes of each bit line into its ground.
    driver_current_a : array (n, rows)
        Amperes of each driver into its word line.
    """

    word_line_v: Floats
    bit_line_v: Floats
    current_a: Floats
    driver_current_a: Floats


def effective_conductance(
    conductance_siemens: ArrayLike,
    r_row_ohm: ArrayLike,
    r_col_ohm: ArrayLike,
    *,
    r_driver_ohm: float = 0.0,
    r_ground_ohm: float = 0.0,
    floating: ArrayLike | None = None,
) -> Floats:
    """Exact transfer matrix W of an array with resistive wires: ``currents = voltages @ W``.

    The circuit is linear: ``I_j = sum_i V_i W_ij`` holds exactly. Drivers sit at the left end of the word
    lines (rows), virtual grounds at the lower end of the bit lines (columns); the other ends are open.

    Parameters
    ----------
    conductance_siemens : array (rows, cols)
        Conductance of each cell, 0 (open) or more.
    r_row_ohm, r_col_ohm : float, or array that broadcasts to (rows, cols)
        Resistance of the wire segment to the left of each cell and below it: between neighbours, from the
        driver to the first cell and from the last cell to the ground; 0 is an ideal wire.
    r_driver_ohm, r_ground_ohm : float
        Resistance in series with the first segment of every word line, and with the last of every bit line.
    floating : array (rows,) of bool, optional
        True where the driver is disconnected. Such a row of W is zero, and the others feel its wire; a row
        driven with 0 V is another circuit.

    Returns
    -------
    array (rows, cols)
        Effective conductance in siemens, `conductance_siemens` itself for ideal wires. An open cell may
        have some: current also comes by way of other rows.

    Raises
    ------
    SpecError
        An argument is no array of numbers, negative, not finite, empty, or of the wrong shape; every
        error is listed, before any work.

    Notes
    -----
    Kirchhoff's current law at every node, solved directly: nested dissection over port admittances
    (A. George, SIAM J. Numer. Anal. 10, 345, 1973). Relative error about 1e-12 of the largest entry, or
    less, while ``r * max(G) <= 1``. Circuits in which some segments are ideal and others not are solved
    row by row as in `column_currents`, which takes longer.

    Examples
    --------
    One cell of 100 µS between 5 Ω and 5 Ω has ``1 / (10 kΩ + 10 Ω)``:

    >>> float(effective_conductance([[100e-6]], 5.0, 5.0)[0, 0] * 1e6).__round__(6)
    99.9001
    """
    errors: list[str] = []
    g = checks.conductances(conductance_siemens, errors)
    shape = None if g is None else (g.shape[0], g.shape[1])
    wires = Wires.checked(shape, r_row_ohm, r_col_ohm, r_driver_ohm, r_ground_ohm, errors)
    cut_off = None if g is None else checks.floating_rows(floating, [g.shape[:1]], errors)
    if g is None or errors:
        raise SpecError("\n".join(errors))
    return _transfer(Circuit(g, wires, cut_off))


def column_currents(
    conductance_siemens: ArrayLike,
    voltage_v: ArrayLike,
    r_row_ohm: ArrayLike,
    r_col_ohm: ArrayLike,
    *,
    r_driver_ohm: float = 0.0,
    r_ground_ohm: float = 0.0,
    floating: ArrayLike | None = None,
    refine: bool = False,
) -> Floats:
    """Exact currents of all bit lines into their virtual grounds.

    Parameters
    ----------
    conductance_siemens : array (rows, cols)
        Conductance of each cell, 0 (open) or more.
    voltage_v : array (n, rows)
        Drive voltages, one vector a row, of any sign.
    r_row_ohm, r_col_ohm, r_driver_ohm, r_ground_ohm : float
        Resistance of the segments (or an array of them), of the drivers and of the grounds, as for
        `effective_conductance`; 0 is an ideal wire.
    floating : array (rows,) or (n, rows) of bool, optional
        True where a row's driver is disconnected, for all vectors or for each; its voltage is ignored.
    refine : bool
        Solve every vector by itself and once more for what is left over: error about 1e-15 of the largest
        current, and longer.

    Returns
    -------
    array (n, cols)
        Currents in amperes, positive into the ground.

    Raises
    ------
    SpecError
        An argument is no array of numbers, negative, not finite, empty, of the wrong shape, or the rows
        disagree; every error is listed, before any work.

    Notes
    -----
    Few vectors are solved one by one, by conjugate gradients; many go through `effective_conductance`,
    so memory grows with ``n * (rows + cols)`` only. Vectors with floating rows of their own are many
    circuits: those that float alike are solved together.

    Examples
    --------
    >>> currents = column_currents([[1e-4, 2e-4], [3e-4, 4e-4]], [[0.2, 0.0], [0.2, 0.2]], 1.0, 1.0)
    >>> (currents * 1e6).round(3)
    array([[ 19.984,  39.948],
           [ 79.918, 119.812]])
    """
    g, voltage, wires, cut_off = _checked(
        conductance_siemens, voltage_v, r_row_ohm, r_col_ohm, r_driver_ohm, r_ground_ohm, floating
    )
    currents = np.empty((len(voltage), g.shape[1]))
    for circuit, which in _circuits(g, wires, cut_off, len(voltage)):
        currents[which] = _currents(circuit, voltage[which], refine)
    return currents


def node_voltages(
    conductance_siemens: ArrayLike,
    voltage_v: ArrayLike,
    r_row_ohm: ArrayLike,
    r_col_ohm: ArrayLike,
    *,
    r_driver_ohm: float = 0.0,
    r_ground_ohm: float = 0.0,
    floating: ArrayLike | None = None,
) -> NodeVoltages:
    """Exact voltages of all nodes and the currents at both ends, every vector solved and refined by itself.

    Parameters
    ----------
    conductance_siemens, voltage_v, r_row_ohm, r_col_ohm, r_driver_ohm, r_ground_ohm, floating
        As for `column_currents`. A floating row without any closed cell rests at 0 V.

    Returns
    -------
    NodeVoltages
        ``word_line_v``, ``bit_line_v`` (n, rows, cols), ``current_a`` (n, cols), ``driver_current_a``
        (n, rows). Memory grows with ``n * rows * cols``.

    Raises
    ------
    SpecError
        As for `column_currents`.

    Examples
    --------
    10 kΩ between two segments of 1 kΩ, driven with 1.2 V:

    >>> found = node_voltages([[1e-4]], [[1.2]], 1e3, 1e3)
    >>> found.word_line_v[0].round(6), found.bit_line_v[0].round(6)
    (array([[1.1]]), array([[0.1]]))
    """
    g, voltage, wires, cut_off = _checked(
        conductance_siemens, voltage_v, r_row_ohm, r_col_ohm, r_driver_ohm, r_ground_ohm, floating
    )
    n, (rows, cols) = len(voltage), g.shape
    nodes = NodeVoltages(
        np.empty((n, rows, cols)), np.empty((n, rows, cols)), np.empty((n, cols)), np.empty((n, rows))
    )
    for circuit, which in _circuits(g, wires, cut_off, n):
        array = wired_array(circuit)
        for k in which:
            scale = _scale_of(voltage[k])
            cells = array.solve(voltage[k] / scale, refine=True)
            nodes.word_line_v[k] = cells.word_line_v(circuit) * scale
            nodes.bit_line_v[k] = cells.bit_line_v(circuit) * scale
            nodes.current_a[k] = cells.current.sum(axis=0) * circuit.unit * scale
            nodes.driver_current_a[k] = cells.current.sum(axis=1) * circuit.unit * scale
    return nodes


def _checked(
    conductance_siemens: ArrayLike,
    voltage_v: ArrayLike,
    r_row_ohm: ArrayLike,
    r_col_ohm: ArrayLike,
    r_driver_ohm: float,
    r_ground_ohm: float,
    floating: ArrayLike | None,
) -> tuple[Floats, Floats, Wires, Truths | None]:
    """All arguments of a solve for drive vectors, or one exception that lists every error."""
    errors: list[str] = []
    g = checks.conductances(conductance_siemens, errors)
    shape = None if g is None else (g.shape[0], g.shape[1])
    voltage = checks.numbers("voltage_v", voltage_v, "(n, rows)", errors)
    if g is not None and voltage is not None and voltage.shape[1] != g.shape[0]:
        errors.append(
            f"voltage_v: shape {voltage.shape} drives {voltage.shape[1]} rows, "
            f"conductance_siemens of shape {g.shape} has {g.shape[0]}; voltage_v must be (n, rows)"
        )
    wires = Wires.checked(shape, r_row_ohm, r_col_ohm, r_driver_ohm, r_ground_ohm, errors)
    cut_off = None
    if g is not None and voltage is not None:
        cut_off = checks.floating_rows(floating, [g.shape[:1], (len(voltage), g.shape[0])], errors)
    if g is None or voltage is None or errors:
        raise SpecError("\n".join(errors))
    return g, voltage, wires, cut_off


def _circuits(
    g: Floats, wires: Wires, floating: Truths | None, n: int
) -> Iterator[tuple[Circuit, NDArray[np.intp]]]:
    """Every circuit that the floating rows make, and the vectors that drive it."""
    if floating is None or floating.ndim == 1:
        yield Circuit(g, wires, floating), np.arange(n)
        return
    patterns, belongs = np.unique(floating, axis=0, return_inverse=True)
    for k, pattern in enumerate(patterns):
        yield Circuit(g, wires, pattern), np.flatnonzero(belongs.ravel() == k)


def _currents(circuit: Circuit, voltage: Floats, refine: bool) -> Floats:
    if circuit.floating is not None:
        voltage = np.where(circuit.floating, 0.0, voltage)
    if circuit.decoupled:
        return np.asarray(voltage @ _transfer(circuit))
    if refine:
        return _one_by_one(circuit, voltage, refine)
    if len(voltage) <= (_FEW if compiled_loops() else _FEW_PLAIN):
        try:
            return _one_by_one(circuit, voltage, refine, _QUICK_ITERATIONS)
        except UnsettledError:
            pass
    if len(voltage) < len(circuit.g) and not circuit.dissectable:
        return _one_by_one(circuit, voltage, refine)
    return np.asarray(voltage @ _transfer(circuit))


def _one_by_one(circuit: Circuit, voltage: Floats, refine: bool, most: int = MOST_ITERATIONS) -> Floats:
    """Currents of each vector by conjugate gradients."""
    array = wired_array(circuit)
    currents = np.zeros((len(voltage), circuit.g.shape[1]))
    for current, drive in zip(currents, voltage, strict=True):
        if drive.any():
            scale = _scale_of(drive)
            current[:] = array.currents(drive / scale, refine, most) * circuit.unit * scale
    return currents


def _scale_of(drive: Floats) -> float:
    """The power of two (so exact) that brings a vector near 1 whose squares would leave double precision."""
    peak = float(np.abs(drive).max())
    return 1.0 if peak == 0 or _SMALLEST < peak < _LARGEST else math.ldexp(1.0, math.frexp(peak)[1] - 1)


def _transfer(circuit: Circuit) -> Floats:
    if circuit.decoupled:
        return circuit.unit * _decoupled(circuit)
    if circuit.dissectable:
        return circuit.unit * transfer_matrix(circuit)
    unit_vectors = np.eye(len(circuit.g))
    if circuit.floating is not None:
        unit_vectors[circuit.floating] = 0.0
    return _one_by_one(circuit, unit_vectors, refine=False)


def _decoupled(circuit: Circuit) -> Floats:
    """Transfer matrix when one kind of line, or both, is ideal: every line is a ladder of its own."""
    if not circuit.row_ideal:
        return np.asarray(circuit.g * Ladders(circuit.g, circuit.r_row).profile())
    if not circuit.col_ideal:
        # by reciprocity the share of a cell's current that reaches the ground is the voltage that
        # one volt at the grounded end would put on that cell
        lines = lower_end_first(circuit.g)
        return np.asarray((lines * Ladders(lines, lower_end_first(circuit.r_col)).profile()).T[::-1])
    return circuit.g
