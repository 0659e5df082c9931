"""How much memory a run takes, before any of it is allocated."""

from __future__ import annotations

from archsim.errors import EngineError
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.memory import SMALL, require


def run_bytes(
    n_tasks: int, n_edges: int = 0, n_claims: int = 0, engine: str = "compiled", all_rules: bool = True
) -> int:
    """Memory that a run adds to its graph, the trace included.

    Parameters
    ----------
    n_tasks, n_edges, n_claims : int
        Tasks, predecessors of all tasks, and entries in all lists of uses, reserves and frees.
    engine : {"compiled", "simpy", "heap"}
    all_rules : bool
        False for graphs whose tasks hold one unit of at most one resource, for as long as they take, and all have
        the same priority.

    Returns
    -------
    int
        Bytes: for the compiled engine a bound, for the others what was measured on several graphs, rounded up.

    Examples
    --------
    >>> run_bytes(1_000_000, 2_000_000, 1_000_000, all_rules=False)
    44000000
    """
    if engine == "heap":
        return 250 * n_tasks + 40 * n_edges + 60 * n_claims
    if engine == "simpy":
        return 320 * n_tasks + 50 * n_edges + 60 * n_claims
    if engine != "compiled":
        raise EngineError(f"engine is {engine!r}; allowed are simpy, heap, compiled")
    trace = trace_bytes(n_tasks)
    if not all_rules:  # who is newly ready, and ends in flight on a heap
        return trace + 20 * n_tasks
    return trace + 88 * n_tasks + 4 * n_edges + 36 * n_claims  # successors, lines, ends


def trace_bytes(n_tasks: int) -> int:
    """Memory of a trace: when each task was ready, started and done.

    Examples
    --------
    >>> trace_bytes(10)
    240
    """
    return 24 * n_tasks


def check_run(graph: TaskGraph, engine: str, max_memory: int | None, n_runs: int = 1) -> None:
    """Refuse a run, or several at a time, that do not fit; see `archsim.engine.run_tasks`."""
    n_claims = len(graph.uses_resource) + len(graph.reserves_resource) + len(graph.frees_resource)
    size = (graph.n_tasks, len(graph.after_idx), n_claims)
    if max_memory is None and n_runs * run_bytes(*size, engine) < SMALL:
        return
    needed = n_runs * run_bytes(*size, engine, _all_rules(graph))
    others = run_bytes(*size, "compiled", _all_rules(graph))
    levers = ["lay down fewer timesteps or samples at once, or keep only a window of them (simulate(timesteps=…))"]
    if engine != "compiled":
        levers.insert(0, f'engine="compiled" needs about {others / 2**30:.2f} GiB')
    if n_runs > 1:
        levers.insert(0, f"fewer than {n_runs} workers")
    require(needed, max_memory, f"a run of {graph.n_tasks:,} tasks", "what helps: " + "; ".join(levers))


def _all_rules(graph: TaskGraph) -> bool:
    """Does it need the general kernel? True in doubt."""
    return bool(
        len(graph.uses_resource) > graph.n_tasks
        or len(graph.reserves_resource) > 0
        or len(graph.frees_resource) > 0
        or graph.occupancy_ps is not graph.latency_ps
        or (graph.n_tasks > 1 and graph.priority.strides != (0,))
        or (graph.latency_ps[: 1 if graph.latency_ps.strides == (0,) else None] == 0).any()
    )
