"""How long the cells of a driven row conduct in a read."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets, quantity
from archsim.registry import MOVES


@MOVES.register
class OnTime(Move):
    """Half and twice the on-time; no more than the read pulse."""

    kind = "on_time"
    title = "read on-time"
    costs = ("crossbar.cost",)
    accuracy = "a shorter read leaves currents less time to settle and to be sensed, which is not modelled"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """The read pulse stays: it is the device's, and what the array is held for."""
        chip = given.chip
        on_ps = chip.device.conducting_ps
        for value_ps in (on_ps // 2, min(2 * on_ps, chip.device.read_pulse_ps)):
            if value_ps not in (0, on_ps):
                yield (quantity("device.on_time", value_ps, "time"),)
