"""Networks that are trained before the chip, kept so that many chips start from the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

from archsim.learn.checkpoints import Checkpoint, arrays_of, with_arrays
from archsim.learn.shapes import CachedShape
from archsim.provenance import files_of
from archsim.snn.learn.adaptation import adapt
from archsim.snn.learn.pretraining import data_of, pretrain
from archsim.spec import Chip
from archsim.workload import Workload


def of_training(work: Workload) -> dict[str, Any]:
    """The part of a workload that decides what is learned before the chip."""
    learning = cast("dict[str, Any]", work.described.get("learning") or {})
    kept: dict[str, Any] = {key: work.described.get(key) for key in ("network", "weights", "timesteps")}
    files = {name: sha256 for name, sha256 in files_of(work).items() if not name.startswith("activity.")}
    named = {"files": files} if files else {}
    parts = {key: value for key, value in learning.items() if key not in ("adapt", "feedback", "error")}
    return {**kept, **named, **parts}


def pretrained(work: Workload, seed: int, cache: Path) -> Checkpoint:
    """The trained network of a seed, from the cache if it is there.

    Raises
    ------
    WorkloadError
        Data are missing or disagree with the network, training diverges, or the kept network is damaged.
    """
    made_from = {"seed": seed, "workload": of_training(work)}
    digest = hashlib.sha256(json.dumps(made_from, sort_keys=True, allow_nan=False).encode()).hexdigest()[:24]
    path = cache / f"seed_{seed}_{digest}.npz"
    if path.exists():
        return Checkpoint.load(path, made_from, CachedShape)
    done = pretrain(work, data_of(work, seed), seed)
    record = {"seed": seed, "source": done.train_accuracy, "target": done.test_accuracy}
    found = Checkpoint(made_from, record, arrays_of(done.network))
    found.save(path)
    return found


def accuracies(chip: Chip, work: Workload, rule: str, seed: int, cache: Path) -> dict[str, float]:
    """Accuracies of one adaptation on a chip.

    Returns
    -------
    dict of str to float
        ``source`` (of the trained network on its own windows), ``before`` and ``after`` (on the chip), and
        ``ideal_after`` (the same adaptation in ideal arithmetic); fractions of the test windows.

    Raises
    ------
    WorkloadError
        As :func:`pretrained`.
    """
    start = pretrained(work, seed, cache)
    network = with_arrays(work.network, start.arrays)
    done = adapt(chip, work, network, data_of(work, seed), rule, seed)
    return {
        "source": start.record["source"],
        "before": done.before,
        "after": done.after,
        "ideal_after": done.ideal_after,
    }
