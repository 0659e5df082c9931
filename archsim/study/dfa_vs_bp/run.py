"""The study DFA against BP: what is asked, what is simulated, and what is kept. The first file to read here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from archsim.errors import ExploreError
from archsim.explore.jobs import Job, Tell, all_done, kept_in, run_jobs
from archsim.learn import estimate
from archsim.provenance import versions
from archsim.spec.errors_on import errors_on
from archsim.study.adaptation import (
    NEURRAM,
    WINDOW,
    adapted,
    check_learning,
    compared_as_recorded,
    noise_level,
    trained,
)
from archsim.study.comparison import Comparison, compared
from archsim.study.configurations import RULES, UNCHANGED, Base, Configuration, Factor, chip_for, inputs_of
from archsim.study.crossings import PUBLISHED_ACCURACY, reached, strongest
from archsim.study.dfa_vs_bp.factors import factors_of
from archsim.study.surviving import surviving
from archsim.units import file_data
from archsim.whatif.mechanism_parts import TITLES

FORMAT = "archsim study dfa-vs-bp 1"
N_CROSSED = 3
RECORDED = Configuration("activity=recorded", {"activity": "recorded"})
ACTIVITY = Factor("activity", "where spikes, errors and writes come from", "untrained", (RECORDED,))
Records = list[dict[str, Any]]


def _constant(percent: int) -> Configuration:
    return noise_level(f"{percent} % of the window", f"{{kind: constant, sigma: {percent / 100!r}}}")


LEVELS = (noise_level("ideal cells"), *map(_constant, (2, 4)), NEURRAM, *map(_constant, (10, 20)))
QUICK_LEVELS = (LEVELS[0], NEURRAM)
QUICK = ("learning.pretrain.epochs=3", "learning.adapt.passes=1")


@dataclass(frozen=True)
class Question:
    """Settings of a study.

    Parameters
    ----------
    base : Base
    quick : bool
        Few factors, few settings, no cross; short training on two noise levels.
    accuracy : bool
        Whether accuracy is compared too.
    n_seeds, seed : int
        Seeds of the accuracy part, from `seed` on; `seed` draws the activity of the cost part.
    workers : int
        Processes; the result does not depend on it.
    """

    base: Base
    quick: bool = False
    accuracy: bool = True
    n_seeds: int = 5
    seed: int = 0
    workers: int = 1

    @property
    def short(self) -> Base:
        """The base with a shorter training if the study is quick."""
        return self.base.with_workload(*QUICK) if self.quick else self.base


def dfa_vs_bp(question: Question, cache: Path | None = None, tell: Tell = lambda _: None) -> dict[str, Any]:
    """Compare DFA with BP around a base, mechanism by mechanism, and with the published figures.

    Parameters
    ----------
    question : Question
    cache : Path, optional
        A folder for finished outcomes; the same study with it resumes.
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
    chip, work = question.base.load()
    if question.accuracy:
        check_learning(work, ", and --no-accuracy leaves that part out")
    factors, notes = factors_of(chip, work, question.quick)
    accuracy = None
    with kept_in(cache) as place:
        found = _costs(question, factors, place, tell)
        if question.accuracy:
            factors.append(ACTIVITY)
            accuracy = _accuracy(question, place, tell)
            found.append(_recorded(question, place, tell))
    rows = [Comparison(**record) for record in found if "why_not" not in record]
    tell("which conclusions survive uncertain prices")
    return {
        "format": FORMAT,
        "name": f"{chip.name}/{work.name}",
        "quick": question.quick,
        "errors": errors_on(chip),
        "factors": [{"name": f.name, "title": f.title, "base": f.base, "settings": f.settings()} for f in factors],
        "configurations": [asdict(row) for row in rows],
        "gaps": [record for record in found if "why_not" in record],
        "reached": reached(factors, rows),
        "conclusions": surviving(question.base, question.seed),
        "mechanisms": TITLES,
        "accuracy": accuracy,
        "accuracy_published": PUBLISHED_ACCURACY.value,
        "notes": notes,
        "provenance": _provenance(question),
    }


# ---- costs ----


