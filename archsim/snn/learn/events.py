"""Products with spikes: additions of rows instead of multiplications, as an array of crossbar cells does them.

Vectors of zeros and ones that are mostly zero are kept as the places of their ones. The sums run in the order
of the places, whether compiled or by scipy's sparse matrices, so both give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from archsim.compiling import loops_of
from archsim.workload.network import Floats

DENSEST_FRAC = 0.25  # above, a dense product is faster (benchmarks/learning.py)


def loops() -> Any:
    """The compiled loops, or None where numba is not installed."""
    return loops_of("snn.learn")


@dataclass(frozen=True)
class Events:
    """Where the ones are: vector r has them at ``index[start[r]:start[r + 1]]``, of `n_rows` places."""

    start: NDArray[np.int64]
    index: NDArray[np.int32]
    n_rows: int
    compiled: bool

    @classmethod
    def of(cls, rows: Floats, *, compiled: bool = True) -> Events | None:
        """The ones of vectors (n, rows); None if other values than 0 and 1 occur, or more ones than pay.

        Examples
        --------
        >>> Events.of(np.array([[0, 0, 0, 1.0, 0, 0, 0, 0]])).index.tolist()
        [3]
        >>> Events.of(np.array([[0.5, 0.0]])) is None
        True
        """
        most = int(DENSEST_FRAC * rows.size)
        found = loops() if compiled else None
        if found is None:
            return cls._plain(rows, most)
        start = np.zeros(len(rows) + 1, dtype=np.int64)
        index = np.empty(most + rows.shape[1] + 1, dtype=np.int32)
        if not found.find_spikes(np.ascontiguousarray(rows), most, start, index):
            return None
        return cls(start, index[: start[-1]], rows.shape[1], True)

    @classmethod
    def _plain(cls, rows: Floats, most: int) -> Events | None:
        spikes = rows != 0
        if (spikes & (rows != 1)).any() or spikes.sum() > most:
            return None
        start = np.concatenate([[0], np.cumsum(spikes.sum(axis=1))])
        return cls(start, np.nonzero(spikes)[1].astype(np.int32), rows.shape[1], False)

    def add_rows(self, matrix: Floats) -> Floats:
        """The product with a matrix (rows, columns): (n, columns)."""
        if not self.compiled:
            return np.asarray(self._sparse() @ matrix)
        sums = np.empty((len(self.start) - 1, matrix.shape[1]))
        loops().add_rows(self.start, self.index, matrix, sums)
        return sums

    def add_vectors(self, vectors: Floats) -> Floats:
        """The sum of outer products with vectors (n, columns): (rows, columns)."""
        if not self.compiled:
            return np.asarray(self._sparse().T @ vectors)
        sums = np.zeros((self.n_rows, vectors.shape[1]))
        loops().add_vectors(self.start, self.index, np.ascontiguousarray(vectors), sums)
        return sums

    def _sparse(self) -> Any:
        ones = np.ones(len(self.index))
        return scipy.sparse.csr_array((ones, self.index, self.start), shape=(len(self.start) - 1, self.n_rows))
