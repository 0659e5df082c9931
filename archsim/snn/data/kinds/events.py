"""Event files of the user: a folder for each class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from archsim.errors import WorkloadError
from archsim.registry import DATA
from archsim.snn.data.event_files import READERS
from archsim.snn.data.file_errors import FileErrors, find_folder
from archsim.snn.data.kind import DataSet
from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.data.nmnist import Events, frames
from archsim.units import FileModel, TimePs

LAYOUT = """CLASS/FILE … , or GROUP/CLASS/FILE …
FILE: .bin (40-bit events of N-MNIST), .aedat (AEDAT 3.1, polarity events), .npz (arrays x, y, p, t in µs)"""
PS_PER_US = 1_000_000
MOST_US = 2**32  # more than an hour


class EventSettings(FileModel):
    """How events become timesteps.

    `side` pixels of a side; the first `duration` of a file is used, all of the longest file if it is not given;
    `binary`: whether there was an event, else their number. At most `per_class` files of each class are read.
    """

    side: Annotated[int, Field(ge=1, le=2**12)] = 34
    duration_ps: Annotated[TimePs, Field(ge=PS_PER_US)] | None = None
    binary: bool = True
    per_class: Annotated[int, Field(ge=1)] | None = None


@DATA.register
class EventFolder(DataSet):
    """Event files of the user; each is a sample, of as many timesteps as the workload says."""

    kind = "events"
    layout: ClassVar[str] = LAYOUT
    cut: ClassVar[tuple[int, int] | None] = (10, 1)
    Settings: ClassVar[type[FileModel]] = EventSettings

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        del step
        assert folder is not None  # for mypy: a layout asks for it
        assert isinstance(self.settings, EventSettings)
        top = find_folder(folder, "events", "", [], LAYOUT)
        errors = FileErrors(f"events of {top}")
        found, files = [], _files(top, self.settings.per_class)
        for path, _, _ in files:
            try:
                found.append(READERS[path.suffix](path))
            except WorkloadError as error:
                errors.add(path, None, str(error).removeprefix(f"{path}: "))
        if not files:
            errors.add(top, None, f"no files of events; expected\n{LAYOUT}")
        errors.raise_any()
        _, classes, groups = map(list, zip(*files, strict=True))
        return as_windows(top.name, found, classes, groups, length, self.settings)


def as_windows(
    name: str, events: list[Events], classes: list[str], groups: list[str], n_steps: int, said: EventSettings
) -> LabelledWindows:
    """Events of samples as labelled windows: frames of two channels, darker and brighter."""
    longest = max(int(one.time_us.max()) + 1 if len(one.time_us) else 1 for one in events)
    duration_us = longest if said.duration_ps is None else said.duration_ps // PS_PER_US
    if duration_us > MOST_US:
        raise WorkloadError(f"{name}: its events span {duration_us} µs; say settings: {{duration: …}}")
    values = np.zeros((len(events), n_steps, 2, said.side, said.side), np.uint8)
    errors = FileErrors(name)
    for k, one in enumerate(events):
        try:
            values[k] = frames(one, n_steps, duration_us, binary=said.binary, side=said.side)
        except WorkloadError as error:
            errors.add(f"sample {k}", None, f"{error}; say settings: {{side: …}}")
    errors.raise_any()
    names, labels = np.unique(classes, return_inverse=True)
    domains, domain = np.unique(groups, return_inverse=True)
    zero, index = np.zeros(len(events), np.int64), np.arange(len(events))
    return LabelledWindows(
        name, values, labels.astype(np.int64), zero, domain.astype(np.int64), index, zero, n_steps,
        tuple(map(str, names)), ("off", "on"), tuple(map(str, domains)),
    )  # fmt: skip


def _files(top: Path, per_class: int | None) -> list[tuple[Path, str, str]]:
    """Files with their class and group, in the order of their names."""
    found: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(top.rglob("*")):
        folders = path.relative_to(top).parts[:-1]
        if path.suffix in READERS and path.is_file() and 1 <= len(folders) <= 2:
            found.setdefault((folders[-1], folders[0] if len(folders) == 2 else "all"), []).append(path)
    return [(path, *key) for key, paths in sorted(found.items()) for path in paths[:per_class]]
