"""How much memory a task graph takes, before any of it is allocated; and how much there is."""

from __future__ import annotations

import ctypes
import os
from numbers import Real
from pathlib import Path

from archsim.errors import EngineError

LARGE_TASKS = 500_000
"""From so many tasks on, what a step of a run has freed is worth handing back to the system."""
SMALL = 2**26
"""Without a limit of the caller's, what needs less than 64 MiB is not worth asking the system."""


def graph_bytes(n_tasks: int, n_edges: int = 0, n_claims: int = 0) -> int:
    """The columns of a `TaskGraph`, none of which repeats a single number (those that do take nothing).

    Parameters
    ----------
    n_tasks, n_edges, n_claims : int
        Tasks, predecessors of all tasks, and entries in all lists of uses, reserves and frees.

    Returns
    -------
    int
        An upper bound, in bytes.

    Examples
    --------
    >>> graph_bytes(1_000_000, 2_000_000, 1_000_000)
    84000000
    """
    return 64 * n_tasks + 4 * n_edges + 12 * n_claims


def build_bytes(n_tasks: int, n_edges: int = 0, n_claims: int = 0) -> int:
    """Memory of `TaskGraphBuilder` at most, the finished graph included; arguments as in `graph_bytes`.

    Examples
    --------
    >>> build_bytes(1_000_000, 2_000_000, 1_000_000)
    260500000
    """
    growing = 80 * n_tasks + 4 * n_edges + 12 * n_claims
    growing += growing // 8  # arrays that grow keep an eighth in reserve
    return growing + finish_bytes(n_tasks, n_edges, n_claims)


def finish_bytes(n_tasks: int, n_edges: int = 0, n_claims: int = 0) -> int:
    """Memory that `TaskGraphBuilder.build` adds to that of the builder; arguments as in `graph_bytes`."""
    # rows are sorted one list at a time, to find entries named twice
    return graph_bytes(n_tasks, n_edges, n_claims) + 32 * max(n_edges, n_claims)


def verify_bytes(n_tasks: int, n_edges: int = 0, n_claims: int = 0) -> int:
    """Memory that `archsim.verify` adds to graph and trace; arguments as in `graph_bytes`.

    Measured on several graphs, rounded up.

    Examples
    --------
    >>> verify_bytes(1_000_000, 2_000_000, 1_000_000)
    610000000
    """
    return 430 * n_tasks + 50 * n_edges + 80 * n_claims


def available_bytes() -> int | None:
    """Memory that can be used without swapping, within the limit of a container; None if the system is silent.

    Examples
    --------
    >>> available_bytes() is None or available_bytes() > 0
    True
    """
    found = [value for value in (_of_the_machine(), _of_the_container()) if value is not None]
    return min(found) if found else None


def require(needed: int, max_memory: int | None, what: str, help: str) -> None:
    """Refuse what does not fit.

    Parameters
    ----------
    needed : int
        Bytes, estimated.
    max_memory : int or None
        Bytes that are allowed; None for what is available.
    what, help : str
        Who needs them; what would help.

    Raises
    ------
    EngineError
        More is needed than allowed.

    Examples
    --------
    >>> require(3 * 2**30, 2**30, "a run of 40,000,000 tasks", "simulate fewer samples at once")
    Traceback (most recent call last):
    archsim.errors.EngineError: a run of 40,000,000 tasks needs about 3.00 GiB of memory, allowed are 1.00 GiB; \
simulate fewer samples at once
    """
    check_limit(max_memory)
    bound = max_memory
    if bound is None and needed >= SMALL:
        bound = available_bytes()
    if bound is not None and needed > bound:
        which = "available" if max_memory is None else "allowed"
        raise EngineError(f"{what} needs about {_gib(needed)} of memory, {which} are {_gib(bound)}; {help}")


def check_limit(max_memory: object) -> None:
    """Refuse a limit that is no number of bytes.

    Raises
    ------
    EngineError
        It is no number, not a number, or below 1.

    Examples
    --------
    >>> check_limit(None), check_limit(2**30)
    (None, None)
    """
    if max_memory is None:
        return
    is_number = isinstance(max_memory, Real) and not isinstance(max_memory, bool)
    if not (is_number and max_memory >= 1):  # type: ignore[operator]
        raise EngineError(f"max_memory is {max_memory} bytes; it must be a number, 1 or more")


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.2f} GiB" if n_bytes >= 2**20 else f"{n_bytes} bytes"


def _of_the_machine() -> int | None:
    try:  # Linux counts what caches would give back, too
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no such thing on this system
        return None


def _of_the_container() -> int | None:
    """Memory that a control group of version 2 or 1 allows."""
    group, old = Path("/sys/fs/cgroup"), "memory/memory"
    for limit, used in ("memory.max", "memory.current"), (f"{old}.limit_in_bytes", f"{old}.usage_in_bytes"):
        try:
            return max(0, int((group / limit).read_text()) - int((group / used).read_text()))
        except (OSError, ValueError):  # no such group, or no limit
            continue
    return None


def give_back(n_tasks: int) -> None:
    """Hand memory that was freed back to the system, where the C library keeps it for later (glibc's does).

    Columns of one step of a run rarely fit into the gaps that those of the step before have left.

    Parameters
    ----------
    n_tasks : int
        Of the graph; nothing is done for a small one.
    """
    if n_tasks < LARGE_TASKS:
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)
