"""One configuration, from chip and workload to its metrics: what a worker does."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archsim.errors import ArchsimError, TooLargeError, UnusualWarning, WriteError
from archsim.explore.identity import model_version
from archsim.explore.measures import ACCURACIES, ALWAYS, LEARNED, limit_of, measure_result, measure_shape
from archsim.explore.models import RULE_OF_INFERENCE
from archsim.explore.shared import BOUND, Shared
from archsim.explore.study import Resolved, Study
from archsim.files import make_folder
from archsim.simulate import simulate

Outcome = dict[str, Any]


@dataclass(frozen=True)
class Limit:
    """The bounds of a metric, in its unit."""

    metric: str
    at_least: float | None
    at_most: float | None

    def violation(self, value: float) -> float:
        """By how much a value breaks it, as a part of the bound; zero or less if it keeps to it.

        Examples
        --------
        >>> Limit("area_um2", None, 100.0).violation(150.0)
        0.5
        """
        found = [-1.0]
        if self.at_most is not None:
            found.append((value - self.at_most) / (abs(self.at_most) or 1.0))
        if self.at_least is not None:
            found.append((self.at_least - value) / (abs(self.at_least) or 1.0))
        return max(found[1:], default=-1.0)


def limits_of(study: Study) -> tuple[Limit, ...]:
    """The study's constraints in the units of their metrics."""

    def number(metric: str, value: object) -> float | None:
        return None if value is None else limit_of(metric, value)

    return tuple(
        Limit(metric, number(metric, bound.at_least), number(metric, bound.at_most))
        for metric, bound in study.model.constraints.items()
    )


def metrics_of(study: Study) -> tuple[str, ...]:
    """All that is recorded of a configuration."""
    model = study.model
    return tuple(dict.fromkeys((*ALWAYS, *model.objectives, *model.constraints, *model.record)))


@dataclass(frozen=True)
class Job:
    """An evaluation that is to be done.

    Parameters
    ----------
    key : str
    resolved : Resolved
    metrics : tuple of str
    limits : tuple of Limit
        Dear metrics are found only where cheap ones keep to these.
    rule : str
        Of learning, where accuracy is wanted.
    n_seeds : int
    learned : Path
        A folder for networks that are trained before the chip.
    graph : str
        The same for jobs that share a task graph.
    model : str
        The version that it is asked of; a worker of another version does not answer.
    max_memory_bytes : int or None
        What its evaluation may take; half of the memory that is free then if None.
    """

    key: str
    resolved: Resolved
    metrics: tuple[str, ...]
    limits: tuple[Limit, ...] = ()
    rule: str = RULE_OF_INFERENCE
    n_seeds: int = 1
    learned: Path = Path()
    graph: str = ""
    model: str = field(default_factory=model_version)
    max_memory_bytes: int | None = None


def evaluate(jobs: Sequence[Job]) -> list[Outcome]:
    """Metrics of configurations that share a task graph, or why there are none.

    Parameters
    ----------
    jobs : sequence of Job
        With the same metrics and limits.

    Returns
    -------
    list of dict
        ``state`` ("done", "pruned" or "failed"), ``metrics``, ``error``: why some or all metrics are missing, and
        ``seconds``: the mean of what one took.
    """
    start_s = time.monotonic()
    if (model := jobs[0].model) != model_version():
        said = f"its worker has archsim {model_version()}, the study is of {model}"
        return [{**failed(said, interrupted={"worker": "other version"}), "seconds": 0.0} for _ in jobs]
    with warnings.catch_warnings():  # a study tries what is unusual, thousands of times
        warnings.simplefilter("ignore", UnusualWarning)
        outcomes = [_outcome(job, known) for job, known in zip(jobs, _quick(jobs), strict=True)]
    seconds = (time.monotonic() - start_s) / len(jobs)
    return [{**outcome, "seconds": seconds} for outcome in outcomes]


_shared: list[Shared] = []  # what this process knows already


def _quick(jobs: Sequence[Job]) -> list[dict[str, float] | None]:
    """Metrics that need no trace, for all jobs together."""
    if not _shared:
        _shared.append(Shared())
    bounds = [limit.at_most for limit in jobs[0].limits if limit.metric == "latency_ps"]
    most_ps = min((bound for bound in bounds if bound is not None), default=math.inf)
    try:
        together, first = [job.resolved for job in jobs], jobs[0]
        return _shared[0].metrics(together, first.metrics, most_ps, first.max_memory_bytes, first.graph)
    except Exception:  # whatever it is, the simulation of each one by itself says it better
        return [None] * len(jobs)


