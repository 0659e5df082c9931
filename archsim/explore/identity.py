"""Identity of a result: the key of a configuration, and the version of the model."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from archsim.explore.study import Resolved, Study
from archsim.provenance import files_of, versions
from archsim.units import file_data

# rooms and files that take no part in what comes out of a configuration
_NO_PART = (
    *("study", "bridge", "display", "rerun", "advise", "sight", "plot", "report", "cli", "files", "texts"),
    "__main__",
)
_PART_OF_EXPLORE = ("evaluate.py", "measures.py", "played.py", "shared.py", "tape.py")


@cache
def model_version() -> str:
    """The package's version, and a hash of the source of all that computes results.

    Examples
    --------
    >>> model_version().startswith("0.")
    True
    """
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        if path.suffix in (".py", ".csv", ".json") and _takes_part(inside):
            digest.update(f"{inside.as_posix()}\0".encode() + path.read_bytes())
    return f"{versions()['archsim']}+{digest.hexdigest()[:16]}"


def _takes_part(inside: Path) -> bool:
    if inside.parts[0] == "explore":
        return inside.name in _PART_OF_EXPLORE
    return not inside.parts[0].startswith(_NO_PART)


def digest_of(data: Any) -> str:
    """SHA-256 of plain data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, allow_nan=False).encode()).hexdigest()


def key_of(study: Study, resolved: Resolved, is_cheap: bool = False) -> str:
    """The hash by which a finished evaluation is found again: resolved chip and workload, seed, phase, model.

    Files that the workload names count by what they hold. What is learned counts too where accuracy is wanted; the
    constraints do, because they end an evaluation early.
    A low-fidelity evaluation has a key of its own, even where it leaves nothing out.
    """
    model = study.model
    return digest_of(
        {
            **({"cheap": True} if is_cheap else {}),
            "chip": resolved.described_chip,
            "workload": resolved.work.described,
            **({"files": files} if (files := files_of(resolved.work)) else {}),
            "phase": resolved.phase,
            "seed": resolved.seed,
            "model": model_version(),
            "metrics": sorted({*model.objectives, *model.constraints, *model.record}),
            "learning": file_data(model.learning),
            "constraints": {metric: file_data(bound) for metric, bound in sorted(model.constraints.items())},
        }
    )[:32]
