"""What may overlap with what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from archsim.advise.move import Given, Move, Sets
from archsim.registry import MOVES
from archsim.spec import Chip
from archsim.workload.models import Schedule as Kinds

_LATE = "workload.schedule=three_level"


@MOVES.register
class Schedule(Move):
    """Every other one."""

    kind = "schedule"
    title = "schedule"

    @classmethod
    def notes(cls, chip: Chip, sets: Sets) -> Iterator[str]:  # noqa: ARG003  # as the base class asks
        """Of the one schedule that learns something else."""
        if _LATE in sets:
            yield "learns from gradients that are one update old; accuracy is not in this comparison"

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """A key of the workload."""
        yield from ((f"workload.schedule={name}",) for name in get_args(Kinds) if name != given.work.schedule)
