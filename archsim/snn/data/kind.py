"""The base class of data sets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.datasets import Ints, spread_of
from archsim.units import FileModel
from archsim.workload.network import Floats

Draw = Callable[[int], Ints]
Picked = tuple[LabelledWindows, LabelledWindows]


class DataSet(ABC):
    """Labelled recordings by name, as `data.kind`, `activity.dataset` and `learning.data.set` give it.

    Parameters
    ----------
    settings : Settings, optional
        As `data.settings` gives them; the usual ones if not given.
    """

    kind: ClassVar[str]
    layout: ClassVar[str] = ""
    """The files that the user's folder must hold, for a message; empty if the data come with a package."""
    cut: ClassVar[tuple[int, int] | None] = None
    """Usual length and step of windows that are cut on loading; None for data that come in windows."""

    Settings: ClassVar[type[FileModel]] = FileModel
    """Options of a data set beside its file or folder: a model with a default for each field."""

    def __init__(self, settings: FileModel | None = None) -> None:
        self.settings = self.Settings() if settings is None else settings

    def spread(self, windows: LabelledWindows) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each channel, over all that there is: for runs without training."""
        return spread_of(windows.values)

    @abstractmethod
    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        """Load it all.

        Parameters
        ----------
        folder : path or None
            The file or folder in which the user has it; None for data that come with a package.
        length, step : int
            Samples of a window, and from one to the next; zero for data that come in windows.
        """

    def pick(self, folder: Path | str | None, length: int, step: int, draw: Draw) -> Picked:
        """Some of the windows, and what `spread` needs: all of them, unless the kind knows better.

        Parameters
        ----------
        draw : callable
            Given the number of windows, which of them.
        """
        windows = self.load(folder, length, step)
        return windows.take(draw(len(windows))), windows
