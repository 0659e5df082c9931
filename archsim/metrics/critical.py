"""The critical path: which tasks the makespan consists of, and why each of them did not start earlier."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.compiling import loops_of, pays
from archsim.metrics.waits import CAUSES, WORTH, Waits, check_finished, waits
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.memory import give_back
from archsim.trace import Trace

Ints = NDArray[np.int64]

Why = Literal["begin", "dependency", "resource", "space", "queue"]


class Segment(NamedTuple):
    """A piece of the makespan that one task answers for.

    Attributes
    ----------
    task : int
        Its id.
    start_ps, end_ps : int
        From the start of the task to the start of the next one on the path (the last: to the makespan).
    why : {"begin", "dependency", "resource", "space", "queue"}
        What it waited for until `start_ps`: nothing, a result, units of a resource that were held, space that
        was full, or a task ahead of it in a queue.
    resource : str
        The resource of the last three, "" otherwise.
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


def critical_path(
    graph: TaskGraph, trace: Trace, policy: str = "fifo", known: Waits | None = None
) -> list[Segment]:
    """Walk back from the last task to finish, from each task to what let it start (see `waits`).

    Parameters
    ----------
    graph, trace
        A finished run.
    policy : {"fifo", "static"}
        The policy of the run: who is ahead in a queue.
    known : Waits, optional
        What `waits` gives for the same run, where it is known already.

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
    check_finished(graph, trace)
    if not graph.n_tasks:
        return []
    found = waits(graph, trace, policy) if known is None else known
    give_back(graph.n_tasks)
    names: list[Why] = ["begin", "dependency", "resource", "space", "queue"]
    assert tuple(names) == CAUSES
    path = _way(trace.start_ps, found.holder, int(trace.done_ps.argmax()))
    starts: list[int] = trace.start_ps[path].tolist()
    segments = []
    for task, start, end, cause, resource in zip(
        path.tolist(),
        starts,
        [*starts[1:], trace.makespan_ps],
        found.cause[path].tolist(),
        found.resource[path].tolist(),
        strict=True,
    ):
        name = graph.resource_names[resource] if resource >= 0 else ""
        began = start == 0
        segments.append(Segment(task, start, end, "begin" if began else names[cause], "" if began else name))
    return segments


def _way(start: Ints, holder: Ints, last: int) -> Ints:
    """The tasks from one that began at once to the last, along the holders."""
    loops = loops_of("metrics")
    if loops is None or not pays(loops.walked, len(start), WORTH):
        return plain_way(start, holder, last)
    return np.asarray(loops.walked(start, holder, last))


def plain_way(start: Ints, holder: Ints, last: int) -> Ints:
    """The same in plain Python."""
    path = [last]
    while start[path[-1]] > 0:
        path.append(int(holder[path[-1]]))
    return np.array(path[::-1], np.int64)
