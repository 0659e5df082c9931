"""Why a run got stuck, in words.

A run is stuck when nothing is in flight and tasks are left over. All units that `uses` took are back
then; what is missing was reserved and not freed. A left-over task waits

- for a predecessor that is not done,
- for the task ahead of it in a queue, or
- first in all its lines, for units that only an unfinished freeing task would give back.

Following these waits leads to a cycle, or to a task that nobody can help.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.errors import DeadlockError
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.whole import held_until
from archsim.trace import Trace

_SHOWN = 8  # longer cycles are shortened in the message, not in DeadlockError.cycle


@dataclass(frozen=True)
class _Wait:
    """One reason why a task waits: for `other`, in the words of `why`."""

    other: int
    why: str


class _Stuck:
    """The state in which a run got stuck."""

    def __init__(self, graph: TaskGraph, trace: Trace, heads: list[int]) -> None:
        self.graph = graph
        self.trace = trace
        self.heads = heads  # the first task in the queue of each resource, -1 for an empty queue
        self.left = np.flatnonzero(trace.start_ps < 0)
        finished = trace.done_ps >= 0
        self.free = graph.capacity.copy()
        owner = _owners(graph.reserves_ptr)
        took = trace.start_ps[owner] >= 0
        np.subtract.at(self.free, graph.reserves_resource[took], graph.reserves_units[took])
        owner = _owners(graph.frees_ptr)
        gave = finished[owner]
        np.add.at(self.free, graph.frees_resource[gave], graph.frees_units[gave])
        self.freers: dict[int, list[int]] = {}  # resource -> unfinished tasks that would free some of it
        pending = zip(owner[~gave].tolist(), graph.frees_resource[~gave].tolist(), strict=True)
        for task, resource in pending:
            self.freers.setdefault(resource, []).append(task)

    def needs(self, task: int) -> dict[int, int]:
        """Units that a task takes at its start: {resource: units}."""
        g = self.graph
        total: dict[int, int] = {}
        for ptr, resource, units in (
            (g.uses_ptr, g.uses_resource, g.uses_units),
            (g.reserves_ptr, g.reserves_resource, g.reserves_units),
        ):
            for k in range(int(ptr[task]), int(ptr[task + 1])):
                total[int(resource[k])] = total.get(int(resource[k]), 0) + int(units[k])
        return total

    def missing(self, task: int) -> Iterator[tuple[int, int]]:
        """(resource, units) of which too few are free."""
        for resource, units in self.needs(task).items():
            if units > self.free[resource]:
                yield resource, units

    def waits(self, task: int) -> Iterator[_Wait]:
        """Why a task waits, and for whom."""
        g = self.graph
        if self.trace.ready_ps[task] < 0:
            for p in g.after_idx[g.after_ptr[task] : g.after_ptr[task + 1]].tolist():
                if self.trace.done_ps[p] < 0:
                    yield _Wait(p, f"waits until task {p} is done")
            return
        behind = False
        for resource in self.needs(task):
            head = self.heads[resource]
            if head not in (task, -1):
                behind = True
                yield _Wait(head, f"waits in the queue of {g.resource_names[resource]!r} behind task {head}")
        if not behind:
            for resource, units in self.missing(task):
                for freer in self.givers(task, resource):
                    who = f"task {freer} would" if freer != task else "only itself would later"
                    yield _Wait(freer, f"needs {self.shortage(resource, units)}; {who} give some back")

    def givers(self, task: int, resource: int) -> list[int]:
        """Who would give units back: best, who gives more than it takes itself; the task itself last."""
        freers = self.freers.get(resource, [])
        others = [freer for freer in freers if freer != task]
        g = self.graph

        def total(ptr: NDArray[np.int64], of: NDArray[np.int32], units: NDArray[np.int64], i: int) -> int:
            row = slice(ptr[i], ptr[i + 1])
            return int(units[row][of[row] == resource].sum())

        net = [
            freer
            for freer in others
            if total(g.frees_ptr, g.frees_resource, g.frees_units, freer)
            > total(g.reserves_ptr, g.reserves_resource, g.reserves_units, freer)
        ]
        return net or others or freers

    def shortage(self, resource: int, units: int) -> str:
        name, capacity = self.graph.resource_names[resource], int(self.graph.capacity[resource])
        return f"{units} of {name!r} (capacity {capacity}, free {int(self.free[resource])})"

    def lever(self, resource: int, units: int) -> str:
        """The capacity with which the waiting task would start."""
        capacity = int(self.graph.capacity[resource])
        enough = capacity + units - int(self.free[resource])
        return f"the capacity of {self.graph.resource_names[resource]!r} from {capacity} to {enough}"

    def first_in_lines(self, task: int) -> bool:
        """Is the task ready, and nobody ahead of it?"""
        return bool(self.trace.ready_ps[task] >= 0) and all(
            self.heads[resource] in (task, -1) for resource in self.needs(task)
        )


def deadlock(graph: TaskGraph, trace: Trace, heads: list[int]) -> DeadlockError:
    """The error of a run that got stuck.

    Parameters
    ----------
    graph : TaskGraph
    trace : Trace
        What ran until then; -1 for what never did.
    heads : list of int
        The first task in the queue of each resource, -1 for an empty queue.

    Returns
    -------
    DeadlockError
        To be raised. Its cycle is empty if no cycle is the cause: a task wants more than
        there is, or nobody is left who would give units back.
    """
    stuck = _Stuck(graph, trace, heads)
    released = held_until(trace.start_ps, graph.occupancy_ps)[trace.start_ps >= 0]
    last = max(trace.makespan_ps, int(released.max(initial=0)))
    opening = f"deadlock at {last} ps: {len(stuck.left)} of {graph.n_tasks} tasks never start."
    hopeless = _hopeless(stuck)
    if hopeless:
        return DeadlockError(f"{opening} {hopeless}", (), trace)
    cycle = _cycle(stuck)
    return DeadlockError(f"{opening} {_describe(stuck, cycle)}", tuple(cycle), trace)


def _owners(ptr: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))


def _hopeless(stuck: _Stuck) -> str:
    """A task at the head of its lines that nobody can help, in words; empty if there is none."""
    for task in sorted({head for head in stuck.heads if head >= 0}):
        if not stuck.first_in_lines(task):
            continue
        who = f"Task {task} ({stuck.graph.label(task)}) needs"
        for resource, units in stuck.missing(task):
            if units > stuck.graph.capacity[resource]:
                return (
                    f"{who} {stuck.shortage(resource, units)}, more than there is. "
                    f"Raise the capacity of {stuck.graph.resource_names[resource]!r} "
                    f"from {int(stuck.graph.capacity[resource])} to at least {units}, or split the task."
                )
            if resource not in stuck.freers:
                return (
                    f"{who} {stuck.shortage(resource, units)}, and no unfinished task frees any. "
                    f"Raise {stuck.lever(resource, units)}, or let the last reader of the data free it."
                )
    return ""


def _cycle(stuck: _Stuck) -> list[int]:
    """Tasks of which each waits for the next and the last for the first; the shortest through one task."""
    some = _some_cycle(stuck)
    # every cycle has a task that lacks units: who waits in lines or for predecessors follows an order
    anchor = next((task for task in some if stuck.first_in_lines(task)), some[0] if some else -1)
    if anchor < 0:
        return []
    came_from = {anchor: -1}
    queue = deque([anchor])
    while queue:
        task = queue.popleft()
        for wait in stuck.waits(task):
            if wait.other == anchor:
                path = [task]
                while came_from[path[-1]] >= 0:
                    path.append(came_from[path[-1]])
                return path[::-1]
            if wait.other not in came_from:
                came_from[wait.other] = task
                queue.append(wait.other)
    return some


def _some_cycle(stuck: _Stuck) -> list[int]:
    """Depth-first search, without recursion, for any cycle of waits."""
    finished: set[int] = set()
    for root in stuck.left.tolist():
        if root in finished:
            continue
        path, place = [root], {root: 0}
        pending = [stuck.waits(root)]
        while path:
            wait = next(pending[-1], None)
            if wait is None:
                finished.add(path[-1])
                del place[path.pop()]
                pending.pop()
            elif wait.other in place:
                return path[place[wait.other] :]
            elif wait.other not in finished:
                place[wait.other] = len(path)
                path.append(wait.other)
                pending.append(stuck.waits(wait.other))
    return []


def _describe(stuck: _Stuck, cycle: list[int]) -> str:
    if not cycle:
        first = ", ".join(f"task {task} ({stuck.graph.label(task)})" for task in stuck.left[:_SHOWN].tolist())
        return f"Nothing that runs would let them start: {first}."
    lines, levers = [], []
    for place, task in enumerate(cycle):
        other = cycle[(place + 1) % len(cycle)]
        why = next(wait.why for wait in stuck.waits(task) if wait.other == other)
        lines.append(f"  task {task} ({stuck.graph.label(task)}) {why}")
        if stuck.trace.ready_ps[task] >= 0 and stuck.first_in_lines(task):
            levers += [stuck.lever(resource, units) for resource, units in stuck.missing(task)]
    if len(lines) > _SHOWN:
        half = _SHOWN // 2
        lines[half:-half] = [f"  … {len(lines) - 2 * half} more …"]
    help_ = " or ".join(dict.fromkeys(levers[:_SHOWN]))
    closing = f"It would go on if you raised {help_}." if levers else "No capacity helps: mend the order of tasks."
    return "\n".join(["These wait for each other:", *lines, closing])
