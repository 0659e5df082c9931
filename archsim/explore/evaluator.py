"""Evaluating configurations: what is known is not done again, what is new is done by workers and logged."""

from __future__ import annotations

import datetime
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from archsim.errors import ArchsimError
from archsim.explore.evaluate import Job, Outcome, failed, limits_of, metrics_of
from archsim.explore.folder import StudyFolder
from archsim.explore.front import CHEAP, most_promising
from archsim.explore.identity import digest_of, key_of, model_version
from archsim.explore.log import Record
from archsim.explore.shared import graph_key
from archsim.explore.study import Parameters, Study
from archsim.explore.workers import Pool
from archsim.units import seconds

Tell = Callable[[str], None]
POLL_S = 0.5
MOST_TOGETHER = 16
BLOCK = 512


@dataclass
class Pending:
    """Configurations on their way to their records.

    Attributes
    ----------
    wanted : sequence of dict
        Their parameters.
    is_cheap : bool
        Whether this is a low-fidelity evaluation.
    keys : list of str
        Of their records, in the same order.
    parameters : dict
        By key.
    waiting : list of Job
        Configurations that no process has begun.
    n_running : int
        How many are with the workers.
    """

    wanted: Sequence[Parameters]
    is_cheap: bool = False
    keys: list[str] = field(default_factory=list)
    parameters: dict[str, Parameters] = field(default_factory=dict)
    waiting: list[Job] = field(default_factory=list)
    n_running: int = 0


