"""Noise of a cell between wires, as seen at the read-out: the cell's voltage times its way to the ground.

To first order a change of conductance dG of cell kl changes the current of its column by ``dG v u``: v is the
cell's voltage under the drive, u its voltage with 1 V at the column's ground and all drivers at 0 V (adjoint
network: S. W. Director, R. A. Rohrer, IEEE Trans. Circuit Theory 16, 318, 1969). A noise current of the cell
itself counts with u alone. What reaches other columns over the word line is of second order and left out.

v depends on what else is driven. It is found with the cell's row driven alone and with all rows driven; reads
in between lie between (:class:`archsim.crossbar.mvm.noise.Between`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.layout import Layout
from archsim.crossbar.wired import turned, turned_wires
from archsim.crossbar.wires.exact import node_voltages
from archsim.crossbar.wires.nonlinear import small_signal_conductance
from archsim.spec.cells import Wires
from archsim.spec.values import ArraySpec

Floats = NDArray[np.float64]

# steps that find the voltages of nonlinear or gated cells, and the change at which they end: noise needs no more
_MOST_STEPS, _SETTLED = 60, 1e-4


@dataclass(frozen=True)
class Shares:
    """Squares of the parts of the cells' noise that reach the read-out; arrays of the cells' shape.

    Attributes
    ----------
    alone, crowded : array
        Of changes of conductance, with the row of the cell driven alone, and with all rows driven.
    thermal : array
        Of currents.
    """

    alone: Floats
    crowded: Floats
    thermal: Floats


def shares_of(
    spec: ArraySpec, layout: Layout, cells: Floats, reference: Floats | None, backward: bool
) -> tuple[Shares, Shares | None]:
    """Shares of the cells of a grid between wires, and of its reference columns."""
    assert spec.wires is not None
    wires = turned_wires(spec.wires) if backward else spec.wires
    of_cells = Shares(*(np.empty_like(cells) for _ in range(3)))
    beside = None if reference is None else Shares(*(np.empty_like(reference) for _ in range(3)))
    for t, rows in enumerate(layout.row_blocks):
        for b, columns in enumerate(layout.column_blocks):
            picture = layout.picture(cells, reference, t, b)
            found = _of_array(turned(picture) if backward else picture, spec, wires)
            for kind in ("alone", "crowded", "thermal"):
                square = np.square(getattr(found, kind))
                square = (turned(square) if backward else square)[: rows.stop - rows.start]
                getattr(of_cells, kind)[rows, columns] = layout.columns_of(square, b)
                if beside is not None:
                    getattr(beside, kind)[rows, b] = square[:, -1]
    return of_cells, beside


def _of_array(g: Floats, spec: ArraySpec, wires: Wires) -> Shares:
    """Not yet squared."""
    if spec.cell == "gated":
        return _gated(g, wires)
    if spec.curve is not None:
        return _bent(g, spec.read_voltage_v, spec.curve.v0_v, wires)
    v, u = _alone(g, wires)
    return Shares(v * u, _all_driven(g, wires) * u, u)


def _all_driven(g: Floats, wires: Wires) -> Floats:
    """Voltage of each cell with 1 V on every row."""
    ends = {"r_driver_ohm": wires.driver_ohm, "r_ground_ohm": wires.ground_ohm}
    found = node_voltages(g, np.ones((1, len(g))), wires.row_ohm, wires.column_ohm, **ends)
    return np.asarray(found.word_line_v[0] - found.bit_line_v[0])


def _alone(g: Floats, wires: Wires) -> tuple[Floats, Floats]:
    """Voltage of each cell with 1 V on its row alone, and with 1 V at the ground of its column alone.

    Lines are ladders of cells; what a cell sees of its other line is the resistance of that line's node.
    """
    _, ohm_word = _ladder(g, wires.row_ohm, wires.driver_ohm)
    ohm_bit = turned(_ladder(turned(g), wires.column_ohm, wires.ground_ohm)[1])
    onto_bit, onto_word = 1 + g * ohm_bit, 1 + g * ohm_word
    word_v, _ = _ladder(g / onto_bit, wires.row_ohm, wires.driver_ohm)
    bit_v = turned(_ladder(turned(g / onto_word), wires.column_ohm, wires.ground_ohm)[0])
    return word_v / onto_bit, bit_v / onto_word


def _ladder(load: Floats, r_ohm: float, r_end_ohm: float) -> tuple[Floats, Floats]:
    """Lines fed with 1 V at their left ends: node voltages, and resistances of nodes without their own load."""
    n = load.shape[1]
    onward, volts, ohm = np.zeros_like(load), np.empty_like(load), np.empty_like(load)
    for j in range(n - 2, -1, -1):
        beyond = onward[:, j + 1] + load[:, j + 1]
        onward[:, j] = beyond / (1 + r_ohm * beyond)
    before, to_source, r = np.ones(len(load)), np.zeros(len(load)), r_ohm + r_end_ohm
    for j in range(n):
        to_source = to_source + r
        before = volts[:, j] = before / (1 + r * (load[:, j] + onward[:, j]))
        ohm[:, j] = to_source / (1 + to_source * onward[:, j])
        to_source, r = to_source / (1 + to_source * load[:, j]), r_ohm
    return volts, ohm


def _bent(g: Floats, read_v: float, v0: float, wires: Wires) -> Shares:
    """Cells with a sinh curve; all rows at the full read voltage."""
    ratio, slope = read_v / v0, small_signal_conductance(g, read_v, v0)
    v_alone, v = _alone(g, wires)[0], np.ones_like(g)
    for _ in range(_MOST_STEPS):
        chord = slope * np.sinh(ratio * v) / (ratio * np.maximum(v, _SETTLED))
        step = _all_driven(chord, wires) - v
        v = v + step / 2
        if np.abs(step).max() < _SETTLED:
            break
    u_alone, u = _alone(slope, wires)[1], _alone(slope * np.cosh(ratio * v), wires)[1]
    return Shares(np.sinh(ratio * v_alone) / np.sinh(ratio) * u_alone, np.sinh(ratio * v) / np.sinh(ratio) * u, u)


def _gated(g: Floats, wires: Wires) -> Shares:
    """Columns are two-terminal networks: v and u are the same."""
    down, up = np.arange(1, len(g) + 1), np.arange(len(g), 0, -1)
    ohm = wires.driver_ohm + wires.ground_ohm + wires.supply_ohm * np.minimum(down, down[:, None])
    ohm = ohm + wires.column_ohm * np.minimum(up, up[:, None])
    alone = 1 / (1 + g * np.diag(ohm)[:, None])
    crowded = _closed(g, ohm)
    return Shares(alone**2, crowded**2, alone)


def _closed(g: Floats, ohm: Floats) -> Floats:
    """v of ``v + ohm (g v) = 1`` for every column, by conjugate gradients in ``sqrt(g) v``."""
    root = np.sqrt(g)
    y, residual = np.zeros_like(g), root.copy()
    p, size = residual, np.square(residual).sum(axis=0)
    enough = size * _SETTLED**2
    for _ in range(_MOST_STEPS):
        image = p + root * (ohm @ (root * p))
        curvature = (p * image).sum(axis=0)
        length = np.divide(size, curvature, out=np.zeros_like(size), where=curvature > 0)
        y, residual = y + length * p, residual - length * image
        new = np.square(residual).sum(axis=0)
        if (new <= enough).all():
            break
        p = residual + np.divide(new, size, out=np.zeros_like(size), where=size > 0) * p
        size = new
    return np.asarray(1 - ohm @ (root * y))
