"""The data of a workload: inputs of a network's activity, and windows that it learns from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archsim.errors import WorkloadError
from archsim.registry import DATA
from archsim.snn.data.kind import DataSet, Draw, Picked
from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.data.load import load_windows, pick_windows
from archsim.workload import Workload


def windows_of(work: Workload, named: str | None, folder: str | None, length: int, step: int) -> LabelledWindows:
    """Labelled windows of a workload.

    Parameters
    ----------
    work : Workload
    named : str or None
        A data set by its name; the workload's own `data` if None.
    folder : str or None
        Of a named data set that the user has.
    length, step : int
        Samples of a window and from one to the next, where windows are cut.

    Raises
    ------
    WorkloadError
        There are no such data, or they cannot be read.
    """
    kind, path, cut, settings = _asked(work, named, folder, (length, step))
    return load_windows(kind, path, length=cut[0], step=cut[1], settings=settings)


def picked_windows(work: Workload, named: str | None, length: int, step: int, draw: Draw) -> Picked:
    """Some windows of a workload, as `draw` chooses them of their number, and those that `spread` needs."""
    kind, path, cut, settings = _asked(work, named, None, (length, step))
    return pick_windows(kind, path, cut[0], cut[1], settings, draw)


def _asked(
    work: Workload, named: str | None, folder: str | None, cut: tuple[int, int]
) -> tuple[str, Path | None, tuple[int | None, int | None], Mapping[str, Any] | None]:
    """Which data set a workload means, where it lies, how it is cut, and what else is said of it."""
    kind, place, settings = named, folder, None
    if named is None or (work.data is not None and folder is None and work.data.kind == named):
        if work.data is None:
            raise WorkloadError(f"{work.name}: names no data set, and has no data")
        kind, place, settings = work.data.kind, work.data.path, work.data.settings
    assert kind is not None
    is_cut = kind in DATA and DATA[kind].cut is not None
    path: Path | None = None if place is None else work.folder / place
    return kind, path, cut if is_cut else (None, None), settings


def set_of(work: Workload, named: str | None) -> DataSet:
    """The data set itself."""
    kind = named if named is not None or work.data is None else work.data.kind
    made: DataSet = DATA[str(kind)]()
    return made
