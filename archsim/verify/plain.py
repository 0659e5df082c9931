"""A trace checked rule by rule in numpy and plain Python: what is right, and what is said of what is wrong."""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.errors import TraceError
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.whole import held_until, products, sums_by
from archsim.trace import Trace
from archsim.verify.rules import BOUND, CAPACITY, CAUSALITY, DONE, NO_IDLING, ONCE, QUEUE, READY, RESTORED, refuse

Ints = NDArray[np.int64]


class Bound(Protocol):
    """The part of a `archsim.engine.bounds.lower_bound` that is checked."""

    @property
    def start_ps(self) -> Ints:
        """No task starts earlier."""

    @property
    def makespan_ps(self) -> int:
        """No run ends earlier."""


def check(graph: TaskGraph, trace: Trace, policy: str, bound: Bound | None) -> None:
    """Check every rule; see `archsim.verify.verify`.

    Raises
    ------
    TraceError
        A rule is broken.
    """
    check_once(graph, trace)
    _check_times(graph, trace)
    _check_capacity(graph, trace)
    _check_restored(graph)
    if bound is not None:
        check_bound(graph, trace, bound)
    Replay(graph, trace, policy).check()


def first(wrong: NDArray[np.bool_]) -> int:
    """The first task for which something is wrong, -1 if there is none."""
    return int(wrong.argmax()) if wrong.any() else -1


def check_once(graph: TaskGraph, trace: Trace) -> None:
    """Refuse a trace without three whole numbers, 0 or more, for each task."""
    for name in ("ready_ps", "start_ps", "done_ps"):
        column = getattr(trace, name)
        if column.shape != (graph.n_tasks,) or not np.issubdtype(column.dtype, np.integer):
            raise TraceError(
                f"{name} has shape {column.shape} and type {column.dtype}; needed are "
                f"{graph.n_tasks} whole numbers, one per task (rule: {ONCE})",
                ONCE,
            )
        if (task := first(column < 0)) >= 0:
            refuse(graph, ONCE, task, f"{name} is {column[task]}: it never ran")


def _check_times(graph: TaskGraph, trace: Trace) -> None:
    ready, start, done = trace.ready_ps, trace.start_ps, trace.done_ps
    if (task := first(done != start + graph.latency_ps)) >= 0:
        end = int(start[task] + graph.latency_ps[task])
        what = f"done at {done[task]} ps, but {start[task]} + {graph.latency_ps[task]} is {end}"
        refuse(graph, DONE, task, what)
    last = np.zeros(graph.n_tasks, np.int64)
    rows = np.flatnonzero(np.diff(graph.after_ptr))
    if len(rows):
        last[rows] = np.maximum.reduceat(done[graph.after_idx], graph.after_ptr[rows])
    if (task := first(start < last)) >= 0:
        what = f"starts at {start[task]} ps, before its last predecessor is done at {last[task]} ps"
        refuse(graph, CAUSALITY, task, what)
    if (task := first(ready != last)) >= 0:
        what = f"ready at {ready[task]} ps, but its last predecessor is done at {last[task]} ps"
        refuse(graph, READY, task, what)


def _owners(ptr: Ints) -> Ints:
    return np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))


def _check_capacity(graph: TaskGraph, trace: Trace) -> None:
    """Sum what is held between one instant and the next, resource by resource."""
    uses, reserves, frees = (_owners(p) for p in (graph.uses_ptr, graph.reserves_ptr, graph.frees_ptr))
    task = np.concatenate([uses, uses, reserves, frees])
    resource = np.concatenate(
        [graph.uses_resource, graph.uses_resource, graph.reserves_resource, graph.frees_resource]
    )
    time = np.concatenate(
        [
            trace.start_ps[uses],
            held_until(trace.start_ps[uses], graph.occupancy_ps[uses]),
            trace.start_ps[reserves],
            trace.done_ps[frees],
        ]
    )
    uses_units, reserves_units = products(graph.uses_units), products(graph.reserves_units)
    change = np.concatenate([uses_units, -uses_units, reserves_units, -products(graph.frees_units)])
    order = np.lexsort((time, resource))
    task, resource, time, change = task[order], resource[order], time[order], change[order]
    held = np.cumsum(change)
    # start each resource from zero
    begins = np.flatnonzero(np.diff(resource, prepend=-1))
    held -= np.repeat(held[begins] - change[begins], np.diff(begins, append=len(resource)))
    # what counts is the level after the last change of an instant
    settled = np.ones(len(time), bool)
    settled[:-1] = (time[1:] != time[:-1]) | (resource[1:] != resource[:-1])
    wrong = settled & ((held > graph.capacity[resource]) | (held < 0))
    if (at := first(wrong)) >= 0:
        name, capacity = graph.resource_names[resource[at]], int(graph.capacity[resource[at]])
        what = f"from {time[at]} ps on, {held[at]} of {name!r} are held, of {capacity}"
        refuse(graph, CAPACITY, int(task[at]), what)