def _costs(question: Question, factors: Sequence[Factor], cache: Path, tell: Tell) -> Records:
    """The base, each factor alone, and the strongest factors together."""
    alone = [UNCHANGED, *(c for factor in factors for c in factor.configurations)]
    tell(f"costs: the base and one factor at a time, {len(alone)} configurations")
    found = _compared(question, alone, cache, tell)
    if "why_not" in found[0]:
        raise ExploreError(f"the base configuration: {found[0]['why_not']}")
    if question.quick:
        return found
    rows = [Comparison(**record) for record in found if "why_not" not in record]
    best = [configuration for _, configuration in strongest(factors, rows, N_CROSSED)]
    crossed = [Configuration.crossed(parts) for n in range(2, len(best) + 1) for parts in combinations(best, n)]
    tell(f"costs: the strongest together, {len(crossed)} configurations")
    return [*found, *_compared(question, crossed, cache, tell)]


def _compared(question: Question, configurations: Sequence[Configuration], cache: Path, tell: Tell) -> Records:
    """Records of configurations. One that cannot be read is an error of the whole study."""
    base, seed = question.base, question.seed
    jobs = [Job(c.name, compared, (base, c, seed), inputs_of(base, c, seed=seed)) for c in configurations]
    return run_jobs(jobs, question.workers, cache, tell)


def _recorded(question: Question, cache: Path, tell: Tell) -> dict[str, Any]:
    """The base with the activity of an adaptation."""
    base, seed = question.short, question.seed
    arguments = (base, RECORDED, seed, cache)
    job = Job(RECORDED.name, compared_as_recorded, arguments, inputs_of(base, RECORDED, seed=seed))
    return {"name": RECORDED.name, "settings": RECORDED.settings, **run_jobs([job], 1, cache, tell)[0]}


# ---- accuracy ----


def _accuracy(question: Question, cache: Path, tell: Tell) -> dict[str, Any]:
    base, levels = question.short, QUICK_LEVELS if question.quick else LEVELS
    seeds = range(question.seed, question.seed + question.n_seeds)
    tell(f"accuracy: training {len(seeds)} networks")
    first = [Job(f"training, seed {s}", trained, (base, s, cache), inputs_of(base, seed=s)) for s in seeds]
    sources = run_jobs(first, question.workers, cache, tell)
    tell(f"accuracy: adapting, {len(levels)} noise levels, 2 rules")
    jobs = [
        Job(f"{level.name}, seed {seed}, {rule}", adapted, (base, level, seed, rule, cache),
            inputs_of(base, level, seed=seed, rule=rule))
        for level in levels for seed in seeds for rule in RULES
    ]  # fmt: skip
    runs = run_jobs(jobs, question.workers, cache, tell)
    all_done([job.name for job in (*jobs, *first)], [*runs, *sources])
    lines = [level_line([run for run in runs if run["level"] == level.name]) for level in levels]
    return {"levels": lines, "runs": runs, "pretrained": sources, "window": list(WINDOW)}


def level_line(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means and 95 % intervals on one noise level: each rule, and the difference within each seed."""
    of = {(run["rule"], run["seed"]): run for run in runs}
    seeds = sorted({run["seed"] for run in runs})

    def of_rule(rule: str, figure: str) -> dict[str, Any]:
        return asdict(estimate([of[rule, seed][figure] for seed in seeds]))

    return {
        "level": runs[0]["level"],
        "spread_pct": runs[0]["spread_pct"],
        "before": of_rule("bp", "before"),
        **{rule: of_rule(rule, "after") for rule in RULES},
        **{f"{rule}_ideal": of_rule(rule, "ideal_after") for rule in RULES},
        "gain": asdict(estimate([of["dfa", seed]["after"] - of["bp", seed]["after"] for seed in seeds])),
    }


def _provenance(question: Question) -> dict[str, Any]:
    chip, work = question.base.load()
    inputs = {
        "chip": file_data(chip),
        "chip_for_dfa": list(chip_for("dfa")),
        "workload": work.described,
        "seed": question.seed,
        "seeds": question.n_seeds if question.accuracy else 0,
        "quick": question.quick,
    }
    text = json.dumps(inputs, sort_keys=True, allow_nan=False)
    return {
        **inputs,
        "inputs_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "engine": "compiled",
        "versions": versions("scipy", "numba", "seglearn"),
    }
