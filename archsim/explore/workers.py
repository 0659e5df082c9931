"""Processes of this machine that evaluate: each with a pipe of its own, so that one can be killed at any moment.

A worker that ends without an answer (too little memory, ``kill -9``) is replaced and its work done again; one that
takes too long is stopped. Workers end with their parent.
"""

from __future__ import annotations

import math
import multiprocessing
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic, Protocol, TypeVar

from archsim.explore.evaluate import Job, Outcome, failed
from archsim.processes import end_with_parent, fit_for_workers

MOST_TRIES = 3
READY = "ready"
Jobs = tuple[Job, ...]


class Keyed(Protocol):
    """Work that has a name of its own."""

    @property
    def key(self) -> str:
        """Different for different work."""
        ...


Work = TypeVar("Work", bound=Keyed)


class Pool(Protocol):
    """A pool that evaluates jobs."""

    @property
    def n_workers(self) -> int:
        """How many there are."""
        ...

    @property
    def n_free(self) -> int:
        """How many more pieces of work it takes now."""
        ...

    def submit(self, jobs: Jobs) -> None:
        """Take some jobs that share a task graph, as one piece of work."""
        ...

    def wait(self, timeout_s: float) -> list[tuple[str, Outcome]]:
        """Work done since the last call, by key; returns at once if there is some."""
        ...

    def close(self) -> None:
        """Stop everything."""
        ...


@dataclass
class _Worker(Generic[Work]):
    process: SpawnProcess
    pipe: Connection
    jobs: tuple[Work, ...] = ()
    started_s: float = 0.0
    is_ready: bool = False


@dataclass
class LocalPool(Generic[Work]):
    """Worker processes on this machine.

    Parameters
    ----------
    n_workers : int
    limit_s : float or None
        Seconds that one evaluation may take.
    function : callable
        What is done with some jobs: gives an outcome for each.
    """

    n_workers: int
    limit_s: float | None
    function: Callable[[tuple[Work, ...]], list[Outcome]]
    _workers: list[_Worker[Work]] = field(default_factory=list)
    _again: list[tuple[Work, ...]] = field(default_factory=list)
    _tries: dict[str, int] = field(default_factory=dict)
    _found: list[tuple[str, Outcome]] = field(default_factory=list)

    @property
    def n_free(self) -> int:
        """Workers without work."""
        return self.n_workers - sum(bool(worker.jobs) for worker in self._workers) - len(self._again)

    @property
    def pids(self) -> list[int]:
        """Of the worker processes."""
        return [worker.process.pid for worker in self._workers if worker.process.pid]

    def submit(self, jobs: tuple[Work, ...]) -> None:
        """Give jobs to a worker; to a new one if none is free."""
        worker = next((worker for worker in self._workers if not worker.jobs), None)
        if worker is None:
            worker = _started(self.function)
            self._workers.append(worker)
        worker.jobs, worker.started_s = jobs, time.monotonic()
        try:
            worker.pipe.send(jobs)
        except OSError:  # it has been killed while it waited
            self._replace(worker)

    def wait(self, timeout_s: float) -> list[tuple[str, Outcome]]:
        """Outcomes that have come in; stops workers whose time is over, and starts others for those that ended."""
        while self._again and (len(self._workers) < self.n_workers or any(not w.jobs for w in self._workers)):
            self.submit(self._again.pop())
        busy = [worker for worker in self._workers if worker.jobs]
        until = min([time.monotonic() + timeout_s, *map(self._end_s, busy)])
        ready = wait([worker.pipe for worker in busy], max(0.0, until - time.monotonic())) if busy else []
        for worker in busy:
            if worker.pipe in ready:
                self._take_answer(worker)
            elif time.monotonic() >= self._end_s(worker):
                self._stop(worker)
        found, self._found = self._found, []
        return found

    def _end_s(self, worker: _Worker[Work]) -> float:
        """When its time is over."""
        if self.limit_s is None or not worker.is_ready:  # starting takes seconds that are not the configuration's
            return math.inf
        return worker.started_s + self.limit_s * len(worker.jobs)

    def _take_answer(self, worker: _Worker[Work]) -> None:
        try:
            outcomes = worker.pipe.recv()
        except (EOFError, OSError):
            self._replace(worker)
            return
        if outcomes == READY:
            worker.is_ready, worker.started_s = True, time.monotonic()
        else:
            self._finish(worker, outcomes)

    def _finish(self, worker: _Worker[Work], outcomes: list[Outcome]) -> None:
        seconds = (time.monotonic() - worker.started_s) / len(worker.jobs)
        for job, outcome in zip(worker.jobs, outcomes, strict=True):
            self._found.append((job.key, {"seconds": seconds, **outcome}))
        worker.jobs = ()

    def _stop(self, worker: _Worker[Work]) -> None:
        """Its time is over: of several jobs each gets its own time, a single one is given up."""
        if len(worker.jobs) > 1:
            self._again += [(job,) for job in worker.jobs]
        else:
            said = f"stopped after its limit of {self.limit_s:g} s"
            self._finish(worker, [failed(said, {"limit_s": self.limit_s})])
        self._end(worker)

    def _replace(self, worker: _Worker[Work]) -> None:
        """A worker ended without an answer: its jobs go to others one by one, a few times."""
        for job in worker.jobs:
            tries = self._tries[job.key] = self._tries.get(job.key, 0) + 1
            if tries < MOST_TRIES:
                self._again.append((job,))
            else:
                said = f"its worker process ended without a result, {tries} times (too little memory?)"
                seconds = time.monotonic() - worker.started_s
                self._found.append((job.key, {**failed(said, {"worker": "ended"}), "seconds": seconds}))
        self._end(worker)

    def _end(self, worker: _Worker[Work]) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()

    def close(self) -> None:
        """Kill the workers; nothing of theirs is unfinished on the disk."""
        for worker in list(self._workers):
            self._end(worker)


def _started(function: Callable[[tuple[Work, ...]], list[Outcome]]) -> _Worker[Work]:
    """A fresh process."""
    here, there = multiprocessing.Pipe()
    with fit_for_workers():
        process = multiprocessing.get_context("spawn").Process(target=_work, args=(there, function), daemon=True)
        process.start()
    there.close()
    return _Worker(process, here)


def _work(pipe: Connection, function: Callable[[tuple[Work, ...]], list[Outcome]]) -> None:
    """Answer jobs until the parent is gone."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    threading.Thread(target=end_with_parent, daemon=True).start()
    pipe.send(READY)
    while True:
        try:
            pipe.send(function(pipe.recv()))
        except (EOFError, OSError):
            return