def _check_restored(graph: TaskGraph) -> None:
    left = sums_by(graph.reserves_resource, products(graph.reserves_units), graph.n_resources) - sums_by(
        graph.frees_resource, products(graph.frees_units), graph.n_resources
    )
    if left.any():
        resource = int(np.flatnonzero(left)[0])
        name = graph.resource_names[resource]
        verb = "are never given back" if left[resource] > 0 else "are given back that nobody took"
        takes = np.concatenate([graph.reserves_resource, graph.frees_resource]) == resource
        owners = np.concatenate([_owners(graph.reserves_ptr), _owners(graph.frees_ptr)])
        task = int(owners[takes].max())
        refuse(graph, RESTORED, task, f"at the end, {abs(int(left[resource]))} of {name!r} {verb}")


def check_bound(graph: TaskGraph, trace: Trace, bound: Bound) -> None:
    """Refuse a start, or an end of the run, before its lower bound."""
    if (task := first(trace.start_ps < bound.start_ps)) >= 0:
        what = f"starts at {trace.start_ps[task]} ps, but its lower bound is {bound.start_ps[task]} ps"
        refuse(graph, BOUND, task, what)
    if trace.makespan_ps < bound.makespan_ps:
        what = f"is the last, done at {trace.makespan_ps} ps, but no run ends before {bound.makespan_ps} ps"
        refuse(graph, BOUND, int(trace.done_ps.argmax()), what)


