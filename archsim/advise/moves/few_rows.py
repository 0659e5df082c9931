"""Blocks of few rows: each on an array of its own, or on each other's free rows."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets, other_of
from archsim.registry import MOVES


@MOVES.register
class FewRows(Move):
    """The other way."""

    kind = "few_rows"
    title = "blocks of few rows"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """Counts where a learning rule has such blocks."""
        return other_of(given.chip, "mapping.few_rows")
