"""Recordings of sensors of the user: a table of comma-separated values with a header."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from archsim.errors import WorkloadError
from archsim.reading import open_text
from archsim.registry import DATA
from archsim.snn.data.file_errors import FileErrors
from archsim.snn.data.kind import DataSet
from archsim.snn.data.labelled import LabelledWindows, label_windows
from archsim.units import FileModel

LAYOUT = """one file .csv with a header, a row for each sample of the sensors, in time:
columns of numbers: the channels
columns label, group, recording, optional (settings call them otherwise): class; person (a number) or arm, device
(a name); which recording. Rows that follow each other with the same three are one recording"""

Name = Annotated[str, Field(min_length=1)]
LARGEST_BYTES = 1 << 30


class CsvSettings(FileModel):
    """Names of columns; `channels`: only these, in this order. Other columns are channels if none are named."""

    label: Name = "label"
    group: Name = "group"
    recording: Name = "recording"
    channels: list[Name] = Field(default_factory=list)


@DATA.register
class Csv(DataSet):
    """Recordings of sensors of the user, in one table; windows are cut from them."""

    kind = "csv"
    layout: ClassVar[str] = LAYOUT
    cut: ClassVar[tuple[int, int] | None] = (128, 64)
    Settings: ClassVar[type[FileModel]] = CsvSettings

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        assert folder is not None  # for mypy: a layout asks for it
        assert isinstance(self.settings, CsvSettings)
        path, said = Path(folder), self.settings
        header, rows = _read(path)
        told = [name for name in (said.label, said.group, said.recording) if name in header]
        channels = said.channels or [name for name in header if name not in told]
        if missing := [name for name in channels if name not in header]:
            raise WorkloadError(f"{path}:1: has no column {', '.join(missing)}; there are {', '.join(header)}")
        errors = FileErrors(str(path))
        values = _numbers(path, header, rows, channels, errors)
        errors.raise_any()
        whose = [tuple(row[header.index(name)] for name in told) for row in rows]
        return _windows(path, values, whose, told, channels, said, length, step)


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with open_text(path, LARGEST_BYTES, "utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file)
    except FileNotFoundError:
        raise WorkloadError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise WorkloadError(f"{path}: cannot be read: {cause}") from None
    except ValueError:
        raise WorkloadError(f"{path}: is empty; it must be {LAYOUT}") from None
    header = [name.strip() for name in header]
    errors = FileErrors(str(path))
    if twice := sorted({name for name in header if header.count(name) > 1}):
        errors.add(path, 1, f"column {', '.join(twice)} stands there twice")
    for line, row in enumerate(rows, 2):
        if len(row) != len(header):
            errors.add(path, line, f"has {len(row)} values for {len(header)} columns")
    if not rows:
        errors.add(path, None, "has no rows")
    errors.raise_any()
    return header, rows


def _numbers(
    path: Path, header: list[str], rows: list[list[str]], channels: Sequence[str], errors: FileErrors
) -> np.ndarray:
    places = [header.index(name) for name in channels]
    values = np.zeros((len(rows), len(places)))
    for i, row in enumerate(rows):
        for k, place in enumerate(places):
            try:
                values[i, k] = number = float(row[place])
                wrong = not math.isfinite(number)
            except ValueError:
                wrong = True
            if wrong:
                errors.add(path, i + 2, f"{header[place]}: {row[place]!r} is no finite number")
    return values


def _windows(
    path: Path, values: np.ndarray, whose: list[tuple[str, ...]], told: list[str], channels: Sequence[str],
    said: CsvSettings, length: int, step: int,
) -> LabelledWindows:  # fmt: skip
    """Windows of the recordings: rows that follow each other and agree in label, group and recording."""
    bounds, keys, first = [], [], 0
    for key, rows in groupby(whose):
        n = sum(1 for _ in rows)
        bounds.append((first, first + n))
        keys.append(dict(zip(told, key, strict=True)))
        first += n
    classes, labels = _named([key.get(said.label, "all") for key in keys])
    groups, domain = _named([key.get(said.group, "all") for key in keys])
    numbers = [int(name) if name.isascii() and name.isdigit() else 0 for name in groups]
    return label_windows(
        path.stem, [values[a:b] for a, b in bounds], labels, np.array(numbers, np.int64)[domain], domain,
        length=length, step=step, class_names=classes, channel_names=tuple(channels), domain_names=groups,
    )  # fmt: skip


def _named(texts: list[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Names in order, and the place of each text; numbers are in the order of numbers."""
    names = sorted(set(texts), key=lambda text: (not text.isdigit(), int(text) if text.isdigit() else 0, text))
    return tuple(names), np.array([names.index(text) for text in texts], np.int64)
