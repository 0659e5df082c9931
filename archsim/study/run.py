"""The study DFA against BP: what is asked, who answers, and what is kept. The first file to read of this room."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from archsim.errors import ExploreError
from archsim.explore.identity import model_version
from archsim.files import make_folder, scratch_folder
from archsim.provenance import versions
from archsim.study.accuracy import (
    LEVELS,
    QUICK,
    QUICK_LEVELS,
    Level,
    adapted,
    check_story,
    on_level,
    summary,
    trained,
)
from archsim.study.costs import Files, price, rows_and_gaps
from archsim.study.crossings import reached, strongest
from archsim.study.factors import BASE, Configuration, Factor, chip_for, factors_of
from archsim.study.mechanisms import TITLES
from archsim.study.recorded import ACTIVITY, RECORDED, price_recorded
from archsim.study.records import FORMAT, PUBLISHED_ACCURACY, Row
from archsim.study.workers import Job, Tell, run_jobs
from archsim.units import to_door

N_CROSSED = 3
REVISION = 1  # of what is computed; counts up when kept outcomes are not those that would come out now


@dataclass(frozen=True)
class Question:
    """What to study.

    Parameters
    ----------
    files : Files
        The base.
    quick : bool
        Few factors, few settings, no cross; short training on two noise levels.
    accuracy : bool
        Whether accuracy is compared too.
    n_seeds, seed : int
        Seeds of the accuracy part, from `seed` on; `seed` draws the activity of the cost part.
    workers : int
        Processes; the result does not depend on it.
    """

    files: Files
    quick: bool = False
    accuracy: bool = True
    n_seeds: int = 5
    seed: int = 0
    workers: int = 1


def dfa_vs_bp(question: Question, cache: Path | None = None, tell: Tell = lambda _: None) -> dict[str, Any]:
    """Compare DFA with BP around a base, mechanism by mechanism, and with the published figures.

    Parameters
    ----------
    question : Question
    cache : Path, optional
        A folder for what is done, so that it is not done again.
    tell : callable
        Called with what is going on.

    Returns
    -------
    dict
        What ``dfa_vs_bp.json`` holds.

    Raises
    ------
    ArchsimError
        A file is wrong, the base does not fit or finish, data are missing.
    """
    if question.n_seeds < 1 or question.seed < 0 or question.workers < 1:
        raise ExploreError("there must be 1 or more seeds, from 0 or above, and 1 or more workers")
    _, work = question.files.load()
    if question.accuracy:
        check_story(work)
    if cache is not None:
        make_folder(cache)
    with nullcontext(cache) if cache else scratch_folder() as place:
        factors, notes, rows, gaps = _costs(question, place, tell)
        more: list[dict[str, Any]] = []
        accuracy = None
        if question.accuracy:
            factors.append(ACTIVITY)
            accuracy = _accuracy(question, place, tell)
            found = _recorded(question, place, tell)
            (gaps if "why_not" in found else more).append(found)
        rows += [Row.of(record) for record in more]
    return {
        "format": FORMAT,
        "name": _name(question),
        "quick": question.quick,
        "factors": [{"name": f.name, "title": f.title, "base": f.base, "settings": f.settings()} for f in factors],
        "configurations": [row.to_dict() for row in rows],
        "gaps": gaps,
        "reached": reached(factors, rows),
        "mechanisms": TITLES,
        "accuracy": accuracy,
        "accuracy_published": PUBLISHED_ACCURACY.value,
        "notes": notes,
        "provenance": _provenance(question),
    }


def _name(question: Question) -> str:
    chip, work = question.files.load()
    return f"{chip.name}/{work.name}"


# ---- costs ----


def _costs(
    question: Question, cache: Path, tell: Tell
) -> tuple[list[Factor], list[str], list[Row], list[dict[str, Any]]]:
    chip, work = question.files.load()
    factors, notes = factors_of(chip, work, question.quick)
    alone = [Configuration(BASE), *(c for factor in factors for c in factor.configurations)]
    tell(f"costs: the base and one factor at a time, {len(alone)} configurations")
    rows, gaps = rows_and_gaps(_priced(question, alone, cache, tell))
    if question.quick:
        return factors, notes, rows, gaps
    best = [configuration for _, configuration in strongest(factors, rows, N_CROSSED)]
    crossed = [Configuration.crossed(parts) for n in range(2, len(best) + 1) for parts in combinations(best, n)]
    tell(f"costs: the strongest together, {len(crossed)} configurations")
    more = _priced(question, [Configuration(BASE), *crossed], cache, tell)[1:]
    more_rows = [Row.of(record) for record in more if "why_not" not in record]
    return factors, notes, rows + more_rows, gaps + [record for record in more if "why_not" in record]


def _priced(
    question: Question, configurations: Sequence[Configuration], cache: Path, tell: Tell
) -> list[dict[str, Any]]:
    """Records of configurations. One that cannot be read is a fault of the whole study."""
    jobs = [
        Job(c.name, price, (question.files, c, question.seed), {"inputs": _inputs(question.files, c),
            "seed": question.seed, "name": c.name})
        for c in configurations
    ]  # fmt: skip
    found: list[dict[str, Any]] = run_jobs(jobs, question.workers, cache, tell)
    return found


def _inputs(files: Files, configuration: Configuration) -> Any:
    """All that a configuration's outcome depends on."""
    chips = {}
    for rule in ("bp", "dfa"):
        chip, work = files.load(configuration, rule)
        chips[rule] = to_door(chip)
    return {"chips": chips, "workload": work.described, "revision": REVISION, "model": model_version()}


