"""Data sets of tonic, by their names there; tonic is the user's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from archsim.errors import WorkloadError
from archsim.registry import DATA
from archsim.snn.data.event_files import events_of
from archsim.snn.data.kind import DataSet
from archsim.snn.data.kinds.events import EventSettings, as_windows
from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.data.nmnist import Events
from archsim.units import FileModel

LAYOUT = "what tonic keeps there (its save_to); it loads what is missing"
PARTS = ("train", "test")


class TonicSettings(EventSettings):
    """`set` is the name of a class of tonic.datasets, as NMNIST; `samples`: the first so many of each part."""

    set: Annotated[str, Field(min_length=1)] = "NMNIST"
    n_samples: Annotated[int, Field(ge=1)] | None = None


@DATA.register
class Tonic(DataSet):
    """A data set of tonic: its parts train and test are the groups, so that the split "official" goes."""

    kind = "tonic"
    layout: ClassVar[str] = LAYOUT
    cut: ClassVar[tuple[int, int] | None] = (10, 1)
    Settings: ClassVar[type[FileModel]] = TonicSettings

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        del step
        assert isinstance(self.settings, TonicSettings)
        said = self.settings
        kept: list[Events] = []
        classes: list[str] = []
        groups: list[str] = []
        for part in PARTS:
            for events, label in _some(_opened(said.set, folder, part), said.n_samples):
                kept.append(_events(events, f"tonic {said.set}, {part} sample {len(kept)}"))
                classes.append(f"{label:05d}" if isinstance(label, int | np.integer) else str(label))
                groups.append(part)
        found = as_windows(said.set, kept, classes, groups, length, said)
        names = tuple(name.lstrip("0") or "0" if name.isdigit() else name for name in found.class_names)
        return LabelledWindows(**{**vars(found), "class_names": names})


def _opened(name: str, folder: Path | str | None, part: str) -> Any:
    try:
        from tonic import datasets
    except ImportError:
        raise WorkloadError("data of kind tonic need it: pip install tonic") from None
    if not hasattr(datasets, name):
        raise WorkloadError(f"settings.set: tonic has no data set {name!r}")
    try:
        return getattr(datasets, name)(save_to=str(folder), train=part == "train")
    except (OSError, RuntimeError, TypeError, ValueError) as cause:
        raise WorkloadError(f"tonic {name}: {' '.join(str(cause).split())[:200]}") from None


def _some(data: Any, n: int | None) -> Iterable[tuple[Any, Any]]:
    for i in range(len(data) if n is None else min(n, len(data))):
        events, label = data[i]
        yield events, label


def _events(events: Any, where: str) -> Events:
    """A structured array of tonic as events; times count from the first."""
    if not isinstance(events, np.ndarray) or events.dtype.names is None:
        raise WorkloadError(f"{where}: is no array of events with x, y, p, t")
    columns = {name: events[name] for name in events.dtype.names}
    if "t" in columns and len(events):
        columns["t"] = columns["t"] - columns["t"].min()
    return events_of(columns, where)
