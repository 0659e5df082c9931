"""The original files of HHAR: nine people, six activities, phones and watches of several models.

Stisen et al. 2015, "Smart Devices are Different: Assessing and Mitigating Mobile Sensing Heterogeneities for
Activity Recognition", SenSys. The data are not shipped; the user has the folder.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.reading import open_text
from archsim.snn.data.file_errors import SHOWN, FileErrors, find_folder
from archsim.snn.data.labelled import LabelledWindows, label_windows
from archsim.snn.datasets import Ints
from archsim.workload.network import Floats

COLUMNS = ("Index", "Arrival_Time", "Creation_Time", "x", "y", "z", "User", "Model", "Device", "gt")
ACTIVITIES = ("bike", "sit", "stairsdown", "stairsup", "stand", "walk")
UNLABELLED = "null"
CARRIERS = ("Phones", "Watch")
SENSORS = ("accelerometer", "gyroscope")
CHANNELS = ("ax", "ay", "az", "wx", "wy", "wz")
LAYOUT = f"""Phones_accelerometer.csv, Phones_gyroscope.csv, Watch_accelerometer.csv, Watch_gyroscope.csv
each with the columns {",".join(COLUMNS)}"""
_ROWS_AT_ONCE = 50_000  # of text; the files have millions of lines
# the first two columns are not used, so one character of them is kept
_KINDS = ("U1", "U1", np.int64, np.float64, np.float64, np.float64, "U32", "U32", "U32", "U32")
_ROW = np.dtype(list(zip(COLUMNS, _KINDS, strict=True)))


@dataclass(frozen=True)
class _Track:
    """Samples of one sensor of one device on one person, in the order of time."""

    time_ns: Ints
    values: Floats
    activity: Ints  # −1: unlabelled


def load_hhar(
    folder: Path | str,
    *,
    carrier: str = "Phones",
    length: int = 100,
    step: int = 50,
    rate_hz: float = 50.0,
    max_gap_s: float = 1.0,
    users: Sequence[str] | None = None,
    devices: Sequence[str] | None = None,
) -> LabelledWindows:
    """Load accelerometer and gyroscope of phones or watches; the domain is the device's model.

    The sensors run at rates and times of their own. Per person and device, rows are sorted by Creation_Time
    (rows of equal time: the first counts); where the activity changes or the accelerometer pauses, a recording
    ends; both sensors are interpolated linearly on a common grid of `rate_hz` that begins with the recording.
    Where the gyroscope pauses or has not started, the recording is cut. Rows with activity "null" are left out.

    Parameters
    ----------
    folder : path
        Holds the four files.
    carrier : {"Phones", "Watch"}
    length, step : int
        Of the windows, in samples of the grid; 100 as in arXiv 2212.02233.
    rate_hz : float
        Of the grid; positive.
    max_gap_s : float
        A longer pause of a sensor ends a recording; positive.
    users, devices : sequence of str, optional
        Read these only (names as in the files, such as "a" and "nexus4_1").

    Returns
    -------
    LabelledWindows
        (n, length, 6); people numbered from 1 in the alphabetical order of the file's names.

    Raises
    ------
    WorkloadError
        If a file is missing (all of them, with the expected layout), rows have errors (file and line), a setting
        is out of range or nothing is left.

    Examples
    --------
    >>> load_hhar("nowhere")
    Traceback (most recent call last):
    archsim.errors.WorkloadError: HHAR: nowhere is not a folder; expected one that holds
      Phones_accelerometer.csv, ...
    """
    if carrier not in CARRIERS:
        raise WorkloadError(f"HHAR: carrier {carrier!r} is unknown; choose one of {', '.join(CARRIERS)}")
    if not (np.isfinite([rate_hz, max_gap_s]).all() and rate_hz > 0 and max_gap_s > 0):
        raise WorkloadError(f"HHAR: rate_hz is {rate_hz} and max_gap_s {max_gap_s}; both must be positive")
    names = [f"{carrier}_{sensor}.csv" for sensor in SENSORS]
    top = find_folder(folder, "HHAR", "Activity recognition exp", names, LAYOUT)
    errors = FileErrors("HHAR")
    tables = [_Table(top / name, errors) for name in names]
    errors.raise_any()
    for table in tables:
        table.check_names(users, devices)
    people, models = (sorted({*getattr(tables[0], k), *getattr(tables[1], k)}) for k in ("users", "models"))
    recordings, origins = [], []
    acceleration, rotation = (table.tracks(users, devices) for table in tables)
    for key in sorted(acceleration.keys() & rotation.keys()):
        user, model, _ = key
        for activity, samples in _aligned(acceleration[key], rotation[key], rate_hz, max_gap_s):
            recordings.append(samples)
            origins.append((activity, people.index(user) + 1, models.index(model)))
    if not recordings:
        raise WorkloadError(
            f"HHAR: {top}: no labelled stretch has both sensors; check users, devices and max_gap_s"
        )
    labels, subject, domain = np.array(origins, dtype=np.int64).T
    return label_windows(
        "hhar", recordings, labels, subject, domain, length=length, step=step,
        class_names=ACTIVITIES, channel_names=CHANNELS, domain_names=tuple(models),
    )  # fmt: skip


class _Table:
    """One file, read in blocks: numbers as arrays, names as small integers."""

    def __init__(self, path: Path, errors: FileErrors) -> None:
        self.path = path
        self.users: dict[str, int] = {}
        self.models: dict[str, int] = {}
        self.devices: dict[str, int] = {}
        blocks = [block for line, text in _blocks(path, errors) if (block := self._block(line, text, errors))]
        if not blocks and not errors.count:
            errors.add(path, None, "no rows below the header")
        if blocks:
            self.time_ns, self.values, self.codes = (np.concatenate(part) for part in zip(*blocks, strict=True))

    def _block(self, line: int, text: list[str], errors: FileErrors) -> tuple[Ints, Floats, Ints] | None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # numpy only warns of "1.5" where a whole number is expected
                rows = np.loadtxt(text, dtype=_ROW, delimiter=",", comments=None, quotechar='"', ndmin=1)
        except (ValueError, Warning) as error:
            _name_errors(self.path, line, text, errors, str(error))
            return None
        values = np.stack([rows[axis] for axis in "xyz"], axis=1)
        names = {name: k for k, name in enumerate((UNLABELLED, *ACTIVITIES))}
        activity = _codes(rows["gt"], names) - 1
        if not np.isfinite(values).all() or activity.max() >= len(ACTIVITIES):
            _name_errors(self.path, line, text, errors, "")
            return None
        known = (self.users, self.models, self.devices)
        named = [_codes(rows[column], k) for column, k in zip(COLUMNS[6:9], known, strict=True)]
        return rows["Creation_Time"], values, np.stack([*named, activity], axis=1)

    def check_names(self, users: Sequence[str] | None, devices: Sequence[str] | None) -> None:
        for what, wanted, known in (("user", users, self.users), ("device", devices, self.devices)):
            unknown = sorted(set(wanted or ()) - known.keys())
            if unknown:
                raise WorkloadError(
                    f"HHAR: {self.path.name} has no {what} {', '.join(unknown)}; it has {', '.join(sorted(known))}"
                )

    def tracks(
        self, users: Sequence[str] | None, devices: Sequence[str] | None
    ) -> dict[tuple[str, str, str], _Track]:
        """By user, model and device."""
        names = [list(k) for k in (self.users, self.models, self.devices)]
        found = {}
        keys, which = np.unique(self.codes[:, :3], axis=0, return_inverse=True)
        for index, codes in enumerate(keys):
            user, model, device = (known[code] for known, code in zip(names, codes, strict=True))
            if (users is not None and user not in users) or (devices is not None and device not in devices):
                continue
            rows = np.flatnonzero(which.ravel() == index)
            time_ns, first = np.unique(self.time_ns[rows], return_index=True)  # the first of equal times
            found[user, model, device] = _Track(time_ns, self.values[rows[first]], self.codes[rows[first], 3])
        return found


def _codes(column: NDArray[np.str_], known: dict[str, int]) -> Ints:
    """Names as numbers; new ones are added. Names rarely change from row to row, so only changes are looked up."""
    first = np.flatnonzero(np.append(True, column[1:] != column[:-1]))
    codes = [known.setdefault(str(name), len(known)) for name in column[first]]
    return np.repeat(np.array(codes, dtype=np.int64), np.diff(np.append(first, len(column))))


def _blocks(path: Path, errors: FileErrors) -> Iterator[tuple[int, list[str]]]:
    """Lines below the header, some at a time, with the number of the first."""
    try:
        with open_text(path, None) as file:
            header = file.readline().strip()
            if header.split(",") != list(COLUMNS):
                errors.add(path, 1, f"columns are {header or 'missing'}; expected {','.join(COLUMNS)}")
                return
            line = 2
            while text := list(islice(file, _ROWS_AT_ONCE)):
                if any(not row.isspace() for row in text):
                    yield line, text
                line += len(text)
    except (OSError, UnicodeDecodeError) as error:
        raise WorkloadError(f"HHAR: {path} cannot be read: {error}") from None


def _name_errors(path: Path, line: int, text: list[str], errors: FileErrors, reason: str) -> None:
    """Say which rows of a block are wrong, and how; `reason` is what the fast reader said."""
    before = errors.count
    for number, row in enumerate(text, start=line):
        cells = next(csv.reader([row]), [])
        if not cells or errors.count - before >= SHOWN:
            continue
        if len(cells) != len(COLUMNS):
            errors.add(path, number, f"{len(cells)} columns, expected {len(COLUMNS)}")
            continue
        try:
            np.int64(int(cells[2]))
            if not np.isfinite([float(v) for v in cells[3:6]]).all():
                errors.add(path, number, f"x, y, z must be finite, got {', '.join(cells[3:6])}")
        except (ValueError, OverflowError) as error:
            errors.add(path, number, str(error))
        if cells[9] not in (*ACTIVITIES, UNLABELLED):
            errors.add(path, number, f"gt is {cells[9]!r}; expected {', '.join(ACTIVITIES)} or {UNLABELLED}")
    if errors.count == before:
        errors.add(path, line, f"the {len(text)} lines from here on cannot be read: {reason}")


def _aligned(acc: _Track, gyro: _Track, rate_hz: float, max_gap_s: float) -> Iterator[tuple[int, Floats]]:
    """Stretches of one activity without pauses, both sensors on a common grid (samples, 6)."""
    gap_ns = max_gap_s * 1e9
    ends = (np.diff(acc.time_ns) > gap_ns) | (np.diff(acc.activity) != 0)
    for rows in np.split(np.arange(len(acc.time_ns)), np.flatnonzero(ends) + 1):
        activity = int(acc.activity[rows[0]])
        if activity < 0:
            continue
        # times relative to the stretch: nanoseconds since 1970 do not fit a float
        origin = acc.time_ns[rows[0]]
        own = (acc.time_ns[rows] - origin).astype(float)
        near = _around(gyro.time_ns, origin, acc.time_ns[rows[-1]])
        other = (gyro.time_ns[near] - origin).astype(float)
        if not len(other):
            continue
        grid = np.arange(0, own[-1] + 1, 1e9 / rate_hz)
        covered = _covered(grid, other, gap_ns)
        samples = np.stack(
            [np.interp(grid, own, column) for column in acc.values[rows].T]
            + [np.interp(grid, other, column) for column in gyro.values[near].T],
            axis=1,
        )
        for part in np.split(np.arange(len(grid)), np.flatnonzero(np.diff(covered)) + 1):
            if covered[part[0]]:
                yield activity, samples[part]


def _around(times: Ints, begin: int, end: int) -> slice:
    """The samples from the last one at or before `begin` to the first one at or after `end`."""
    first, last = np.searchsorted(times, begin, side="right"), np.searchsorted(times, end)
    return slice(max(int(first) - 1, 0), int(last) + 1)


def _covered(grid: Floats, times: Floats, gap_ns: float) -> NDArray[np.bool_]:
    """Whether each time of the grid lies between two samples that are close enough."""
    after = np.searchsorted(times, grid)
    later = np.append(times, np.inf)[after]
    earlier = np.append(-np.inf, times)[after]
    return np.asarray((later == grid) | (later - earlier <= gap_ns))
