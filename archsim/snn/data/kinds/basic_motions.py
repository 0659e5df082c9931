"""Four activities of a wrist sensor, inside the package aeon."""

from __future__ import annotations

from pathlib import Path

from archsim.registry import DATA
from archsim.snn.data.basic_motions import load_basic_motions
from archsim.snn.data.kind import DataSet
from archsim.snn.data.labelled import LabelledWindows


@DATA.register
class BasicMotions(DataSet):
    """Four activities of a wrist sensor, inside the package aeon."""

    kind = "basic_motions"

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        del folder, length, step
        return load_basic_motions()
