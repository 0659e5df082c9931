"""Task graph in, trace out. Nothing of hardware is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archsim.errors import EngineError
from archsim.given import refuse, wrong_kind, wrong_type
from archsim.names import ENGINES, POLICIES
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from archsim.engine.batch import run_many

__all__ = ["ENGINES", "POLICIES", "run_many", "run_tasks", "start_order"]


def run_tasks(
    graph: TaskGraph, engine: str = "simpy", policy: str = "fifo", max_memory: int | None = None
) -> Trace:
    """Play a task graph out.

    Parameters
    ----------
    graph : TaskGraph
        From `TaskGraphBuilder.build`.
    engine : {"simpy", "heap", "compiled"}
        All give the same trace. ``"compiled"`` is the fastest; its loops need numba
        (``pip install archsim[fast]``), without which the plain heap engine takes its place.
    policy : {"fifo", "static"}
        ``"fifo"``: the queue at a resource is ordered by (priority, round of becoming ready, task id).
        ``"static"``: each resource serves its tasks in task-id order; priorities play no part.
    max_memory : int, optional
        How many bytes the run may take beside the graph; as many as are available if not given.

    Returns
    -------
    Trace
        ``ready_ps``, ``start_ps`` and ``done_ps`` of every task. It is a function of the graph and
        the policy alone.

    Raises
    ------
    DeadlockError
        Some tasks can never start; its message names them and what would help.
    EngineError
        The engine or the policy is unknown, a time exceeds 64 bits, or the run would take more memory than it
        may: that is estimated and refused before it begins.

    Examples
    --------
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> tasks = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100, latency_ps=120) for _ in "ab"]
    >>> run_tasks(b.build()).done_ps.tolist()
    [120, 220]
    """
    refuse([
        wrong_type("graph", graph, TaskGraph, "TaskGraphBuilder.build"),
        wrong_kind("engine", engine, ENGINES),
        wrong_kind("policy", policy, POLICIES),
    ], EngineError)  # fmt: skip
    from archsim.engine.memory import check_run

    check_run(graph, engine, max_memory)
    if engine == "simpy":
        from archsim.engine import simpy_engine

        return simpy_engine.run(graph, policy)
    if engine == "heap":
        from archsim.engine import heap_engine

        return heap_engine.run(graph, policy)
    if engine == "compiled":
        from archsim.engine import dispatch

        return dispatch.run(graph, policy)
    raise AssertionError(engine)  # refused above


def start_order(graph: TaskGraph, policy: str = "fifo") -> tuple[Trace, NDArray[np.int64]]:
    """Play a task graph out, and say in which order its tasks started.

    Parameters
    ----------
    graph, policy
        As in `run_tasks`.

    Returns
    -------
    trace : Trace
        As `run_tasks` gives it.
    order : int64[n_tasks]
        Task ids. Times do not fall along it, and of two tasks in one line the one ahead comes first; also within
        one instant, whose rounds a trace does not tell apart.

    Raises
    ------
    DeadlockError, EngineError
        As in `run_tasks`.

    Examples
    --------
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> tasks = [b.task(action="convert", uses=[(adc, 1)], priority=p) for p in (1, 0)]
    >>> start_order(b.build())[1].tolist()
    [1, 0]
    """
    refuse([
        wrong_type("graph", graph, TaskGraph, "TaskGraphBuilder.build"),
        wrong_kind("policy", policy, POLICIES),
    ], EngineError)  # fmt: skip
    from archsim.engine import dispatch

    return dispatch.run_with_order(graph, policy)


def __getattr__(name: str) -> Any:
    if name == "run_many":
        from archsim.engine.batch import run_many

        return run_many
    raise AttributeError(f"module 'archsim.engine' has no attribute {name!r}")
