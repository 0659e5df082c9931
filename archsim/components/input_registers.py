"""Input registers: they hold what drives the rows of an array."""

from __future__ import annotations

from archsim.components.array_part import ArrayPart
from archsim.components.part import Look
from archsim.components.records import ArrayRead, ReadCycle


class InputRegisters(ArrayPart):
    """`width` bits for each driven line. A cycle writes its bits of all lines, zeros as well.

    Where lines are raised again for each multiplexer slot, their registers are clocked again (NeuroSim's switch
    matrix).
    """

    kind = "input_registers"
    path = ("crossbar", "input_registers")
    area_action = "drive"
    scaling = "digital"
    look = Look(4, "\\\\\\\\")

    @property
    def n_instances(self) -> int:
        n_bits: int = self.of_file(self.chip).width_bits
        crossbar, n_sides = self.chip.crossbar, self.parts.n_sides
        return n_bits * (crossbar.n_rows + (n_sides - 1) * crossbar.n_columns)

    def read_pj(self, cycle: ReadCycle, read: ArrayRead) -> float:
        energy_pj: float = self.of_file(self.chip).cost.energy_pj
        crossbar = self.chip.crossbar
        n_lines = crossbar.n_columns if read.transposed else crossbar.n_rows
        n_times = self.parts.crossbar.activations(read.n_values)
        return n_times * cycle.n_bits * n_lines * read.n_crossbars * energy_pj
