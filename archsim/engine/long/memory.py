"""How much memory a run may take: asked before anything large is built."""

from __future__ import annotations

import os

from archsim.errors import TooLargeError
from archsim.taskgraph.memory import check_limit

DEFAULT_SHARE = 0.5
"""Of the memory that is free when a run begins, where nobody says how much it may take."""


def default_max_bytes() -> int:
    """Half of the memory that is available now, in bytes (of 2 GB where the system does not tell)."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(DEFAULT_SHARE * 1024 * int(line.split()[1]))
    except (OSError, ValueError, IndexError):
        pass
    try:
        return int(DEFAULT_SHARE * os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return int(DEFAULT_SHARE * 2e9)


def check_memory(what: str, needed_bytes: float, max_memory_bytes: int | None, would_help: str) -> None:
    """Refuse what would not fit.

    Parameters
    ----------
    what : str
        What needs the memory.
    needed_bytes : float
        An estimate.
    max_memory_bytes : int or None
        How much is allowed; `default_max_bytes` if None.
    would_help : str
        What the user can do.

    Raises
    ------
    TooLargeError
        It does not fit; the message has both figures.

    Examples
    --------
    >>> check_memory("a graph of 3 tasks", 180, 1_000_000, "")
    """
    check_limit(max_memory_bytes)
    allowed = default_max_bytes() if max_memory_bytes is None else max_memory_bytes
    if needed_bytes <= allowed:
        return
    limit = "are allowed" if max_memory_bytes is not None else "may be used (half of what is free)"
    raise TooLargeError(
        f"{what} needs {_readable(needed_bytes)} of memory, {_readable(allowed)} {limit}; {would_help}"
    )


def _readable(n_bytes: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes:.0f} bytes"
