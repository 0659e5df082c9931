"""Schedules: which work may overlap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from archsim.advise.move import Given, Move, Sets
from archsim.registry import MOVES
from archsim.workload.models import Schedule as Kinds

_LATE = "workload.schedule=three_level"


@MOVES.register
class Schedule(Move):
    """Every other one."""

    kind = "schedule"
    title = "schedule"

    @classmethod
    def touches(cls, sets: Sets) -> str:
        """Of the one schedule that learns something else."""
        return "learns from gradients that are one update old" if _LATE in sets else ""

    @classmethod
    def tries(cls, given: Given) -> Iterator[Sets]:
        """A key of the workload."""
        yield from ((f"workload.schedule={name}",) for name in get_args(Kinds) if name != given.work.schedule)
