"""The same rules as `simpy_engine`, on a heap of instants instead of SimPy events.

Its trace is equal to that of the SimPy engine; there the rules are explained.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from archsim.engine.deadlock import deadlock
from archsim.engine.tables import Tables, lines_by_task_id, make_trace, tables
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

_BOTH, _OCCUPANCY, _DONE = 0, 1, 2  # what ends


def _beginning(
    t: Tables, sequence: list[int] | None
) -> tuple[list[int], list[int], dict[int, list[int]], Callable[[int, int], None]]:
    """When tasks start; the heap of instants; time -> 3 * task + what ends then; what lets a task start."""
    start: list[int] = [-1] * len(t.needs)
    instants: list[int] = []
    ends_at: dict[int, list[int]] = {}
    uses, occupancy_ps, latency_ps = t.uses, t.occupancy_ps, t.latency_ps

    def end_at(time: int, code: int) -> None:
        if time in ends_at:
            ends_at[time].append(code)
        else:
            ends_at[time] = [code]
            heappush(instants, time)

    def begin(task: int, now: int) -> None:
        start[task] = now
        if sequence is not None:
            sequence.append(task)
        occupancy, latency = occupancy_ps[task], latency_ps[task]
        if occupancy == latency:
            end_at(now + latency, 3 * task + _BOTH)
            return
        if uses[task]:
            end_at(now + occupancy, 3 * task + _OCCUPANCY)
        end_at(now + latency, 3 * task + _DONE)

    return start, instants, ends_at, begin


def run(graph: TaskGraph, policy: str, sequence: list[int] | None = None) -> Trace:
    """Play a task graph out; see `archsim.engine.run_tasks`.

    `sequence` receives the tasks in the order in which they start.
    """
    n = graph.n_tasks
    t = tables(graph)
    needs, uses, frees, successors = t.needs, t.uses, t.frees, t.successors
    priority, n_before = t.priority, t.n_before
    free: list[int] = graph.capacity.tolist()
    fifo = policy == "fifo"
    line: list[list[tuple[int, int, int]]] = [[] for _ in free] if fifo else lines_by_task_id(needs, len(free))
    ready, done = [-1] * n, [-1] * n
    new = [task for task in range(n) if not n_before[task]]  # ready in this round
    touched: list[int] = []  # resources whose line may move on
    now = this_round = 0
    start, instants, ends_at, begin = _beginning(t, sequence)

    while True:
        for task in new:
            ready[task] = now
            if not needs[task]:
                begin(task, now)
                continue
            if fifo:
                place = (priority[task], this_round, task)
                for resource, _ in needs[task]:
                    heappush(line[resource], place)
            touched.append(needs[task][0][0])
        new.clear()
        while touched:
            here = line[touched.pop()]
            while here:
                task = here[0][2]
                if ready[task] < 0:
                    break
                for resource, units in needs[task]:
                    if free[resource] < units or line[resource][0][2] != task:
                        break
                else:
                    for resource, units in needs[task]:
                        free[resource] -= units
                        heappop(line[resource])
                        if line[resource] is not here:
                            touched.append(resource)
                    begin(task, now)
                    continue
                break
        if not instants:
            break
        this_round += 1
        now = heappop(instants)
        # a task of length zero that starts now makes a new entry for now: the next round
        for code in ends_at.pop(now):
            task, what = divmod(code, 3)
            if what != _DONE:
                for resource, units in uses[task]:
                    free[resource] += units
                    touched.append(resource)
                if what == _OCCUPANCY:
                    continue
            done[task] = now
            for resource, units in frees[task]:
                free[resource] += units
                touched.append(resource)
            for successor in successors[task]:
                n_before[successor] -= 1
                if not n_before[successor]:
                    new.append(successor)

    trace = make_trace(ready, start, done)
    if -1 in done:
        raise deadlock(graph, trace, [waiting[0][2] if waiting else -1 for waiting in line])
    return trace
