"""Whether an array that no spike reaches in a step is read all the same."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets, other_of
from archsim.registry import MOVES


@MOVES.register
class Skipping(Move):
    """The other way."""

    kind = "skipping"
    title = "skipping of idle arrays"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """On or off."""
        return other_of(given.chip, "execution.skip_idle_blocks")
