"""Is a trace right? Checked against the rules, without any code of the engines."""

from __future__ import annotations

from archsim.errors import EngineError
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace
from archsim.verify.plain import Bound, check, check_bound, check_once
from archsim.verify.quick import is_right

__all__ = ["Bound", "verify"]


def verify(graph: TaskGraph, trace: Trace, policy: str = "fifo", bound: Bound | None = None) -> None:
    """Check every rule of the engine on a finished trace.

    Parameters
    ----------
    graph : TaskGraph
    trace : Trace
    policy : {"fifo", "static"}
        The policy under which the trace came about.
    bound : LowerBound, optional
        From `archsim.engine.bounds.lower_bound`: no task may start and no run end before it.

    Raises
    ------
    TraceError
        A rule is broken; the error holds the rule and the first task that breaks it.
    EngineError
        The policy is unknown.

    Notes
    -----
    All rules but the last two are equations between columns. Who may start when is replayed
    instant by instant: within each round of an instant, exactly those tasks may start that are first in
    all their lines and find their units free, and the trace must say the same of them. A compiled loop finds out
    whether all rules hold, where numba is installed; what breaks one is named by the plain functions of
    `archsim.verify.plain`, which check the same.

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> tasks = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100) for _ in "ab"]
    >>> graph = b.build()
    >>> trace = run_tasks(graph)
    >>> verify(graph, trace)
    >>> trace.start_ps[1] = 50
    >>> verify(graph, trace)
    Traceback (most recent call last):
    archsim.errors.TraceError: task 1 (convert): done at 200 ps, but 50 + 100 is 150 \
(rule: a task is done at its start plus its latency)
    """
    if policy not in ("fifo", "static"):
        raise EngineError(f"unknown policy {policy!r}; there are: fifo, static")
    check_once(graph, trace)
    if not is_right(graph, trace, policy):
        check(graph, trace, policy, bound)  # which says what is wrong
    elif bound is not None:
        check_bound(graph, trace, bound)
