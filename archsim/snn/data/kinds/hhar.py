"""Activities by phones and watches of several makers."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from archsim.registry import DATA
from archsim.snn.data.hhar import LAYOUT, load_hhar
from archsim.snn.data.kind import DataSet
from archsim.snn.data.labelled import LabelledWindows


@DATA.register
class Hhar(DataSet):
    """Activities by phones and watches of several makers."""

    kind = "hhar"
    layout: ClassVar[str] = LAYOUT
    cut: ClassVar[tuple[int, int] | None] = (100, 50)

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        assert folder is not None  # for mypy: a layout asks for it
        return load_hhar(folder, length=length, step=step)
