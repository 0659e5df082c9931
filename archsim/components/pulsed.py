"""Pulses that the cells of a row take: all together, and one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol


class Pulsed(NamedTuple):
    """The pulses of a row.

    Parameters
    ----------
    mean : float
        Of one cell.
    turns : Fraction
        One after the other: those of the slowest cell of each group that is written together, all groups added.
    failed : float
        Cells that are not at their target in the end.
    label : str
        Tells prices apart that depend on more than the number of cells.
    in_groups : bool
        Whether each group is verified by itself; else the row is read as a whole after each pulse.
    """

    mean: float
    turns: Fraction
    failed: float = 0.0
    label: str = ""
    in_groups: bool = True


class Law(Protocol):
    """Interface of a law of pulses (:mod:`archsim.crossbar.cells.pulses`)."""

    @property
    def by_level(self) -> bool: ...

    def mean(self, shares: Sequence[float]) -> float: ...

    def slowest(self, n_cells: int, shares: Sequence[float]) -> float: ...

    def failing(self, shares: Sequence[float]) -> float: ...


def group_sizes(n_cells: int, n_parallel: int) -> list[int]:
    """Cells of each group that is written at once.

    Examples
    --------
    >>> group_sizes(128, 48)
    [48, 48, 32]
    """
    return [min(n_parallel, n_cells - start) for start in range(0, n_cells, n_parallel)]


def taken(pulses: Sequence[int], n_parallel: int, failed: float = 0.0) -> Pulsed:
    """The pulses that the cells of a row really took, in the order in which they are written.

    Examples
    --------
    >>> taken([1, 4, 2, 1], n_parallel=2).turns  # 4, then 2
    Fraction(6, 1)
    """
    turns = sum(max(pulses[start : start + n_parallel]) for start in range(0, len(pulses), n_parallel))
    return of_pulses(len(pulses), sum(pulses), turns, failed)


def of_pulses(n_cells: int, total: int, turns: int, failed: float = 0.0) -> Pulsed:
    """So many pulses of all cells, and turns one after the other."""
    return Pulsed(total / n_cells, Fraction(turns), failed, f"{total} pulses,{turns} turns")
