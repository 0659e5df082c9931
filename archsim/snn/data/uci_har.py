"""The original folder of UCI-HAR: 30 people, six activities, a phone at the waist, 50 Hz, windows of 128.

Anguita et al. 2013, "A Public Domain Dataset for Human Activity Recognition Using Smartphones", ESANN. The data
are not shipped; the user has the folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from archsim.errors import WorkloadError
from archsim.reading import LARGEST_BYTES, input_text
from archsim.snn.data.file_errors import FileErrors, find_folder
from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.datasets import Ints
from archsim.workload.network import Floats

PARTS = ("train", "test")
SIGNALS = tuple(f"{kind}_{axis}" for kind in ("body_acc", "body_gyro", "total_acc") for axis in "xyz")
LENGTH = 128  # samples of a window, every 64, as the data set's README says
LAYOUT = """UCI HAR Dataset/
  activity_labels.txt
  train/y_train.txt
  train/subject_train.txt
  train/Inertial Signals/body_acc_x_train.txt … total_acc_z_train.txt  (9 files)
  test/…  (the same, named _test)"""


def load_uci_har(folder: Path | str) -> LabelledWindows:
    """Load the nine inertial signals; the domain is the published part (30 % of the people are "test").

    The files hold windows, not recordings. Neighbouring windows share 64 samples, so a window whose first half
    equals the second half of the window before (same person, all nine signals) continues its recording. Thus
    splits in time stay free of leakage.

    Parameters
    ----------
    folder : path
        "UCI HAR Dataset", or the folder that holds it.

    Returns
    -------
    LabelledWindows
        (n, 128, 9).

    Raises
    ------
    WorkloadError
        If files are missing (all of them, with the expected layout), or hold errors (file and line).

    Examples
    --------
    >>> load_uci_har("nowhere")
    Traceback (most recent call last):
    archsim.errors.WorkloadError: UCI-HAR: nowhere is not a folder; expected one that holds
      UCI HAR Dataset/
    ...
    """
    needed = ["activity_labels.txt", *(name for part in PARTS for name in _names(part))]
    top = find_folder(folder, "UCI-HAR", "UCI HAR Dataset", needed, LAYOUT)
    errors = FileErrors("UCI-HAR")
    class_names = _class_names(top / "activity_labels.txt", errors)
    errors.raise_any()
    read = [_part(top, part, len(class_names), errors) for part in PARTS]
    errors.raise_any()
    values = np.concatenate([r[0] for r in read])
    labels, subject = (np.concatenate([r[k] for r in read]) for k in (1, 2))
    domain = np.repeat(np.arange(2), [len(r[0]) for r in read])
    recording, start = _chained(values, subject, domain)
    return LabelledWindows(
        "uci_har", values, labels, subject, domain, recording, start, LENGTH, class_names, SIGNALS, PARTS
    )


def _names(part: str) -> list[str]:
    signals = [f"{part}/Inertial Signals/{signal}_{part}.txt" for signal in SIGNALS]
    return [f"{part}/y_{part}.txt", f"{part}/subject_{part}.txt", *signals]


def _lines(path: Path) -> list[str]:
    try:
        lines = input_text(path, LARGEST_BYTES).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WorkloadError(f"UCI-HAR: {path} cannot be read: {error}") from None
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _class_names(path: Path, errors: FileErrors) -> tuple[str, ...]:
    names = []
    for number, line in enumerate(_lines(path), start=1):
        words = line.split()
        if len(words) != 2 or words[0] != str(number):
            errors.add(path, number, f"expected '{number} NAME', got {line.strip()!r}")
        else:
            names.append(words[1])
    if not names and not errors.count:
        errors.add(path, None, "no activities")
    return tuple(names)


def _part(top: Path, part: str, n_classes: int, errors: FileErrors) -> tuple[Floats, Ints, Ints]:
    label_file, subject_file, *signal_files = (top / name for name in _names(part))
    labels = _numbers(label_file, n_classes, "class", errors)
    subject = _numbers(subject_file, None, "person", errors)
    signals = [_signal(path, errors) for path in signal_files]
    for path, rows in zip((subject_file, *signal_files), (subject, *signals), strict=True):
        if len(rows) != len(labels):
            errors.add(path, None, f"{len(rows)} lines; {label_file.name} has {len(labels)}")
    if not len(labels):
        errors.add(label_file, None, "no windows")
    # with errors the parts may not fit together; the caller raises before anything is used
    values = np.zeros((0, LENGTH, len(SIGNALS))) if errors.count else np.stack(signals, axis=2)
    return values, labels - 1, subject


def _numbers(path: Path, highest: int | None, what: str, errors: FileErrors) -> Ints:
    found = np.zeros(len(lines := _lines(path)), dtype=np.int64)
    limit = "1 or more" if highest is None else f"1 to {highest}"
    for index, line in enumerate(lines):
        text = line.strip()
        value = int(text) if text.isdecimal() else 0
        if value < 1 or (highest is not None and value > highest):
            errors.add(path, index + 1, f"{what} {text!r} must be {limit}")
        found[index] = value
    return found


def _signal(path: Path, errors: FileErrors) -> Floats:
    rows = np.zeros((len(lines := _lines(path)), LENGTH))
    for index, line in enumerate(lines):
        words = line.split()
        if len(words) != LENGTH:
            errors.add(path, index + 1, f"{len(words)} values; a window has {LENGTH}")
            continue
        try:
            rows[index] = words
        except ValueError as error:
            errors.add(path, index + 1, str(error))
            continue
        if not np.isfinite(rows[index]).all():
            column = int(np.flatnonzero(~np.isfinite(rows[index]))[0])
            errors.add(path, index + 1, f"value {column + 1} is not finite: {words[column]}")
    return rows


def _chained(values: Floats, subject: Ints, domain: Ints) -> tuple[Ints, Ints]:
    """Recording and first sample of every window, found by what neighbours share."""
    half = LENGTH // 2
    follows = (values[1:, :half] == values[:-1, half:]).all(axis=(1, 2))
    follows &= (subject[1:] == subject[:-1]) & (domain[1:] == domain[:-1])
    follows = np.concatenate([[False], follows])
    recording = np.cumsum(~follows) - 1
    first = np.flatnonzero(~follows)
    return recording, half * (np.arange(len(values)) - first[recording])