@dataclass
class Evaluator:
    """Answers for configurations of a study, from the log or by its workers.

    Parameters
    ----------
    study : Study
    folder : StudyFolder
    pool : Pool
    progress : Progress
    max_memory_bytes : int or None
        What one evaluation may take.
    """

    study: Study
    folder: StudyFolder
    pool: Pool
    progress: Progress
    max_memory_bytes: int | None = None
    n_new: int = 0
    _tried: set[str] = field(default_factory=set)  # keys of what was evaluated here
    _running: dict[str, Pending] = field(default_factory=dict)  # by the key of what is with a worker

    def in_blocks(self, wanted: Sequence[Parameters]) -> list[Record]:
        """As `records`, of any number: while the workers have some, the next ones are made ready."""
        if self.study.model.fidelity is not None:  # which compares them all
            return self.records(wanted)
        blocks = [wanted[i : i + BLOCK] for i in range(0, len(wanted), BLOCK)]
        records: list[Record] = []
        pending = None
        for block in blocks:
            following = self.prepare(block)
            if pending is not None:
                records += self.finish(pending, following)
            self.submit(following)
            pending = following
        return records + (self.finish(pending) if pending is not None else [])

    def records(self, wanted: Sequence[Parameters]) -> list[Record]:
        """A record for each configuration, in their order.

        Each is evaluated once, also where other processes work on the same study: what they have claimed is
        waited for. With low fidelity first, what is evaluated in full depends on all; the others keep the
        record of the low-fidelity evaluation, state "cheap".
        """
        return self.finish(self.prepare(wanted))

    def prepare(self, wanted: Sequence[Parameters], is_cheap: bool | None = None) -> Pending:
        """Make jobs of configurations, while the workers may be busy with others."""
        log = self.folder.log
        pending = Pending(wanted, self.study.model.fidelity is not None if is_cheap is None else is_cheap)
        jobs: dict[str, Job] = {}
        refused: list[Record] = []
        for item in wanted:
            key, job = self._job(item, pending.is_cheap)
            pending.keys.append(key)
            pending.parameters.setdefault(key, item)
            if isinstance(job, Job):
                jobs.setdefault(key, job)
            elif not self._is_known(key):
                refused.append(self._record(key, item, {**failed(job), "seconds": 0.0}))
        log.read()
        log.append(refused)
        pending.waiting = [job for key, job in jobs.items() if not self._is_known(key)]
        return pending

    def _is_known(self, key: str) -> bool:
        """Whether there is a record to go by: what was interrupted is tried again, once, with a longer limit."""
        record = self.folder.log.records.get(key)
        if record is None or key in self._tried or "interrupted" not in record:
            return record is not None
        limit_ps = self.study.model.time_limit_ps
        before_s = record["interrupted"].get("limit_s")
        return before_s is not None and limit_ps is not None and seconds(limit_ps) <= before_s

    def submit(self, pending: Pending) -> None:
        """Hand in as much as there are free workers for."""
        log, claims = self.folder.log, self.folder.claims
        for group in self._groups(pending.waiting[:BLOCK]):
            if self.pool.n_free <= 0:
                return
            # others are of another process, or done
            mine = [job for job in group if job.key not in self._running and claims.take(job.key)]
            log.read()
            known = [job for job in mine if self._is_known(job.key)]
            for job in known:
                claims.give_back(job.key)
                pending.waiting.remove(job)
            jobs = tuple(job for job in mine if job not in known)
            if jobs:
                self.pool.submit(jobs)
                self._running.update((job.key, pending) for job in jobs)
                pending.n_running += len(jobs)
                pending.waiting = [job for job in pending.waiting if job not in jobs]

    def finish(self, pending: Pending, following: Pending | None = None) -> list[Record]:
        """The records, as soon as they are all there; workers that they leave free take what follows."""
        records = self._finished(pending, following)
        given = self.study.model.fidelity
        if given is None or not pending.is_cheap:
            return records
        chosen = {records[i]["key"] for i in most_promising(self.study, records, given.keep)}
        places = [i for i, record in enumerate(records) if record["key"] in chosen]
        self.progress.n_total += len(places)
        full = self._finished(self.prepare([pending.wanted[i] for i in places], is_cheap=False), following)
        for i, record in zip(places, full, strict=True):
            records[i] = record
        return records

    def _finished(self, pending: Pending, following: Pending | None) -> list[Record]:
        log = self.folder.log
        while pending.waiting or pending.n_running:
            self.submit(pending)
            if following is not None and not pending.waiting:
                self.submit(following)
            if self._running:
                self._take(self.pool.wait(POLL_S))
            elif pending.waiting:
                time.sleep(POLL_S / 5)
            log.read()
            pending.waiting = [job for job in pending.waiting if not self._is_known(job.key)]
        known = log.records
        self.progress.there(pending.keys)
        pairs = zip(pending.keys, pending.wanted, strict=True)
        return [{**known[key], "parameters": dict(item)} for key, item in pairs]

    def _take(self, done: Sequence[tuple[str, Outcome]]) -> None:
        """Log what workers have answered."""
        of = {key: self._running.pop(key) for key, _ in done}
        self.folder.log.append(
            [self._record(key, of[key].parameters[key], outcome, of[key].is_cheap) for key, outcome in done]
        )
        self.n_new += len(done)
        self._tried.update(of)
        for key, outcome in done:
            of[key].n_running -= 1
            self.folder.claims.give_back(key)
            self.progress.done(key, outcome)

    def _job(self, parameters: Parameters, is_cheap: bool) -> tuple[str, Job | str]:
        """A configuration's key, and its job or why it is no chip and workload."""
        study = self.study
        try:
            resolved = study.resolve(parameters, study.cheap if is_cheap else ())
        except ArchsimError as error:
            said = " | ".join(str(error).splitlines()[:2]).removeprefix("--set ")
            return digest_of({"invalid": parameters, "said": said})[:32], said
        key, model = key_of(study, resolved, is_cheap), study.model
        return key, Job(
            key, resolved, metrics_of(study), limits_of(study), study.rule_of(resolved.phase),
            model.learning.n_seeds, self.folder.learned, graph_key(resolved), model_version(),
            self.max_memory_bytes,
        )  # fmt: skip

    def _groups(self, jobs: Sequence[Job]) -> list[list[Job]]:
        """Jobs that share a task graph together, in pieces that leave no worker idle."""
        by_graph: dict[str, list[Job]] = {}
        for job in jobs:
            by_graph.setdefault(job.graph, []).append(job)
        size = max(1, min(MOST_TOGETHER, math.ceil(len(jobs) / self.pool.n_workers)))
        return [group[i : i + size] for group in by_graph.values() for i in range(0, len(group), size)]

    def _record(self, key: str, parameters: Parameters, outcome: Outcome, is_cheap: bool = False) -> Record:
        settings = self.study.settings(parameters)
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        return {
            "key": key,
            "state": CHEAP if outcome["state"] == "done" and is_cheap else outcome["state"],
            "parameters": parameters,
            "metrics": outcome["metrics"],
            "error": outcome["error"],
            **{name: outcome[name] for name in ("bounds", "interrupted") if outcome.get(name)},
            "phase": settings.phase,
            "seed": settings.seed,
            "done": {"at": now, "seconds": round(outcome["seconds"], 4), "process": os.getpid()},
        }


@dataclass
class Progress:
    """How far it has come: rate and time left, on a terminal only."""

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
        self._n_new += 1
        self.n_failed += outcome["state"] == "failed"
        self.n_pruned += outcome["state"] == "pruned"
        self.there([key])

    def there(self, keys: Sequence[str]) -> None:
        """These are known, if they were not before."""
        self._keys.update(keys)
        self.n_done = len(self._keys)
        now = time.monotonic()
        if now - self._told_s >= 1.0 or self.n_done >= self.n_total:
            self._told_s = now
            self.tell(self.line(now - self._start_s))

    def end(self) -> None:
        """There is no more: what was written twice was one, and a search may find fewer, or more."""
        self.n_total = self.n_done
        self.there([])

    def line(self, seconds: float) -> str:
        """The message after so many seconds."""
        parts = [f"{self.n_done} of {self.n_total}"]
        if self._n_new and seconds > 0:
            rate = self._n_new / seconds
            left_s = (self.n_total - self.n_done) / rate
            parts.append(f"{60 * rate:.0f} a minute")
            if left_s > 0:
                parts.append(f"{datetime.timedelta(seconds=round(left_s))} left")
        parts += [f"{n} {what}" for n, what in ((self.n_failed, "failed"), (self.n_pruned, "pruned")) if n]
        return ", ".join(parts)
