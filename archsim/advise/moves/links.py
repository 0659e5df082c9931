"""Width and clock of the links between tiles."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets, quantity
from archsim.registry import MOVES


@MOVES.register
class Links(Move):
    """Half and twice the width, half and twice the frequency."""

    kind = "links"
    title = "links between tiles"
    costs = ("interconnect.cost",)

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """One at a time."""
        chip = given.chip
        links = chip.interconnect
        for n_bits in (links.width_bits // 2, 2 * links.width_bits):
            yield (f"interconnect.width={n_bits} bit",)
        for rate_mhz in (links.frequency_mhz / 2, 2 * links.frequency_mhz):
            yield (quantity("interconnect.frequency", rate_mhz, "frequency"),)
