"""Sets of input registers and of accumulators: with two, one is filled while the other is used."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets
from archsim.registry import MOVES


@MOVES.register
class RegisterSets(Move):
    """One set less and one more, of each."""

    kind = "sets"
    title = "input and accumulator sets"
    caveat = "no area is counted for a set"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """One at a time, down to one."""
        chip = given.chip
        sets = {"input_sets": chip.tile.n_input_sets, "accumulator_sets": chip.tile.n_accumulator_sets}
        for key, n in sets.items():
            yield from ((f"tile.{key}={m}",) for m in (n - 1, n + 1) if m >= 1)
