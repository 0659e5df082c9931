"""The membrane buffer of a tile: the states of its neurons."""

from __future__ import annotations

from fractions import Fraction

from archsim.components.memory import Memory
from archsim.components.part import Look
from archsim.spec.chip import Chip


class MembraneBuffer(Memory):
    """One memory in a tile."""

    kind = "membrane_buffer"
    path = ("tile", "membrane_buffer")
    area_action = "update"
    look = Look(4, "////")

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:
        found = super().errors(chip)
        if chip.tile.membrane_buffer.potential_bits < 1:
            found.append("tile.membrane_buffer.potential: must be at least 1 bit")
        return found

    def asked(self) -> tuple[int, Fraction]:
        """A state of each of the neuron unit's lanes, read and written back in a cycle."""
        unit, bits = self.chip.tile.neuron_unit, self.chip.tile.membrane_buffer.potential_bits
        return 2 * unit.n_lanes * bits, Fraction(unit.cycle_ps)