class Replay:
    """Goes through the instants of a trace and asks in each round who may start.

    A round is: give back what ends, let the newly ready join their lines, then let go who is first
    everywhere and finds its units. The trace decides when tasks end; the replay says who may start, and
    both must agree.
    """

    def __init__(self, graph: TaskGraph, trace: Trace, policy: str) -> None:
        self.graph, self.trace = graph, trace
        self.start: list[int] = trace.start_ps.tolist()
        self.claims = _rows(
            graph.n_tasks,
            (graph.uses_ptr, graph.uses_resource, graph.uses_units),
            (graph.reserves_ptr, graph.reserves_resource, graph.reserves_units),
        )
        self.used = _rows(graph.n_tasks, (graph.uses_ptr, graph.uses_resource, graph.uses_units))
        self.freed = _rows(graph.n_tasks, (graph.frees_ptr, graph.frees_resource, graph.frees_units))
        self.before: list[int] = np.diff(graph.after_ptr).tolist()
        owner = _owners(graph.after_ptr)
        self.followers = owner[np.argsort(graph.after_idx, kind="stable")].tolist()
        counts = np.bincount(graph.after_idx, minlength=graph.n_tasks)
        self.followers_from: list[int] = np.concatenate([[0], np.cumsum(counts)]).tolist()
        self.free: list[int] = graph.capacity.tolist()
        self.fifo = policy == "fifo"
        self.rank = [0] * graph.n_tasks if policy == "static" else graph.priority.tolist()
        self.queues: list[list[tuple[int, int, int]]] = [[] for _ in self.free]
        if not self.fifo:
            for task, claim in enumerate(self.claims):
                for resource in claim:
                    self.queues[resource].append((0, 0, task))
        self.is_ready = [not before for before in self.before]
        self.started = [False] * graph.n_tasks
        self.rounds = 0
        self.instantly: tuple[list[bool], list[bool]] = (
            (graph.occupancy_ps == 0).tolist(),
            (graph.latency_ps == 0).tolist(),
        )
        self.by_start: list[int] = np.argsort(trace.start_ps, kind="stable").tolist()
        self.n_checked = 0  # so many of by_start are known to have been let go

    def check(self) -> None:
        g, start = self.graph, self.trace.start_ps
        ends = held_until(start, g.occupancy_ps)
        # everything that takes time, ordered by when it ends; 2 * task + (0 occupancy | 1 latency)
        code = np.concatenate([2 * np.flatnonzero(g.occupancy_ps), 2 * np.flatnonzero(g.latency_ps) + 1])
        when = np.concatenate([ends[g.occupancy_ps > 0], self.trace.done_ps[g.latency_ps > 0]])
        order = np.argsort(when, kind="stable")
        codes: list[int] = code[order].tolist()
        instants, first = np.unique(np.concatenate([when[order], [np.iinfo(np.int64).max]]), return_index=True)
        bounds: list[int] = first.tolist()
        self.instant(0, [], [task for task, ready in enumerate(self.is_ready) if ready])
        for k, now in enumerate(instants[:-1].tolist()):
            self.instant(now, codes[bounds[k] : bounds[k + 1]], [])
        self.all_started_before(math.inf)

    def instant(self, now: int, codes: list[int], fresh: list[int]) -> None:
        """All rounds of one instant."""
        self.all_started_before(now)
        while codes or fresh:
            self.rounds += 1
            moved = self.end(codes, fresh)
            codes, fresh = self.let_go(now, fresh, moved), []

    def end(self, codes: list[int], fresh: list[int]) -> list[int]:
        """Give back what ends; collect the newly ready; return the resources whose line may move."""
        free, moved = self.free, []
        for code in codes:
            task = code >> 1
            back = self.freed[task] if code & 1 else self.used[task]
            for resource, units in back.items():
                free[resource] += units
                moved.append(resource)
            if code & 1:
                for k in range(self.followers_from[task], self.followers_from[task + 1]):
                    follower = self.followers[k]
                    self.before[follower] -= 1
                    if not self.before[follower]:
                        self.is_ready[follower] = True
                        fresh.append(follower)
        return moved

    def let_go(self, now: int, fresh: list[int], moved: list[int]) -> list[int]:
        """Start who may start, as the trace must too; return what ends in the next round of this instant."""
        queues, next_round = self.queues, []
        for task in fresh:
            claim = self.claims[task]
            if not claim:
                next_round += self.starts(task, now)
            elif self.fifo:
                place = (self.rank[task], self.rounds, task)
                for resource in claim:
                    heappush(queues[resource], place)
            moved.extend(claim)
        look = list(dict.fromkeys(moved))
        heapify(look)  # any order does: who may start shares no resource with another who may
        while look:
            queue = queues[heappop(look)]
            if not queue:
                continue
            task = queue[0][2]
            if self.may_start(task):
                next_round += self.starts(task, now)
                for resource, units in self.claims[task].items():
                    self.free[resource] -= units
                    heappop(queues[resource])
                    heappush(look, resource)
        return next_round

    def may_start(self, task: int) -> bool:
        if not self.is_ready[task]:
            return False
        return all(
            self.queues[resource][0][2] == task and self.free[resource] >= units
            for resource, units in self.claims[task].items()
        )

    def starts(self, task: int, now: int) -> list[int]:
        """Compare with the trace; return what of the task has length zero."""
        if self.start[task] != now:
            self.refuse_idling(task, now)
        self.started[task] = True
        return [2 * task + k for k in (0, 1) if self.instantly[k][task]]

    def all_started_before(self, now: float) -> None:
        """Every task that the trace started earlier must have been let go."""
        while self.n_checked < len(self.by_start):
            task = self.by_start[self.n_checked]
            if self.start[task] >= now:
                return
            if not self.started[task]:
                self.refuse_start(task)
            self.n_checked += 1

    def refuse_idling(self, task: int, now: int) -> NoReturn:
        for resource in self.claims[task]:
            for _, _, other in sorted(self.queues[resource]):
                if other != task and self.start[other] == now and self.is_ready[other]:
                    self.refuse_overtaking(other, task, resource)
        what = f"starts at {self.start[task]} ps, but could have started at {now} ps"
        refuse(self.graph, NO_IDLING, task, what)

    def refuse_start(self, task: int) -> NoReturn:
        for resource, units in self.claims[task].items():
            ahead = self.queues[resource][0][2]
            if ahead != task:
                self.refuse_overtaking(task, ahead, resource)
            if self.free[resource] < units:
                name = self.graph.resource_names[resource]
                what = f"takes {units} of {name!r} at {self.start[task]} ps, but {self.free[resource]} are free"
                refuse(self.graph, CAPACITY, task, what)
        # its predecessors of length zero were not let go either
        refuse(self.graph, CAUSALITY, task, f"starts at {self.start[task]} ps, but is not ready then")

    def refuse_overtaking(self, task: int, ahead: int, resource: int) -> NoReturn:
        name = self.graph.resource_names[resource]
        what = (
            f"starts at {self.start[task]} ps although task {ahead} ({self.graph.label(ahead)}) "
            f"is ahead of it in the queue of {name!r} and still waits"
        )
        refuse(self.graph, QUEUE, task, what)


def _rows(n: int, *lists: tuple[Ints, NDArray[np.int32], Ints]) -> list[dict[int, int]]:
    """Per task {resource: units}, summed over the given lists; tasks with equal rows share one."""
    columns = []
    for ptr, resource, units in lists:
        pairs = list(zip(resource.tolist(), units.tolist(), strict=True))
        bounds = ptr.tolist()
        columns.append([tuple(pairs[bounds[task] : bounds[task + 1]]) for task in range(n)])
    shared: dict[tuple[tuple[tuple[int, int], ...], ...], dict[int, int]] = {}
    rows = []
    for parts in zip(*columns, strict=True):
        row = shared.get(parts)
        if row is None:
            row = shared[parts] = {}
            for r, u in chain(*parts):
                row[r] = row.get(r, 0) + u
        rows.append(row)
    return rows
