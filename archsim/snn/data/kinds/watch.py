"""Smart-watch recordings of exercises, inside the package seglearn."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from archsim.registry import DATA
from archsim.snn.data.kind import DataSet, Draw, Picked
from archsim.snn.data.labelled import LabelledWindows, watch_windows
from archsim.snn.datasets import WatchSet, load_watch, spread_of
from archsim.workload.network import Floats


@DATA.register
class Watch(DataSet):
    """Smart-watch recordings of exercises, inside the package seglearn."""

    kind = "watch"
    cut: ClassVar[tuple[int, int] | None] = (128, 64)

    def spread(self, windows: LabelledWindows) -> tuple[Floats, Floats]:
        del windows  # a rest that makes no window counts too
        return _spread(load_watch())

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        del folder
        return watch_windows(length, step)

    def pick(self, folder: Path | str | None, length: int, step: int, draw: Draw) -> Picked:
        """Only the drawn windows are cut: a hundred megabytes less for long ones."""
        del folder
        chosen = watch_windows(length, step, draw)
        return chosen, chosen


@lru_cache(maxsize=1)
def _spread(watch: WatchSet) -> tuple[Floats, Floats]:
    """Over all recordings, which no choice of a workload changes."""
    return spread_of(np.concatenate(watch.recordings), 1)
