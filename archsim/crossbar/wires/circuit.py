"""The circuit of a wired array: checked arguments, one scaled description that every method solves."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.errors import SpecError

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

# a wire whose whole drop is below this fraction of the drive cannot change a result in double precision
_NEGLIGIBLE = 1e-18
# a port of a block loses digits as its segments conduct better than all that ties its line to somewhere
_MOST_STIFF = 1e4


def numbers(name: str, value: ArrayLike, shape: str, errors: list[str]) -> Floats | None:
    """A finite two-dimensional array of floats, or None and what is wrong."""
    try:
        raw: NDArray[Any] = np.asarray(value)
        if raw.dtype.kind not in "fiub":
            raise TypeError
        array = raw.astype(np.float64, order="C", copy=False)
    except (TypeError, ValueError):
        errors.append(f"{name}: must be an array of real numbers of shape {shape}")
        return None
    if array.ndim != 2:
        errors.append(f"{name}: has {array.ndim} dimension(s), must have 2: {shape}")
        return None
    # a value that is not finite shows in the extremes, which are quicker to have
    if array.size and not (math.isfinite(array.min()) and math.isfinite(array.max())):
        wrong = np.argwhere(~np.isfinite(array))
        i, j = wrong[0]
        errors.append(f"{name}[{i}, {j}] is {array[i, j]}, must be finite ({len(wrong)} such)")
        return None
    return array


def conductances(value: ArrayLike, errors: list[str]) -> Floats | None:
    """Cells of 0 siemens or more, at least one."""
    array = numbers("conductance_siemens", value, "(rows, cols)", errors)
    if array is None:
        return None
    if array.size == 0:
        errors.append(f"conductance_siemens: shape {array.shape} has no cells")
        return None
    if array.min() < 0:
        wrong = np.argwhere(array < 0)
        i, j = wrong[0]
        errors.append(
            f"conductance_siemens[{i}, {j}] is {array[i, j]:g} S, must be 0 (open) or more ({len(wrong)} such)"
        )
    return array


def resistances(name: str, value: ArrayLike, shape: tuple[int, int] | None, errors: list[str]) -> Floats:
    """Ohms of 0 or more: one number, or with a `shape` an array that broadcasts to it."""
    allowed = "a finite number of ohms, 0 (ideal wire) or more"
    try:
        raw: NDArray[Any] = np.asarray(value)
        if raw.dtype.kind not in "fiub":
            raise TypeError
        array = raw.astype(np.float64)
    except (TypeError, ValueError):
        errors.append(f"{name} is {value!r}, must be {allowed}")
        return np.zeros(())
    if array.ndim and shape is not None:
        try:
            np.broadcast_to(array, shape)
        except ValueError:
            errors.append(f"{name}: shape {array.shape} does not broadcast to the {shape} of the cells")
            return np.zeros(())
    elif array.ndim:
        errors.append(f"{name}: has {array.ndim} dimension(s), must be {allowed}")
    wrong = array[~(np.isfinite(array) & (array >= 0))]
    if wrong.size:
        errors.append(f"{name} is {wrong[0]}, must be {allowed}" + f" ({wrong.size} such)" * bool(array.ndim))
    return array


def floating_rows(value: ArrayLike | None, shapes: list[tuple[int, ...]], errors: list[str]) -> Truths | None:
    """Truth values of one of the shapes, or None for no floating row."""
    if value is None:
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.zeros((), dtype=object)
    if array.dtype != np.bool_ or array.shape not in shapes:
        errors.append(
            f"floating: has shape {array.shape} of {array.dtype}, must be truth values of shape "
            + " or ".join(map(str, shapes))
        )
        return None
    return array


@dataclass(frozen=True)
class Wires:
    """Checked resistances in ohms: of the segments, of the drivers, of the grounds."""

    r_row: Floats
    r_col: Floats
    r_driver: Floats
    r_ground: Floats

    @classmethod
    def checked(
        cls,
        shape: tuple[int, int] | None,
        r_row_ohm: ArrayLike,
        r_col_ohm: ArrayLike,
        r_driver_ohm: float,
        r_ground_ohm: float,
        errors: list[str],
    ) -> Wires:
        """Segments may differ, when the shape of the array is known."""
        segments: tuple[int, int] | None = shape if shape is not None else (1, 1)
        return cls(
            resistances("r_row_ohm", r_row_ohm, segments, errors),
            resistances("r_col_ohm", r_col_ohm, segments, errors),
            resistances("r_driver_ohm", r_driver_ohm, None, errors),
            resistances("r_ground_ohm", r_ground_ohm, None, errors),
        )


@functools.cache
def keep_freed_memory() -> None:
    """Let the allocator keep what is freed: getting fresh pages for every array costs as much as the solve.

    The GNU allocator hands large blocks back at once until it has seen one freed (mallopt(3),
    M_MMAP_THRESHOLD); elsewhere this does nothing. The block is never written, so it takes no memory.
    """
    np.empty(30_000_000, np.uint8)


def _check_scale(wires: Wires, unit: float) -> None:
    with np.errstate(over="ignore"):
        all_ohms = wires.r_row, wires.r_col, wires.r_driver, wires.r_ground
        largest = max(float(ohms.max(initial=0.0)) for ohms in all_ohms)
        fits = math.isfinite(2 * largest * unit)
    if not fits:
        raise SpecError(
            f"conductance_siemens: cells near {unit:g} S between wires of {largest:g} ohm leave double precision; "
            "are the units siemens and ohms?"
        )


class Circuit:
    """An array between its wires in a unit near its largest cell; wires that cannot matter are ideal.

    Attributes
    ----------
    unit : float
        Siemens of one unit, a power of two: scaling is exact.
    g : array (rows, cols)
        Cells.
    r_word : array (cols,) or (rows, cols)
        Segment to the left of each cell, with the driver's resistance in the first.
    r_bit : array (rows,) or (rows, cols)
        Segment below each cell, with the ground's resistance in the last.
    floating : array (rows,) of bool, or None
        Rows whose driver is disconnected; at least one, or None.
    """

    def __init__(self, g: Floats, wires: Wires, floating: Truths | None = None) -> None:
        keep_freed_memory()
        highest = float(g.max())
        self.unit = math.ldexp(1.0, math.frexp(highest)[1] - 1) if highest else 1.0
        self.g = g * (1 / self.unit)
        rows, cols = g.shape
        # one value a node where all lines are alike; both or none, so that compiled loops have two cases
        alike = not (wires.r_row.ndim or wires.r_col.ndim)
        _check_scale(wires, self.unit)
        self.r_word = np.array(np.broadcast_to(wires.r_row, cols if alike else g.shape) * self.unit)
        self.r_word[..., 0] += wires.r_driver * self.unit
        self.r_bit = np.array(np.broadcast_to(wires.r_col, rows if alike else g.shape) * self.unit)
        self.r_bit[-1] += wires.r_ground * self.unit
        for r, nodes in ((self.r_word, cols), (self.r_bit, rows)):
            if float(r.max()) * nodes**2 < _NEGLIGIBLE:  # no cell is above 2 units
                r[:] = 0.0
        self.row_ideal, self.col_ideal = not self.r_word.any(), not self.r_bit.any()
        self.floating = floating if floating is not None and floating.any() else None

    @property
    def r_row(self) -> Floats:
        """Segment to the left of each cell, (rows, cols)."""
        return np.broadcast_to(self.r_word, self.g.shape)

    @property
    def r_col(self) -> Floats:
        """Segment below each cell, (rows, cols)."""
        return np.broadcast_to(self.r_bit if self.r_bit.ndim == 2 else self.r_bit[:, None], self.g.shape)

    @property
    def decoupled(self) -> bool:
        """Whether every line is a ladder of its own: one kind, or both, is ideal and no row floats."""
        return self.floating is None and (self.row_ideal or self.col_ideal)

    @property
    def dissectable(self) -> bool:
        """Whether port admittances keep their digits: no ideal segment, none far better than its line."""
        if not (self.r_word.min() > 0 and self.r_bit.min() > 0):
            return False
        to_end = self.r_row.sum(axis=1)
        if self.floating is not None:
            to_end[self.floating] = np.inf
        return self._stiff(self.r_row, to_end, 1) and self._stiff(self.r_col, self.r_col.sum(axis=0), 0)

    def _stiff(self, r: Floats, to_end: Floats, axis: int) -> bool:
        tied = np.maximum(1 / to_end, np.minimum(self.g.sum(axis=axis), 1e300))
        tied[tied == 0] = np.inf  # an open floating row takes no part
        return bool((1 / (r.min(axis=axis) * tied)).max() < _MOST_STIFF)
