"""Units of tasks that follow each other alike, such as timesteps: laid down once or twice, then placed shifted.

A unit is what is laid down between two moments: some placed fragments, and the tasks that they wait for. Once two
units in a row have come out the same, but for the tasks of the units before them that they wait for, which have
moved on by one unit, every further unit with the same key is the last one, moved on: what it waits for lies in
units that are alike, too, or does not move at all. Samples that follow each other without a barrier go on with the
units of the one before.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.taskgraph import TaskGraphBuilder, Unit

Ints = NDArray[np.int64]
Parts = list[tuple[int, Any]]
"""Of each part of a unit, its first task and what it has made, counted from there."""


@dataclass
class Repeats:
    """Units in a row.

    Parameters
    ----------
    graph : TaskGraphBuilder
        Takes down the tasks.
    parts : list
        Of the last unit.
    """

    graph: TaskGraphBuilder
    parts: Parts = field(default_factory=list)
    _key: Hashable = None
    _last: Unit | None = None
    _begin: int = 0  # the first task of those units in a row that are alike
    _step: int = 0  # timesteps from one unit to the next
    _moves: Ints | None = None  # how far what a unit waits for moves on, by port task

    def goes_on(self, sample: int) -> bool:
        """Whether the units of another sample may follow right behind the last one; its timesteps begin anew."""
        last = self._last
        if last is None or self._moves is None or self.graph.n_tasks != last.first + last.n_tasks:
            return False
        begin = last.timestep - last.timestep[0] - self._step
        self._last = last._replace(timestep=begin, sample=array("i", [sample]) * len(last.numbers))
        return True

    def comes_again(self, key: Hashable) -> bool:
        """Whether a unit with this key is the last one, moved on."""
        return key is not None and key == self._key and self._moves is not None

    def learn(self, key: Hashable, unit: Unit | None, parts: Parts) -> None:
        """Look at a unit that has been laid down; None if it holds more than placed fragments."""
        before, was, self._last, self._moves = self._last, self._key, unit, None
        self._key, self.parts = key, parts
        if unit is None:
            return
        if before is None or key != was or not unit.follows(before):
            self._begin = unit.first
        elif all(first >= unit.first for first, _ in parts):  # else it counts from elsewhere
            self._moves = self._moving(before, unit)
            self._step = int(unit.timestep[0] - before.timestep[0])

    def _moving(self, before: Unit, unit: Unit) -> Ints | None:
        """By port task 0 or a unit, if both units wait for units that are alike, or for what lies before them."""
        moves, here = unit.ports - before.ports, before.ports >= self._begin
        good = np.where(here, moves == unit.n_tasks, (moves == 0) & (unit.ports < self._begin))
        return moves if good.all() else None

    def place(self, counts: Ints) -> list[tuple[Sequence[int], Any]]:
        """Lay down the next units, with these counts, (units, counts of one).

        Returns
        -------
        list of (sequence of int, Any)
            Of each part, its first task in each of these units, and what it has made.
        """
        assert self._last is not None  # `comes_again` has said so
        assert self._moves is not None
        before, self._last = self._last, self.graph.again(self._last, self._moves, self._step, counts)
        n, n_tasks = len(counts), before.n_tasks
        of_parts: list[tuple[Sequence[int], Any]] = [
            (range(first + n_tasks, first + n * n_tasks + 1, n_tasks), made) for first, made in self.parts
        ]
        self.parts = [(first + n * n_tasks, made) for first, made in self.parts]
        return of_parts
