"""Smart-watch recordings of exercises, inside the package seglearn."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from archsim.registry import DATA
from archsim.snn.data.kind import DataSet
from archsim.snn.data.labelled import LabelledWindows, watch_windows


@DATA.register
class Watch(DataSet):
    """Smart-watch recordings of exercises, inside the package seglearn."""

    kind = "watch"
    cut: ClassVar[tuple[int, int] | None] = (128, 64)

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        del folder
        return watch_windows(length, step)
