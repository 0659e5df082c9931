"""The provenance of a result: the resolved chip and workload, seed, engine, versions, and a hash of it all."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from archsim.reading import open_input
from archsim.spec import Chip
from archsim.units import file_data
from archsim.workload import Workload
from archsim.workload.files import named_files

PACKAGES = ("archsim", "simpy", "numpy", "pydantic")


def provenance(
    chip: Chip, work: Workload, engine: str, seed: int, phase: str, **asked: object
) -> dict[str, object]:
    """Everything needed to make a result again.

    `asked` is what else was asked for, by name; it counts as an input.

    Returns
    -------
    dict
        Keys ``chip`` and ``workload`` (as in their files, with defaults and overrides), ``files`` (`files_of` the
        workload, if it names any), ``seed``, ``phase``, ``engine``, ``versions``, and ``inputs_sha256``, which
        does not depend on the engine or the versions.
    """
    named = {"files": files} if (files := files_of(work)) else {}
    inputs = {"chip": file_data(chip), "workload": work.described, **named, "seed": seed, "phase": phase, **asked}
    text = json.dumps(inputs, sort_keys=True, allow_nan=False)
    return {
        **inputs,
        "inputs_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "engine": engine,
        "versions": versions(),
    }


def files_of(work: Workload) -> dict[str, str]:
    """SHA-256 of each file that a workload names, by where it is named.

    Of the folder of a data set, which may be large, it is that of the names and sizes in it.

    Examples
    --------
    >>> from archsim import load_workload
    >>> files_of(load_workload("workloads/watch_mlp.yaml"))
    {}
    """
    return {
        ".".join(place): _sizes_in(path) if place[-1] == "folder" else _sha256_of(path)
        for place, path in named_files(work.described, work.folder)
        if work.recorded is None or place != ("activity", "file")
    }


@lru_cache
def _sizes_in(top: Path) -> str:
    sizes = [(path.relative_to(top).as_posix(), path.stat().st_size) for path in top.rglob("*") if path.is_file()]
    return hashlib.sha256(json.dumps(sorted(sizes), allow_nan=False).encode()).hexdigest()


def _sha256_of(path: Path) -> str:
    try:
        state = path.stat()
        return _sha256_then(path, state.st_size, state.st_mtime_ns)
    except OSError:
        return "missing"


@lru_cache
def _sha256_then(path: Path, size: int, mtime_ns: int) -> str:
    """Of a file that has not changed since."""
    del size, mtime_ns
    with open_input(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions(*more: str) -> dict[str, str]:
    """Versions of Python and of the packages that take part in every result, and of `more`.

    Examples
    --------
    >>> list(versions())[:2]
    ['python', 'archsim']
    """
    return {"python": platform.python_version(), **{name: _version(name) for name in (*PACKAGES, *more)}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
