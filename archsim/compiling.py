"""When compiling pays: loops that are compiled are taken, others once there is enough for them to do.

Compiling takes seconds, once for an installation; the plain loops that a compiled one stands beside give the same
bits. So a run of ordinary size in a fresh installation does not wait for compilers, and one of millions of tasks,
a study of many runs, or a run with the compiled engine, does.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib import import_module
from typing import Any, Final

_DONE_PLAINLY: Final[Counter[str]] = Counter()  # how much plain loops did so far, by the compiled one's name
_ASKED: Final[set[str]] = set()


@cache
def loops_of(room: str) -> Any:
    """The compiled loops of a room, its module `compiled`; None where numba is not installed.

    Examples
    --------
    >>> loops_of("no.such.room") is None
    True
    """
    try:
        return import_module(f"archsim.{room}.compiled")
    except ImportError:
        return None


def pays(function: Any, n: int, worth: int) -> bool:
    """Whether to take a compiled loop in place of its plain twin.

    Parameters
    ----------
    function : a function that `archsim.jit.njit` made
    n : int
        How much there is to do: tasks.
    worth : int
        From how much on, in this process, the time to compile it is won back.
    """
    if _ASKED or function.signatures or _is_kept(function):
        return True
    if _DONE_PLAINLY[function.__name__] + n >= worth:
        return True
    _DONE_PLAINLY[function.__name__] += n
    return False


def ask() -> None:
    """From now on compile whatever is needed: the compiled engine was chosen."""
    _ASKED.add("compiled")


def put_off() -> int:
    """How many tasks went through the slowest of the plain loops because compiling would not have paid."""
    return max(_DONE_PLAINLY.values(), default=0)


def _is_kept(function: Any) -> bool:
    """Whether an earlier process compiled it: numba's cache has an index of it that is up to date."""
    try:
        return bool(function._cache._cache_file._load_index())
    except (AttributeError, OSError):  # nothing can be kept, or this numba keeps it elsewhere
        return False
