"""The control circuits of a tile: area and leakage."""

from __future__ import annotations

from archsim.components.cost_alone import Control
from archsim.components.part import Look
from archsim.components.records import Where


class TileControl(Control):
    """One in the tile, if the chip file has it."""

    kind = "tile_control"
    path = ("tile", "control")
    scaling = "digital"
    look = Look(3, "xxxx")

    @property
    def where(self) -> Where:
        return "tile"
