"""Checks that pictures are given numbers of the right shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.errors import ArchsimError

Floats = NDArray[np.float64]


def numbers(name: str, values: ArrayLike) -> Floats:
    """An array of numbers; ArchsimError if it is none.

    Examples
    --------
    >>> numbers("sums", [1, 2]).tolist()
    [1.0, 2.0]
    """
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArchsimError(f"{name}: must be numbers, all rows of the same length") from None


def table(name: str, values: ArrayLike, shape: tuple[int, ...] | None = None, finite: bool = False) -> Floats:
    """Numbers in two dimensions, NaN where there is nothing, at least one of them finite."""
    found = numbers(name, values)
    if found.ndim != 2 or not found.size:
        raise ArchsimError(f"{name}: must be a table with rows and columns; got shape {found.shape}")
    if shape is not None and found.shape != shape:
        raise ArchsimError(f"{name}: must have shape {shape}; got {found.shape}")
    if np.isinf(found).any() or (finite and np.isnan(found).any()) or np.isnan(found).all():
        raise ArchsimError(f"{name}: holds numbers that are not finite")
    return found
