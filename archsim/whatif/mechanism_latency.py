"""How much latency a mechanism brings: the same run again, with that mechanism's tasks taking no time.

The tasks of BP lose their time one mechanism after the other, and DFA's likewise::

    BP   L0 - second copy's writes - history - transposed reads - error transport ->  L4
    DFA  D0                        - history - feedback reads   - error transport ->  D3

What each step takes off is the mechanism's part. L4 and D3 do the same work, without anything that carries errors;
L4 - D3 is the order: BP's outer products and writes wait for the backward pass. So the parts sum to L0 - D0. In
another order of the steps the parts would be others where mechanisms overlap in time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from archsim.engine import run_tasks
from archsim.metrics import Result, action_of_name
from archsim.taskgraph import TaskGraph

Mask = NDArray[np.bool_]
UPDATE = "update"
READS = ("drive", "read", "convert", "shift_add", "collect", "add")
HISTORY = ("keep", "recall")


def mechanism_of(stage: str, action: str) -> str:
    """To which mechanism the tasks of a stage and an action belong.

    Examples
    --------
    >>> mechanism_of("backward", "read"), mechanism_of("feedback", "hop"), mechanism_of("forward", "keep")
    ('transposed_reads', 'error_traffic', 'history')
    """
    if action in HISTORY:
        return "history"
    if stage == "update":
        return "second_copy_writes"  # what is left of it: the forward arrays are written alike
    if stage in ("backward", "feedback"):
        reads = "transposed_reads" if stage == "backward" else "feedback_reads"
        return reads if action in READS else "error_traffic"
    return "outer" if stage == "gradient" else "forward"


def latency_parts(bp: Result, dfa: Result, second_copy: Collection[str]) -> dict[str, float]:
    """By mechanism, latency (ps, all samples) that BP takes more than DFA.

    Parameters
    ----------
    bp, dfa : Result
    second_copy : collection of str
        Names of the arrays of BP's second copy.

    Raises
    ------
    EngineError
        A run without a mechanism's time could not finish.
    """
    copied = copy_writes(bp.graph, second_copy)
    steps = [copied, *_masks(bp.graph, ("history", "transposed_reads", "error_traffic"))]
    l0, l1, l2, l3, l4 = _latencies(bp, steps)
    d0, d1, d2, d3 = _latencies(dfa, list(_masks(dfa.graph, ("history", "feedback_reads", "error_traffic"))))
    return {
        "transposed_reads": l2 - l3,
        "feedback_reads": -(d1 - d2),
        "second_copy_writes": l0 - l1,
        "history": (l1 - l2) - (d0 - d1),
        "error_traffic": (l3 - l4) - (d2 - d3),
        "order": l4 - d3,
    }


def _latencies(result: Result, masks: list[Mask]) -> list[float]:
    """The makespan as it is, and after each further set of tasks takes no time."""
    found = [float(result.latency_ps)]
    graph = result.graph
    for mask in masks:
        graph = without_time(graph, mask)
        found.append(float(run_tasks(graph, engine="compiled").makespan_ps))
    return found


def without_time(graph: TaskGraph, tasks: Mask) -> TaskGraph:
    """The same graph with some tasks that take no time and hold nothing for any."""
    return replace(
        graph,
        occupancy_ps=np.where(tasks, 0, graph.occupancy_ps),
        latency_ps=np.where(tasks, 0, graph.latency_ps),
    )


def _masks(graph: TaskGraph, mechanisms: tuple[str, ...]) -> Iterator[Mask]:
    """The tasks of each mechanism."""
    names = [action_of_name(name) for name in graph.action_names]
    for mechanism in mechanisms:
        table = np.array(
            [[mechanism_of(stage, name) == mechanism for stage in graph.stage_names] for name in names], dtype=bool
        )
        yield table[graph.action, graph.stage]


def copy_writes(graph: TaskGraph, second_copy: Collection[str]) -> Mask:
    """Tasks that write the second copy: its programming and verify reads, and the loads that feed them."""
    found = np.zeros(graph.n_tasks, dtype=bool)
    if not second_copy:
        return found
    arrays = np.array([name in second_copy for name in graph.resource_names])
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.uses_ptr))
    found[owner[arrays[graph.uses_resource]]] = True
    update = np.array([stage == UPDATE for stage in graph.stage_names])[graph.stage]
    found &= update
    loads = ("load_gradient", "transpose", "hop")
    feeds = np.array([action_of_name(name) in loads for name in graph.action_names])
    feeding = feeds[graph.action] & update
    waiting = np.repeat(np.arange(graph.n_tasks), np.diff(graph.after_ptr))
    while True:  # back through the hops of a row to its load
        more = np.zeros_like(found)
        more[graph.after_idx[found[waiting]]] = True
        more &= feeding & ~found
        if not more.any():
            return found
        found |= more
