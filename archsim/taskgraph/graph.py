"""The task graph: tasks and resources as columns of whole numbers.

No hardware is known here. A million tasks are ordinary: the graph is numpy columns, and every
list that belongs to a task is stored in compressed rows: the list of task ``i`` is
``x_idx[x_ptr[i]:x_ptr[i + 1]]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.errors import EngineError
from archsim.graphs import digraph

if TYPE_CHECKING:
    import networkx as nx

Claims = Sequence[tuple[int, int]]
"""Pairs of (resource number, units)."""

Numbers = NDArray[np.signedinteger[Any]]
"""Whole numbers, in as few bytes as they need: pointers (int32 below 2**31 entries), numbers of names."""


@dataclass(frozen=True, eq=False)
class TaskGraph:
    """Tasks, what they wait for, and what they hold; built by `TaskGraphBuilder`.

    Attributes
    ----------
    resource_names, capacity : tuple of str, int64[n_resources]
        The resources and how many units each has.
    occupancy_ps, latency_ps : int64[n_tasks]
        How long a task holds what it uses; how long until it is done.
    priority : int32[n_tasks]
        A smaller number goes first.
    after_ptr, after_idx : compressed rows
        The tasks that must be done first.
    uses_ptr, uses_resource, uses_units : compressed rows
        Held from the start of a task to start + occupancy.
    reserves_ptr, reserves_resource, reserves_units : compressed rows
        Taken at the start of a task.
    frees_ptr, frees_resource, frees_units : compressed rows
        Given back when the task is done.
    action_names, action, count : tuple of str, whole numbers[n_tasks], whole numbers[n_tasks]
        What is done and how often, for the energy.
    stage_names, stage, layer_names, layer, timestep, sample
        Labels for people, never read by an engine; -1 where there is no timestep or sample.

    Notes
    -----
    A column that repeats one number may be stored as that number, with a stride of zero. Pointers, counts,
    labels and numbers of names take as few bytes as they need (int8, int16, int32, int64): widen them before you
    calculate with them.
    """

    resource_names: tuple[str, ...]
    capacity: NDArray[np.int64]
    occupancy_ps: NDArray[np.int64]
    latency_ps: NDArray[np.int64]
    priority: NDArray[np.int32]
    after_ptr: Numbers
    after_idx: NDArray[np.int32]
    uses_ptr: Numbers
    uses_resource: NDArray[np.int32]
    uses_units: NDArray[np.int64]
    reserves_ptr: Numbers
    reserves_resource: NDArray[np.int32]
    reserves_units: NDArray[np.int64]
    frees_ptr: Numbers
    frees_resource: NDArray[np.int32]
    frees_units: NDArray[np.int64]
    action_names: tuple[str, ...]
    action: Numbers
    count: Numbers
    stage_names: tuple[str, ...]
    stage: Numbers
    layer_names: tuple[str, ...]
    layer: Numbers
    timestep: Numbers
    sample: Numbers

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return len(self.latency_ps)

    @property
    def n_resources(self) -> int:
        """Number of resources."""
        return len(self.capacity)

    @property
    def n_bytes(self) -> int:
        """Memory of all columns together, in bytes.

        A column that repeats one number counts as that number, two names of one column count once; the names
        of resources and actions are not counted.
        """
        columns = {id(column): column for field in fields(self) for column in [getattr(self, field.name)]}
        return sum(
            column.nbytes if column.strides != (0,) else column.itemsize
            for column in columns.values()
            if isinstance(column, np.ndarray)
        )

    def with_services(self, occupancy_ps: ArrayLike, latency_ps: ArrayLike | None = None) -> TaskGraph:
        """The same tasks, taking other times; all other columns are shared.

        Parameters
        ----------
        occupancy_ps, latency_ps : array of whole numbers, shape (n_tasks,)
            0 or more, in picoseconds; latencies equal the occupancies if not given.

        Returns
        -------
        TaskGraph

        Raises
        ------
        EngineError
            The shape is wrong, or a time is no whole number of 0 or more.

        Examples
        --------
        >>> from archsim.taskgraph import TaskGraphBuilder
        >>> b = TaskGraphBuilder()
        >>> t = b.task(action="convert", occupancy_ps=100)
        >>> b.build().with_services([50], [80]).latency_ps.tolist()
        [80]
        """
        occupancy = _times("occupancy_ps", occupancy_ps, self.n_tasks)
        latency = occupancy if latency_ps is None else _times("latency_ps", latency_ps, self.n_tasks)
        return replace(self, occupancy_ps=occupancy, latency_ps=latency)

    def label(self, task: int) -> str:
        """Description of a task.

        Examples
        --------
        >>> from archsim.taskgraph import TaskGraphBuilder
        >>> b = TaskGraphBuilder()
        >>> t = b.task(action="convert", count=8, layer="fc1", timestep=3, sample=0, stage="forward")
        >>> b.build().label(t)
        'convert x8 [layer fc1, timestep 3, sample 0, forward]'
        """
        name, count = self.action_names[self.action[task]], int(self.count[task])
        where = []
        if layer := self.layer_names[self.layer[task]]:
            where.append(f"layer {layer}")
        if self.timestep[task] >= 0:
            where.append(f"timestep {self.timestep[task]}")
        if self.sample[task] >= 0:
            where.append(f"sample {self.sample[task]}")
        if stage := self.stage_names[self.stage[task]]:
            where.append(stage)
        times = f" x{count}" if count != 1 else ""
        return f"{name}{times}" + (f" [{', '.join(where)}]" if where else "")

    def to_networkx(self) -> nx.DiGraph[int]:
        """The graph for people: one node per task, with attributes in words.

        Meant for small graphs; a node costs about a kilobyte.

        Returns
        -------
        networkx.DiGraph
            Nodes are task ids; an edge goes from a task to one that waits for it.

        Examples
        --------
        >>> from archsim.taskgraph import TaskGraphBuilder
        >>> b = TaskGraphBuilder()
        >>> adc = b.resource("adc")
        >>> t = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
        >>> b.build().to_networkx().nodes[t]["uses"]
        {'adc': 1}
        """
        graph: nx.DiGraph[int] = digraph()
        for task in range(self.n_tasks):
            graph.add_node(task, **self._attributes(task))
        owner = np.repeat(np.arange(self.n_tasks), np.diff(self.after_ptr))
        graph.add_edges_from(zip(self.after_idx.tolist(), owner.tolist(), strict=True))
        return graph

    def _attributes(self, task: int) -> dict[str, object]:
        return {
            "label": self.label(task),
            "action": self.action_names[self.action[task]],
            "count": int(self.count[task]),
            "occupancy_ps": int(self.occupancy_ps[task]),
            "latency_ps": int(self.latency_ps[task]),
            "priority": int(self.priority[task]),
            "uses": self._claims(self.uses_ptr, self.uses_resource, self.uses_units, task),
            "reserves": self._claims(self.reserves_ptr, self.reserves_resource, self.reserves_units, task),
            "frees": self._claims(self.frees_ptr, self.frees_resource, self.frees_units, task),
            "layer": self.layer_names[self.layer[task]],
            "stage": self.stage_names[self.stage[task]],
            "timestep": int(self.timestep[task]),
            "sample": int(self.sample[task]),
        }

    def _claims(
        self, ptr: Numbers, resource: NDArray[np.int32], units: NDArray[np.int64], task: int
    ) -> dict[str, int]:
        row = slice(ptr[task], ptr[task + 1])
        names = [self.resource_names[r] for r in resource[row]]
        return dict(zip(names, units[row].tolist(), strict=True))


def _times(name: str, given: ArrayLike, n_tasks: int) -> NDArray[np.int64]:
    """A read-only column of times."""
    column = np.asarray(given)
    if column.shape != (n_tasks,):
        raise EngineError(f"{name} has shape {column.shape}; needed is ({n_tasks},), one time per task")
    if n_tasks and not (np.issubdtype(column.dtype, np.integer) and np.can_cast(column.dtype, np.int64)):
        raise EngineError(f"{name} has type {column.dtype}; needed are whole numbers of 64 bits (int64)")
    if n_tasks and column.min() < 0:
        task = int(column.argmin())
        raise EngineError(f"{name} of task {task} is {column[task]}; it must be 0 or more")
    column = column.astype(np.int64)
    column.flags.writeable = False
    return column


def narrow(column: Numbers) -> Numbers:
    """The same numbers, none of them negative, in as few bytes as the largest needs; read-only.

    Examples
    --------
    >>> narrow(np.array([0, 200])).dtype.name
    'int16'
    """
    largest = int(column.max()) if len(column) else 0
    of = next(t for t in (np.int8, np.int16, np.int32, np.int64) if largest <= np.iinfo(t).max)
    result: Numbers = column.astype(of)
    result.flags.writeable = False
    return result


def counts(column: Numbers) -> Numbers:
    """Counts of tasks: int32 where each is below 2**31; read-only."""
    is_small = not len(column) or column.max() < 2**31
    return _as(column, np.int32 if is_small else np.int64)


def labels(column: Numbers) -> Numbers:
    """Timesteps or samples, -1 among them, in as few bytes as they need; read-only.

    Examples
    --------
    >>> labels(np.array([-1, 200])).dtype.name
    'int16'
    """
    low, high = (int(column.min()), int(column.max())) if len(column) else (0, 0)
    fits = (of for of in (np.int8, np.int16, np.int32) if np.iinfo(of).min <= low and high <= np.iinfo(of).max)
    return _as(column, next(fits))


def _as(column: Numbers, of: Any) -> Numbers:
    found: Numbers = column.astype(of)
    found.flags.writeable = False
    return found


def pointers(column: Numbers) -> Numbers:
    """Where rows begin and end: int32 as long as there are fewer than 2**31 entries; read-only."""
    result: Numbers = column.astype(np.int32 if not len(column) or column[-1] < 2**31 else np.int64)
    result.flags.writeable = False
    return result
