"""The one door from a workload to its data, for what drives a network and for what it learns from."""

from __future__ import annotations

from pathlib import Path

from archsim.errors import WorkloadError
from archsim.registry import DATA
from archsim.snn.data.kind import DataSet
from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.data.load import load_windows
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
    kind, place, settings = named, folder, None
    if named is None or (work.data is not None and folder is None and work.data.kind == named):
        if work.data is None:
            raise WorkloadError(f"{work.name}: names no data set, and has no data")
        kind, place, settings = work.data.kind, work.data.path, work.data.settings
    assert kind is not None
    cut = kind in DATA and DATA[kind].cut is not None
    path: Path | None = None if place is None else work.folder / place
    return load_windows(
        kind, path, length=length if cut else None, step=step if cut else None, settings=settings
    )  # fmt: skip


def set_of(work: Workload, named: str | None) -> DataSet:
    """The data set itself."""
    kind = named if named is not None or work.data is None else work.data.kind
    made: DataSet = DATA[str(kind)]()
    return made
