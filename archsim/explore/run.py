"""Evaluating configurations: what is known is not done again, what is new is done by workers and logged."""

from __future__ import annotations

import datetime
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archsim.errors import ArchsimError, ExploreError
from archsim.explore.evaluate import Job, Limit, Outcome, evaluate, failed
from archsim.explore.folder import StudyFolder, open_folder
from archsim.explore.front import CHEAP, most_promising
from archsim.explore.identity import digest_of, key_of
from archsim.explore.log import Record
from archsim.explore.measures import ALWAYS, limit_of
from archsim.explore.shared import graph_key
from archsim.explore.space import configurations, grid_size
from archsim.explore.study import Parameters, Study, read_study
from archsim.explore.workers import LocalPool, Pool

Tell = Callable[[str], None]
POLL_S = 0.5
MOST_TOGETHER = 16
LARGEST_GRID = 1_000_000


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


@dataclass
class Evaluator:
    """Answers for configurations of a study, from the log or by its workers.

    Parameters
    ----------
    study : Study
    folder : StudyFolder
    pool : Pool
    progress : Progress
    """

    study: Study
    folder: StudyFolder
    pool: Pool
    progress: Progress
    n_new: int = 0
    _cheap: set[str] = field(default_factory=set)  # keys of first looks

    def records(self, wanted: Sequence[Parameters]) -> list[Record]:
        """A record for each configuration, in their order.

        Each is evaluated once, also where other processes work on the same study: what they have claimed is
        waited for. With a first look, what goes on depends on all that are wanted together; the others have the
        record of the first look, state "cheap".
        """
        given = self.study.model.fidelity
        if given is None:
            return self._answered(wanted)
        records = self._answered(wanted, is_cheap=True)
        chosen = {records[i]["key"] for i in most_promising(self.study, records, given.keep)}
        places = [i for i, record in enumerate(records) if record["key"] in chosen]
        self.progress.n_total += len(places)
        full = self._answered([wanted[i] for i in places])
        for i, record in zip(places, full, strict=True):
            records[i] = record
        return records

    def _answered(self, wanted: Sequence[Parameters], is_cheap: bool = False) -> list[Record]:
        """A record for each configuration, from the log or by the workers."""
        keys: list[str] = []
        jobs: dict[str, Job] = {}
        parameters: dict[str, Parameters] = {}
        refused: list[Record] = []
        for item in wanted:
            key, job = self._job(item, is_cheap)
            keys.append(key)
            parameters.setdefault(key, item)
            if isinstance(job, Job):
                jobs.setdefault(key, job)
            elif key not in self.folder.log.records:
                refused.append(self._record(key, item, {**failed(job), "seconds": 0.0}))
        self.folder.log.read()
        self.folder.log.append(refused)
        self._do([job for key, job in jobs.items() if key not in self.folder.log.records], parameters)
        known = self.folder.log.records
        self.progress.add(sum(key in known for key in keys) - self.progress.counted(keys))
        return [{**known[key], "parameters": dict(item)} for key, item in zip(keys, wanted, strict=True)]

    def _job(self, parameters: Parameters, is_cheap: bool) -> tuple[str, Job | str]:
        """A configuration's key, and its job or why it is no chip and workload."""
        study = self.study
        try:
            resolved = study.resolve(parameters, study.cheap if is_cheap else ())
        except ArchsimError as error:
            said = " | ".join(str(error).splitlines()[:2])
            return digest_of({"invalid": parameters, "said": said})[:32], said
        key, model = key_of(study, resolved, is_cheap), study.model
        if is_cheap:
            self._cheap.add(key)
        return key, Job(
            key, resolved, metrics_of(study), limits_of(study), model.learning.rule, model.learning.n_seeds,
            self.folder.learned, graph_key(resolved),
        )  # fmt: skip

    def _do(self, jobs: Sequence[Job], parameters: dict[str, Parameters]) -> None:
        log, claims = self.folder.log, self.folder.claims
        waiting, n_running = list(jobs), 0
        while waiting or n_running:
            for group in self._groups(waiting):
                if self.pool.n_free <= 0:
                    break
                mine = [job for job in group if claims.take(job.key)]  # others are of another process, or done
                log.read()
                known = [job for job in mine if job.key in log.records]
                for job in known:
                    claims.give_back(job.key)
                    waiting.remove(job)
                jobs = tuple(job for job in mine if job not in known)
                if jobs:
                    self.pool.submit(jobs)
                    n_running += len(jobs)
                    waiting = [job for job in waiting if job not in jobs]
            done = self.pool.wait(POLL_S) if n_running else []
            if not n_running and waiting:
                time.sleep(POLL_S / 5)
            n_running -= len(done)
            self.n_new += len(done)
            log.append([self._record(key, parameters[key], outcome) for key, outcome in done])
            for key, outcome in done:
                claims.give_back(key)
                self.progress.done(key, outcome)
            log.read()
            waiting = [job for job in waiting if job.key not in log.records]

    def _groups(self, jobs: Sequence[Job]) -> list[list[Job]]:
        """Jobs that share a task graph together, in pieces that leave no worker idle."""
        by_graph: dict[str, list[Job]] = {}
        for job in jobs:
            by_graph.setdefault(job.graph, []).append(job)
        size = max(1, min(MOST_TOGETHER, math.ceil(len(jobs) / self.pool.n_workers)))
        return [group[i : i + size] for group in by_graph.values() for i in range(0, len(group), size)]

    def _record(self, key: str, parameters: Parameters, outcome: Outcome) -> Record:
        settings = self.study.settings(parameters)
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        return {
            "key": key,
            "state": CHEAP if outcome["state"] == "done" and key in self._cheap else outcome["state"],
            "parameters": parameters,
            "metrics": outcome["metrics"],
            "error": outcome["error"],
            **({"bounds": outcome["bounds"]} if outcome.get("bounds") else {}),
            "phase": settings.phase,
            "seed": settings.seed,
            "done": {"at": now, "seconds": round(outcome["seconds"], 4), "process": os.getpid()},
        }


