"""The steady state under policy static, without playing: the maximum cycle ratio of the waiting between tasks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError
from archsim.taskgraph import TaskTemplate

Ints = NDArray[np.int64]


def cycle_ratio(template: TaskTemplate) -> Fraction:
    """Picoseconds that one iteration takes in the steady state under policy static, exactly.

    Who waits for whom is a graph: a task starts no sooner than a predecessor's start + latency, `lag` iterations
    earlier, and than the start + occupancy of the one before it in the line of a resource. The period is

        max over cycles of: sum of times / sum of lags

    Parameters
    ----------
    template : TaskTemplate
        An iteration is all its blocks in turn. No units are reserved; each task takes one unit of a resource, or
        all; tasks of a resource with several units take equally long if they take one.

    Returns
    -------
    Fraction
        0 if nothing waits for an earlier iteration. Where parts of the graph do not know each other, the period of
        the slowest.

    Raises
    ------
    EngineError
        The schedule is no such graph; all reasons are named.

    Notes
    -----
    Found by a sequence of cycles, each better than the one before (Lawler, *Combinatorial Optimization*, 1976;
    compared with others by Dasdan, *ACM TODAES* 9, 2004). The arithmetic is of whole numbers.

    Examples
    --------
    >>> from archsim.taskgraph import TaskGraphBuilder, TaskTemplate
    >>> b = TaskGraphBuilder()
    >>> read = b.task(action="read", uses=[(b.resource("array"), 1)], occupancy_ps=100)
    >>> convert = b.task(action="convert", uses=[(b.resource("adc"), 1)], occupancy_ps=75, after=[read])
    >>> cycle_ratio(TaskTemplate.of(b.build(), carried=[(convert, read, 1)]))
    Fraction(175, 1)
    """
    before, task, time, lag = (np.concatenate(parts) for parts in zip(*_edges(template), strict=True))
    n = template.tasks.n_tasks
    ratio = Fraction(0)
    while True:
        weight = time * ratio.denominator - lag * ratio.numerator
        cycle = _positive_cycle(n, before, task, weight)
        if cycle is None:
            return ratio
        around = int(lag[cycle].sum())
        if not around:
            raise EngineError("tasks of one iteration wait for each other; the run would be a deadlock")
        ratio = Fraction(int(time[cycle].sum()), around)


def _edges(template: TaskTemplate) -> list[tuple[Ints, Ints, Ints, Ints]]:
    """Waiting: (before, task, time, iterations) for predecessors and for each resource's line."""
    g, q = template.tasks, template.n_blocks
    owner = np.repeat(np.arange(g.n_tasks), np.diff(template.after_ptr))
    block = np.repeat(np.arange(q), np.diff(template.block_ptr))
    there = block[owner] - template.after_lag
    before = template.block_ptr[there % q] + template.after_task
    edges = [(before, owner, g.latency_ps[before].astype(np.int64), -(there // q))]
    user = np.repeat(np.arange(g.n_tasks), np.diff(g.uses_ptr))
    errors = [] if not len(g.reserves_resource) else ["tasks reserve units"]
    for r in np.unique(g.uses_resource).tolist():
        mine = g.uses_resource == r
        users, units, capacity = user[mine], g.uses_units[mine], int(g.capacity[r])
        held, n = g.occupancy_ps[users], len(users)
        slots = capacity if (units == 1).all() and (held == held[0]).all() else 1
        if slots == 1 and (units != capacity).any():
            errors.append(f"{g.resource_names[r]!r} serves tasks of unlike size side by side")
        for distance, time in {slots: held, 1: held if slots == 1 else np.zeros_like(held)}.items():
            back = np.arange(n) - distance
            edges.append((users[back % n], users, time[back % n], -(back // n)))
    if errors:
        raise EngineError("the steady state is no cycle ratio: " + "; ".join(errors))
    return edges


def _positive_cycle(n: int, before: Ints, task: Ints, weight: Ints) -> Ints | None:
    """The edges of a cycle whose weights sum to more than 0; None if there is none."""
    order = np.argsort(task, kind="stable")
    before, task, weight = before[order], task[order], weight[order]
    owners, first = np.unique(task, return_index=True)
    best = np.zeros(n, np.int64)
    parent = np.full(n, -1)
    for step in range(1, n + 2):
        value = best[before] + weight
        most = np.maximum.reduceat(value, first) if len(value) else np.zeros(0, np.int64)
        better = most > best[owners]
        if not better.any():
            return None
        at = np.flatnonzero(value == np.repeat(most, np.diff(np.append(first, len(value)))))
        chosen = np.full(n, -1)
        chosen[task[at[::-1]]] = at[::-1]
        moved = owners[better]
        parent[moved] = chosen[moved]
        best[moved] = most[better]
        if step & (step - 1) == 0 or step > n:
            found = _cycle_of(parent, before)
            if found is not None:
                return np.asarray(order[found])
    raise AssertionError("a longest path of more edges than tasks has a cycle")


def _cycle_of(parent: Ints, before: Ints) -> Ints | None:
    """A cycle of the graph in which every task has one edge back, or none."""
    color = np.zeros(len(parent), np.int64)
    for start in range(len(parent)):
        here, mark = start, start + 1
        while color[here] == 0 and parent[here] >= 0:
            color[here] = mark
            here = int(before[parent[here]])
        if color[here] == mark and parent[here] >= 0:
            cycle, stop = [], here
            while True:
                cycle.append(int(parent[here]))
                here = int(before[parent[here]])
                if here == stop:
                    return np.array(cycle)
        if color[here] == 0:
            color[here] = mark
    return None