# ---- accuracy ----


def _story(question: Question) -> Files:
    """The files with a shorter training, if it is to be quick."""
    files = question.files
    return replace(files, for_workload=(*files.for_workload, *QUICK)) if question.quick else files


def _recorded(question: Question, cache: Path, tell: Tell) -> dict[str, Any]:
    """The base with the activity of an adaptation."""
    files, seed = _story(question), question.seed
    chips = _inputs(files, Configuration(BASE))
    made_from = {"inputs": chips, "seed": seed, "name": RECORDED.name}
    job = Job(RECORDED.name, price_recorded, (files, seed, cache), made_from)
    found: dict[str, Any] = run_jobs([job], 1, cache, tell)[0]
    return found


def _accuracy(question: Question, cache: Path, tell: Tell) -> dict[str, Any]:
    files, levels = _story(question), QUICK_LEVELS if question.quick else LEVELS
    seeds = range(question.seed, question.seed + question.n_seeds)
    tell(f"accuracy: training {len(seeds)} networks")
    jobs = [Job(f"training, seed {s}", trained, (files, s, cache), _of_level(files, None, s)) for s in seeds]
    sources = run_jobs(jobs, question.workers, cache, tell)
    tell(f"accuracy: adapting, {len(levels)} noise levels, 2 rules")
    jobs = [
        Job(
            f"{level.name}, seed {seed}, {rule}", adapted, (files, level, seed, rule, cache),
            {**_of_level(files, level, seed), "rule": rule},
        )
        for level in levels for seed in seeds for rule in ("bp", "dfa")
    ]  # fmt: skip
    return summary(sources, run_jobs(jobs, question.workers, cache, tell), levels)


def _of_level(files: Files, level: Level | None, seed: int) -> dict[str, Any]:
    chip, work = files.load() if level is None else on_level(files, level)
    learned = {key: work.described.get(key) for key in ("network", "weights", "timesteps", "input_resolution")}
    return {
        "seed": seed,
        "level": level.name if level else "",
        "chip": to_door(chip) if level else None,
        "workload": {**learned, "learning": work.described.get("learning")},
        "revision": REVISION,
        "model": model_version(),
    }


def _provenance(question: Question) -> dict[str, Any]:
    chip, work = question.files.load()
    inputs = {
        "chip": to_door(chip),
        "chip_for_dfa": list(chip_for("dfa")),
        "workload": work.described,
        "seed": question.seed,
        "seeds": question.n_seeds if question.accuracy else 0,
        "quick": question.quick,
    }
    text = json.dumps(inputs, sort_keys=True)
    return {
        **inputs,
        "inputs_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "engine": "compiled",
        "versions": versions("scipy", "numba", "seglearn"),
    }
