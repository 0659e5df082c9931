"""Activities by a phone at the waist."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from archsim.registry import DATA
from archsim.snn.data.kind import DataSet
from archsim.snn.data.labelled import LabelledWindows
from archsim.snn.data.uci_har import LAYOUT, load_uci_har


@DATA.register
class UciHar(DataSet):
    """Activities by a phone at the waist."""

    kind = "uci_har"
    layout: ClassVar[str] = LAYOUT

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        del length, step
        assert folder is not None  # for mypy: a layout asks for it
        return load_uci_har(folder)
