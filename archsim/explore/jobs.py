"""Many function calls on worker processes; finished outcomes are kept in a folder, and a second run resumes."""

from __future__ import annotations

import functools
import hashlib
import json
import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec

from archsim.errors import ArchsimError, ExploreError
from archsim.explore.workers import LocalPool
from archsim.files import make_folder, scratch_folder, write_text
from archsim.reading import input_json

POLL_S = 60.0
REVISION = 2  # of what studies compute; counts up when kept outcomes are not those that would come out now
Tell = Callable[[str], None]
P = ParamSpec("P")


@dataclass(frozen=True)
class Job:
    """A function of plain arguments, its name, and all that its outcome depends on.

    Parameters
    ----------
    name : str
        For progress and messages.
    function : callable
        At the top of a module that is not run as a script; returns what JSON can hold.
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
        text = json.dumps([self.function.__name__, self.made_from, REVISION], sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


def run_jobs(jobs: Sequence[Job], workers: int, cache: Path, tell: Tell = lambda _: None) -> list[Any]:
    """Outcomes in the order of the jobs, whatever the number of workers.

    Parameters
    ----------
    jobs : sequence of Job
    workers : int
        Processes. Each computes with one thread, so that the last bits do not depend on their number.
    cache : Path
        A folder for finished outcomes.
    tell : callable
        Called with what is going on.

    Raises
    ------
    ArchsimError
        A process ended without an outcome, or the cache cannot be written; and whatever a job raises.

    Examples
    --------
    >>> import math, tempfile
    >>> with tempfile.TemporaryDirectory() as kept:
    ...     run_jobs([Job(f"root of {x}", math.sqrt, (x,), {"x": x}) for x in (4, 9)], 1, Path(kept))
    [2.0, 3.0]
    """
    found = {job.key: outcome for job in jobs if (outcome := _kept(cache, job)) is not None}
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
                found[key] = _outcome_of(outcome, missing[key])
                text = json.dumps({"outcome": found[key]}, allow_nan=False)
                write_text(_file(cache, missing[key]), text + "\n")
                tell(f"{sum(job.key in found for job in jobs)} of {len(jobs)}: {missing[key].name}")
    finally:
        pool.close()
    return [found[job.key] for job in jobs]


@contextmanager
def kept_in(cache: Path | None) -> Iterator[Path]:
    """A folder for finished outcomes: the one that is named, else a temporary one.

    Raises
    ------
    WriteError
        It cannot be made.
    """
    if cache is None:
        with scratch_folder() as place:
            yield place
    else:
        yield make_folder(cache)


# ---- jobs that may fail without ending the study ----


def in_words(error: ArchsimError, n_lines: int = 2) -> str:
    """An error as a line of text: an exception would end the whole study."""
    return "; ".join(str(error).splitlines()[:n_lines]).partition(" These wait")[0]


def error_in_words(function: Callable[P, dict[str, Any]]) -> Callable[P, dict[str, Any]]:
    """Make a function return ``{"why_not": text}`` where it raises an `ArchsimError`."""

    @functools.wraps(function)
    def safe(*args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        try:
            return function(*args, **kwargs)
        except ArchsimError as error:
            return {"why_not": in_words(error)}

    return safe


def all_done(names: Sequence[str], found: Sequence[dict[str, Any]]) -> None:
    """Refuse outcomes of `error_in_words` functions of which one has failed.

    Raises
    ------
    ExploreError
        With the names and reasons of all that failed.
    """
    failed = [f"{name}: {one['why_not']}" for name, one in zip(names, found, strict=True) if "why_not" in one]
    if failed:
        raise ExploreError("\n".join(failed))


# ---- one worker ----


def _done(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """A worker's answer: the outcome, or the exception with where it was raised."""
    outcomes: list[dict[str, Any]] = []
    for job in jobs:
        try:
            # as it will be read from the cache
            outcomes.append({"outcome": json.loads(json.dumps(job.function(*job.arguments), allow_nan=False))})
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


def _outcome_of(outcome: dict[str, Any], job: Job) -> Any:
    if "raised" in outcome:
        raise outcome["raised"]
    if "outcome" not in outcome:
        raise ExploreError(f"{job.name}: {outcome['error']}; fewer --workers may help")
    return outcome["outcome"]


def _file(cache: Path, job: Job) -> Path:
    return cache / f"{job.key}.json"


def _kept(cache: Path, job: Job) -> Any:
    """An earlier outcome; None if there is none, or it cannot be read."""
    try:
        return input_json(_file(cache, job))["outcome"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
