"""Behind a learned error model: cells of samples, the posterior of a Gaussian process, its look-up grid."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_BLOCK = 4096  # points at once: with 256 training points a block of the kernel is 8 MB
_NODES = 2**18  # of a look-up grid: 2 MB a table


def group(points: Floats, n_cells: int, least: int) -> Ints:
    """Put points into compact cells: the cell that is most spread out is cut in two, again and again.

    A cell is cut at its mean along its widest axis (the greatest sum of squared distances from its mean), so
    sparse regions keep cells of their own; where a side would hold fewer than `least` points, at the median.
    Equal points are never parted.

    Returns
    -------
    array (n,)
        The cell of every point, counted from 0.

    Examples
    --------
    >>> group(np.array([[0.0], [0.1], [0.9], [1.0]]), n_cells=2, least=1)
    array([0, 0, 1, 1])
    """
    cells: list[Ints] = [np.arange(len(points))]
    heap = [(-_spread(points).max(), 0)]
    while heap and len(cells) < n_cells:
        _, number = heapq.heappop(heap)
        halves = _cut(points, cells[number], least)
        if halves is None:
            continue
        cells[number], other = halves
        cells.append(other)
        for changed in (number, len(cells) - 1):
            heapq.heappush(heap, (-_spread(points[cells[changed]]).max(), changed))
    of_point = np.empty(len(points), dtype=np.intp)
    for number, members in enumerate(cells):
        of_point[members] = number
    return of_point


def _spread(points: Floats) -> Floats:
    spread: Floats = ((points - points.mean(axis=0)) ** 2).sum(axis=0)
    return spread


def _cut(points: Floats, members: Ints, least: int) -> tuple[Ints, Ints] | None:
    """The two halves of a cell, or None where it cannot be cut."""
    of_cell = points[members]
    for axis in np.argsort(-_spread(of_cell), kind="stable"):
        values = of_cell[:, axis]
        low = values <= values.mean()
        if min(low.sum(), (~low).sum()) < least:
            ordered = np.sort(values)
            middle = ordered[len(ordered) // 2]
            low = values < middle
            if min(low.sum(), (~low).sum()) < least:
                low = values <= middle
        if min(low.sum(), (~low).sum()) >= least:
            return members[low], members[~low]
    return None


@dataclass(frozen=True, eq=False)
class Posterior:
    """A Gaussian process after it has seen data: constant × RBF kernel with one length per axis, noise per point.

    Mean at z: ``offset + k(z, points) weights`` with ``weights = (K + diag(noise + white))⁻¹ (y − offset)``
    (C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press 2006, algorithm 2.1).
    """

    points: Floats
    weights: Floats
    noise: Floats
    lengths: Floats
    constant: float
    white: float
    offset: float

    def kernel(self, a: Floats, b: Floats) -> Floats:
        """Constant × exp(−½ Σ ((a − b) / length)²), (n, k) and (m, k) → (n, m)."""
        result: Floats = scipy.spatial.distance.cdist(a / self.lengths, b / self.lengths, "sqeuclidean")
        result *= -0.5
        np.exp(result, out=result)
        result *= self.constant
        return result

    def mean(self, z: Floats) -> Floats:
        """Posterior mean at (n, k) points, in blocks."""
        result = np.empty(len(z))
        for start in range(0, len(z), _BLOCK):
            block = slice(start, start + _BLOCK)
            result[block] = self.kernel(z[block], self.points) @ self.weights
        result += self.offset
        return result

    def std(self, z: Floats) -> Floats:
        """Posterior standard deviation of the mean itself (without noise), in blocks."""
        factor = self._factor[0]
        result = np.empty(len(z))
        for start in range(0, len(z), _BLOCK):
            block = slice(start, start + _BLOCK)
            across = scipy.linalg.solve_triangular(factor, self.kernel(z[block], self.points).T, lower=True)
            result[block] = self.constant - np.einsum("ij,ij->j", across, across)
        result[:] = np.sqrt(np.maximum(result, 0.0))
        return result

    def degrees_of_freedom(self) -> float:
        """Trace of the smoother K (K + noise)⁻¹: how many of the data the mean uses up."""
        return float(np.trace(scipy.linalg.cho_solve(self._factor, self.kernel(self.points, self.points))))

    @cached_property
    def _factor(self) -> Any:
        total = self.kernel(self.points, self.points)
        total[np.diag_indices_from(total)] += self.noise + self.white
        return scipy.linalg.cho_factor(total, lower=True)


class Lookup:
    """Two functions on the unit box, tabulated on a regular grid and interpolated linearly.

    The grid is doubled until, at 1,024 random points, both functions are within `tolerance` of themselves.

    Attributes
    ----------
    good : bool
        Whether a grid within the budget of nodes was fine enough.
    """

    def __init__(self, functions: Any, moving: NDArray[np.bool_], tolerance: Any) -> None:
        self.axes = np.flatnonzero(moving)
        probes = np.zeros((1024, len(moving)))
        probes[:, self.axes] = np.random.default_rng(0).random((1024, len(self.axes)))
        exact = functions(probes)
        allowed = tolerance(*exact)
        self.good = False
        n_cells = 16
        while not self.good and (n_cells + 1) ** len(self.axes) <= _NODES:
            self._fill(functions, n_cells, len(moving))
            self.good = all(
                (np.abs(table - true) <= limit).all()
                for table, true, limit in zip(self(probes), exact, allowed, strict=True)
            )
            if not len(self.axes):
                break
            n_cells *= 2

    def _fill(self, functions: Any, n_cells: int, n_axes: int) -> None:
        self.n_cells = n_cells
        axis = np.linspace(0.0, 1.0, n_cells + 1)
        nodes = np.zeros(((n_cells + 1) ** len(self.axes), n_axes))
        for number, values in zip(self.axes, np.meshgrid(*[axis] * len(self.axes), indexing="ij"), strict=True):
            nodes[:, number] = values.ravel()
        self.tables: tuple[Floats, Floats] = functions(nodes)

    def __call__(self, z: Floats) -> tuple[Floats, Floats]:
        """Both functions at (n, k) points of the unit box."""
        place = z[:, self.axes] * self.n_cells
        low = np.minimum(place.astype(np.intp), self.n_cells - 1)
        part = place - low
        strides = np.array([(self.n_cells + 1) ** i for i in range(len(self.axes))][::-1], dtype=np.intp)
        base = low @ strides
        first, second = np.zeros(len(z)), np.zeros(len(z))
        for corner in product((0, 1), repeat=len(self.axes)):
            share = np.ones(len(z))
            for i, upper in enumerate(corner):
                share *= part[:, i] if upper else 1.0 - part[:, i]
            at = base + int(np.dot(corner, strides)) if corner else base
            first += share * self.tables[0][at]
            second += share * self.tables[1][at]
        return first, second
