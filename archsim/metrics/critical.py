"""The critical path: which tasks the makespan consists of, and why each of them did not start earlier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

Ints = NDArray[np.int64]
Why = Literal["begin", "dependency", "resource", "line"]


class Segment(NamedTuple):
    """A piece of the makespan that one task answers for.

    Attributes
    ----------
    task : int
        Its id.
    start_ps, end_ps : int
        From the start of the task to the start of the next one on the path (the last: to the makespan).
    why : {"begin", "dependency", "resource", "line"}
        What it waited for until `start_ps`: nothing, a result, units of a resource that were held, or a task
        ahead of it in a line.
    resource : str
        The resource of the last two, "" otherwise.
    """

    task: int
    start_ps: int
    end_ps: int
    why: Why
    resource: str

    @property
    def length_ps(self) -> int:
        """How much of the makespan it is."""
        return self.end_ps - self.start_ps


def critical_path(graph: TaskGraph, trace: Trace, policy: str = "fifo") -> list[Segment]:
    """Walk back from the last task to finish, from each task to what let it start.

    A task that started when it was ready was let go by a predecessor that was done at that instant. A task
    that waited was let go by one that gave back, at that instant, units of a resource it needs; or, if only
    the line held it up, by a task ahead that started at that instant. Among several the lowest id is
    taken, among those that began before that instant if there are any.

    Parameters
    ----------
    graph, trace
        A finished run.
    policy : {"fifo", "static"}
        The policy of the run: who is ahead in a line.

    Returns
    -------
    list of Segment
        Earliest first, without gaps: their lengths sum to the makespan.

    Raises
    ------
    EngineError
        The trace is unfinished, or does not follow the rules of the engine.

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> tasks = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100, latency_ps=120) for _ in "ab"]
    >>> graph = b.build()
    >>> for segment in critical_path(graph, run_tasks(graph)):
    ...     print(*segment[:4])
    0 0 100 begin
    1 100 220 resource
    """
    if trace.n_tasks != graph.n_tasks:
        raise EngineError(f"the trace has {trace.n_tasks} tasks, its graph {graph.n_tasks}")
    if not graph.n_tasks:
        return []
    if int(trace.start_ps.min()) < 0:
        raise EngineError(
            f"task {int(trace.start_ps.argmin())} never ran; an unfinished run has no critical path"
        )
    causes = _Causes(graph, trace, policy)
    start: list[int] = trace.start_ps.tolist()
    task = int(trace.done_ps.argmax())
    end = trace.makespan_ps
    segments = []
    while start[task] > 0:
        for later, earlier in causes.back(task):
            why, resource = causes.why(later, earlier)
            segments.append(Segment(later, start[later], end, why, resource))
            end, task = start[later], earlier
    segments.append(Segment(task, 0, end, "begin", ""))
    return segments[::-1]


def _owners(ptr: Ints) -> Ints:
    return np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))


class _Causes:
    """What let each task start.

    Where that is a task which began at an earlier instant, it is found for all tasks at once (`first`).
    Within one instant, chains of tasks of length zero and lines are searched breadth first.
    """

    def __init__(self, graph: TaskGraph, trace: Trace, policy: str) -> None:
        self.graph, self.trace, self.fifo = graph, trace, policy == "fifo"
        self.instants, place = np.unique(trace.start_ps, return_inverse=True)
        self.place: Ints = place.astype(np.int64).reshape(-1)
        uses, reserves = _owners(graph.uses_ptr), _owners(graph.reserves_ptr)
        self.claim_task = np.concatenate([uses, reserves])
        self.claim_resource = np.concatenate([graph.uses_resource, graph.reserves_resource]).astype(np.int64)
        self.claim_key = self._key(self.claim_resource, self.place[self.claim_task])
        first = np.full(graph.n_tasks, graph.n_tasks, np.int64)
        self._from_predecessors(first)
        self._from_releases(first)
        first[first == graph.n_tasks] = -1
        self.first: list[int] = first.tolist()
        self._index_instants()

    def _key(self, resource: Ints, place: Ints) -> Ints:
        """One number for a resource at an instant."""
        return resource * len(self.instants) + place

    def _from_predecessors(self, first: Ints) -> None:
        g, t = self.graph, self.trace
        owner, before = _owners(g.after_ptr), g.after_idx
        let_go = (t.done_ps[before] == t.start_ps[owner]) & (t.start_ps[before] < t.start_ps[owner])
        np.minimum.at(first, owner[let_go], before[let_go])

    def _from_releases(self, first: Ints) -> None:
        g, t = self.graph, self.trace
        uses, frees = _owners(g.uses_ptr), _owners(g.frees_ptr)
        task = np.concatenate([uses, frees])
        resource = np.concatenate([g.uses_resource, g.frees_resource]).astype(np.int64)
        time = np.concatenate([t.start_ps[uses] + g.occupancy_ps[uses], t.done_ps[frees]])
        place = np.searchsorted(self.instants, time)
        place[place == len(self.instants)] = 0
        useful = (self.instants[place] == time) & (t.start_ps[task] < time)
        task, key = task[useful], self._key(resource[useful], place[useful])
        order = np.lexsort((task, key))
        keys, lowest = np.unique(key[order], return_index=True)
        if not len(keys):
            return
        releaser = task[order][lowest]
        waited = (t.start_ps > t.ready_ps)[self.claim_task]
        asked, asker = self.claim_key[waited], self.claim_task[waited]
        at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        found = keys[at] == asked
        np.minimum.at(first, asker[found], releaser[at[found]])

    def _index_instants(self) -> None:
        """Who takes a resource at an instant; who gives some back within the instant in which it starts."""
        order = np.lexsort((self.claim_task, self.claim_key))
        self.takers, self.taker_keys = self.claim_task[order], self.claim_key[order]
        g = self.graph
        owner = _owners(g.frees_ptr)
        instantly = g.latency_ps[owner] == 0
        owner, resource = owner[instantly], g.frees_resource[instantly].astype(np.int64)
        key = self._key(resource, self.place[owner])
        order = np.lexsort((owner, key))
        self.freers, self.freer_keys = owner[order], key[order]

    def back(self, task: int) -> list[tuple[int, int]]:
        """Pairs (task, its cause) from this task to one that began at an earlier instant."""
        came_from = {task: -1}
        queue = [task]
        for here in queue:  # grows while it is walked
            if self.first[here] >= 0:
                pairs, cause = [], self.first[here]
                while here >= 0:
                    pairs.append((here, cause))
                    here, cause = came_from[here], here
                return pairs[::-1]
            for cause in sorted(set(self._within_instant(here))):
                if cause not in came_from:
                    came_from[cause] = here
                    queue.append(cause)
        raise EngineError(
            f"task {task} ({self.graph.label(task)}) starts at {self.trace.start_ps[task]} ps, but nothing ends "
            "then that could have let it start; does the trace belong to this graph and this policy?"
        )

    def _within_instant(self, task: int) -> Iterator[int]:
        """Tasks that started at the same instant and may have let this one go."""
        g, t = self.graph, self.trace
        if t.start_ps[task] == t.ready_ps[task]:
            before = g.after_idx[g.after_ptr[task] : g.after_ptr[task + 1]]
            yield from before[t.done_ps[before] == t.start_ps[task]].tolist()
            return
        for resource in self._claims(task):
            key = resource * len(self.instants) + int(self.place[task])
            takers = _at(self.takers, self.taker_keys, key)
            # whoever gives units back at once was ahead as well: nobody overtakes
            yield from takers[self._ahead(takers, task) & (takers != task)].tolist()
            yield from _at(self.freers, self.freer_keys, key).tolist()

    def _ahead(self, others: Ints, task: int) -> NDArray[np.bool_]:
        """Which tasks may be ahead in a line; the trace does not tell the rounds of an instant apart."""
        if not self.fifo:
            return np.asarray(others < task)
        priority, ready = self.graph.priority, self.trace.ready_ps
        same = (priority[others] == priority[task]) & (ready[others] <= ready[task])
        return np.asarray((priority[others] < priority[task]) | same)

    def _claims(self, task: int) -> list[int]:
        g = self.graph
        uses: list[int] = g.uses_resource[g.uses_ptr[task] : g.uses_ptr[task + 1]].tolist()
        reserves: list[int] = g.reserves_resource[g.reserves_ptr[task] : g.reserves_ptr[task + 1]].tolist()
        return uses + reserves

    def why(self, task: int, cause: int) -> tuple[Why, str]:
        """What a task waited for, given the task that let it go."""
        g, t = self.graph, self.trace
        now = t.start_ps[task]
        if t.ready_ps[task] == now:
            return "dependency", ""
        claims = self._claims(task)
        back: list[int] = []
        if t.start_ps[cause] + g.occupancy_ps[cause] == now:
            back += g.uses_resource[g.uses_ptr[cause] : g.uses_ptr[cause + 1]].tolist()
        if t.done_ps[cause] == now:
            back += g.frees_resource[g.frees_ptr[cause] : g.frees_ptr[cause + 1]].tolist()
        for resource in claims:
            if resource in back:
                return "resource", g.resource_names[resource]
        shared = set(claims) & set(self._claims(cause))
        return "line", g.resource_names[min(shared)]


def _at(tasks: Ints, keys: Ints, key: int) -> Ints:
    """The tasks filed under a key."""
    low, high = np.searchsorted(keys, [key, key + 1])
    return tasks[low:high]
