"""The result log: one line of JSON for each finished evaluation, appended and never changed.

What a time limit or the end of a worker process interrupted is no finished evaluation: its line says so, and a
later line of the same key counts instead.

A line carries the SHA-256 of the rest of itself, so that a torn or damaged line is known as such: it is left out,
and what it stood for is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archsim.errors import ExploreError
from archsim.files import append, holding, inside, lock_file, locked, make_folder, remove
from archsim.json_reader import read_json
from archsim.reading import open_input

RESULTS = "results.jsonl"
KEY = re.compile(r"[0-9a-f]{32}")
"""Of a configuration; names of files are made of it, so it holds nothing else."""
Record = dict[str, Any]


def checksum(record: Record) -> str:
    """Of everything in a record but its own checksum."""
    rest = {key: value for key, value in record.items() if key != "sha256"}
    return hashlib.sha256(_text(rest, sort_keys=True).encode()).hexdigest()


def _text(record: Record, sort_keys: bool = False) -> str:
    return json.dumps(record, sort_keys=sort_keys, separators=(",", ":"), allow_nan=False)


def _fits(record: Record) -> str:
    del record
    return ""


@dataclass
class ResultLog:
    """The log of a study's folder, as far as it has been read.

    Parameters
    ----------
    path : Path
        ``results.jsonl``; made if it is not there.
    records : dict
        Whole records by their key.
    damaged : list of str
        Lines that were left out, and why.
    misfit : callable
        Why a whole record is none of this study; nothing if it is.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = ResultLog(Path(folder) / RESULTS)
    ...     log.append([{"key": "a" * 32, "metrics": {"latency_ps": 5}}])
    ...     _ = log.path.write_bytes(log.path.read_bytes() + b'{"key": "b", "metr')  # the power fails
    ...     again = ResultLog(log.path)
    ...     again.append([{"key": "c" * 32, "metrics": {}}])
    ...     [key[0] for key in ResultLog(log.path).read()], again.n_damaged
    (['a', 'c'], 1)
    """

    path: Path
    records: dict[str, Record] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    misfit: Callable[[Record], str] = _fits
    _read_to: int = 0
    _n_lines: int = 0

    @property
    def n_damaged(self) -> int:
        """How many lines were left out."""
        return len(self.damaged)

    def read(self) -> dict[str, Record]:
        """Every whole record by its key, the first finished one of a key; reads on from where it stopped."""
        try:
            with open_input(self.path, largest_bytes=None) as file:
                file.seek(self._read_to)
                content = file.read()
        except FileNotFoundError:
            return self.records
        except OSError as cause:
            raise ExploreError(f"{self.path}: cannot be read: {cause.strerror or cause}") from None
        whole = content[: content.rfind(b"\n") + 1]  # a last line without its end is still being written, or torn
        for number, line in enumerate(whole.split(b"\n")[:-1], self._n_lines + 1):
            self._take(number, line)
        self._read_to += len(whole)
        self._n_lines += whole.count(b"\n")
        return self.records

    def _take(self, number: int, line: bytes) -> None:
        if not line.strip():
            return
        try:
            record = _record(line)
            if said := self.misfit(record):
                raise ValueError(said)
        except ValueError as cause:
            self.damaged.append(f"line {number}: {cause}")
            return
        if self._is_open(record["key"]):
            self.records[record["key"]] = record

    def append(self, records: Sequence[Record]) -> None:
        """Write records behind each other, and wait until the disk has them; those that are finished are not."""
        with holding(self.path.with_suffix(".lock")):
            self.read()
            new = [record for record in records if self._is_open(record["key"])]
            lines = [_text({**r, "sha256": checksum(r)}) + "\n" for r in new]
            if not lines:
                return
            append(self.path, "".join([*self._end_of_torn(), *lines]).encode())
            self.read()

    def _end_of_torn(self) -> list[str]:
        """The end of a last line that was torn; the log has been read up to its last whole one."""
        return ["\n"] if self.path.exists() and self.path.stat().st_size > self._read_to else []

    def _is_open(self, key: str) -> bool:
        return key not in self.records or "interrupted" in self.records[key]


def _record(line: bytes) -> Record:
    """A line as a record; ValueError says what is wrong with it."""
    record = read_json(line)
    if not isinstance(record, dict) or record.get("sha256") != checksum(record):
        raise ValueError("cut off or changed; its sha256 is not that of the rest")
    if not (isinstance(record.get("key"), str) and KEY.fullmatch(record["key"])):
        raise ValueError("key: must be 32 digits of 0-9 and a-f")
    found: Record = record
    return found


class Claims:
    """Who works on what: a file for each key, locked while its process lives.

    What a process had claimed is free as soon as the process has ended, also by ``kill -9``. A file is removed
    when its key is given back. Whoever had opened it just before may then hold a key that another one takes, too;
    so what is claimed is looked for once more among what is finished.

    Parameters
    ----------
    folder : Path
        For the files; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = make_folder(folder)
        self._held: dict[str, int] = {}

    def take(self, key: str) -> bool:
        """Whether the key is ours now."""
        if key in self._held:
            return True
        descriptor = lock_file(self._file(key))
        if not locked(descriptor):
            os.close(descriptor)
            return False
        self._held[key] = descriptor
        return True

    def give_back(self, key: str) -> None:
        """Somebody else may have it."""
        if key in self._held:
            remove(self._file(key))
            os.close(self._held.pop(key))

    def close(self) -> None:
        """Give all back."""
        for key in list(self._held):
            self.give_back(key)

    def _file(self, key: str) -> Path:
        return inside(self._folder, hashlib.sha256(key.encode()).hexdigest()[:32])
