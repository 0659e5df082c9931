"""Spans: which unit of which resource a task held, from when to when."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import ArchsimError, EngineError
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]
COLUMNS = (
    "task", "resource", "unit", "n_units", "start_ps", "end_ps", "wait_ps", "action", "count", "layer", "stage",
    "timestep", "sample",
)  # fmt: skip
NAMED = ("resource", "action", "layer", "stage")


@dataclass(frozen=True, eq=False)
class Spans:
    """One row for each task on each resource that it uses; make them with `Spans.of` or `Result.spans`.

    Rows are ordered by resource, unit, start and task. A lane is one unit of one resource; on a lane, spans
    follow each other and never overlap. Units are given out from the lowest free one, so that a resource shows
    as many lanes as were busy at once. A task that takes several units stands on the lane of its lowest.

    Attributes
    ----------
    resource_names, action_names, layer_names, stage_names : tuple of str
        What the numbers in the columns of the same name mean.
    capacity : int64[n_resources]
        Units of each resource.
    task, resource, unit, n_units : int64[n]
        Who holds what; `unit` is the lowest of the `n_units` units.
    start_ps, end_ps, wait_ps : int64[n]
        From the start of the task over its occupancy; before that it was ready for `wait_ps`.
    action, count, layer, stage, timestep, sample : int64[n]
        What was done, how often, and for what; -1 where there is no timestep or sample.
    lane : int64[n]
        Number in the lanes, from 0.
    lane_resource, lane_unit : int64[n_lanes]
        What each lane stands for, in the order of resources.
    """

    resource_names: tuple[str, ...]
    action_names: tuple[str, ...]
    layer_names: tuple[str, ...]
    stage_names: tuple[str, ...]
    capacity: Ints
    task: Ints
    resource: Ints
    unit: Ints
    n_units: Ints
    start_ps: Ints
    end_ps: Ints
    wait_ps: Ints
    action: Ints
    count: Ints
    layer: Ints
    stage: Ints
    timestep: Ints
    sample: Ints
    lane: Ints
    lane_resource: Ints
    lane_unit: Ints

    @classmethod
    def of(cls, graph: TaskGraph, trace: Trace) -> Spans:
        """Spans of a finished run.

        Raises
        ------
        EngineError
            The run is not finished, or more units are held at once than there are.

        Examples
        --------
        >>> from archsim.engine import run_tasks
        >>> from archsim.taskgraph import TaskGraphBuilder
        >>> b = TaskGraphBuilder()
        >>> adcs = b.resource("adc", capacity=2)
        >>> tasks = [b.task(action="convert", uses=[(adcs, 1)], occupancy_ps=t) for t in (300, 100, 100)]
        >>> graph = b.build()
        >>> spans = Spans.of(graph, run_tasks(graph))
        >>> spans.task.tolist(), spans.unit.tolist(), spans.start_ps.tolist()
        ([0, 1, 2], [0, 1, 1], [0, 0, 100])
        """
        if trace.n_tasks != graph.n_tasks or (graph.n_tasks and int(trace.start_ps.min()) < 0):
            raise EngineError("only a finished run has spans; is the trace that of this graph?")
        task = np.repeat(np.arange(graph.n_tasks), np.diff(graph.uses_ptr))
        resource: Ints = graph.uses_resource.astype(np.int64)
        start = trace.start_ps[task]
        end: Ints = start + graph.occupancy_ps[task]
        unit = units_of(graph, resource, np.asarray(graph.uses_units), start, end, task)
        order = np.lexsort((task, end > start, start, unit, resource))
        task, resource, unit = task[order], resource[order], unit[order]
        new = np.ones(len(order), bool)
        new[1:] = (np.diff(resource) != 0) | (np.diff(unit) != 0)
        return cls(
            graph.resource_names,
            graph.action_names,
            graph.layer_names,
            graph.stage_names,
            graph.capacity,
            task=task,
            resource=resource,
            unit=unit,
            n_units=graph.uses_units[order],
            start_ps=start[order],
            end_ps=end[order],
            wait_ps=(trace.start_ps - trace.ready_ps)[task],
            action=graph.action[task].astype(np.int64),
            count=graph.count[task],
            layer=graph.layer[task].astype(np.int64),
            stage=graph.stage[task].astype(np.int64),
            timestep=graph.timestep[task].astype(np.int64),
            sample=graph.sample[task].astype(np.int64),
            lane=np.cumsum(new) - 1,
            lane_resource=resource[new],
            lane_unit=unit[new],
        )

    @property
    def n_spans(self) -> int:
        """Number of rows."""
        return len(self.task)

    @property
    def n_lanes(self) -> int:
        """Number of lanes: units that were ever used."""
        return len(self.lane_unit)

    def lane_names(self) -> list[str]:
        """The resource of each lane, with the unit where the resource has several.

        Examples
        --------
        >>> from archsim.engine import run_tasks
        >>> from archsim.taskgraph import TaskGraphBuilder
        >>> b = TaskGraphBuilder()
        >>> claims = [(b.resource("adc", capacity=2), 1), (b.resource("bus"), 1)]
        >>> t = b.task(action="convert", uses=claims, occupancy_ps=100)
        >>> Spans.of(b.build(), run_tasks(b.build())).lane_names()
        ['adc #0', 'bus']
        """
        return [
            self.resource_names[r] + (f" #{unit}" if self.capacity[r] > 1 else "")
            for r, unit in zip(self.lane_resource.tolist(), self.lane_unit.tolist(), strict=True)
        ]

    def frame(self) -> pd.DataFrame:
        """The rows as a pandas data frame; resource, action, layer and stage as categories.

        Raises
        ------
        ArchsimError
            pandas is not installed.

        Examples
        --------
        >>> from archsim.engine import run_tasks
        >>> from archsim.taskgraph import TaskGraphBuilder
        >>> b = TaskGraphBuilder()
        >>> t = b.task(action="convert", uses=[(b.resource("adc"), 1)], occupancy_ps=100)
        >>> Spans.of(b.build(), run_tasks(b.build())).frame()[["task", "resource", "end_ps"]].values.tolist()
        [[0, 'adc', 100]]
        """
        pandas = pandas_module()
        columns: dict[str, Any] = {}
        for key in COLUMNS:
            column = getattr(self, key)
            if key in NAMED:
                column = pandas.Categorical.from_codes(column, categories=list(getattr(self, f"{key}_names")))
            columns[key] = column
        return pandas.DataFrame(columns)


def pandas_module() -> Any:
    """pandas, or a message that says how to get it."""
    try:
        import pandas
    except ImportError:
        raise ArchsimError("data frames need pandas: pip install 'archsim[export]'") from None
    return pandas


def units_of(graph: TaskGraph, resource: Ints, n_units: Ints, start: Ints, end: Ints, task: Ints) -> Ints:
    """The lowest unit that each span holds: the lowest free ones at its start.

    What ends at an instant gives back before anything starts; what takes no time holds nothing.
    """
    unit = np.zeros(len(resource), np.int64)
    order = np.lexsort((task, end > start, start, resource))
    bounds = np.searchsorted(resource[order], np.arange(graph.n_resources + 1))
    for r in range(graph.n_resources):
        mine = order[bounds[r] : bounds[r + 1]]
        latest = np.maximum.accumulate(end[mine])
        if not (start[mine][1:] < latest[:-1]).any():
            continue  # nothing at the same time: all in the lowest unit
        given = lowest_free(start[mine].tolist(), end[mine].tolist(), n_units[mine].tolist())
        unit[mine] = given
        if max(given) >= graph.capacity[r]:
            raise EngineError(
                f"resource {graph.resource_names[r]!r} has {graph.capacity[r]} units, but more are held at once; "
                "does the trace belong to this graph?"
            )
    return unit


def lowest_free(start: list[int], end: list[int], n_units: list[int]) -> list[int]:
    """The lowest unit that each gets, in the given order, which is that of the starts.

    Examples
    --------
    >>> lowest_free([0, 0, 5, 5], [9, 5, 7, 8], [1, 2, 1, 1])
    [0, 1, 1, 2]
    """
    free = [(0, 2**63)]  # ranges of units, ascending
    held: list[tuple[int, tuple[tuple[int, int], ...]]] = []
    given = []
    for begins, ends, needed in zip(start, end, n_units, strict=True):
        while held and held[0][0] <= begins:
            for part in heappop(held)[1]:
                _give_back(free, part)
        given.append(free[0][0])
        if ends > begins:
            heappush(held, (ends, _take(free, needed)))
    return given


def _take(free: list[tuple[int, int]], needed: int) -> tuple[tuple[int, int], ...]:
    low, high = free[0]
    if high - low > needed:  # nearly always
        free[0] = (low + needed, high)
        return ((low, low + needed),)
    del free[0]
    taken = ((low, high),)
    return taken if high - low == needed else taken + _take(free, needed - (high - low))


def _give_back(free: list[tuple[int, int]], part: tuple[int, int]) -> None:
    low, high = part
    at = bisect_left(free, part)
    if free[at][0] == high:  # the last range has no end, so there is always one behind
        high = free[at][1]
        del free[at]
    if at and free[at - 1][1] == low:
        low = free[at - 1][0]
        del free[at - 1]
        at -= 1
    free.insert(at, (low, high))
