"""Does a trace keep every rule? Yes or no, by the compiled loops."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.compiling import pays
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

WORTH = 1_000_000
"""Tasks whose plain check takes as long as compiling the loops: 5 s."""
_MOST = 2**30  # tasks and entries of a column, whose codes have 32 bits


def is_right(graph: TaskGraph, trace: Trace, policy: str) -> bool:
    """Whether all rules hold; False also where loops cannot tell: there are none yet, or numbers are too large.

    Parameters
    ----------
    graph, trace, policy
        As for `archsim.verify.verify`; the trace has three whole numbers, 0 or more, for each task.

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> t = b.task(action="convert", occupancy_ps=100)
    >>> graph = b.build()
    >>> trace = run_tasks(graph)
    >>> trace.ready_ps[0] = 1
    >>> is_right(graph, trace, "fifo")
    False
    """
    if max(graph.n_tasks, len(graph.after_idx), len(graph.uses_resource), len(graph.reserves_resource)) >= _MOST:
        return False
    try:
        from archsim.verify import compiled
    except ImportError:  # numba is not installed
        return False
    if not pays(compiled.replayed, graph.n_tasks, WORTH):
        return False
    static = policy == "static"
    even = static or not graph.n_tasks or bool((graph.priority == graph.priority[0]).all())
    uses, reserves, frees = (
        compiled.Rows(_plain(ptr, np.int32), _plain(resource, np.int32), _plain(units, np.int64))
        for ptr, resource, units in (
            (graph.uses_ptr, graph.uses_resource, graph.uses_units),
            (graph.reserves_ptr, graph.reserves_resource, graph.reserves_units),
            (graph.frees_ptr, graph.frees_resource, graph.frees_units),
        )
    )
    tasks = compiled.Tasks(
        _plain(graph.occupancy_ps, np.int64),
        _plain(graph.latency_ps, np.int64),
        _plain(graph.priority[:0] if even else graph.priority, np.int32),
        _plain(graph.after_ptr, np.int32),
        _plain(graph.after_idx, np.int32),
        uses,
        reserves,
        frees,
        _plain(graph.capacity, np.int64),
    )
    ready, start, done = (_plain(column, np.int64) for column in (trace.ready_ps, trace.start_ps, trace.done_ps))
    if not (compiled.rows_right(tasks) and compiled.times_right(tasks, ready, start, done)):
        return False
    ends = compiled.ends_of(tasks, start, done)
    claims = compiled.claims_of(tasks.uses, tasks.reserves, graph.n_tasks)
    return bool(compiled.replayed(tasks, claims, compiled.replay_of(tasks, claims, static), start, *ends, static))


def _plain(column: NDArray[Any], of: type) -> NDArray[Any]:
    """One memory layout and one type, so that the loops are compiled once."""
    view: NDArray[Any] = np.ascontiguousarray(column, of).view()
    view.flags.writeable = False
    return view
