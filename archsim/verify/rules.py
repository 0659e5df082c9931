"""The rules that a trace must keep, by name, and the refusal of one that breaks them."""

from __future__ import annotations

from typing import NoReturn

from archsim.errors import TraceError
from archsim.taskgraph import TaskGraph

ONCE = "every task runs exactly once"
DONE = "a task is done at its start plus its latency"
READY = "a task is ready when its last predecessor is done"
CAUSALITY = "a task starts when it is ready, or later"
CAPACITY = "no resource is held beyond its capacity, nor given back before it was taken"
RESTORED = "every buffer ends at its initial level"
QUEUE = "nobody overtakes in the queue of a resource"
BOUND = "no task starts and no run ends before its lower bound"
NO_IDLING = "a task starts at the first instant at which its resources are free and nobody is ahead"


def refuse(graph: TaskGraph, rule: str, task: int, what: str) -> NoReturn:
    """Say which rule a task breaks, and how.

    Raises
    ------
    TraceError
        Always.
    """
    raise TraceError(f"task {task} ({graph.label(task)}): {what} (rule: {rule})", rule, task)
