"""How many columns share an ADC: fewer are converted sooner, on more ADCs."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets, half_and_double
from archsim.registry import MOVES


@MOVES.register
class ColumnsPerAdc(Move):
    """Half and twice the columns on each ADC."""

    kind = "columns_per_adc"
    title = "columns per ADC"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """Those that divide the columns of an array."""
        chip = given.chip
        yield from half_and_double("adc.columns_per_adc", chip.adc.n_columns_per_adc, chip.crossbar.n_columns)
