"""A task graph as plain Python lists, which an interpreted engine reads faster than numpy columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

Claim = tuple[int, int]


@dataclass(frozen=True)
class Tables:
    """Lists indexed by task.

    Attributes
    ----------
    needs : list of tuple of (resource, units)
        What a task takes at its start: what it uses and reserves, one entry per resource.
    uses, frees : list of tuple of (resource, units)
        Given back at the end of its occupancy; when it is done.
    successors : list of list of int
        The tasks that wait for it.
    n_before : list of int
        How many tasks it waits for.
    occupancy_ps, latency_ps, priority : list of int
    """

    needs: list[tuple[Claim, ...]]
    uses: list[tuple[Claim, ...]]
    frees: list[tuple[Claim, ...]]
    successors: list[Sequence[int]]
    n_before: list[int]
    occupancy_ps: list[int]
    latency_ps: list[int]
    priority: list[int]


def tables(graph: TaskGraph) -> Tables:
    """Unpack the columns of a graph."""
    uses = list(_claims(graph.uses_ptr, graph.uses_resource, graph.uses_units))
    reserves = list(_claims(graph.reserves_ptr, graph.reserves_resource, graph.reserves_units))
    return Tables(
        needs=[u if not r else _sum(u, r) for u, r in zip(uses, reserves, strict=True)],
        uses=uses,
        frees=list(_claims(graph.frees_ptr, graph.frees_resource, graph.frees_units)),
        successors=list(_successors(graph)),
        n_before=np.diff(graph.after_ptr).tolist(),
        occupancy_ps=graph.occupancy_ps.tolist(),
        latency_ps=graph.latency_ps.tolist(),
        priority=graph.priority.tolist(),
    )


def lines_by_task_id(needs: list[tuple[Claim, ...]], n_resources: int) -> list[list[tuple[int, int, int]]]:
    """The lines of policy ``static``: everybody stands in line from the beginning, by task id."""
    lines: list[list[tuple[int, int, int]]] = [[] for _ in range(n_resources)]
    for task, claims in enumerate(needs):
        key = (0, 0, task)
        for resource, _ in claims:
            lines[resource].append(key)
    return lines


def make_trace(ready: list[int], start: list[int], done: list[int]) -> Trace:
    """A trace of plain lists.

    Raises
    ------
    EngineError
        A time does not fit into 64 bits (it is beyond 106 days, counted in picoseconds).
    """
    try:
        return Trace(np.array(ready, np.int64), np.array(start, np.int64), np.array(done, np.int64))
    except OverflowError:
        raise EngineError(
            f"the run lasts {max(max(start), max(done))} ps; times must stay below 2**63 ps (106 days)"
        ) from None


def _claims(
    ptr: NDArray[np.int64], resource: NDArray[np.int32], units: NDArray[np.int64]
) -> Iterator[tuple[Claim, ...]]:
    pairs = list(zip(resource.tolist(), units.tolist(), strict=True))
    known: dict[tuple[Claim, ...], tuple[Claim, ...]] = {}  # most tasks hold what others hold too: share it
    begin = 0
    for end in ptr[1:].tolist():
        row = tuple(pairs[begin:end])
        yield known.setdefault(row, row)
        begin = end


def _sum(uses: tuple[Claim, ...], reserves: tuple[Claim, ...]) -> tuple[Claim, ...]:
    total = dict(uses)
    for resource, units in reserves:
        total[resource] = total.get(resource, 0) + units
    return tuple(total.items())


def _successors(graph: TaskGraph) -> Iterator[Sequence[int]]:
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.after_ptr))
    successor = owner[np.argsort(graph.after_idx, kind="stable")].tolist()
    ends = np.cumsum(np.bincount(graph.after_idx, minlength=graph.n_tasks)).tolist()
    begin = 0
    for end in ends:
        yield successor[begin:end]
        begin = end
