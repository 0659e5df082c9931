"""How spikes travel: as a list of addresses, or one bit for each neuron."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets
from archsim.registry import MOVES


@MOVES.register
class SpikeFormat(Move):
    """The other one."""

    kind = "spike_format"
    title = "spike format"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """Few spikes are short as addresses."""
        chip = given.chip
        other = {"aer": "bitmap", "bitmap": "aer"}[chip.execution.spike_format]
        yield (f"execution.spike_format={other}",)