def _outcome(job: Job, quick: dict[str, float] | None) -> Outcome:
    try:
        return _evaluated(job, quick or {})
    except TooLargeError as error:  # with more memory, or less beside it, it has figures
        return failed(str(error), interrupted={"worker": "memory"})
    except WriteError as error:  # says nothing of the configuration
        return failed(str(error), interrupted={"worker": "disk"})
    except ArchsimError as error:
        return failed(" ".join(str(error).splitlines()[:2]).partition(" These wait")[0])
    except MemoryError:
        return failed("too little memory", interrupted={"worker": "memory"})
    except Exception as error:  # a bug must not end the study; it stands in the log
        return failed(f"internal error: {type(error).__name__}: {error}")


def failed(why: str, interrupted: dict[str, Any] | None = None) -> Outcome:
    """The outcome of a configuration that has no figures.

    Parameters
    ----------
    why : str
    interrupted : dict, optional
        Where it is no answer, and may be tried again: by which limit it was stopped (``limit_s``), or what became
        of its ``worker``.
    """
    outcome: Outcome = {"state": "failed", "metrics": {}, "error": why}
    return outcome if interrupted is None else {**outcome, "interrupted": interrupted}


def _evaluated(job: Job, quick: dict[str, float]) -> Outcome:
    """Cheap metrics first; expensive ones only where the cheap ones keep to the limits."""
    if BOUND in quick:
        return _pruned({}, f"latency_ps is at least {quick[BOUND]:.0f}, above its bound", quick[BOUND])
    metrics, given = dict(quick), job.resolved
    if not quick:
        expensive = tuple(metric for metric in job.metrics if metric not in LEARNED)
        metrics = _simulated(job, expensive)
    metrics |= measure_shape(given.work.network, job.metrics)
    learned = tuple(metric for metric in job.metrics if metric in LEARNED)
    for expensive in (_traced(job, metrics), learned):
        if expensive and (broken := broken_limits(job.limits, metrics)):
            return _pruned(metrics, f"{', '.join(expensive)} not looked for: {broken} out of bounds")
        if expensive:
            metrics |= _learned(job, expensive) if expensive == learned else _simulated(job, expensive)
    return {"state": "done", "metrics": _plain({name: metrics[name] for name in job.metrics}), "error": None}


def _traced(job: Job, known: dict[str, float]) -> tuple[str, ...]:
    """Metrics that need the trace of a whole simulation, and are not known."""
    return tuple(metric for metric in job.metrics if metric not in known and metric not in LEARNED)


def _simulated(job: Job, metrics: Sequence[str]) -> dict[str, float]:
    given, phase = job.resolved, job.resolved.phase
    most = job.max_memory_bytes
    result = simulate(given.chip, given.work, "compiled", given.seed, phase, max_memory_bytes=most)
    return measure_result(result, metrics)


def _pruned(metrics: dict[str, float], why: str, least_ps: float | None = None) -> Outcome:
    bounds = {} if least_ps is None else {"latency_ps": least_ps}
    return {"state": "pruned", "metrics": _plain(metrics), "error": why, "bounds": bounds}


def broken_limits(limits: Sequence[Limit], metrics: dict[str, float]) -> str:
    """Which of the known metrics break their bounds; nothing if none."""
    return ", ".join(
        limit.metric for limit in limits if limit.metric in metrics and limit.violation(metrics[limit.metric]) > 0
    )


def _learned(job: Job, wanted: Sequence[str]) -> dict[str, float]:
    """Accuracies, and what adapting takes, each the mean over the seeds."""
    from archsim.learn.pretrained import accuracies

    given = job.resolved
    make_folder(job.learned)
    runs = [
        accuracies(given.chip, given.work, job.rule, seed, job.learned, costs=not set(wanted) <= set(ACCURACIES))
        for seed in range(given.seed, given.seed + job.n_seeds)
    ]
    return {name: sum(run[LEARNED[name]] for run in runs) / len(runs) for name in wanted}


def _plain(metrics: dict[str, float]) -> dict[str, float | None]:
    """In types that JSON can hold; what is not finite is None."""
    plain: dict[str, float | None] = {}
    for name, value in metrics.items():
        number = int(value) if isinstance(value, int) else float(value)
        plain[name] = None if abs(number) == float("inf") else number
    return plain
