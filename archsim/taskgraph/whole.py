"""Products and sums of whole numbers that do not wrap at 64 bits."""

from __future__ import annotations

from operator import index
from typing import Any, SupportsIndex, TypeGuard

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError

Ints = NDArray[np.int64]

# sums of floats are right to far better than a factor of two
_SURELY_FITS = 2.0**62


def is_whole(value: object) -> TypeGuard[SupportsIndex]:
    """Whether it is a whole number, of Python or of numpy.

    Examples
    --------
    >>> is_whole(3), is_whole(np.int64(3)), is_whole(3.0)
    (True, True, False)
    """
    try:
        index(value)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def products(a: Ints, b: Ints | int = 1) -> NDArray[Any]:
    """``a * b``, as Python's integers where sums of the products might not fit into 64 bits.

    Parameters
    ----------
    a, b : int64[n]
        0 or more.

    Returns
    -------
    int64[n] or object[n]
        Exact, and so are sums of it.

    Examples
    --------
    >>> units = np.array([2**40, 3])
    >>> products(units).dtype, int(products(units, units).sum()) == 2**80 + 9
    (dtype('int64'), True)
    """
    largest = float((np.asarray(a, float) * np.asarray(b, float)).sum())
    if largest < _SURELY_FITS:
        return np.asarray(a.astype(np.int64, copy=False) * b, np.int64)
    return np.asarray(a, object) * b


def sums_by(index: NDArray[np.integer[Any]], values: NDArray[Any], n: int) -> NDArray[Any]:
    """Sums of the values of each index, exact, of the type of the values (see `products`).

    Examples
    --------
    >>> sums_by(np.array([0, 0, 2]), np.array([1, 2, 3]), 3)
    array([3, 0, 3])
    """
    total = np.zeros(n, values.dtype)
    np.add.at(total, index, values)
    return total


def held_until(start_ps: Ints, occupancy_ps: Ints) -> Ints:
    """``start + occupancy``; what would be held longer than times are counted is held to their end, 2**63 - 1.

    Examples
    --------
    >>> held_until(np.array([5, 2**62]), np.array([7, 2**62])).tolist() == [12, 2**63 - 1]
    True
    """
    return np.asarray(start_ps + np.minimum(occupancy_ps, np.iinfo(np.int64).max - start_ps))


def in_64_bits(totals: NDArray[Any], what: str) -> Ints:
    """The same numbers as int64.

    Raises
    ------
    EngineError
        One of them is 2**63 or more; `what` says what is counted, and in which unit.
    """
    largest = int(totals.max(initial=0))
    if largest >= 2**63:
        raise EngineError(f"{what}: {largest} does not fit into 64 bits; it must stay below 2**63")
    return totals.astype(np.int64)
