"""How many bits the converters have."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets
from archsim.registry import MOVES


@MOVES.register
class AdcBits(Move):
    """One bit less and one more."""

    kind = "adc_bits"
    title = "ADC bits"
    costs = ("adc.cost",)
    accuracy = "sums are rounded otherwise"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """From 1 to 16 bit."""
        chip = given.chip
        n_bits = chip.adc.resolution_bits
        yield from ((f"adc.resolution={n} bit",) for n in (n_bits - 1, n_bits + 1) if 1 <= n <= 16)
