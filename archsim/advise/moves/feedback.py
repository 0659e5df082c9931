"""Where back-propagation reads transposed weights: a second set of arrays, or the columns of the first."""

from __future__ import annotations

from collections.abc import Iterator

from archsim.advise.move import Given, Move, Sets
from archsim.registry import MOVES


@MOVES.register
class Feedback(Move):
    """The other kind; arrays get circuits for their other side, shared or of their own, or lose them."""

    kind = "feedback"
    title = "feedback of back-propagation"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """With what arrays need for it."""
        chip = given.chip
        if chip.execution.feedback == "transposable":
            yield ("execution.feedback=copy", "crossbar.transpose=none")
            return
        for circuits in ("shared", "duplicated"):
            yield ("execution.feedback=transposable", f"crossbar.transpose={circuits}")
