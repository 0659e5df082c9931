"""Optuna's journal in a study's folder: safe against torn ends, with a lock that no dead process holds."""

from __future__ import annotations

import json
import math
import os
import secrets
import warnings
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from archsim.errors import ExploreError
from archsim.explore.log import RESULTS
from archsim.explore.models import Range
from archsim.explore.shapes import operation_error
from archsim.explore.study import Study
from archsim.files import append, cut, holding, inside, lock_file, locked, remove
from archsim.json_reader import read_json
from archsim.reading import open_input
from archsim.registry import SAMPLERS

ASKED = "parameters"
"""Attribute of a trial that has been asked to its end: its parameters, as a study file would write them."""

_CREATE_TRIAL = 4  # optuna's code of the operation


class Backend(JournalFileBackend):
    """The journal's file. What it holds follows from the result log, so the disk is waited for once a batch."""

    _lines: list[bytes] | None = None  # of a round that is not yet in the file
    _n_before: int | None = None  # operations in the file when the round began

    @contextmanager
    def together(self) -> Iterator[None]:
        """A transaction: no other process writes meanwhile, and all operations are appended, or none is.

        A trial is about ten operations; a file that is opened for each of them takes longer than Optuna itself.
        """
        with self._locked():
            self._lines, self._n_before = [], None
            try:
                yield
                end = self._write(self._lines)
                if self._n_before is not None:  # so that it is not read from its beginning again
                    self._log_number_offset[self._n_before + len(self._lines)] = end
            finally:
                self._lines = None

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append operations."""
        lines = [json.dumps(log, separators=(",", ":"), allow_nan=False).encode() + b"\n" for log in logs]
        if self._lines is not None:
            self._lines += lines
            return
        with self._locked():
            self._write(lines)

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        """All operations from a number on."""
        if self._lines is None:
            yield from super().read_logs(log_number_from)
            return
        if self._n_before is None:
            found = list(super().read_logs(log_number_from))
            self._n_before = log_number_from + len(found)
            yield from found
        for line in self._lines[max(0, log_number_from - self._n_before) :]:
            yield json.loads(line)

    def _locked(self) -> AbstractContextManager[None]:
        # optuna's own lock outlives a killed process by half a minute; the system's does not
        return holding(lock_of(Path(self._file_path)))

    def _write(self, lines: list[bytes]) -> int:
        """Append lines, behind the last whole one: a process killed while it wrote damages nothing.

        Returns
        -------
        int
            Bytes of the file then.
        """
        with open_input(self._file_path, largest_bytes=None) as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(end - 1, 0))
            torn = end > 0 and file.read(1) != b"\n"
            file.seek(0)
            whole = file.read().rfind(b"\n") + 1 if torn else end
        if torn:
            cut(self._file_path, whole)
        return append(self._file_path, b"".join(lines), to_disk=False)

    def to_disk(self) -> None:
        """Wait until the disk has all of it."""
        append(self._file_path, b"")


def lock_of(journal: Path) -> Path:
    """The file by which those who write a journal wait for each other."""
    return journal.with_suffix(".lock")


@contextmanager
def taking_part(path: Path) -> Iterator[None]:
    """Mark this process as searching; a process that is alone first repairs torn lines.

    Parameters
    ----------
    path : Path
        The journal.
    """
    marks = f"{path.stem}.active-"
    with holding(lock_of(path)):
        held = [_is_held(mark) for mark in path.parent.glob(f"{marks}*")]
        if True not in held:
            mend(path)
        own = inside(path.parent, f"{marks}{secrets.token_hex(8)}")
        mark = lock_file(own)
        locked(mark)
    try:
        yield
    finally:
        remove(own)
        os.close(mark)


def _is_held(mark: Path) -> bool:
    """Whether its process lives; the mark of one that has ended is removed."""
    descriptor = lock_file(mark)
    try:
        if not locked(descriptor):
            return True
        remove(mark)
        return False
    finally:
        os.close(descriptor)


def mend(path: Path) -> int:
    """Cut a journal behind its last good line, and before a last trial that was not asked to its end.

    Returns
    -------
    int
        How many bytes were cut.

    Raises
    ------
    ExploreError
        A whole line says what no search has written, or it is no file that can be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "journal.jsonl"
    ...     whole = b'{"op_code": 2, "worker_id": "a", "study_id": 0}\\n'
    ...     _ = path.write_bytes(whole + b'{"op_code": 4, "worker_id": "a", "stud')
    ...     mend(path), path.read_bytes() == whole
    (38, True)
    """
    if not path.exists():
        return 0
    content, good, keep = _content(path), 0, 0
    is_asked = True
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        operation = _operation(line)
        if operation is None:
            break
        if said := operation_error(operation):
            raise _foreign(path, f"line {number}: {said}")
        if operation.get("op_code") == _CREATE_TRIAL:
            is_asked = False
        good += len(line)
        is_asked = is_asked or ASKED in operation.get("user_attr", {})
        keep = good if is_asked else keep
    if keep < len(content):
        cut(path, keep)
    return len(content) - keep


def _content(path: Path) -> bytes:
    try:
        with open_input(path, largest_bytes=None) as file:
            return file.read()
    except OSError as cause:
        raise ExploreError(f"{path}: cannot be read: {cause.strerror or cause}") from None


def _foreign(path: Path, said: str) -> ExploreError:
    return ExploreError(
        f"{path}: holds what no search of this study has written ({said}). Delete it and search again: what was "
        f"evaluated stands in {RESULTS}"
    )


def _operation(line: bytes) -> dict[str, Any] | None:
    """Content of a line of the journal; None if it is torn or damaged."""
    try:
        found = read_json(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and line.endswith(b"\n") else None


def opened(study: Study, path: Path) -> tuple[optuna.Study, Backend]:
    """The study as a journal file tells it, made if it is not there.

    Raises
    ------
    ExploreError
        The journal tells what no search of this study can have done.
    """
    try:
        backend = Backend(str(path))
        found = optuna_study(study, JournalStorage(backend))
        trials = found.get_trials(deepcopy=False)
    except OSError:
        raise
    except Exception as cause:  # Optuna asserts and takes as given what its journal says
        raise _foreign(path, f"{type(cause).__name__}: {cause}") from cause
    for trial in trials:
        if said := _misfit(study, trial):
            raise _foreign(path, f"trial {trial.number}: {said}")
    return found, backend


def _misfit(study: Study, trial: optuna.trial.FrozenTrial) -> str:
    """Why a trial can be none of this study; nothing if it can."""
    for name, distribution in trial.distributions.items():
        if name not in study.parameters:
            return f"{name} is no parameter of the study"
        if distribution != distribution_of(study, name):
            return f"{name} is drawn from other values than the study's"
    n = len(study.model.objectives)
    if trial.values is not None and (len(trial.values) != n or not all(map(math.isfinite, trial.values))):
        return f"values: must be {n} finite numbers"
    asked = trial.user_attrs.get(ASKED, {})
    if not isinstance(asked, dict) or not set(asked) <= set(study.parameters):
        return f"{ASKED}: must be those of the study"
    return ""


def distribution_of(study: Study, name: str) -> optuna.distributions.BaseDistribution:
    """The range of a parameter, in its own values: numbers in equal steps, one of several, or all between."""
    if (even := study.even[name]) is not None:
        low, high, step = even[0], even[-1], even[1] - even[0]
        if low == int(low) and step == int(step):
            return optuna.distributions.IntDistribution(int(low), int(high), step=int(step))
        return optuna.distributions.FloatDistribution(float(low), float(high), step=float(step))
    if (choices := study.listed[name]) is not None:
        return optuna.distributions.CategoricalDistribution(choices)
    item = study.parameters[name]
    assert isinstance(item, Range)
    first, last = (float(end) for end in item.ends)
    return optuna.distributions.FloatDistribution(first, last, log=item.scale == "log")


def optuna_study(study: Study, storage: JournalStorage) -> optuna.Study:
    """The study as Optuna knows it, made if it is not there."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        storage=storage,
        study_name=study.name,
        directions=list(study.model.objectives.values()),
        sampler=_sampler(study),
        load_if_exists=True,
    )


def sampler_of(study: Study, number: int, sampler: optuna.samplers.BaseSampler) -> optuna.samplers.BaseSampler:
    """The sampler, made to draw for one trial: its seed follows from the study's and the trial's number.

    So no two trials, workers or resumed runs draw the same, and a search that was interrupted goes on as it would
    have gone on.
    """
    seed = int(np.random.SeedSequence([study.model.seed, number]).generate_state(1)[0])
    parts: list[Any] = [sampler]
    parts += [getattr(sampler, name, None) for name in ("_random_sampler", "_independent_sampler")]
    for part in parts:
        if hasattr(part, "_rng"):  # what optuna's reseed_rng seeds, which takes no seed
            part._rng.rng.seed(seed)
    return sampler


def _sampler(study: Study) -> optuna.samplers.BaseSampler:
    settings, seed = study.model.search, study.model.seed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        has_conditions = any(item.when for item in study.parameters.values())
        with SAMPLERS.calling(settings.sampler) as kind:
            made: optuna.samplers.BaseSampler = kind().made(settings.population, seed, has_conditions)
    return made
