"""Width and clock of the bus in a tile."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets, quantity
from archsim.registry import MOVES


@MOVES.register
class Bus(Move):
    """Half and twice the width, half and twice the cycle."""

    kind = "bus"
    title = "bus of the tile"
    costs = ("tile.bus.cost",)

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """One at a time."""
        chip = given.chip
        bus = chip.tile.bus
        for n_bits in (bus.width_bits // 2, 2 * bus.width_bits):
            yield (f"tile.bus.width={n_bits} bit",)
        for cycle_ps in (bus.cycle_ps // 2, 2 * bus.cycle_ps):
            yield (quantity("tile.bus.cycle", cycle_ps, "time"),)
