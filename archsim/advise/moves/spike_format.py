"""How spikes travel: as a list of addresses, or one bit for each neuron."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets, other_of
from archsim.registry import MOVES


@MOVES.register
class SpikeFormat(Move):
    """The other one."""

    kind = "spike_format"
    title = "spike format"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """Few spikes are short as addresses."""
        return other_of(given.chip, "execution.spike_format")
