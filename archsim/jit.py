"""The only module that imports numba: functions that are compiled, where it is installed and switched on.

Who imports this without numba, or with ``NUMBA_DISABLE_JIT=1``, gets an ImportError and takes the plain twin.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numba
from numba import types
from numba.extending import intrinsic

from archsim.errors import ArchsimWarning

__all__ = ["intrinsic", "loop", "njit", "part", "types"]

if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]  # numba fills it when it is imported
    raise ImportError("numba is switched off by NUMBA_DISABLE_JIT")

_NOWHERE = (
    "compiled loops cannot be kept for the next run, which compiles them again: neither the folder of archsim nor "
    "that of the user's caches can be written; name one that can: NUMBA_CACHE_DIR=/some/folder"
)


@lru_cache(maxsize=1)
def _tell_that_nothing_is_kept() -> None:
    warnings.warn(_NOWHERE, ArchsimWarning, stacklevel=3)


def njit(*, cache: bool, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit`; compiled code is kept in numba's cache where there is a place for it.

    Parameters
    ----------
    cache : bool
        Keep what is compiled. Where nothing can be written this is told once, and the function works all the same.
    **options
        As `numba.njit` takes them.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        if not cache:
            return numba.njit(**options)(function)
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # numba: "no locator available"
            _tell_that_nothing_is_kept()
            return numba.njit(**options)(function)

    return compiled


def loop(function: Callable[..., Any]) -> Any:
    """Compile a loop that allocates nothing.

    Numba then counts no references to the arrays that it is given; to take one out of a NamedTuple would else
    cost two calls each time.
    """
    return njit(cache=True, error_model="numpy", nogil=True, _nrt=False)(function)


def part(function: Callable[..., Any]) -> Any:
    """Compile a part of such loops, written into them where they call it: a call may cost more than it does."""
    return njit(cache=True, error_model="numpy", nogil=True, _nrt=False, inline="always")(function)
