"""Column multiplexers: they connect the columns that share an ADC to it, one after the other."""

from __future__ import annotations

from archsim.components.array_part import ArrayPart
from archsim.components.part import Look
from archsim.components.records import ArrayRead, ReadCycle


class ColumnMux(ArrayPart):
    """One for each ADC that reads the array, on each side that has some; a switch for each column that is read."""

    kind = "column_mux"
    path = ("crossbar", "column_mux")
    area_action = "convert"
    scaling = "digital"
    look = Look(0, "\\\\\\\\")

    @property
    def n_instances(self) -> int:
        """None where each column has an ADC of its own: there is nothing to choose from."""
        return self.parts.n_sides * self.parts.adc.n_in_bank if self.chip.adc.n_columns_per_adc > 1 else 0

    def read_pj(self, cycle: ReadCycle, read: ArrayRead) -> float:
        del cycle
        energy_pj: float = self.of_file(self.chip).cost.energy_pj
        return read.n_lines * energy_pj
