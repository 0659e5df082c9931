"""Processes of this machine that evaluate: each with a pipe of its own, so that one can be killed at any moment.

A worker that ends without an answer (too little memory, ``kill -9``) is replaced and its work done again; one that
takes too long is stopped. Workers end with their parent.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from archsim.explore.evaluate import Job, Outcome, evaluate, failed

THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
)
MOST_TRIES = 3


class Pool(Protocol):
    """Whoever evaluates jobs."""

    @property
    def n_free(self) -> int:
        """How many more jobs it takes now."""
        ...

    def submit(self, job: Job) -> None:
        """Take a job."""
        ...

    def wait(self, timeout_s: float) -> list[tuple[str, Outcome]]:
        """What has been done since, by key; returns at once if there is something."""
        ...

    def close(self) -> None:
        """Stop everything."""
        ...


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    job: Job | None = None
    started_s: float = 0.0


@dataclass
class LocalPool:
    """Worker processes on this machine.

    Parameters
    ----------
    n_workers : int
    limit_s : float, optional
        Seconds that one evaluation may take.
    function : callable
        What is done with a job.
    """

    n_workers: int
    limit_s: float | None = None
    function: Callable[[Job], Outcome] = evaluate
    _workers: list[_Worker] = field(default_factory=list)
    _again: list[Job] = field(default_factory=list)
    _tries: dict[str, int] = field(default_factory=dict)
    _found: list[tuple[str, Outcome]] = field(default_factory=list)

    @property
    def n_free(self) -> int:
        """Workers without work."""
        return self.n_workers - sum(worker.job is not None for worker in self._workers) - len(self._again)

    @property
    def pids(self) -> list[int]:
        """Of the worker processes."""
        return [worker.process.pid for worker in self._workers if worker.process.pid]

    def submit(self, job: Job) -> None:
        """Give a job to a worker; a new one if none is free."""
        worker = next((worker for worker in self._workers if worker.job is None), None)
        if worker is None:
            worker = _started(self.function)
            self._workers.append(worker)
        worker.job, worker.started_s = job, time.monotonic()
        try:
            worker.pipe.send(job)
        except OSError:  # it has been killed while it waited
            self._replace(worker)

    def wait(self, timeout_s: float) -> list[tuple[str, Outcome]]:
        """Outcomes that have come in; stops workers whose time is over, and starts others for those that ended."""
        while self._again and (len(self._workers) < self.n_workers or any(w.job is None for w in self._workers)):
            self.submit(self._again.pop())
        busy = [worker for worker in self._workers if worker.job is not None]
        until = time.monotonic() + timeout_s
        if self.limit_s is not None and busy:
            until = min(until, min(worker.started_s for worker in busy) + self.limit_s)
        ready = wait([worker.pipe for worker in busy], max(0.0, until - time.monotonic())) if busy else []
        for worker in busy:
            if worker.pipe in ready:
                self._take_answer(worker)
            elif self.limit_s is not None and time.monotonic() - worker.started_s >= self.limit_s:
                self._finish(worker, failed(f"stopped after its limit of {self.limit_s:g} s"))
                self._end(worker)
        found, self._found = self._found, []
        return found

    def _take_answer(self, worker: _Worker) -> None:
        try:
            outcome = worker.pipe.recv()
        except (EOFError, OSError):
            self._replace(worker)
        else:
            self._finish(worker, outcome)

    def _finish(self, worker: _Worker, outcome: Outcome) -> None:
        assert worker.job is not None
        self._found.append((worker.job.key, {**outcome, "seconds": time.monotonic() - worker.started_s}))
        worker.job = None

    def _replace(self, worker: _Worker) -> None:
        """A worker ended without an answer: its job goes to another one, a few times."""
        job = worker.job
        assert job is not None
        tries = self._tries[job.key] = self._tries.get(job.key, 0) + 1
        if tries < MOST_TRIES:
            self._again.append(job)
        else:
            said = f"its worker process ended without a result, {tries} times (too little memory?)"
            self._finish(worker, failed(said))
        self._end(worker)

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()

    def close(self) -> None:
        """Kill the workers; nothing of theirs is unfinished on the disk."""
        for worker in list(self._workers):
            self._end(worker)


def _started(function: Callable[[Job], Outcome]) -> _Worker:
    """A fresh process with one thread for arithmetic."""
    here, there = multiprocessing.Pipe()
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        process = multiprocessing.get_context("spawn").Process(target=_work, args=(there, function), daemon=True)
        process.start()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    there.close()
    return _Worker(process, here)


def _work(pipe: Connection, function: Callable[[Job], Outcome]) -> None:
    """Answer jobs until the parent is gone."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            job = pipe.recv()
            pipe.send(function(job))
        except (EOFError, OSError):
            return


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
