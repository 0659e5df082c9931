"""The reference engine: the rules of the task graph, played out on SimPy.

This file is what a task graph *means*; a faster engine is right if it gives the same trace.

An instant is a sequence of rounds. A round has two halves:

1. everything that ends now ends: held units come back, tasks are done, their successors become ready;
2. one arbiter walks the waiting tasks and starts what may start.

SimPy orders the events of one instant by their priority. Ends are `Timeout` events of NORMAL priority
(1); the arbiter is an event of priority 2, so it comes when every end of the round is handled. A task of
length zero that the arbiter starts ends by a `Timeout` of 0, hence before the arbiter's next event:
in the next round of the same instant.
"""

from __future__ import annotations

from heapq import heappop, heappush

from simpy import Environment, Event, Timeout
from simpy.events import EventPriority

from archsim.engine.deadlock import deadlock
from archsim.engine.tables import lines_by_task_id, make_trace, tables
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

_AFTER_ALL_ENDS = EventPriority(2)


class _Arbiter:
    """One run of one graph."""

    def __init__(self, graph: TaskGraph, policy: str) -> None:
        n = graph.n_tasks
        t = tables(graph)
        self.env = Environment(initial_time=0)
        self.needs, self.uses, self.frees = t.needs, t.uses, t.frees
        self.successors, self.priority = t.successors, t.priority
        self.occupancy_ps, self.latency_ps = t.occupancy_ps, t.latency_ps
        self.not_done_before = t.n_before  # how many predecessors are not done yet
        self.free: list[int] = graph.capacity.tolist()
        self.ready, self.start, self.done = [-1] * n, [-1] * n, [-1] * n
        self.fifo = policy == "fifo"
        # The line of each resource, as a heap of (priority, round of becoming ready, task).
        self.line: list[list[tuple[int, int, int]]] = (
            [[] for _ in self.free] if self.fifo else lines_by_task_id(t.needs, len(self.free))
        )
        self.round = 0
        self.armed = False
        self.touched: list[int] = []  # resources whose line may move on in this round
        self.without_resource: list[int] = []  # ready tasks that stand in no line
        for task, before in enumerate(t.n_before):
            if not before:
                self.becomes_ready(task)

    # First half of a round: what ends now, ends.

    def becomes_ready(self, task: int) -> None:
        self.ready[task] = int(self.env.now)
        needs = self.needs[task]
        if not needs:
            self.without_resource.append(task)
        else:
            if self.fifo:
                place = (self.priority[task], self.round, task)
                for resource, _ in needs:
                    heappush(self.line[resource], place)
            self.touched.append(needs[0][0])
        self.arm()

    def occupancy_ends(self, event: Event) -> None:
        for resource, units in self.uses[event._value]:
            self.free[resource] += units
            self.touched.append(resource)
        self.arm()

    def is_done(self, event: Event) -> None:
        task = event._value
        self.done[task] = int(self.env.now)
        for resource, units in self.frees[task]:
            self.free[resource] += units
            self.touched.append(resource)
            self.arm()
        for successor in self.successors[task]:
            self.not_done_before[successor] -= 1
            if not self.not_done_before[successor]:
                self.becomes_ready(successor)

    def arm(self) -> None:
        """Let the arbiter come at the end of this round."""
        if not self.armed:
            self.armed = True
            event = Event(self.env)
            event._ok, event._value = True, None
            event.callbacks.append(self.arbitrate)
            self.env.schedule(event, _AFTER_ALL_ENDS)

    # Second half of a round: start what may start.

    def arbitrate(self, _: Event) -> None:
        """Walk the lines that may have moved.

        Two tasks that may start have no resource in common (each is first in all its lines), so the
        order in which lines are looked at does not matter.
        """
        self.armed = False
        self.round += 1
        for task in self.without_resource:
            self.begin(task)
        self.without_resource.clear()
        touched = self.touched
        while touched:
            line = self.line[touched.pop()]
            while line and self.may_start(task := line[0][2]):
                for resource, units in self.needs[task]:
                    self.free[resource] -= units
                    heappop(self.line[resource])
                    if self.line[resource] is not line:
                        touched.append(resource)
                self.begin(task)

    def may_start(self, task: int) -> bool:
        """Ready, first in every line it stands in, and all its units are free."""
        if self.ready[task] < 0:
            return False
        for resource, units in self.needs[task]:
            if self.free[resource] < units or self.line[resource][0][2] != task:
                return False
        return True

    def begin(self, task: int) -> None:
        env = self.env
        self.start[task] = int(env.now)
        occupancy, latency = self.occupancy_ps[task], self.latency_ps[task]
        if self.uses[task]:
            ends = Timeout(env, occupancy, task)
            ends.callbacks.append(self.occupancy_ends)
            if occupancy == latency:
                ends.callbacks.append(self.is_done)
                return
        Timeout(env, latency, task).callbacks.append(self.is_done)


def run(graph: TaskGraph, policy: str) -> Trace:
    """Play a task graph out on SimPy; see `archsim.engine.run_tasks`."""
    arbiter = _Arbiter(graph, policy)
    arbiter.env.run()
    trace = make_trace(arbiter.ready, arbiter.start, arbiter.done)
    if -1 in arbiter.done:
        raise deadlock(graph, trace, [line[0][2] if line else -1 for line in arbiter.line])
    return trace
