"""Digits seen by an event camera."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from archsim.registry import DATA
from archsim.snn.data.kind import DataSet
from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.data.nmnist import LAYOUT, load_nmnist


@DATA.register
class NMnist(DataSet):
    """Digits seen by an event camera."""

    kind = "nmnist"
    layout: ClassVar[str] = LAYOUT

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        del length, step
        assert folder is not None  # for mypy: a layout asks for it
        return load_nmnist(folder)
