"""The control circuits of a chip: area and leakage."""

from __future__ import annotations

from archsim.components.cost_alone import Control
from archsim.components.part import Look
from archsim.components.records import Where


class ChipControl(Control):
    """One in the chip, if the chip file has it."""

    kind = "chip_control"
    path = ("chip_control",)
    scaling = "digital"
    look = Look(5, "xxxx")

    @property
    def where(self) -> Where:
        return "chip"
