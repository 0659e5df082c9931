"""How fast the converters are."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets, quantity
from archsim.registry import MOVES


@MOVES.register
class AdcRate(Move):
    """Half and twice the rate, or steps twice and half as long."""

    kind = "adc_rate"
    title = "ADC rate"
    costs = ("adc.cost",)

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """By the key that the chip gives."""
        chip = given.chip
        rate_mhz, step_ps = chip.adc.rate_mhz, chip.adc.step_ps
        if rate_mhz is not None:
            for value_mhz in (rate_mhz / 2, 2 * rate_mhz):
                yield (quantity("adc.rate", value_mhz, "frequency"),)
        elif step_ps is not None:
            for value_ps in (2 * step_ps, step_ps // 2):
                yield (quantity("adc.step", value_ps, "time"),)
