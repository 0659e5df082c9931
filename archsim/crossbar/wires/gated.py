"""Gated (1T1R) cells: the input switches the cell, a supply line parallel to the column feeds the current.

No word line carries current, so the columns decouple. What lies above a row of one column is a network
with three terminals only: the source, the supply node and the bit-line node of that row. It is kept as
its three branch conductances and taken down the column; every update is a sum, a product or a quotient of
numbers that are not negative, so no digits are lost whatever the ratio of wires to cells.
"""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.wires.circuit import conductances, numbers, resistances
from archsim.errors import SpecError

Floats = NDArray[np.float64]

# vectors x columns that are taken down the rows together: a few arrays of this size stay in the cache
_BLOCK = 1 << 15
# a line whose whole drop is below this fraction of the voltage cannot change a result in double precision
_NEGLIGIBLE = 1e-18


def gated_currents(
    conductance_siemens: ArrayLike,
    gates: ArrayLike,
    read_voltage_v: float,
    r_supply_ohm: float,
    r_col_ohm: float,
    *,
    r_driver_ohm: float = 0.0,
    r_ground_ohm: float = 0.0,
) -> Floats:
    """Exact column currents of an array whose cells are switched by the inputs.

    Every column has a supply line and a bit line beside each other. The supply enters at the upper end
    (row 0), the virtual ground sits at the lower end of the bit line; the other ends are open. Row i puts
    the cell ``gates[i] * G_ij`` between both lines of column j: a transistor on the word line that is off,
    on, or on for a part of the time. A row that is off is cut off; it is not a row at 0 V.

    Parameters
    ----------
    conductance_siemens : array (rows, cols)
        Conductance of each cell with its transistor on, 0 (open) or more.
    gates : array (n, rows)
        What the word lines do, one vector a row: 0 (off) to 1 (on), fractions scale the cell.
    read_voltage_v : float
        Voltage of the supply against the virtual ground, of any sign.
    r_supply_ohm, r_col_ohm : float
        Resistance of one segment of the supply line and of the bit line: between neighbouring cells, from
        the source to the first cell, and from the last cell to the ground; 0 is an ideal wire.
    r_driver_ohm, r_ground_ohm : float
        Resistance of each column's source and virtual ground, in series with its end segment.

    Returns
    -------
    array (n, cols)
        Currents in amperes out of the sources and into the grounds: a column has no other way.

    Raises
    ------
    SpecError
        An argument is no array of numbers, out of range, not finite, empty, of the wrong dimension, or the
        rows disagree; every error is listed, before any work.

    Notes
    -----
    Kirchhoff's current law at each supply node s_i and bit-line node b_i of one column, with x_i the gate::

        (s_i-1 - s_i) / r_supply + (s_i+1 - s_i) / r_supply = x_i G_i (s_i - b_i)
        (b_i-1 - b_i) / r_col    + (b_i+1 - b_i) / r_col    = -x_i G_i (s_i - b_i)

    eliminated from the top, a 2x2-block tridiagonal system; rows x cols operations a vector. Elimination of
    a network of conductances without subtractions is accurate in every digit but the last few (W. K.
    Grassmann, M. I. Taksar, D. P. Heyman, Oper. Res. 33, 1107, 1985). Memory grows with
    ``n * (rows + cols)`` only.

    Examples
    --------
    Two cells of 100 µS; the second is off in the second vector, and a segment has 100 Ω:

    >>> currents = gated_currents([[1e-4], [1e-4]], [[1, 1], [1, 0]], 0.2, 100.0, 100.0)
    >>> (currents * 1e6).round(3)
    array([[38.095],
           [19.417]])
    """
    errors: list[str] = []
    g = conductances(conductance_siemens, errors)
    x = _gates(gates, g, errors)
    voltage = _finite_volts("read_voltage_v", read_voltage_v, errors)
    ohms = [
        resistances(name, value, None, errors)
        for name, value in (("r_supply_ohm", r_supply_ohm), ("r_col_ohm", r_col_ohm),
                            ("r_driver_ohm", r_driver_ohm), ("r_ground_ohm", r_ground_ohm))
    ]  # fmt: skip
    if g is None or x is None or errors:
        raise SpecError("\n".join(errors))
    r_supply, r_col, r_driver, r_ground = map(float, ohms)
    if (r_driver + len(g) * r_supply) * float(g.sum(axis=0).max()) <= _NEGLIGIBLE:
        r_driver = r_supply = 0.0
    currents = np.empty((len(x), g.shape[1]))
    step = max(1, _BLOCK // g.shape[1])
    for start in range(0, len(x), step):
        part = slice(start, start + step)
        currents[part] = _column_conductance(g, x[part], r_supply, r_col, r_driver, r_ground)
    currents *= voltage
    return currents


def _gates(value: ArrayLike, g: Floats | None, errors: list[str]) -> Floats | None:
    x = numbers("gates", value, "(n, rows)", errors)
    if x is None:
        return None
    wrong = np.argwhere((x < 0) | (x > 1))
    if len(wrong):
        k, i = wrong[0]
        errors.append(f"gates[{k}, {i}] is {x[k, i]:g}, must lie in 0 (off) to 1 (on) ({len(wrong)} such)")
    if g is not None and x.shape[1] != g.shape[0]:
        errors.append(
            f"gates: shape {x.shape} switches {x.shape[1]} rows, "
            f"conductance_siemens of shape {g.shape} has {g.shape[0]}; gates must be (n, rows)"
        )
    return x


def _finite_volts(name: str, value: float, errors: list[str]) -> float:
    number = float(value) if isinstance(value, Real) else math.nan
    if not math.isfinite(number):
        errors.append(f"{name} is {value!r}, must be a finite number of volts")
    return number


def _column_conductance(
    g: Floats, x: Floats, r_supply: float, r_col: float, r_driver: float, r_ground: float
) -> Floats:
    """Conductance of each column between its source and its ground, (n, cols)."""
    column = _Column((len(x), g.shape[1]), r_driver + r_supply)
    for i, cells in enumerate(g):
        if i:
            column.lengthen(r_supply, r_col)
        column.add(x[:, i, None] * cells)
    return column.to_ground(r_col + r_ground)


class _Column:
    """The part of the columns above some row, as a triangle of conductances.

    Its corners are the source, the supply node and the bit-line node of that row.

    Parameters
    ----------
    shape : tuple of int
        Vectors and columns.
    r_source : float
        Resistance between the source and the first supply node; 0 if the whole supply line is ideal.
    """

    def __init__(self, shape: tuple[int, int], r_source: float) -> None:
        self._supply_is_source = r_source == 0
        self._source_supply = np.full(shape, 0.0 if self._supply_is_source else 1 / r_source)
        self._supply_bit = np.zeros(shape)
        self._source_bit = np.zeros(shape)

    def add(self, cells: Floats) -> None:
        """Put cells between the supply nodes and the bit-line nodes."""
        if self._supply_is_source:
            self._source_bit += cells
        else:
            self._supply_bit += cells

    def lengthen(self, r_supply: float, r_col: float) -> None:
        """Go on to the next row: a segment in series with both nodes, the old nodes eliminated."""
        if r_supply and not self._supply_is_source:
            keep = self._keep(self._source_supply, self._supply_bit, r_supply)
            self._source_bit += (self._source_supply * r_supply) * self._supply_bit * keep
            self._source_supply *= keep
            self._supply_bit *= keep
        if r_col:
            keep = self._keep(self._supply_bit, self._source_bit, r_col)
            self._source_supply += (self._supply_bit * r_col) * self._source_bit * keep
            self._supply_bit *= keep
            self._source_bit *= keep

    @staticmethod
    def _keep(one: Floats, other: Floats, r_ohm: float) -> Floats:
        """The two branches at a node, behind a resistance in series."""
        keep = one + other
        keep *= r_ohm
        keep += 1
        return np.reciprocal(keep, out=keep)

    def to_ground(self, r_ohm: float) -> Floats:
        """Conductance from the source to the ground behind a last resistance; the supply line ends."""
        through = self._source_bit
        if not self._supply_is_source:
            through = through + self._supply_bit * (self._source_supply / (self._source_supply + self._supply_bit))
        return through / (1 + through * r_ohm)
