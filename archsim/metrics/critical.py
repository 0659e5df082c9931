"""The critical path: which tasks the makespan consists of, and why each of them did not start earlier."""

from __future__ import annotations

from typing import Literal, NamedTuple

from archsim.metrics.waits import CAUSES, Waits, check_finished, waits
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

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
    names: list[Why] = ["begin", "dependency", "resource", "space", "queue"]
    assert tuple(names) == CAUSES
    start: list[int] = trace.start_ps.tolist()
    task, end = int(trace.done_ps.argmax()), trace.makespan_ps
    segments = []
    while start[task] > 0:
        resource = int(found.resource[task])
        name = graph.resource_names[resource] if resource >= 0 else ""
        segments.append(Segment(task, start[task], end, names[found.cause[task]], name))
        end, task = start[task], int(found.holder[task])
    segments.append(Segment(task, 0, end, "begin", ""))
    return segments[::-1]
