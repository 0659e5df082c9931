"""A schedule as a network: who may start only after whom, in the order in which it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.compiling import loops_of
from archsim.engine import start_order
from archsim.errors import EngineError
from archsim.metrics.waits import check_finished, owners
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.whole import held_until, products
from archsim.trace import Trace
from archsim.whatif.plain import plain_earliest, plain_latest

Ints = NDArray[np.int64]

AT_ONCE, DONE, RELEASED = 0, 1, 2
"""How long after the start of one task another may start: at once, when it is done, when its units are back."""


def order_of(graph: TaskGraph, trace: Trace, policy: str = "fifo") -> Ints:
    """The order in which tasks started, from playing the graph out again.

    Raises
    ------
    EngineError
        The trace is not that of this graph and policy.
    """
    check_finished(graph, trace)
    again, order = start_order(graph, policy)
    if not np.array_equal(again.start_ps, trace.start_ps):
        task = int((again.start_ps != trace.start_ps).argmax())
        raise EngineError(
            f"task {task} ({graph.label(task)}) starts at {trace.start_ps[task]} ps in the trace and at "
            f"{again.start_ps[task]} ps when the graph is played out; does the trace belong to this graph and "
            "this policy?"
        )
    return order


def reordered(graph: TaskGraph, order: Ints) -> TaskGraph:
    """The same tasks, numbered in another order.

    Under policy ``static`` each resource serves its tasks in the order of their numbers. So a graph numbered
    in the order in which its tasks started, played out under ``static``, repeats its schedule, and keeps the
    order at every resource where times or capacities change.

    Parameters
    ----------
    graph : TaskGraph
    order : int64[n_tasks]
        Task ids; each predecessor before its successors.
    """
    rank = _ranks(order)
    columns = ("occupancy_ps", "latency_ps", "priority", "action", "count", "stage", "layer", "timestep", "sample")
    changed = {name: getattr(graph, name)[order] for name in columns}
    entries, changed["after_ptr"] = _rows(graph.after_ptr, order)
    changed["after_idx"] = rank[graph.after_idx[entries]].astype(np.int32)
    for name in ("uses", "reserves", "frees"):
        entries, changed[f"{name}_ptr"] = _rows(getattr(graph, f"{name}_ptr"), order)
        changed[f"{name}_resource"] = getattr(graph, f"{name}_resource")[entries]
        changed[f"{name}_units"] = getattr(graph, f"{name}_units")[entries]
    return replace(graph, **changed)


def _ranks(order: Ints) -> Ints:
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank


def _rows(ptr: Ints, order: Ints) -> tuple[Ints, Ints]:
    """Entries of compressed rows in another order of rows, and the new pointers."""
    lengths = np.diff(ptr)[order]
    new = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return np.repeat(ptr[:-1][order] - new[:-1], lengths) + np.arange(new[-1]), new


@dataclass(frozen=True)
class Network:
    """The waits of each task of a schedule, in the order in which things happened.

    An edge says that a task may start no earlier than another one was done, gave units back, or started.
    Make one with `Network.of`.

    Attributes
    ----------
    order : int64[n_tasks]
        The order of starting.
    before, behind, kind : int64[n_edges]
        Edges: who comes first, who follows, and how long after (`AT_ONCE`, `DONE`, `RELEASED`).
    """

    order: Ints
    before: Ints
    behind: Ints
    kind: NDArray[np.int8]

    @classmethod
    def of(
        cls, graph: TaskGraph, trace: Trace, policy: str = "fifo", without: frozenset[int] = frozenset()
    ) -> Network:
        """The network of a finished run.

        Parameters
        ----------
        graph, trace, policy
            The run.
        without : set of int
            Resources that delay no task.

        Notes
        -----
        Units are handed on in the order in which they came back: who takes the n-th unit of a resource gets it
        from the task whose return was the (n - capacity)-th.
        """
        order = order_of(graph, trace, policy)
        rank = _ranks(order)
        waiter = owners(graph.after_ptr)
        edges = [(graph.after_idx.astype(np.int64), waiter, np.full(len(waiter), DONE, np.int8))]
        edges += _Handovers(graph, trace, rank).edges(without)
        before, behind, kind = (np.concatenate(columns) for columns in zip(*edges, strict=True))
        return cls(order, before, behind, kind)

    def earliest(self, occupancy_ps: Ints, latency_ps: Ints) -> Ints:
        """The earliest start of each task, with these times, in the same order."""
        ptr, edges = self._rows(self.behind)
        kernel = _kernels()[0]
        start: Ints = kernel(self.order, ptr, self.before[edges], self.kind[edges], occupancy_ps, latency_ps)
        return start

    def latest(self, occupancy_ps: Ints, latency_ps: Ints, end_ps: int) -> Ints:
        """The latest start of each task with which all is done at `end_ps`, in the same order."""
        ptr, edges = self._rows(self.before)
        kernel, rows = _kernels()[1], (self.behind[edges], self.kind[edges])
        start: Ints = kernel(self.order, ptr, *rows, occupancy_ps, latency_ps, end_ps)
        return start

    def _rows(self, key: Ints) -> tuple[Ints, Ints]:
        counts = np.bincount(key, minlength=len(self.order))
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), np.argsort(key, kind="stable")


def _kernels() -> tuple[Any, Any]:
    loops = loops_of("whatif")
    return (plain_earliest, plain_latest) if loops is None else (loops.earliest, loops.latest)


class _Handovers:
    """Who takes what from whom."""

    def __init__(self, graph: TaskGraph, trace: Trace, rank: Ints) -> None:
        uses, reserves, frees = (owners(p) for p in (graph.uses_ptr, graph.reserves_ptr, graph.frees_ptr))
        task = np.concatenate([uses, reserves])
        resource = np.concatenate([graph.uses_resource, graph.reserves_resource])
        sort = np.lexsort((rank[task], resource))
        self.taker, self.taken_of = task[sort], resource[sort]
        self.taken = np.concatenate([graph.uses_units, graph.reserves_units])[sort]
        task = np.concatenate([uses, frees])
        resource = np.concatenate([graph.uses_resource, graph.frees_resource])
        time = np.concatenate([held_until(trace.start_ps[uses], graph.occupancy_ps[uses]), trace.done_ps[frees]])
        sort = np.lexsort((rank[task], time, resource))
        self.giver, self.given_of = task[sort], resource[sort]
        self.given = np.concatenate([graph.uses_units, graph.frees_units])[sort]
        kinds = np.repeat(np.array([RELEASED, DONE], np.int8), [len(uses), len(frees)])
        self.how = kinds[sort]
        self.capacity = graph.capacity

    def edges(self, without: frozenset[int]) -> list[tuple[Ints, Ints, NDArray[np.int8]]]:
        found = []
        for r in np.unique(self.taken_of).tolist():
            if r in without:
                continue
            takes = slice(*np.searchsorted(self.taken_of, [r, r + 1]))
            gives = slice(*np.searchsorted(self.given_of, [r, r + 1]))
            taker = self.taker[takes]
            next_ = taker[1:] != taker[:-1]
            found.append((taker[:-1][next_], taker[1:][next_], np.full(int(next_.sum()), AT_ONCE, np.int8)))
            last = np.cumsum(products(self.taken[takes])) - int(self.capacity[r])  # so many must have come back
            first = np.maximum(last - self.taken[takes], 0)  # and so many went to others before
            returned = np.cumsum(products(self.given[gives]))
            low, high = np.searchsorted(returned, first, "right"), np.searchsorted(returned, last, "left")
            count = np.where(last > 0, high + 1 - low, 0)
            behind = np.repeat(taker, count)
            at = np.repeat(low - np.cumsum(count) + count, count) + np.arange(len(behind))
            found.append((self.giver[gives][at], behind, self.how[gives][at]))
        return found


def slack_ps(graph: TaskGraph, trace: Trace, policy: str = "fifo") -> Ints:
    """How much later each task may start, and so be done, without lengthening the makespan.

    Everything else keeps its order: results are awaited as before, each resource serves its tasks in the order of
    this schedule, and units go from hand to hand as they did. Tasks without slack are those of the longest
    paths through the schedule.

    Parameters
    ----------
    graph, trace
        A finished run.
    policy : {"fifo", "static"}
        The policy of the run.

    Returns
    -------
    int64[n_tasks]
        Latest start - start, 0 or more. If one task starts later by its slack, and nothing else changes, the
        makespan stays. Slacks are no budget for several tasks together: they share what lies on one path.

    Raises
    ------
    EngineError
        The trace is unfinished, or not that of this graph and policy.

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> short, long = b.task(action="a", occupancy_ps=30), b.task(action="a", occupancy_ps=70)
    >>> end = b.task(action="a", occupancy_ps=5, after=[short, long])
    >>> graph = b.build()
    >>> slack_ps(graph, run_tasks(graph)).tolist()
    [40, 0, 0]
    """
    network = Network.of(graph, trace, policy)
    latest = network.latest(*_times(graph), trace.makespan_ps)
    return np.asarray(latest - trace.start_ps)


def _times(graph: TaskGraph) -> tuple[Ints, Ints]:
    return np.ascontiguousarray(graph.occupancy_ps), np.ascontiguousarray(graph.latency_ps)
