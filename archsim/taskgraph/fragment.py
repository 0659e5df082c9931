"""Fragments: tasks that come again and again, written down once and placed as often as they come.

A fragment is a few tasks with the edges between them. What differs from place to place is left open, and each
place says it: the *ports* (what the fragment waits for), the *slots* (resources), some counts and times. What is
open stands in the fragment as a negative number, `opening` (0), `opening` (1), ... ::

    fragment = Fragment()
    read = fragment.task(action="read", count=opening(0), uses=[(opening(0), 1)], after=[opening(0)])
    fragment.task(action="convert", after=[read])
    builder.place(fragment, ports=[fetched], slots=[crossbar], counts=[n_active])
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import Any

from archsim.taskgraph.graph import Claims

Port = int | None | Sequence[int | None]
"""A predecessor that a place names: a task, nothing, or several tasks."""


def opening(k: int) -> int:
    """Stands for the k-th port, slot, count or time that a place gives.

    Examples
    --------
    >>> opening(0), opening(1)
    (-1, -2)
    """
    return -1 - k


class Rows:
    """Lists of (resource, units) of the tasks of a fragment."""

    __slots__ = ("ptr", "resource", "units")

    def __init__(self) -> None:
        self.ptr, self.resource, self.units = [0], list[int](), list[int]()

    def append(self, claims: Claims) -> None:
        """The row of one more task."""
        for resource, units in claims:
            self.resource.append(resource)
            self.units.append(units)
        self.ptr.append(len(self.units))


class Fragment:
    """A few tasks with the edges between them; ids count from 0.

    Attributes
    ----------
    made : Any
        For the code that builds the fragment: which of its tasks later ones refer to.

    Examples
    --------
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> pair, b = Fragment(), TaskGraphBuilder()
    >>> read = pair.task(action="read", count=opening(0), occupancy_ps=5, after=[opening(0)])
    >>> last = pair.task(action="convert", occupancy_ps=7, after=[read])
    >>> first = b.place(pair, ports=[None], counts=[3])
    >>> again = b.place(pair, ports=[first + last], counts=[4])
    >>> graph = b.build()
    >>> graph.after_idx.tolist(), graph.count.tolist()
    ([0, 1, 2], [3, 1, 4, 1])
    """

    def __init__(self) -> None:
        self.made: Any = None
        self.occupancy_ps, self.latency_ps, self.count = list[int](), list[int](), list[int]()
        self.priority = list[int]()
        self.action, self.stage, self.layer = list[str](), list[str](), list[str]()
        self.after_ptr, self.after_idx = [0], list[int]()
        self.uses, self.reserves, self.frees = Rows(), Rows(), Rows()

    @property
    def rows(self) -> tuple[Rows, Rows, Rows]:
        """Claims of its tasks: uses, reserves and frees."""
        return self.uses, self.reserves, self.frees

    def whole(self) -> bytes:
        """All its numbers, the length of each column before it."""
        columns: list[Sequence[int]] = [self.occupancy_ps, self.latency_ps, self.count, self.priority]
        columns += [self.after_ptr, self.after_idx]
        for rows in self.rows:
            columns += [rows.ptr, rows.resource, rows.units]
        return array("q", chain(map(len, columns), chain.from_iterable(columns))).tobytes()

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return len(self.action)

    def task(
        self,
        *,
        action: str,
        count: int = 1,
        uses: Claims = (),
        reserves: Claims = (),
        frees: Claims = (),
        occupancy_ps: int = 0,
        latency_ps: int | None = None,
        after: Iterable[int] = (),
        priority: int = 0,
        stage: str = "",
        layer: str = "",
        timestep: int = -1,
        sample: int = -1,
    ) -> int:
        """Add a task, as `TaskGraphBuilder.task`; timestep and sample are those of the place."""
        del timestep, sample
        task = len(self.action)
        self.action.append(action)
        self.stage.append(stage)
        self.layer.append(layer)
        self.count.append(count)
        self.occupancy_ps.append(occupancy_ps)
        self.latency_ps.append(occupancy_ps if latency_ps is None else latency_ps)
        self.priority.append(priority)
        self.after_idx.extend(after)
        self.after_ptr.append(len(self.after_idx))
        for rows, claims in (self.uses, uses), (self.reserves, reserves), (self.frees, frees):
            rows.append(claims)
        return task

    def include(
        self,
        other: Fragment,
        ports: Sequence[Port] = (),
        slots: Sequence[int] = (),
        counts: Sequence[int] = (),
        times: Sequence[int] = (),
    ) -> int:
        """Add the tasks of another fragment, as `TaskGraphBuilder.place`; what is given may be open itself.

        Returns
        -------
        int
            The first of them.

        Examples
        --------
        >>> inner, outer = Fragment(), Fragment()
        >>> _ = inner.task(action="read", count=opening(0), after=[opening(0)])
        >>> outer.include(inner, ports=[opening(3)], counts=[7]), outer.after_idx, outer.count
        (0, [-4], [7])
        """
        first = self.n_tasks
        for begin, end in pairwise(other.after_ptr):
            for task in other.after_idx[begin:end]:
                self.after_idx.extend((first + task,) if task >= 0 else _tasks_of(ports[-1 - task]))
            self.after_ptr.append(len(self.after_idx))
        self.count.extend(_filled(other.count, counts))
        self.occupancy_ps.extend(_filled(other.occupancy_ps, times))
        self.latency_ps.extend(_filled(other.latency_ps, times))
        self.priority.extend(other.priority)
        self.action.extend(other.action)
        self.stage.extend(other.stage)
        self.layer.extend(other.layer)
        for mine, its in (self.uses, other.uses), (self.reserves, other.reserves), (self.frees, other.frees):
            n_before = len(mine.units)
            mine.ptr.extend(n_before + end for end in its.ptr[1:])
            mine.resource.extend(_filled(its.resource, slots))
            mine.units.extend(its.units)
        return first


def _tasks_of(port: Port) -> Iterable[int]:
    if isinstance(port, int):
        return (port,)
    return () if port is None else (task for task in port if task is not None)


def _filled(numbers: Iterable[int], given: Sequence[int]) -> Iterator[int]:
    """Numbers with what is given for the open ones; as they are, for times may remember where they come from."""
    return (given[-1 - int(number)] if int(number) < 0 else number for number in numbers)
