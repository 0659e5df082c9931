"""Networks that are trained before the chip, kept so that many chips start from the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

from archsim.learn.checkpoints import Checkpoint, arrays_of, with_arrays
from archsim.learn.shapes import CachedShape
from archsim.learn.whole import Plan, adaptation_cost, n_simulated, played, programming_cost, run_of
from archsim.long_learning import Recorded
from archsim.provenance import files_of
from archsim.snn.learn.adaptation import Adapted, adapt
from archsim.snn.learn.pretraining import data_of, pretrain
from archsim.spec import Chip
from archsim.workload import Workload
from archsim.workload.network import Network


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


def accuracies(
    chip: Chip, work: Workload, rule: str, seed: int, cache: Path, *, costs: bool = False
) -> dict[str, float]:
    """Accuracies of one adaptation on a chip, and what it takes where that is asked for.

    Returns
    -------
    dict of str to float
        ``source`` (of the trained network on its own windows), ``before`` and ``after`` (on the chip), and
        ``ideal_after`` (the same adaptation in ideal arithmetic); fractions of the test windows. With `costs` also
        ``adaptation_latency_ps``, ``adaptation_energy_pj``, ``adaptation_pulses``, ``window_p99_ps`` and
        ``programming_energy_pj``.

    Raises
    ------
    WorkloadError
        As :func:`pretrained`.
    """
    start = pretrained(work, seed, cache)
    network = with_arrays(work.network, start.arrays)
    data = data_of(work, seed)
    n_windows = 0 if data.adapt is None else len(data.adapt)
    plan = Plan.of(work, n_windows, n_simulated(chip, work, n_windows, (rule,)), seed) if costs else None
    record = 1 if plan is None else frozenset(plan.recorded)
    done = adapt(chip, work, network, data, rule, seed, record=record)
    return {
        **({} if plan is None else _costs(chip, work, network, plan, done)),
        "source": start.record["source"],
        "before": done.before,
        "after": done.after,
        "ideal_after": done.ideal_after,
    }


def _costs(chip: Chip, work: Workload, network: Network, plan: Plan, done: Adapted) -> dict[str, float]:
    run = run_of(chip, work, network, plan, done.rule, "compiled")
    costs = played(run, Recorded(done.activity, plan.recorded, plan.sizes), plan.sample)
    first = programming_cost(chip, work, network, done.rule, "compiled")
    found = adaptation_cost(run, plan.sample, costs, first, done.pulses_by_update)["adaptation"]
    return {
        "adaptation_latency_ps": found["latency_ps"]["value"],
        "adaptation_energy_pj": found["energy_pj"]["value"],
        "adaptation_pulses": found["writes"]["pulses"]["value"],
        "window_p99_ps": found["window_ps"]["p99"],
        "programming_energy_pj": first["energy_pj"],
    }
