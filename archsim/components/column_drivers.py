"""Column drivers: they bias the columns of an array, and drive them when a row is written."""

from __future__ import annotations

from archsim.components.array_part import ArrayPart
from archsim.components.part import Look
from archsim.components.records import ArrayRead, ReadCycle


class ColumnDrivers(ArrayPart):
    """One for each column; each read of a column, and each pulse on a cell of it, takes its energy."""

    kind = "column_drivers"
    path = ("crossbar", "column_drivers")
    area_action = "read"
    scaling = "lines"
    look = Look(1, "\\\\\\\\")

    @property
    def n_instances(self) -> int:
        return self.chip.crossbar.n_columns

    def read_pj(self, cycle: ReadCycle, read: ArrayRead) -> float:
        del cycle
        energy_pj: float = self.of_file(self.chip).cost.read_energy_pj
        return read.n_lines * energy_pj

    def cell_pulse_pj(self) -> float:
        energy_pj: float = self.of_file(self.chip).cost.write_energy_pj
        return energy_pj
