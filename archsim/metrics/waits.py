"""Why each task started when it did: for which result, unit, space or turn it waited, and who gave it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.compiling import loops_of, pays
from archsim.errors import EngineError
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CAUSES = ("begin", "dependency", "resource", "space", "queue")
"""Causes that let a task start: nothing (it began at once), a result, units that a task held, space that a task
freed, or the task ahead of it in a queue."""
BEGIN, DEPENDENCY, RESOURCE, SPACE, QUEUE = range(5)
WORTH = 5_000_000
"""Tasks whose plain search takes as long as compiling the loops: 5 s."""
_NEVER = np.iinfo(np.int64).max


class Waits(NamedTuple):
    """One entry for each task.

    Attributes
    ----------
    wait_ps : int64[n_tasks]
        From the last result it needed to its start.
    cause : int8[n_tasks]
        What let it go: a place in `CAUSES`.
    resource : int32[n_tasks]
        The resource whose units, space or line it waited for; -1 for causes "begin" and "dependency".
    holder : int64[n_tasks]
        The task that let it go: a predecessor, the task that held the unit, that freed the space, or that was
        ahead; -1 for "begin".
    """

    wait_ps: Ints
    cause: NDArray[np.int8]
    resource: NDArray[np.int32]
    holder: Ints

    def text(self, graph: TaskGraph, task: int) -> str:
        """The wait of one task in words; empty if it started as soon as its results were there."""
        if self.wait_ps[task] == 0:
            return ""
        name, other = graph.resource_names[self.resource[task]], int(self.holder[task])
        said = {RESOURCE: "units of", SPACE: "space in", QUEUE: "its turn at"}[int(self.cause[task])]
        return f"waited {self.wait_ps[task]} ps for {said} {name}, behind task {other} ({graph.label(other)})"


def check_finished(graph: TaskGraph, trace: Trace) -> None:
    """Refuse a trace of another graph, or of a run that did not end.

    Raises
    ------
    EngineError
        It cannot be explained.
    """
    if trace.n_tasks != graph.n_tasks:
        raise EngineError(f"the trace has {trace.n_tasks} tasks, its graph {graph.n_tasks}")
    if graph.n_tasks and int(trace.start_ps.min()) < 0:
        raise EngineError(f"task {int(trace.start_ps.argmin())} never ran; an unfinished run has no critical path")


def waits(graph: TaskGraph, trace: Trace, policy: str = "fifo") -> Waits:
    """Find out for every task what let it start when it did.

    A task that started when it was ready was let go by a predecessor that was done at that instant. One that
    waited lacked units of a resource until then: a task gave them back at that instant, at the end of its
    occupancy ("resource") or when it was done ("space"). If no resource lacked anything, the queue held it up:
    the task ahead started at that instant. Among several the lowest id is taken, among those that began
    before that instant if there are any.

    Parameters
    ----------
    graph, trace
        A finished run.
    policy : {"fifo", "static"}
        The policy of the run: who is ahead in a queue.

    Returns
    -------
    Waits
        Columns. Following `holder` from any task leads to one that began at once, never in a circle.

    Raises
    ------
    EngineError
        The trace is unfinished, or does not follow the rules of the engine.

    Notes
    -----
    The trace does not tell the rounds of one instant apart. Of two tasks of equal priority that were ready at
    the same instant, the one with the lower id counts as ahead. A million tasks take 0.1 s in
    compiled loops, and seconds in numpy.

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> tasks = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100) for _ in "abc"]
    >>> graph = b.build()
    >>> found = waits(graph, run_tasks(graph))
    >>> found.wait_ps.tolist(), found.holder.tolist(), [CAUSES[c] for c in found.cause]
    ([0, 100, 200], [-1, 0, 1], ['begin', 'resource', 'resource'])
    >>> found.text(graph, 2)
    'waited 200 ps for units of adc, behind task 1 (convert)'
    """
    check_finished(graph, trace)
    return _Search(graph, trace, policy == "fifo").waits()


def quick_waits(graph: TaskGraph, trace: Trace, fifo: bool) -> Waits | None:
    """The columns by compiled loops; None where there are none, or for times near 64 bits."""
    compiled, n = loops_of("metrics"), graph.n_tasks
    if compiled is None or not pays(compiled.by_claims, n, WORTH):
        return None
    longest = int(graph.occupancy_ps.max(initial=0))
    if trace.makespan_ps + longest >= 2**62 or 4 * max(n, 1) * max(graph.n_resources, 1) >= 2**62:
        return None
    uses, reserves, frees = (
        compiled.Rows(_plain(ptr, np.int32), _plain(resource, np.int32), _plain(units, np.int64))
        for ptr, resource, units in (
            (graph.uses_ptr, graph.uses_resource, graph.uses_units),
            (graph.reserves_ptr, graph.reserves_resource, graph.reserves_units),
            (graph.frees_ptr, graph.frees_resource, graph.frees_units),
        )
    )
    times = (trace.start_ps, trace.ready_ps, trace.done_ps, graph.occupancy_ps)
    start, ready, done, occupancy = (_plain(column, np.int64) for column in times)
    even = not n or graph.priority.strides == (0,) or bool((graph.priority == graph.priority[0]).all())
    line = _plain(graph.priority[:0] if even else graph.priority, np.int32)
    run = compiled.Run(start, ready, done, occupancy, line, uses, reserves, frees)
    cause, resource, holder = np.full(n, BEGIN, np.int8), np.full(n, -1, np.int32), np.full(n, -1, np.int64)
    after, capacity = (graph.after_ptr, graph.after_idx), _plain(graph.capacity, np.int64)
    compiled.by_results(run, *(_plain(column, np.int32) for column in after), holder, cause)
    compiled.by_claims(run, capacity, fifo, holder, cause, resource)
    return Waits(trace.start_ps - trace.ready_ps, cause, resource, holder)


def _plain(column: NDArray[Any], of: type) -> NDArray[Any]:
    """One memory layout and one type, so that the loops are compiled once."""
    view: NDArray[Any] = np.ascontiguousarray(column, of).view()
    view.flags.writeable = False
    return view


def circles(start: Ints, holder: Ints, unknown: Flags) -> Flags:
    """Whom following the holders within an instant never leads out of it: circles, and who hangs below one.

    A task whose releasing task is unknown counts as a cycle of its own.
    """
    loops = loops_of("metrics")
    if loops is None or not pays(loops.astray, len(start), WORTH):
        return plain_circles(start, holder, unknown)
    return np.asarray(loops.astray(_plain(start, np.int64), holder, unknown), bool)


def plain_circles(start: Ints, holder: Ints, unknown: Flags) -> Flags:
    """The same by jumps that double in length."""
    jump = np.where((holder >= 0) & (start[holder] == start), holder, -1)
    jump[unknown] = np.flatnonzero(unknown)
    lost = np.flatnonzero(jump >= 0)
    for _ in range(len(start).bit_length() + 1):
        jump[lost] = jump[jump[lost]]
        lost = lost[jump[lost] >= 0]
    found = np.zeros(len(start), bool)
    found[lost] = True
    return found


def owners(ptr: Ints) -> Ints:
    """The task of each entry of compressed rows."""
    return np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))


@dataclass(frozen=True)
class _Claims:
    """Entries of compressed rows: who, of what, how much, and when."""

    task: Ints
    resource: Ints
    units: Ints
    key: Ints  # one number for a resource at an instant

    def only(self, keep: Flags) -> _Claims:
        return _Claims(self.task[keep], self.resource[keep], self.units[keep], self.key[keep])


class _Search:
    def __init__(self, graph: TaskGraph, trace: Trace, fifo: bool) -> None:
        self.graph, self.trace, self.fifo = graph, trace, fifo
        self.n = graph.n_tasks
        self.start, self.ready = trace.start_ps, trace.ready_ps
        self.waited: Flags = self.start > self.ready

    # ---- what was taken and given back, when; only where it is asked for ----

    @cached_property
    def takes(self) -> _Claims:
        return self._takes(owners(self.graph.uses_ptr))

    @cached_property
    def gives(self) -> _Claims:
        graph = self.graph
        uses, frees = owners(graph.uses_ptr), owners(graph.frees_ptr)
        return self._entries(
            np.concatenate([uses, frees]),
            np.concatenate([graph.uses_resource, graph.frees_resource]),
            np.concatenate([graph.uses_units, graph.frees_units]),
            np.concatenate([self.start[uses] + graph.occupancy_ps[uses], self.trace.done_ps[frees]]),
        )

    @cached_property
    def is_space(self) -> Flags:
        return np.arange(len(self.gives.task)) >= len(self.graph.uses_resource)

    @cached_property
    def is_late(self) -> Flags:
        """Units given back in the instant in which their task starts."""
        task = self.gives.task
        ends = np.where(self.is_space, self.trace.done_ps[task], self.start[task] + self.graph.occupancy_ps[task])
        return np.asarray(self.start[task] == ends)

    @cached_property
    def key(self) -> Callable[[Ints, Ints], Ints]:
        last = int((self.start + np.maximum(self.graph.occupancy_ps, self.graph.latency_ps)).max(initial=0))
        if (last + 2) * max(1, self.graph.n_resources) < 2**63:
            return lambda resource, time: resource * (last + 2) + time
        instants = np.unique(np.concatenate([np.zeros(1, np.int64), self.start]))
        width = 2 * len(instants) + 1  # even: an instant at which tasks start; odd: between two

        def ranked(resource: Ints, time: Ints) -> Ints:
            at = np.searchsorted(instants, time)
            hit = instants[np.minimum(at, len(instants) - 1)] == time
            key: Ints = resource * width + 2 * at - 1 + hit
            return key

        return ranked

    def _entries(self, task: Ints, resource: NDArray[np.int32], units: Ints, time: Ints) -> _Claims:
        wide = resource.astype(np.int64)
        return _Claims(task, wide, np.asarray(units, np.int64), self.key(wide, time))

    def _takes(self, uses: Ints) -> _Claims:
        g, reserves = self.graph, owners(self.graph.reserves_ptr)
        task = np.concatenate([uses, reserves])
        resource = np.concatenate([g.uses_resource, g.reserves_resource])
        return self._entries(task, resource, np.concatenate([g.uses_units, g.reserves_units]), self.start[task])

    # ---- the columns ----

    def waits(self) -> Waits:
        columns = quick_waits(self.graph, self.trace, self.fifo) or self.plain()
        self._mend(columns)
        return columns

    def plain(self) -> Waits:
        """The holder that each task waited for, without guesses within an instant that lead in a circle."""
        holder, resource = np.full(self.n, -1, np.int64), np.full(self.n, -1, np.int32)
        cause = np.full(self.n, BEGIN, np.int8)
        before = self._predecessors()
        found = before >= 0
        holder[found], cause[found] = before[found], DEPENDENCY
        for choices, code in ((self._givers(), None), (self._ahead(), QUEUE)):
            open_ = self.waited & (holder < 0) & (choices < _NEVER)
            late_holder, rest = np.divmod(choices[open_], 2 * self.graph.n_resources)
            holder[open_] = late_holder % self.n
            resource[open_] = rest // 2
            cause[open_] = RESOURCE + rest % 2 if code is None else code
        return Waits(self.start - self.ready, cause, resource, holder)

    def _packed(self, claim: _Claims, holder: Ints, late: Flags, space: Flags) -> Ints:
        """For each task the best of its entries: first who began earlier, then the lowest id."""
        best = np.full(self.n, _NEVER, np.int64)
        value = ((late * self.n + holder) * self.graph.n_resources + claim.resource) * 2 + space
        np.minimum.at(best, claim.task, value)
        return best

    def _predecessors(self) -> Ints:
        owner, before = owners(self.graph.after_ptr), self.graph.after_idx.astype(np.int64)
        let_go = (self.trace.done_ps[before] == self.start[owner]) & ~self.waited[owner]
        owner, before = owner[let_go], before[let_go]
        best = np.full(self.n, _NEVER, np.int64)
        np.minimum.at(best, owner, before + self.n * (self.start[before] == self.start[owner]))
        return np.where(best == _NEVER, -1, best % max(1, self.n))

    def _givers(self) -> Ints:
        """Who gave back, at the start of a task, units that it lacked until then."""
        claim = self._summed(self.takes.only(self.waited[self.takes.task]))
        claim = claim.only(self._lacking(claim))
        order, keys, first = self._sorted_gives(np.unique(claim.key))
        if not len(keys):
            return np.full(self.n, _NEVER, np.int64)
        at = np.minimum(np.searchsorted(keys, claim.key), len(keys) - 1)
        hit = keys[at] == claim.key
        claim, give = claim.only(hit), order[first[at[hit]]]
        return self._packed(claim, self.gives.task[give], self.is_late[give], self.is_space[give])

    def _sorted_gives(self, asked: Ints) -> tuple[Ints, Ints, Ints]:
        """Entries of `gives` under the asked keys, best first; the keys, and where each begins."""
        entries = np.flatnonzero(np.isin(self.gives.key, asked))
        task, key = self.gives.task[entries], self.gives.key[entries]
        order = entries[np.lexsort((task, self.is_late[entries], key))]
        keys, first = np.unique(self.gives.key[order], return_index=True)
        return order, keys, first

    def _summed(self, claim: _Claims) -> _Claims:
        """The units that a task uses and reserves of one resource, as one claim."""
        if not len(self.graph.reserves_units):
            return claim
        pair = claim.task * self.graph.n_resources + claim.resource
        _, first, place = np.unique(pair, return_index=True, return_inverse=True)
        units = np.zeros(len(first), np.int64)
        np.add.at(units, place.reshape(-1), claim.units)
        return _Claims(claim.task[first], claim.resource[first], units, claim.key[first])

    def _lacking(self, claim: _Claims) -> Flags:
        """Whether fewer units than a claim were free just before its task started."""
        held = np.zeros(len(claim.task), np.int64)
        begin = self.key(claim.resource, np.zeros_like(claim.resource))
        for entries, sign in ((self.takes, 1), (self.gives, -1)):
            order = np.argsort(entries.key, kind="stable")
            keys = entries.key[order]
            level = np.concatenate([[0], np.cumsum(entries.units[order])])
            held += sign * (level[np.searchsorted(keys, claim.key)] - level[np.searchsorted(keys, begin)])
        return np.asarray(self.graph.capacity[claim.resource] - held < claim.units)

    def _ahead(self) -> Ints:
        """Who stood directly ahead of a task in a queue, and started at the same instant."""
        claim = self.takes
        asked = claim.key[self.waited[claim.task]]
        may = np.isin(claim.key, asked)
        if self.fifo:
            may &= self.waited[claim.task]
        claim = claim.only(may)
        order = np.lexsort((*self._line_order(claim.task), claim.key))
        claim = _Claims(*(column[order] for column in (claim.task, claim.resource, claim.units, claim.key)))
        same = (claim.key[1:] == claim.key[:-1]) & (claim.task[1:] != claim.task[:-1])
        later = _Claims(*(c[1:][same] for c in (claim.task, claim.resource, claim.units, claim.key)))
        none = np.zeros(len(later.task), bool)
        return self._packed(later, claim.task[:-1][same], ~none, none)

    def _line_order(self, task: Ints) -> tuple[Ints, ...]:
        """Keys of the order in a queue, the most important last."""
        if not self.fifo:
            return (task,)
        return task, self.ready[task], self.graph.priority[task].astype(np.int64)

    # ---- what must not be ----

    def _mend(self, columns: Waits) -> None:
        """Within one instant the order of rounds is a guess; where none fits, or guesses form a circle, search."""
        holder = columns.holder
        unknown: Flags = (columns.cause == BEGIN) & (self.start > 0)
        lost = np.flatnonzero(circles(self.start, holder, unknown))
        astray = set(lost.tolist())
        for task in lost.tolist():
            if task in astray:
                for here, (other, code, resource) in self._way_out(task, astray):
                    holder[here], columns.cause[here], columns.resource[here] = other, code, resource
                    astray.discard(here)

    def _way_out(self, task: int, astray: set[int]) -> list[tuple[int, tuple[int, int, int]]]:
        """Causes from this task to one whose own cause is known, breadth first."""
        came: dict[int, tuple[int, tuple[int, int, int]]] = {}
        queue = [task]
        for here in queue:  # grows while it is walked
            for step in self._possible(here):
                other = step[0]
                if other in astray:
                    if other != task and other not in came:
                        came[other] = here, step
                        queue.append(other)
                    continue
                steps = [(here, step)]
                while here != task:
                    here, step = came[here]
                    steps.append((here, step))
                return steps
        raise EngineError(
            f"task {task} ({self.graph.label(task)}) starts at {self.start[task]} ps, but nothing ends then "
            "that could have let it start; does the trace belong to this graph and this policy?"
        )

    def _possible(self, task: int) -> list[tuple[int, int, int]]:
        """All (holder, cause, resource) that the rounds of an instant may have meant."""
        g, now = self.graph, self.start[task]
        if not self.waited[task]:
            before = g.after_idx[g.after_ptr[task] : g.after_ptr[task + 1]]
            return [(p, DEPENDENCY, -1) for p in before[self.trace.done_ps[before] == now].tolist()]
        found = []
        for key, r in self._claimed(task):
            for entry in np.flatnonzero(self.gives.key == key).tolist():
                found.append((int(self.gives.task[entry]), RESOURCE + int(self.is_space[entry]), r))
            others = np.unique(self.takes.task[(self.takes.key == key) & (self.takes.task != task)])
            if self.fifo:
                level, came = g.priority[others], self.ready[others]
                ahead = (level < g.priority[task]) | (level == g.priority[task]) & (came <= self.ready[task])
                others = others[ahead & self.waited[others]]
            else:
                others = others[others < task]
            found += [(other, QUEUE, r) for other in others.tolist()]
        return sorted((o, c, r) for o, c, r in found if o != task)

    def _claimed(self, task: int) -> list[tuple[int, int]]:
        mine = np.flatnonzero(self.takes.task == task)
        return list(zip(self.takes.key[mine].tolist(), self.takes.resource[mine].tolist(), strict=True))
