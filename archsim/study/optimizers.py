"""The study of optimizer state on the chip: what SGD, momentum, Adam and SinkGD cost there, and what they bring.

Each optimizer gets a rate of its own for each rule, chosen on another task: the other arms adapt, with other
seeds. Then it adapts the workload's task on cells that spread, and its step is priced by the event simulation.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from archsim.errors import ArchsimError, ExploreError
from archsim.explore.identity import model_version
from archsim.files import make_folder, scratch_folder
from archsim.learn.checkpoints import with_arrays
from archsim.learn.pretrained import pretrained
from archsim.learn.result import estimate
from archsim.mapping import map_workload
from archsim.mapping.optimizer import needs_of
from archsim.provenance import versions
from archsim.simulate import simulate
from archsim.snn.learn.adaptation import ideal_accuracy
from archsim.snn.learn.pretraining import AdaptRule, data_of
from archsim.study.accuracy import NEURRAM, RULES, adapted, check_story
from archsim.study.costs import Files
from archsim.study.factors import chip_for
from archsim.study.workers import Job, Tell, run_jobs
from archsim.units import to_door

FORMAT = "archsim study optimizers 1"
RATES: dict[str, tuple[float, ...]] = {
    "sgd": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    "momentum": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
    "adam": (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
    "sink": (0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003),
}
"""Three and a third apart; a best rate at an end of its row is said in the page."""
TUNING_SPLIT = "left_to_right"
TUNING_SEED = 1000  # the first one, far from those that are reported
QUICK = ("learning.pretrain.epochs=1", "learning.adapt.passes=1")


@dataclass(frozen=True)
class OptimizerQuestion:
    """What to study.

    Parameters
    ----------
    files : Files
        Chip and workload; the workload's own optimizer is not used.
    quick : bool
        Two rates, one seed to choose them, short training: to see that all goes through, not for figures.
    n_seeds, seed : int
        Seeds of the adaptations, from `seed` on; `seed` draws the activity that is priced.
    n_tuning : int
        Seeds that choose the rates.
    workers : int
        Processes; the result does not depend on it.
    """

    files: Files
    quick: bool = False
    n_seeds: int = 5
    seed: int = 0
    n_tuning: int = 3
    workers: int = 1


def optimizers(
    question: OptimizerQuestion, cache: Path | None = None, tell: Tell = lambda _: None
) -> dict[str, Any]:
    """Compare optimizers by accuracy, and by the area, energy and latency of their steps on the chip.

    Parameters
    ----------
    question : OptimizerQuestion
    cache : Path, optional
        A folder for what is done, so that it is not done again.
    tell : callable
        Called with what is going on.

    Returns
    -------
    dict
        What ``optimizers.json`` holds.

    Raises
    ------
    ArchsimError
        A file is wrong, data are missing, or a run could not be done.
    """
    if min(question.n_seeds, question.n_tuning, question.workers) < 1 or question.seed < 0:
        raise ExploreError("there must be 1 or more seeds, from 0 or above, and 1 or more workers")
    chip, work = question.files.load()
    check_story(work)
    if question.quick:
        question = replace(question, files=_with(question.files, *QUICK), n_tuning=1)
    if cache is not None:
        make_folder(cache)
    with nullcontext(cache) if cache else scratch_folder() as place:
        tuned = _tune(question, place, tell)
        runs = _adapt(question, tuned, place, tell)
        costs = _price(question, tuned, place, tell)
    return {
        "format": FORMAT,
        "name": f"{chip.name}/{work.name}",
        "quick": question.quick,
        "level": NEURRAM.name,
        "tuning": {"split": TUNING_SPLIT, "seeds": _tuning_seeds(question), "rates": tuned},
        "lines": [_line(kind, rule, tuned, runs, costs) for kind in RATES for rule in RULES],
        "runs": runs,
        "provenance": {
            "chip": to_door(chip),
            "workload": work.described,
            "seeds": list(range(question.seed, question.seed + question.n_seeds)),
            "versions": versions(),
        },
    }


def _with(files: Files, *for_workload: str) -> Files:
    return replace(files, for_workload=(*files.for_workload, *for_workload))


def _optimizer(kind: str, rate: float) -> str:
    return f"learning.adapt.optimizer={{kind: {kind}, rate: {rate!r}}}"


def _tuning_seeds(question: OptimizerQuestion) -> list[int]:
    return list(range(TUNING_SEED, TUNING_SEED + question.n_tuning))


# ---- the rate of each optimizer and rule ----


def _tune(question: OptimizerQuestion, cache: Path, tell: Tell) -> dict[str, dict[str, Any]]:
    """By optimizer and rule: the rate with the best mean accuracy, and the means of all."""
    files = _with(question.files, f"learning.data.split={TUNING_SPLIT}")
    seeds = _tuning_seeds(question)
    rates = {kind: all_rates[2:4] if question.quick else all_rates for kind, all_rates in RATES.items()}
    asked = [(k, r, rule, s) for k in rates for r in rates[k] for rule in RULES for s in seeds]
    tell(f"rates: {len(asked)} adaptations on {TUNING_SPLIT}")
    jobs = [_job("rate", tuned_accuracy, files, *one, cache) for one in asked]
    found = dict(zip(asked, _done(run_jobs(jobs, question.workers, cache, tell)), strict=True))
    chosen: dict[str, dict[str, Any]] = {}
    for kind, of_kind in rates.items():
        chosen[kind] = {}
        for rule in RULES:
            means = [float(np.mean([found[kind, rate, rule, s]["accuracy"] for s in seeds])) for rate in of_kind]
            best = int(np.argmax(means))
            chosen[kind][rule] = {
                "rate": of_kind[best],
                "at_end": best in (0, len(means) - 1),
                "means": dict(zip(map(str, of_kind), means, strict=True)),
            }
    return chosen


def tuned_accuracy(files: Files, kind: str, rate: float, rule: str, seed: int, cache: Path) -> dict[str, Any]:
    """Accuracy after an adaptation in ideal arithmetic; or ``why_not``."""
    try:
        _, work = _with(files, _optimizer(kind, rate)).load()
        data = data_of(work, seed)
        start = with_arrays(work.network, pretrained(work, seed, cache).arrays)
        return {"accuracy": ideal_accuracy(work, start, data, cast("AdaptRule", rule), seed)}
    except ArchsimError as error:
        return _failed(error, kind, rate, rule, seed)


# ---- adaptations on the chip ----


def _adapt(question: OptimizerQuestion, tuned: dict[str, Any], cache: Path, tell: Tell) -> list[dict[str, Any]]:
    seeds = range(question.seed, question.seed + question.n_seeds)
    asked = [(k, tuned[k][rule]["rate"], rule, s) for k in RATES for rule in RULES for s in seeds]
    tell(f"accuracy: {len(asked)} adaptations on cells with {NEURRAM.name} spread")
    jobs = [_job("adaptation", adapted_with, question.files, *one, cache) for one in asked]
    return _done(run_jobs(jobs, question.workers, cache, tell))


def adapted_with(files: Files, kind: str, rate: float, rule: str, seed: int, cache: Path) -> dict[str, Any]:
    """One adaptation on the chip, see `archsim.study.accuracy.adapted`."""
    found = adapted(_with(files, _optimizer(kind, rate)), NEURRAM, seed, rule, cache)
    return {"optimizer": kind, "rate": rate, **found}


# ---- costs ----


def _price(question: OptimizerQuestion, tuned: dict[str, Any], cache: Path, tell: Tell) -> list[dict[str, Any]]:
    asked = [(k, tuned[k][rule]["rate"], rule, question.seed) for k in RATES for rule in RULES]
    tell(f"costs: {len(asked)} simulations")
    jobs = [_job("cost", priced_with, question.files, *one, cache) for one in asked]
    return _done(run_jobs(jobs, question.workers, cache, tell))


def priced_with(files: Files, kind: str, rate: float, rule: str, seed: int, cache: Path) -> dict[str, Any]:
    """What one adapted sample costs with an optimizer; or ``why_not``."""
    del cache
    try:
        chip, work = replace(
            _with(files, _optimizer(kind, rate)), for_chip=(*files.for_chip, *chip_for(rule))
        ).load()
        phase: AdaptRule = "bp" if rule == "bp" else "dfa"
        result = simulate(chip, work, engine="compiled", seed=seed, phase=phase)
        sizes = map_workload(chip, work, phase).buffers.size_bytes
    except ArchsimError as error:
        return _failed(error, kind, rate, rule, seed)
    update = result.breakdown("phase")["update"]
    return {
        "optimizer": kind,
        "rule": rule,
        "n_states": needs_of(work).n_states,
        "energy_pj": result.energy_pj / result.n_samples,
        "update_energy_pj": update["energy_pj"] / result.n_samples,
        "latency_ps": result.latency_ps / result.n_samples,
        "area_um2": result.area_um2,
        "gradient_buffer_bytes": sizes["gradient_buffer"],
        "gradient_buffer_area_um2": result.breakdown("component")["gradient_buffer"]["area_um2"],
    }


# ---- both together ----


def _job(what: str, function: Any, files: Files, kind: str, rate: float, rule: str, seed: int, cache: Path) -> Job:
    chip, work = _with(files, _optimizer(kind, rate)).load()
    made_from = {
        "what": what, "rule": rule, "seed": seed, "chip": to_door(chip), "workload": work.described,
        "model": model_version(),
    }  # fmt: skip
    name = f"{what}, {kind} {rate:g}, {rule}, seed {seed}"
    return Job(name, function, (files, kind, rate, rule, seed, cache), made_from)


def _failed(error: ArchsimError, *what: object) -> dict[str, Any]:
    """An error on its way back from another process: as words."""
    return {"why_not": f"{', '.join(map(str, what))}: {'; '.join(str(error).splitlines()[:2])}"}


def _done(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    failed = [str(record["why_not"]) for record in found if "why_not" in record]
    if failed:
        raise ExploreError("\n".join(failed))
    return found


def _line(
    kind: str, rule: str, tuned: dict[str, Any], runs: list[dict[str, Any]], costs: list[dict[str, Any]]
) -> dict[str, Any]:
    """One row of the answer."""
    own = [run for run in runs if run["optimizer"] == kind and run["rule"] == rule]
    cost = next(c for c in costs if c["optimizer"] == kind and c["rule"] == rule)
    accuracy = {key: asdict(estimate([run[key] for run in own])) for key in ("before", "after", "ideal_after")}
    return {**cost, "rate": tuned[kind][rule]["rate"], "at_end": tuned[kind][rule]["at_end"], **accuracy}
