"""How many units of a resource are in use, as a step function of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from archsim.taskgraph.whole import held_until

if TYPE_CHECKING:
    from archsim.metrics import Result

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Level:
    """Units in use of one resource; ``units[i]`` holds from ``time_ps[i]`` on.

    Parameters
    ----------
    resource : int
    time_ps, units : int64[n]
        The first time is 0; neighbours differ in both.
    """

    resource: int
    time_ps: Ints
    units: Ints


def levels_of(result: Result, reserved_only: bool = False) -> list[Level]:
    """The level of every resource that tasks use or reserve (or only reserve), in the order of resources.

    What happens within an instant is summed: a task that takes no time changes nothing.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from archsim.engine import run_tasks
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> space = b.resource("space", capacity=9)
    >>> first = b.task(action="keep", reserves=[(space, 4)], occupancy_ps=100)
    >>> second = b.task(action="use", frees=[(space, 4)], occupancy_ps=50, after=[first])
    >>> graph = b.build()
    >>> [level] = levels_of(SimpleNamespace(graph=graph, trace=run_tasks(graph)))
    >>> level.time_ps.tolist(), level.units.tolist()
    ([0, 150], [4, 0])
    """
    resource, time, change = _changes(result, reserved_only)
    order = np.lexsort((time, resource))
    resource, time, change = resource[order], time[order], change[order]
    bounds = np.searchsorted(resource, np.arange(result.graph.n_resources + 1))
    levels = []
    for r in np.unique(resource).tolist():
        mine = slice(bounds[r], bounds[r + 1])
        times = np.concatenate([[0], time[mine]])
        units = np.concatenate([[0], np.cumsum(change[mine])])
        last = np.append(np.diff(times) != 0, True)  # of each instant
        times, units = times[last], units[last]
        new = np.append(True, np.diff(units) != 0)
        levels.append(Level(r, times[new], units[new]))
    return levels


def _changes(result: Result, reserved_only: bool) -> tuple[Ints, Ints, Ints]:
    """Resource, time and units of everything that is taken or given back."""
    graph, trace = result.graph, result.trace
    takers, givers = _owners(graph.reserves_ptr), _owners(graph.frees_ptr)
    resource = [graph.reserves_resource, graph.frees_resource]
    time = [trace.start_ps[takers], trace.done_ps[givers]]
    change = [graph.reserves_units, -graph.frees_units]
    if not reserved_only:
        users = _owners(graph.uses_ptr)
        resource += [graph.uses_resource] * 2
        time += [trace.start_ps[users], held_until(trace.start_ps[users], graph.occupancy_ps[users])]
        change += [graph.uses_units, -graph.uses_units]
    return np.concatenate(resource).astype(np.int64), np.concatenate(time), np.concatenate(change)


def _owners(ptr: Ints) -> Ints:
    return np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