@dataclass
class Progress:
    """How far it has come: rate and time left, on a terminal only.

    Parameters
    ----------
    n_total : int
    tell : callable
    """

    n_total: int
    tell: Tell
    n_done: int = 0
    n_failed: int = 0
    n_pruned: int = 0
    _keys: set[str] = field(default_factory=set)
    _n_new: int = 0
    _start_s: float = field(default_factory=time.monotonic)
    _told_s: float = 0.0

    def done(self, key: str, outcome: Outcome) -> None:
        """One more has been evaluated."""
        self._keys.add(key)
        self._n_new += 1
        self.n_failed += outcome["state"] == "failed"
        self.n_pruned += outcome["state"] == "pruned"
        self.add(1)

    def counted(self, keys: Sequence[str]) -> int:
        """How many of some keys have been counted already; forgets them."""
        found = sum(key in self._keys for key in keys)
        self._keys.clear()
        return found

    def add(self, n: int) -> None:
        """Some more are there."""
        self.n_done += n
        now = time.monotonic()
        if now - self._told_s >= 1.0 or self.n_done >= self.n_total:
            self._told_s = now
            self.tell(self.line(now - self._start_s))

    def line(self, seconds: float) -> str:
        """What is told after so many seconds."""
        parts = [f"{self.n_done} of {self.n_total}"]
        if self._n_new and seconds > 0:
            rate = self._n_new / seconds
            left_s = (self.n_total - self.n_done) / rate
            parts.append(f"{60 * rate:.0f} a minute")
            if left_s > 0:
                parts.append(f"{datetime.timedelta(seconds=round(left_s))} left")
        parts += [f"{n} {what}" for n, what in ((self.n_failed, "failed"), (self.n_pruned, "pruned")) if n]
        return ", ".join(parts)


