"""Many jobs on several processes; what is done is kept in a folder and not done again."""

from __future__ import annotations

import hashlib
import json
import pickle
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archsim.errors import ExploreError
from archsim.explore.workers import LocalPool
from archsim.files import write_text

POLL_S = 60.0
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """A function of plain arguments, its name, and all that its outcome depends on.

    Parameters
    ----------
    name : str
        For progress.
    function : callable
        At the top of a module; gives what JSON can hold.
    arguments : tuple
    made_from : object
        What JSON can hold; the outcome is found again by it.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    made_from: Any

    @property
    def key(self) -> str:
        """Names the outcome's file."""
        text = json.dumps([self.function.__name__, self.made_from], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


def run_jobs(jobs: Sequence[Job], workers: int, cache: Path, tell: Tell) -> list[Any]:
    """The outcomes, in the order of the jobs, whatever the number of workers.

    Parameters
    ----------
    jobs : sequence of Job
    workers : int
        Processes. Each computes with one thread, so that the last bits do not depend on their number.
    cache : Path
        A folder for finished outcomes.
    tell : callable

    Raises
    ------
    ExploreError
        A process ended without an outcome.
    WriteError
        The cache cannot be written.
    """
    found = {job.key: outcome for job in jobs if (outcome := _cached(cache, job)) is not None}
    missing = {job.key: job for job in jobs if job.key not in found}
    if found and missing:
        tell(f"{len(found)} of {len(jobs)} were done before")
    pool: LocalPool[Job] = LocalPool(workers, None, _done)
    waiting = list(missing.values())
    try:
        while len(found) < len(found | missing):
            while waiting and pool.n_free > 0:
                pool.submit((waiting.pop(0),))
            for key, outcome in pool.wait(POLL_S):
                found[key] = _result(outcome, missing[key])
                write_text(_file(cache, missing[key]), json.dumps({"outcome": found[key]}) + "\n")
                tell(f"{sum(job.key in found for job in jobs)} of {len(jobs)}: {missing[key].name}")
    finally:
        pool.close()
    return [found[job.key] for job in jobs]


def _done(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """What a worker answers: the outcome, or the exception with where it was raised."""
    outcomes: list[dict[str, Any]] = []
    for job in jobs:
        try:
            # as it will be read from the cache
            outcomes.append({"outcome": json.loads(json.dumps(job.function(*job.arguments)))})
        except Exception as error:
            error.add_note(f"in {job.name}:\n{traceback.format_exc()}")
            outcomes.append({"raised": _portable(error)})
    return outcomes


def _portable(error: Exception) -> Exception:
    """The error, or its text where its class does not go to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its author forgot
        return RuntimeError(f"{type(error).__name__}: {error}\n{error.__notes__[-1]}")
    return error


def _result(outcome: dict[str, Any], job: Job) -> Any:
    if "raised" in outcome:
        raise outcome["raised"]
    if "outcome" not in outcome:
        raise ExploreError(f"{job.name}: {outcome['error']}; fewer --workers may help")
    return outcome["outcome"]


def _file(cache: Path, job: Job) -> Path:
    return cache / f"{job.key}.json"


def _cached(cache: Path, job: Job) -> Any:
    """An earlier outcome; None if there is none, or it cannot be read."""
    try:
        return json.loads(_file(cache, job).read_text(encoding="utf-8"))["outcome"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
