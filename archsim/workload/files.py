"""The files and folders that a workload names, in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from archsim.examples import located

Keys = tuple[str, ...]
_PLACES: Final[tuple[Keys, ...]] = (
    ("network", "nir"), ("activity", "file"), ("data", "file"), ("data", "folder"), ("learning", "data", "folder"),
)  # fmt: skip


def named_files(described: Mapping[str, Any], folder: Path) -> Iterator[tuple[Keys, Path]]:
    """Where each file or folder is named in a workload file, and its path.

    Examples
    --------
    >>> list(named_files({"network": {"nir": "net.nir"}}, Path("mine")))
    [(('network', 'nir'), PosixPath('mine/net.nir'))]
    """
    for place in _PLACES:
        found: Any = described
        for key in place:
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, str):
            yield place, located(found, "workload", folder) if place == ("network", "nir") else folder / found
