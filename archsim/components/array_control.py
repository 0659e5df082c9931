"""The control of an array: what steps it through a read."""

from __future__ import annotations

from archsim.components.array_part import ArrayPart
from archsim.components.part import Look
from archsim.components.records import ArrayRead, ReadCycle


class ArrayControl(ArrayPart):
    """One for each array; each cycle of each crossbar takes its energy."""

    kind = "array_control"
    path = ("crossbar", "control")
    area_action = "convert"
    scaling = "digital"
    look = Look(5, "\\\\\\\\")

    def read_pj(self, cycle: ReadCycle, read: ArrayRead) -> float:
        del cycle
        energy_pj: float = self.of_file(self.chip).cost.energy_pj
        return read.n_crossbars * energy_pj