def on_terminal(text: str) -> None:
    """Write over the last line of stderr, if somebody looks at it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


@dataclass(frozen=True)
class Explored:
    """What a sweep or search found.

    Attributes
    ----------
    study : Study
    folder : Path
    records : list of dict
        One for each configuration, in the order in which they were tried: ``parameters``, ``metrics``, ``state``,
        ``error`` and more.
    n_new : int
        Evaluations that this call did; the others were known.
    """

    study: Study
    folder: Path
    records: list[Record]
    n_new: int

    @property
    def front(self) -> list[Record]:
        """The configurations that keep to all constraints and that no other one beats in every objective."""
        from archsim.explore.front import front_of

        return front_of(self.study, self.records)

    def table(self) -> list[dict[str, Any]]:
        """Records as flat rows: parameters, metrics, state, error."""
        return [flat(record) for record in self.records]


def flat(record: Record) -> dict[str, Any]:
    """A record without nesting."""
    kept = {"state": record["state"], "error": record["error"], "key": record["key"]}
    return {**record["parameters"], **record["metrics"], **kept}


def sweep(
    study: str | Path | Study,
    folder: str | Path | None = None,
    workers: int = 1,
    tell: Tell = on_terminal,
    scheduler: str | None = None,
) -> Explored:
    """Evaluate the configurations of a study: its grid, or a random or quasi-random part of its space.

    Parameters
    ----------
    study : path or Study
        A study file, or what `read_study` gave.
    folder : path, optional
        Where results are kept, and gone on with; ``results/NAME`` if not given.
    workers : int
        Processes of this machine. Results do not depend on it.
    tell : callable
        Called with how far it has come.
    scheduler : str, optional
        Address of a Dask scheduler, or "local" for a cluster on this machine; it evaluates then.

    Returns
    -------
    Explored

    Raises
    ------
    ExploreError
        The study is wrong, the folder is of another study, or cannot be written.
    SpecError, WorkloadError
        The chip or workload of the study is wrong.

    Examples
    --------
    >>> import tempfile
    >>> from archsim.explore import sweep
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = sweep("workloads/studies/tiny.yaml", folder)
    >>> len(found.records), found.front[0]["state"]
    (4, 'done')
    """
    given = study if isinstance(study, Study) else read_study(study)
    if given.model.sweep.kind == "grid":
        refuse_continuous(given)
    wanted = configurations(given)
    with open_folder(given, folder_of(given, folder)) as opened:
        pool = pool_of(given, workers, scheduler)
        try:
            evaluator = Evaluator(given, opened, pool, Progress(len(wanted), tell))
            records = evaluator.records(wanted)
        finally:
            pool.close()
        return Explored(given, opened.path, records, evaluator.n_new)


def refuse_continuous(study: Study) -> None:
    """A grid has no place for a continuous range, and an end."""
    from archsim.explore.study import listed

    faults: list[tuple[tuple[str | int, ...], str]] = [
        (("parameters", name), "a grid needs step or points; without them, sweep at random or search")
        for name, item in study.parameters.items()
        if listed(item) is None
    ]
    if not faults and (size := grid_size(study)) > LARGEST_GRID:
        said = f"{size} configurations; a grid has at most {LARGEST_GRID}: sweep at random, or search"
        faults.append((("parameters",), said))
    if faults:
        raise study.document.fail(faults)


def folder_of(study: Study, folder: str | Path | None) -> Path:
    """Where a study is kept."""
    return Path("results") / study.name if folder is None else Path(folder)


def pool_of(study: Study, workers: int, scheduler: str | None) -> Pool:
    """Who evaluates."""
    if workers < 1:
        raise ExploreError(f"{workers} workers; there must be 1 or more")
    limit_ps = study.model.time_limit_ps
    limit_s = None if limit_ps is None else limit_ps * 1e-12
    if scheduler is not None:
        from archsim.explore.cluster import DaskPool

        return DaskPool.connect(scheduler, workers, limit_s)
    return LocalPool(workers, limit_s, evaluate)
