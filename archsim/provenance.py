"""What made a result: the resolved chip and workload, seed, engine, versions, and a hash of it all."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version

from archsim.spec import Chip
from archsim.units import to_door
from archsim.workload import Workload

PACKAGES = ("archsim", "simpy", "numpy", "networkx", "pydantic")


def provenance(
    chip: Chip, work: Workload, engine: str, seed: int, phase: str, **asked: object
) -> dict[str, object]:
    """Everything needed to make a result again.

    `asked` is what else was asked for, by name; it counts as an input.

    Returns
    -------
    dict
        Keys ``chip`` and ``workload`` (as in their files, with defaults and overrides), ``seed``, ``phase``,
        ``engine``, ``versions``, and ``inputs_sha256``, which does not depend on the engine or the versions.
    """
    inputs = {"chip": to_door(chip), "workload": work.described, "seed": seed, "phase": phase, **asked}
    text = json.dumps(inputs, sort_keys=True)
    return {
        **inputs,
        "inputs_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "engine": engine,
        "versions": versions(),
    }


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
