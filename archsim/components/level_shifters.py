"""Level shifters: thick transistors that bring the lines of an array to the voltages of writes."""

from __future__ import annotations

from archsim.components.array_part import ArrayPart
from archsim.components.part import Look


class LevelShifters(ArrayPart):
    """Some for each row and each column; a pulse on a row shifts the lines of that row, a read none."""

    kind = "level_shifters"
    path = ("crossbar", "level_shifters")
    area_action = "program"
    area_stage = "update"
    scaling = "lines"
    look = Look(3, "\\\\\\\\")

    @property
    def n_instances(self) -> int:
        crossbar, shifters = self.chip.crossbar, self.of_file(self.chip)
        found: int = crossbar.n_rows * shifters.n_per_row + crossbar.n_columns * shifters.n_per_column
        return found

    def row_pulse_pj(self) -> float:
        energy_pj: float = self.of_file(self.chip).cost.energy_pj
        return energy_pj
