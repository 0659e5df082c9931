"""The study of rules: what is asked, what is run, what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from archsim.errors import ExploreError
from archsim.explore.identity import model_version
from archsim.explore.jobs import Job, Tell, all_done, error_in_words, kept_in, run_jobs
from archsim.learn.checkpoints import with_arrays
from archsim.learn.pretrained import pretrained
from archsim.learn.sampling import LEAST
from archsim.learn.whole import (
    LearningRun,
    Plan,
    Recorded,
    adaptation_cost,
    n_simulated,
    played,
    programming_cost,
    run_of,
    typical_batch,
)
from archsim.mapping.rule import refuse_impossible
from archsim.provenance import versions
from archsim.registry import RULES
from archsim.snn.learn.adaptation import Adapted, adapt, ideal_accuracy
from archsim.snn.learn.pretraining import data_of
from archsim.spec.errors_on import errors_on
from archsim.study.adaptation import check_learning
from archsim.study.configurations import RULES as PUBLISHED_RULES
from archsim.study.configurations import Base, Configuration
from archsim.study.rules.cells import Cross
from archsim.study.rules.contenders import Contender, chosen
from archsim.study.rules.judge import differences, means
from archsim.study.rules.spread import parts_of, price_factors
from archsim.units import file_data
from archsim.workload import Workload

FORMAT = "archsim study rules 1"
TUNING_SEED = 1000
OWN, SHARED = "own", "shared"
Detail = Literal["accuracy", "price", "parts"]
Records = list[dict[str, Any]]


@dataclass(frozen=True)
class Question:
    """Settings of a study.

    Parameters
    ----------
    base : Base
        Chip and workload of all runs; accuracy and price are of this chip.
    contenders : tuple of Contender
    crosses : tuple of Cross
        Where they meet. In the first, every contender also runs with the shared rate.
    rates : tuple of float
        Learning rates that every contender may choose from, with the same budget; the middle one is shared.
    tuning_split : str
        The task on which rates are chosen, in ideal arithmetic.
    n_tuning_seeds, n_seeds, seed : int
    n_priced : int, optional
        How many of the seeds go through the event simulation; the others count for accuracy alone. All if not
        given.
    workers : int
        Processes; the result does not depend on it.
    """

    base: Base
    contenders: tuple[Contender, ...] = ()
    crosses: tuple[Cross, ...] = (Cross(),)
    rates: tuple[float, ...] = (0.001, 0.002, 0.005, 0.01, 0.02)
    tuning_split: str = "left_to_right"
    n_tuning_seeds: int = 2
    n_seeds: int = 3
    seed: int = 0
    n_priced: int | None = None
    workers: int = 1

    @property
    def shared_rate(self) -> float:
        """The rate that all contenders use beside their own."""
        return self.rates[len(self.rates) // 2]

    @property
    def most_priced(self) -> int:
        """Seeds that go through the event simulation."""
        return self.n_seeds if self.n_priced is None else self.n_priced

    def detail(self, meeting: Meeting, seed: int) -> Detail:
        """Record of a seed's run; the first seed's has most, of the rules that were published."""
        if seed >= self.seed + meeting.n_priced:
            return "accuracy"
        if seed == self.seed and meeting.contender.rule in PUBLISHED_RULES:
            return "parts"
        return "price"


class Meeting(NamedTuple):
    """A contender in a cell: with which rates (own, shared), how many seeds, how many of them priced."""

    contender: Contender
    cell: Configuration
    rates: tuple[str, ...]
    n_seeds: int
    n_priced: int

    def joined(self, other: Meeting) -> Meeting:
        """What two crosses ask of the same meeting."""
        rates = tuple(dict.fromkeys((*self.rates, *other.rates)))
        n_seeds, n_priced = max(self.n_seeds, other.n_seeds), max(self.n_priced, other.n_priced)
        return self._replace(rates=rates, n_seeds=n_seeds, n_priced=n_priced)


def rules_study(question: Question, cache: Path | None = None, tell: Tell = lambda _: None) -> dict[str, Any]:
    """Which learning rule on this chip: accuracy and price of the same adaptations.

    Parameters
    ----------
    question : Question
    cache : Path, optional
        A folder for finished runs; the same study with it resumes.
    tell : callable

    Returns
    -------
    dict
        What ``rules.json`` holds: ``runs``, ``lines`` (means), ``differences`` to BP, ``tuning``, ``gaps``
        (runs that were refused, and why).

    Raises
    ------
    ArchsimError
        A file is wrong, data are missing, or every run was refused.
    """
    contenders = question.contenders or chosen(None)
    chip, work = question.base.load()
    check_learning(work)
    if min(question.n_seeds, question.n_tuning_seeds, question.workers, question.most_priced) < 1:
        raise ExploreError("seeds, priced seeds and workers must be 1 or more")
    meetings = _meetings(question, contenders, work)
    with kept_in(cache) as place:
        tuning = _tuned(question, contenders, place, tell)
        found = _runs(question, meetings, tuning, place, tell)
    runs = [run for run in found if "why_not" not in run]
    if not runs:
        raise ExploreError(f"no run could be carried out: {found[0]['why_not']}")
    return {
        "format": FORMAT,
        "name": f"{chip.name}/{work.name}",
        "contenders": [asdict(one) for one in contenders],
        "errors": errors_on(chip),
        "tuning": tuning,
        "runs": runs,
        "gaps": [run for run in found if "why_not" in run],
        "lines": means(runs),
        "differences": differences(runs),
        "provenance": {
            "chip": file_data(chip), "workload": work.described, "seeds": question.n_seeds, "seed": question.seed,
            "rates": list(question.rates), "versions": versions("scipy", "numba", "seglearn"),
        },
    }  # fmt: skip


# ---- rates ----


def _tuned(question: Question, contenders: Sequence[Contender], cache: Path, tell: Tell) -> dict[str, Any]:
    """By contender: the rate with the best mean on another task, and the means of all."""
    passes = f"learning.adapt.passes={question.crosses[0].passes[0]}"
    base = question.base.with_workload(f"learning.data.split={question.tuning_split}", passes)
    seeds = range(TUNING_SEED, TUNING_SEED + question.n_tuning_seeds)
    asked = list(product(contenders, question.rates, seeds))
    tell(f"rates: {len(asked)} adaptations in ideal arithmetic")
    jobs = [
        Job(f"rate {rate:g}, {one.name}, seed {seed}", tuned, (base, one, rate, seed, cache),
            _made_from(base, one, Configuration("base"), rate, seed, "tuned"))
        for one, rate, seed in asked
    ]  # fmt: skip
    outcomes = run_jobs(jobs, question.workers, cache, tell)
    found = dict(zip(((one.name, rate, seed) for one, rate, seed in asked), outcomes, strict=True))
    chosen_of = {}
    for one in contenders:
        of = {rate: [found[one.name, rate, s].get("accuracy", -1.0) for s in seeds] for rate in question.rates}
        averages = {rate: float(np.mean(values)) for rate, values in of.items()}
        best = max(averages, key=averages.__getitem__)
        at_end = best in (question.rates[0], question.rates[-1])
        said = {str(rate): mean for rate, mean in averages.items()}
        chosen_of[one.name] = {"rate": best, "at_end": at_end, "means": said}
    return {"split": question.tuning_split, "seeds": list(seeds), "rates": chosen_of}


@error_in_words
def tuned(base: Base, one: Contender, rate: float, seed: int, cache: Path) -> dict[str, Any]:
    """Accuracy after one adaptation in ideal arithmetic; or ``why_not``."""
    _, work = _with(base, one, rate).load(rule=one.rule)
    start = with_arrays(work.network, pretrained(work, seed, cache).arrays)
    return {"accuracy": ideal_accuracy(work, start, data_of(work, seed), one.rule, seed)}


def _with(base: Base, one: Contender, rate: float) -> Base:
    return base.with_workload(*one.choices, f"learning.adapt.optimizer.rate={rate!r}")


# ---- runs ----


def _meetings(question: Question, contenders: Sequence[Contender], work: Workload) -> list[Meeting]:
    """Who runs where, with which rates: each once, in the order of the crosses."""
    found: dict[tuple[str, str], Meeting] = {}
    for number, cross in enumerate(question.crosses):
        here = chosen(cross.contenders) if cross.contenders else contenders
        absent = [one.name for one in here if one not in contenders]
        if absent:
            raise ExploreError(f"{', '.join(absent)}: in a cross, but not among the study's contenders")
        kinds = (OWN, SHARED) if number == 0 else (OWN,)
        n_seeds = question.n_seeds if cross.n_seeds is None else cross.n_seeds
        n_priced = question.most_priced if cross.n_priced is None else cross.n_priced
        for cell, one in product(cross.cells(work), here):
            meeting = Meeting(one, cell, kinds, n_seeds, n_priced)
            known = found.get((cell.name, one.name), meeting)
            found[cell.name, one.name] = known.joined(meeting)
    return list(found.values())


def _runs(
    question: Question, meetings: Sequence[Meeting], tuning: dict[str, Any], cache: Path, tell: Tell
) -> Records:
    own = {name: found["rate"] for name, found in tuning["rates"].items()}
    asked = [
        (meeting, question.shared_rate if rates == SHARED else own[meeting.contender.name], seed, rates)
        for meeting in meetings
        for seed in range(question.seed, question.seed + meeting.n_seeds)
        for rates in meeting.rates
    ]
    tell(f"adaptations on the chip: {len(asked)}")
    jobs = [_job(question, meeting, rate, seed, cache) for meeting, rate, seed, _ in asked]
    outcomes = run_jobs(jobs, question.workers, cache, tell)
    refused = [run for run in outcomes if "why_not" in run]
    if len(refused) == len(outcomes):
        all_done([job.name for job in jobs], outcomes)
    return [
        {"contender": one.contender.name, **one.cell.settings, "rate": rate, "rates": rates, "seed": seed, **found}
        for (one, rate, seed, rates), found in zip(asked, outcomes, strict=True)
    ]


def _job(question: Question, meeting: Meeting, rate: float, seed: int, cache: Path) -> Job:
    one, cell, detail = meeting.contender, meeting.cell, question.detail(meeting, seed)
    return Job(
        f"{one.name}, {cell.name}, seed {seed}", contested, (question.base, one, cell, rate, seed, detail, cache),
        _made_from(question.base, one, cell, rate, seed, detail),
    )  # fmt: skip


@error_in_words
def contested(
    base: Base, one: Contender, cell: Configuration, rate: float, seed: int, detail: Detail, cache: Path
) -> dict[str, Any]:
    """One adaptation on the chip; or ``why_not``.

    In `detail` "accuracy" it tells accuracies; "price" also what it costs with the activity that it had; "parts"
    also what its figures consist of (``parts``) and what draws of the price list make of them (``prices``, see
    :mod:`archsim.study.rules.spread`).
    """
    chip, work = _with(base, one, rate).load(cell, one.rule)
    refuse_impossible(chip, work, [RULES[one.rule]()])
    network = with_arrays(work.network, pretrained(work, seed, cache).arrays)
    data = data_of(work, seed)
    if data.adapt is None:
        raise ExploreError(f"{work.name}: the split {data.split!r} leaves nothing to adapt to")
    n = LEAST if detail == "accuracy" else n_simulated(chip, work, len(data.adapt), (one.rule,))
    plan = Plan.of(work, len(data.adapt), n, seed)
    done = adapt(chip, work, network, data, one.rule, seed, record=frozenset(plan.recorded))
    accuracy = {"before": done.before, "after": done.after, "ideal_after": done.ideal_after}
    if detail == "accuracy":
        return accuracy
    run = run_of(chip, work, network, plan, one.rule, "compiled", seed)
    return {**accuracy, **_priced(run, plan, done, detail == "parts")}


def _priced(run: LearningRun, plan: Plan, done: Adapted, in_parts: bool) -> dict[str, Any]:
    """Costs of an adaptation with the activity that it had."""
    recorded = Recorded(done.activity, plan.recorded, plan.sizes)
    costs = list(played(run, recorded, plan.sample))
    programming = programming_cost(run.chip, run.work, run.work.network, done.rule, "compiled")
    found = adaptation_cost(run, plan.sample, iter(costs), programming, done.pulses_by_update)
    cost, more = found["adaptation"], dict[str, Any]()
    if in_parts:
        batch = typical_batch(run, recorded, costs)
        more = {"parts": parts_of(found, batch), "prices": price_factors(run.chip, batch)}
    return {
        "energy_pj": cost["energy_pj"]["value"], "latency_ps": cost["latency_ps"]["value"],
        "area_um2": found["totals"]["area_um2"], "cells_written": cost["writes"]["cells"]["value"],
        "programming_pj": programming["energy_pj"], "n_windows": cost["n_windows"], "way": cost["way"],
        **more,
    }  # fmt: skip


def _made_from(
    base: Base, one: Contender, cell: Configuration, rate: float, seed: int, what: str
) -> dict[str, Any]:
    chip, work = _with(base, one, rate).load(cell, one.rule)
    return {
        "what": what, "rule": one.rule, "chip": file_data(chip), "workload": work.described, "seed": seed,
        "model": model_version(),
    }  # fmt: skip
