"""BasicMotions, small and quick: four activities of a wrist sensor, 40 + 40 series, inside the package aeon.

Six dimensions (3-axial accelerometer and gyroscope), 10 Hz for 10 s, as the comment in the file says; part of the
UEA archive of multivariate time series (Bagnall et al. 2018, arXiv 1811.00075).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from archsim.errors import WorkloadError
from archsim.reading import input_text
from archsim.snn.data.file_errors import FileErrors
from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.datasets import Ints
from archsim.workload.network import Floats

PARTS = ("train", "test")


def load_basic_motions() -> LabelledWindows:
    """Load BasicMotions: 80 windows of 100 samples; the domain is the published part.

    Only the two text files inside the installed package are read; aeon itself is not imported, so
    ``pip install --no-deps aeon`` is enough. Who was recorded is not in the files (subject 0). Every series is a
    recording of its own.

    Raises
    ------
    WorkloadError
        If aeon is not installed, or a file has errors (all at once, with file and line).

    Examples
    --------
    >>> load_basic_motions().values.shape  # doctest: +SKIP
    (80, 100, 6)
    """
    folder = _folder()
    read = [read_ts(folder / f"BasicMotions_{part.upper()}.ts") for part in PARTS]
    (train, train_labels, names), (test, test_labels, other_names) = read
    if names != other_names or train.shape[1:] != test.shape[1:]:
        raise WorkloadError(f"BasicMotions: the two files in {folder} disagree on classes or shape")
    values = np.concatenate([train, test])
    n = len(values)
    zero = np.zeros(n, dtype=np.int64)
    return LabelledWindows(
        "basic_motions",
        values,
        np.concatenate([train_labels, test_labels]),
        subject=zero,
        domain=np.repeat(np.arange(2), [len(train), len(test)]),
        recording=np.arange(n),
        start=zero,
        span=values.shape[1],
        class_names=names,
        channel_names=tuple(f"dimension_{k + 1}" for k in range(values.shape[2])),
        domain_names=PARTS,
    )


def _folder() -> Path:
    spec = importlib.util.find_spec("aeon")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "datasets" / "data" / "BasicMotions"
        if folder.is_dir():
            return folder
    raise WorkloadError(
        "BasicMotions is not installed; its files ship inside the package aeon: pip install --no-deps aeon "
        "(nothing else of it is needed, and what it asks for does not go with archsim's own packages)"
    )


def read_ts(path: Path) -> tuple[Floats, Ints, tuple[str, ...]]:
    """Read a .ts file of labelled series of equal length (the text format of the UEA/UCR time series archives).

    Comments begin with ``#``, the header's lines with ``@``; after ``@data`` each line is a series: dimensions
    separated by colons, values by commas, the class last.

    Returns
    -------
    (array (n, length, dimensions), array (n,) of int, tuple of str)
        Values, labels as indices, class names in the header's order.

    Raises
    ------
    WorkloadError
        If the file cannot be read or has errors: all of them, with file and line.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "tiny.ts"
    >>> _ = path.write_text("@classLabel true rest walk\\n@data\\n1,2,3:4,5,6:walk\\n")
    >>> values, labels, names = read_ts(path)
    >>> values.tolist(), labels.tolist(), names
    ([[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]], [1], ('rest', 'walk'))
    """
    try:
        lines = input_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WorkloadError(f"{path} cannot be read: {error}") from None
    errors = FileErrors(path.name)
    names, first = _header(path, lines, errors)
    errors.raise_any()
    series: list[Floats] = []
    labels: list[int] = []
    for number, line in enumerate(lines[first:], start=first + 1):
        if not line.strip():
            continue
        *dimensions, label = line.strip().split(":")
        values = _series(path, number, dimensions, series[0].shape if series else None, errors)
        if label not in names:
            errors.add(path, number, f"class {label!r} is not one of the header's: {', '.join(names)}")
        elif values is not None:
            series.append(values)
            labels.append(names.index(label))
    if not series and not errors.count:
        errors.add(path, None, "no series after @data")
    errors.raise_any()
    return np.stack(series), np.array(labels, dtype=np.int64), names


def _header(path: Path, lines: list[str], errors: FileErrors) -> tuple[tuple[str, ...], int]:
    """Class names, and the index of the first line of data."""
    names: tuple[str, ...] = ()
    for index, line in enumerate(lines):
        key, _, rest = line.strip().partition(" ")
        if key.lower() == "@classlabel":
            names = tuple(rest.split()[1:])
        elif key.lower() == "@timestamps" and rest.strip().lower() == "true":
            errors.add(path, index + 1, "series with time stamps are not supported")
        elif key.lower() == "@data":
            if not names:
                errors.add(path, index + 1, "the header has no line '@classLabel true <names>'")
            return names, index + 1
    errors.add(path, None, "no line '@data'")
    return names, len(lines)


def _series(
    path: Path, number: int, dimensions: list[str], expected: tuple[int, ...] | None, errors: FileErrors
) -> Floats | None:
    """One series (length, dimensions), or None after noting what is wrong."""
    try:
        rows = [np.array(d.split(","), dtype=np.float64) for d in dimensions]
    except ValueError as error:
        errors.add(path, number, f"not a number: {error}")
        return None
    if not rows or len({len(r) for r in rows}) > 1:
        errors.add(path, number, f"dimensions of different lengths: {[len(r) for r in rows]}")
        return None
    values = np.stack(rows, axis=1)
    if expected is not None and values.shape != expected:
        errors.add(path, number, f"{values.shape} samples and dimensions; the first series has {expected}")
    elif not np.isfinite(values).all():
        errors.add(path, number, "values that are not finite")
    else:
        return values
    return None
