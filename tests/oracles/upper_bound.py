"""How late a run can end at worst: a certified upper bound, without playing it out."""

from __future__ import annotations

import numpy as np

from archsim.engine import POLICIES
from archsim.engine.bounds import Ints, earliest_starts
from archsim.errors import EngineError
from archsim.given import refuse, wrong_kind, wrong_type
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.whole import products, sums_by


def upper_bound(graph: TaskGraph, policy: str = "fifo", compiled: bool = True) -> int:
    """Bound a run from above: it is done no later.

    Parameters
    ----------
    graph : TaskGraph
        Nothing may be reserved or freed, and tasks must be numbered after their predecessors.
    policy : {"fifo", "static"}
    compiled : bool
        Use a compiled loop where numba is installed; the result is the same.

    Returns
    -------
    int
        Picoseconds; `Trace.makespan_ps` is at most that.

    Raises
    ------
    EngineError
        Something is reserved or freed, a task uses more than there is (both may end in a deadlock), a task is
        numbered before its predecessor, or a path is longer than 2**63 ps.

    Notes
    -----
    Two bounds, of which the smaller one is returned.

    1. Σ max(occupancy, latency) over all tasks, both policies. If nobody ran, the first of all that wait would
       find everything free and start; so somebody runs at every moment.
    2. P + Σ over resources of ⌊work / (capacity − u + 1)⌋, policy ``fifo``. P is a bound on the longest path, work
       is Σ units · occupancy, u the most units that one task uses. Go back from the last task to the predecessor
       that was done last, and so on. Between them tasks run, P in all, or are ready and wait. Who waits is kept
       waiting, perhaps by others ahead who wait too, in the end by a resource with less than the units that
       someone wants: at least capacity − u + 1 of its units are held. (The argument of Graham, SIAM J. Appl.
       Math. 17, 1969, with the resources of Garey and Graham, SIAM J. Computing 4, 1975.)

    Examples
    --------
    >>> from archsim.engine import run_tasks
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc", capacity=2)
    >>> columns = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100) for _ in range(8)]
    >>> upper_bound(b.build()), run_tasks(b.build()).makespan_ps
    (500, 400)
    """
    refuse([
        wrong_type("graph", graph, TaskGraph, "TaskGraphBuilder.build"),
        wrong_kind("policy", policy, POLICIES),
    ], EngineError)  # fmt: skip
    if len(graph.reserves_resource) or len(graph.frees_resource):
        raise EngineError("no upper bound where something is reserved or freed: such a run may end in a deadlock")
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.uses_ptr))
    _check_claims(graph, owner)
    if not graph.n_tasks:
        return 0
    start = earliest_starts(graph, compiled)
    one_by_one = int(products(_longest(graph, owner)).sum())
    if policy == "static":
        return one_by_one
    path = int((start + graph.latency_ps).max())
    return min(one_by_one, path + _full(graph, owner))


def _check_claims(graph: TaskGraph, owner: Ints) -> None:
    over = np.flatnonzero(graph.uses_units > graph.capacity[graph.uses_resource])
    if len(over):
        name = graph.resource_names[graph.uses_resource[over[0]]]
        raise EngineError(f"task {owner[over[0]]} uses more of {name!r} than there is: the run ends in a deadlock")


def _longest(graph: TaskGraph, owner: Ints) -> Ints:
    """How long each task runs or holds something."""
    length = graph.latency_ps.copy()
    length[owner] = np.maximum(length[owner], graph.occupancy_ps[owner])
    return length


def _full(graph: TaskGraph, owner: Ints) -> int:
    """How long resources together may be too full for someone."""
    work = sums_by(graph.uses_resource, products(graph.occupancy_ps[owner], graph.uses_units), graph.n_resources)
    most = np.ones(graph.n_resources, np.int64)
    np.maximum.at(most, graph.uses_resource, graph.uses_units)
    used = work > 0
    return int((work[used] // (graph.capacity[used] - most[used] + 1)).sum())
