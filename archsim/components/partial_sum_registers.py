"""Partial-sum registers: merged results wait there for the accumulators."""

from __future__ import annotations

from archsim.components.array_part import ArrayPart
from archsim.components.part import Look
from archsim.spec.chip import Chip


class PartialSumRegisters(ArrayPart):
    """`width` bits for each weight of a row, as many sets as ``shift_add.registers``.

    The values of one weight's cells are added up in shift-and-add before its sum is written, once in each cycle.
    """

    kind = "partial_sum_registers"
    path = ("crossbar", "partial_sum_registers")
    area_action = "shift_add"
    scaling = "digital"
    look = Look(2, "\\\\\\\\")

    @property
    def n_instances(self) -> int:
        n_bits: int = self.of_file(self.chip).width_bits
        return n_bits * self.chip.crossbar.n_weights_per_row * self.chip.shift_add.n_registers

    def merge_pj(self) -> float:
        registers = self.of_file(self.chip)
        found: float = registers.width_bits * registers.cost.energy_pj / values_per_weight(self.chip)
        return found


def values_per_weight(chip: Chip) -> int:
    """Conversions whose sum is one weight's: of all its columns, or of pairs where currents are subtracted."""
    crossbar, conversion = chip.crossbar, chip.adc.conversion
    if conversion is not None and conversion.subtract == "analog" and crossbar.signed != "unsigned":
        return crossbar.n_cells_per_weight
    return crossbar.n_columns_per_weight
