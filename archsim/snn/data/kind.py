"""The base class of data sets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from archsim.snn.data.labelled import LabelledWindows


class DataSet(ABC):
    """Labelled recordings by name, as `learning.data.set` of a workload file gives it."""

    kind: ClassVar[str]
    layout: ClassVar[str] = ""
    """The files that the user's folder must hold, for a message; empty if the data come with a package."""
    cut: ClassVar[tuple[int, int] | None] = None
    """Usual length and step of windows that are cut on loading; None for data that come in windows."""

    @abstractmethod
    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        """Load it all.

        Parameters
        ----------
        folder : path or None
            Where the user has it; None for data that come with a package.
        length, step : int
            Samples of a window, and from one to the next; zero for data that come in windows.
        """
