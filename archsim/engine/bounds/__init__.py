"""How soon a run can end at best: certified lower bounds, without playing it out.

Two kinds of reasons, valid under every policy:

- **Paths and joins.** A task cannot start before its predecessors are done, and predecessors that use the same
  resource share its units. For those that cannot start before h: what they use together takes at least
  work / capacity from h on, and the last of them is done its latency minus its occupancy after its units
  are back.
- **Work.** All users of a resource together: earliest start, work / capacity, least time from there on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError
from archsim.taskgraph import TaskGraph

Ints = NDArray[np.int64]

_TOO_MUCH = 2**61  # sums beyond are left out of a bound: it stays true, and 64 bits suffice

__all__ = ["LowerBound", "lower_bound"]


@dataclass(frozen=True)
class LowerBound:
    """Lower bounds of every schedule.

    Attributes
    ----------
    start_ps : ndarray of int64
        No task starts earlier.
    makespan_ps : int
        No run ends earlier.
    reason : str
        What makes it so long: ``"path"``, or the name of the resource with the most work.
    """

    start_ps: Ints
    makespan_ps: int
    reason: str


def lower_bound(graph: TaskGraph, compiled: bool = True) -> LowerBound:
    """Bound a run from below.

    Parameters
    ----------
    graph : TaskGraph
        Its tasks must be numbered after their predecessors, as the builder does.
    compiled : bool
        Use a compiled loop where numba is installed; the result is the same.

    Returns
    -------
    LowerBound
        Time is proportional to the edges, and n log n in the tasks.

    Raises
    ------
    EngineError
        A task is numbered before its predecessor, or a path is longer than 2**63 ps.

    Notes
    -----
    For predecessors (or users) S of a resource with capacity c, all with earliest start of h or more,
    ``h + ceil(Σ units·occupancy / c) + min(latency − occupancy)`` bounds when the last of S is done. All h of S
    are tried. With c = 1 that is the one-machine bound of Carlier (European J. Operational Research
    11, 1982), there with tails as well. Space that is reserved is not counted.

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> columns = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100) for _ in range(8)]
    >>> add = b.task(action="add", after=columns, latency_ps=50)
    >>> bound = lower_bound(b.build())
    >>> bound.start_ps[add], bound.makespan_ps, run_tasks(b.build()).makespan_ps
    (np.int64(800), 850, 850)
    """
    _check_order(graph)
    if not graph.n_tasks:
        return LowerBound(np.zeros(0, np.int64), 0, "path")
    start, tail = _paths(graph, compiled)
    path = _longest_path(graph, start, tail)
    work, resource = _most_work(graph, start, tail) if path < _TOO_MUCH else (0, -1)
    if work > path:
        return LowerBound(start, work, graph.resource_names[resource])
    return LowerBound(start, path, "path")


def earliest_starts(graph: TaskGraph, compiled: bool = True) -> Ints:
    """Before when no task starts, by paths and joins alone: ``LowerBound.start_ps``."""
    _check_order(graph)
    start, tail = _paths(graph, compiled)
    if graph.n_tasks:
        _longest_path(graph, start, tail)
    return start


def _check_order(graph: TaskGraph) -> None:
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.after_ptr))
    if (graph.after_idx >= owner).any():
        raise EngineError("a bound needs tasks that are numbered after their predecessors")


def _longest_path(graph: TaskGraph, start: Ints, tail: Ints) -> int:
    path = int((start + graph.latency_ps).max())
    if start.min() < 0 or tail.min() < 0 or path < 0:
        raise EngineError("a path takes longer than 2**63 ps (106 days)")
    return path


def _paths(graph: TaskGraph, compiled: bool) -> tuple[Ints, Ints]:
    """Earliest start of each task, and least time from when it is done to the end."""
    columns: tuple[NDArray[Any], ...] = (
        graph.occupancy_ps, graph.latency_ps, graph.capacity, graph.after_ptr, graph.after_idx,
        graph.uses_ptr, graph.uses_resource, graph.uses_units,
    )  # fmt: skip
    if compiled:
        try:
            from archsim.engine.kernels.bounds import paths
        except ImportError:
            pass
        else:
            start, tail = np.zeros(graph.n_tasks, np.int64), np.zeros(graph.n_tasks, np.int64)
            loop: Any = paths
            loop(*(_read_only(column) for column in columns), start, tail)
            return start, tail
    return _plain_paths(*(column.tolist() for column in columns))


def _read_only(column: NDArray[Any]) -> NDArray[Any]:
    """One memory layout, so that the loop is compiled once."""
    view: NDArray[Any] = np.ascontiguousarray(column).view()
    view.flags.writeable = False
    return view


def _plain_paths(
    occupancy: list[int],
    latency: list[int],
    capacity: list[int],
    after_ptr: list[int],
    after: list[int],
    uses_ptr: list[int],
    uses: list[int],
    units: list[int],
) -> tuple[Ints, Ints]:
    """The compiled loop in plain Python."""
    n = len(latency)
    start, tail = [0] * n, [0] * n
    for i in range(n):
        soonest = 0
        shared: dict[int, list[tuple[int, int, int]]] = {}
        for p in after[after_ptr[i] : after_ptr[i + 1]]:
            soonest = max(soonest, start[p] + latency[p])
            for k in range(uses_ptr[p], uses_ptr[p + 1]):
                entry = (start[p], units[k] * occupancy[p], latency[p] - occupancy[p])
                shared.setdefault(uses[k], []).append(entry)
        for r, entries in shared.items():
            if len(entries) > 1 and capacity[r] > 0:
                soonest = max(soonest, _last_done(entries, capacity[r]))
        start[i] = soonest
    for i in reversed(range(n)):
        for p in after[after_ptr[i] : after_ptr[i + 1]]:
            tail[p] = max(tail[p], latency[i] + tail[i])
    longest = max(s + t for s, t in zip(start, latency, strict=True))
    if max(longest, *tail) >= 2**63:
        start[0] = -1  # as the compiled loop says it
        return np.array(start[:1]), np.array(tail[:1], np.int64) * 0
    return np.array(start, np.int64), np.array(tail, np.int64)


def _last_done(entries: list[tuple[int, int, int]], capacity: int) -> int:
    """When the last of some users is done at the earliest; (earliest start, work, rest) of each."""
    total, rest, best = 0, _TOO_MUCH, 0
    entries.sort(reverse=True)
    following = [begin for begin, _, _ in entries[1:]] + [-1]
    for k, (begin, work, more) in enumerate(entries):
        if total + work < _TOO_MUCH:
            total += work
        rest = min(rest, more)
        if k > 0 and begin != following[k] and begin < _TOO_MUCH:
            best = max(best, begin - (-total // capacity) + rest)
    return best


def _most_work(graph: TaskGraph, start: Ints, tail: Ints) -> tuple[int, int]:
    """The largest bound by the work on one resource, and which."""
    task = np.repeat(np.arange(graph.n_tasks), np.diff(graph.uses_ptr))
    occupancy = graph.occupancy_ps[task]
    fits = (occupancy == 0) | (graph.uses_units <= _TOO_MUCH // np.maximum(occupancy, 1))
    work = np.where(fits, graph.uses_units * np.where(fits, occupancy, 0), 0)
    rest = graph.latency_ps[task] - occupancy + tail[task]
    order = np.argsort(graph.uses_resource, kind="stable")
    counts = np.bincount(graph.uses_resource, minlength=graph.n_resources)
    ends = np.cumsum(counts)
    best, where = 0, -1
    for r in np.flatnonzero((counts > 0) & (graph.capacity > 0)).tolist():
        users = order[ends[r] - counts[r] : ends[r]]
        if float(work[users].astype(float).sum()) >= _TOO_MUCH:
            continue
        bound = _one_resource(start[task[users]], work[users], rest[users], int(graph.capacity[r]))
        if bound > best:
            best, where = bound, r
    return best, where


def _one_resource(start: Ints, work: Ints, rest: Ints, capacity: int) -> int:
    """Of all sets "those that start at h or later" and "those with t or more to go": the largest bound."""
    best = 0
    for key, other in (start, rest), (rest, start):
        order = np.argsort(-key, kind="stable")
        total = np.cumsum(work[order])
        bound = key[order] - (-total // capacity) + np.minimum.accumulate(other[order])
        best = max(best, int(bound.max()))
    return best
