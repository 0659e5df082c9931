"""Normal numbers by counter: each is a function of a seed, a stream, the number of a read and a column.

So the noise of a read does not depend on earlier draws: the same bits for any number of threads, workers
or parts of a batch. Hashes are splitmix64 (Steele, Lea, Flood, OOPSLA 2014) for the key of a read, and rounds of
xor, shift and multiplication in 32 bits, with the factors of C. Wellons' lowbias32 and triple32, for its columns;
two of them become two normal numbers (Box, Muller, Ann. Math. Stat. 29, 610, 1958) in single precision, with
polynomials for ln, cos and sin that err by 6e-7 at most. With 24 bits for the radius no number is larger than 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.draws.numbers import (
    APART,
    COLUMN,
    COS,
    GOLDEN,
    LAST_SHIFT,
    LN,
    ROUNDS,
    SIN,
    SPLIT_MIX,
    TWO_LN_2,
)

Singles = NDArray[np.float32]
Keys = NDArray[np.uint64]

# numbers of a part: they stay in the cache
_AT_ONCE = 1 << 14


@lru_cache(maxsize=1)
def _compiled() -> ModuleType | None:
    try:
        from archsim.crossbar.draws import compiled
    except ImportError:
        return None
    return compiled


@dataclass
class Draws:
    """Where a set of arrays stands in its noise.

    Parameters
    ----------
    seed : int
        64 bits.
    n_taken : int
        Reads that have drawn so far.
    compiled : bool
        Take compiled loops where numba is installed; numpy gives the same bits.
    """

    seed: int
    n_taken: int = 0
    compiled: bool = True

    def take(self, n_reads: int) -> int:
        """The number of the first of so many reads, which are then past."""
        first, self.n_taken = self.n_taken, self.n_taken + n_reads
        return first

    def normals(self, stream: int, reads: NDArray[np.integer[Any]], width: int) -> Singles:
        """(n_reads, width) of reads by their numbers."""
        return normals(keys_of(base_of(self.seed, stream), reads), width, compiled=self.compiled)


def base_of(seed: int, stream: int) -> int:
    """Where the keys of a stream begin.

    Examples
    --------
    >>> hex(base_of(0, 0)), base_of(0, 1) != base_of(1, 0)
    ('0x0', True)
    """
    return int(_mixed(np.array([(seed + stream * GOLDEN) % 2**64], np.uint64))[0])


def keys_of(base: int, reads: NDArray[np.integer[Any]]) -> Keys:
    """A key of 64 bits for each read: a step of splitmix64."""
    return _mixed(np.uint64(base) + (reads.astype(np.uint64) + np.uint64(1)) * np.uint64(GOLDEN))


def normals(keys: Keys, width: int, *, compiled: bool = True) -> Singles:
    """Standard normal numbers (n, width), a row for each key.

    Columns j and j + half, half of the width rounded up, are one pair.

    Examples
    --------
    >>> keys = keys_of(base_of(0, 0), np.arange(4000))
    >>> found = normals(keys, 25)
    >>> bool(abs(found.mean()) < 0.01), bool(abs(found.std() - 1) < 0.01)
    (True, True)
    """
    found = np.empty((len(keys), width), np.float32)
    fast = _compiled() if compiled else None
    if fast is not None:
        fast.fill(keys, found)
        return found
    step = max(1, _AT_ONCE // max(width, 1))
    for first in range(0, len(keys), step):
        found[first : first + step] = _plain(keys[first : first + step], width)
    return found


def _mixed(x: Keys) -> Keys:
    (first, one), (second, other), last = SPLIT_MIX
    x = (x ^ (x >> np.uint64(first))) * np.uint64(one)
    x = (x ^ (x >> np.uint64(second))) * np.uint64(other)
    return x ^ (x >> np.uint64(last))


def _plain(keys: Keys, width: int) -> Singles:
    half = -(-width // 2)
    counters = np.arange(half, dtype=np.uint32) * np.uint32(COLUMN)
    low, high = keys.astype(np.uint32)[:, None], (keys >> np.uint64(32)).astype(np.uint32)[:, None]
    one = _last(_stirred(_stirred(low + counters, ROUNDS[0]) ^ high, ROUNDS[1]))
    other = _last(_stirred(_stirred(one + np.uint32(APART), ROUNDS[2]), ROUNDS[3]))
    radius, (cos, sin) = _radius(one, other), _turned(other)
    return np.concatenate([radius * cos, radius * sin], axis=1)[:, :width]


def _stirred(x: NDArray[np.uint32], how: tuple[int, int]) -> NDArray[np.uint32]:
    return (x ^ (x >> np.uint32(how[0]))) * np.uint32(how[1])


def _last(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return x ^ (x >> np.uint32(LAST_SHIFT))


def _radius(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> Singles:
    """``sqrt(-2 ln u)`` of the upper 24 bits, with the sign of the lowest bit of the other."""
    number = (one >> np.uint32(8)).astype(np.float32) + np.float32(0.5)
    bits = number.view(np.int32)
    octaves = (np.int32(151) - (bits >> np.int32(23))).astype(np.float32)
    above = ((bits & np.int32(0x7FFFFF)) | np.int32(0x3F800000)).view(np.float32) - np.float32(1)
    squared = np.float32(TWO_LN_2) * octaves - _polynomial(above, LN)
    radius = np.sqrt(np.maximum(squared, np.float32(0)))
    return np.asarray((radius.view(np.uint32) | (other << np.uint32(31))).view(np.float32))


def _turned(bits: NDArray[np.uint32]) -> tuple[Singles, Singles]:
    """Cosine and sine of an angle in the right half of the circle."""
    quarters = (bits >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
    squared = quarters * quarters
    return _polynomial(squared, COS), quarters * _polynomial(squared, SIN)


def _polynomial(x: Singles, factors: tuple[float, ...]) -> Singles:
    found = np.full_like(x, factors[-1])
    for factor in factors[-2::-1]:
        found = found * x + np.float32(factor)
    return found
