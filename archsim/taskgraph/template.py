"""Task graphs that repeat: the tasks of one iteration, written down once, and how often they come.

A template has one block of tasks, or several that differ. A graph made from it is a sequence of blocks, numbered
0, 1, 2, ... in time; the tasks of a block come after those of the block before. What a task waits for is given as
(how many blocks earlier, which task of that block), so that the same row serves every iteration.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import index
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError
from archsim.taskgraph.graph import Numbers, TaskGraph, labels
from archsim.taskgraph.whole import is_whole

Ints = NDArray[np.int64]

NO_TIMESTEP = -(2**31)
"""The timestep of a template's task that has none."""
MAX_TASKS = 2**31 - 1  # ids are 32-bit
_PER_TASK = ("occupancy_ps", "latency_ps", "priority", "action", "count", "stage", "layer", "timestep", "sample")
_ROWS = ("uses", "reserves", "frees")


class Run(NamedTuple):
    """A stretch of a graph: some blocks, one after the other, `times` over.

    Attributes
    ----------
    blocks : tuple of int
        Which blocks of the template.
    times : int
        How often, 0 or more.
    timestep, sample : int
        Label of the first block; each further block is one timestep later.
    """

    blocks: tuple[int, ...]
    times: int
    timestep: int = 0
    sample: int = -1

    @property
    def n_blocks(self) -> int:
        """Blocks of the whole stretch."""
        return len(self.blocks) * self.times


class Carried(NamedTuple):
    """An edge from one iteration to a later one: `task` waits for `before` of `lag` iterations earlier."""

    before: int
    task: int
    lag: int


def _is_run(value: object) -> bool:
    return isinstance(value, Run) and is_whole(value.times)


@dataclass(frozen=True, eq=False)
class TaskTemplate:
    """Blocks of tasks that a long graph repeats. `TaskTemplate.of` makes one from the graph of one iteration.

    Attributes
    ----------
    tasks : TaskGraph
        The tasks of all blocks, one block after the other, without edges. A timestep here is counted from the
        timestep of the block; `NO_TIMESTEP` where a task has none.
    block_ptr : int64[n_blocks + 1]
        Block k has the tasks ``block_ptr[k]`` to ``block_ptr[k + 1] - 1``.
    after_ptr, after_lag, after_task : compressed rows
        What a task waits for: how many blocks earlier (0: the same), and which task of that block, counted from
        its first. An edge that would reach before the first block of a graph falls away.
    """

    tasks: TaskGraph
    block_ptr: Ints
    after_ptr: Ints
    after_lag: Ints
    after_task: Ints

    @classmethod
    def of(cls, graph: TaskGraph, carried: Iterable[tuple[int, int, int]] = ()) -> TaskTemplate:
        """A template of one block.

        Parameters
        ----------
        graph : TaskGraph
            The tasks of one iteration, with the edges inside it.
        carried : iterable of (before, task, lag)
            Edges to later iterations: `task` waits for `before` of `lag` iterations earlier (1 or more).

        Raises
        ------
        EngineError
            An edge names a task that does not exist, or its lag is below 1; all errors at once.

        Examples
        --------
        A neuron that needs its own last state, read out through one converter:

        >>> from archsim.taskgraph import TaskGraphBuilder, TaskTemplate
        >>> b = TaskGraphBuilder()
        >>> adc = b.resource("adc")
        >>> convert = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
        >>> update = b.task(action="update", occupancy_ps=30, after=[convert])
        >>> template = TaskTemplate.of(b.build(), carried=[(update, update, 1)])
        >>> graph = template.unroll(3)
        >>> graph.n_tasks, graph.after_idx.tolist(), graph.timestep.tolist()
        (6, [0, 1, 2, 3, 4], [0, 0, 1, 1, 2, 2])
        """
        edges = [Carried(*edge) for edge in carried]
        _check_carried(edges, graph.n_tasks)
        owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.after_ptr))
        more = np.array(edges, np.int64).reshape(-1, 3)
        task = np.concatenate([owner, more[:, 1]])
        before = np.concatenate([graph.after_idx.astype(np.int64), more[:, 0]])
        lag = np.concatenate([np.zeros(len(owner), np.int64), more[:, 2]])
        key = np.unique(np.stack([task, -lag, before]), axis=1)
        ptr = np.zeros(graph.n_tasks + 1, np.int64)
        np.cumsum(np.bincount(key[0], minlength=graph.n_tasks), out=ptr[1:])
        timestep = np.zeros(graph.n_tasks, np.int32)
        tasks = replace(without_edges(graph), timestep=timestep)
        return cls(tasks, np.array([0, graph.n_tasks]), ptr, -key[1], key[2])

    def __post_init__(self) -> None:
        rows = np.repeat(np.arange(self.tasks.n_tasks), np.diff(self.after_ptr))
        if self.after_lag.size and (
            self.after_lag.min() < 0 or ((self.after_lag == 0) & (self.after_task >= self.place[rows])).any()
        ):
            raise EngineError("a task of a template waits for itself, or for a task that comes after it")

    @property
    def n_blocks(self) -> int:
        """Blocks that differ."""
        return len(self.block_ptr) - 1

    @cached_property
    def max_lag(self) -> int:
        """How many blocks back an edge reaches at most."""
        return int(self.after_lag.max(initial=0))

    @cached_property
    def place(self) -> Ints:
        """Where each task stands in its block, counted from 0."""
        first = np.repeat(self.block_ptr[:-1], np.diff(self.block_ptr))
        return np.asarray(np.arange(self.tasks.n_tasks) - first)

    def runs(self, order: int | Sequence[Run]) -> tuple[Run, ...]:
        """An order in full: a number of iterations stands for all blocks in turn, that many times over.

        Raises
        ------
        EngineError
            It names a block that does not exist, or a negative number of times.
        """
        listed: Any = [Run(tuple(range(self.n_blocks)), index(order))] if is_whole(order) else order
        if not isinstance(listed, Sequence) or any(not _is_run(run) for run in listed):
            raise EngineError(f"order {order!r}: must be a whole number of iterations, or a list of Run")
        for run in listed:
            if run.times < 0 or any(not 0 <= block < self.n_blocks for block in run.blocks):
                raise EngineError(f"{run}: blocks are numbered 0 to {self.n_blocks - 1}, and come 0 times or more")
        return tuple(Run(*run) for run in listed if run.n_blocks)

    def times(self, order: int | Sequence[Run]) -> Ints:
        """How often each task of the template comes in a graph of that order: int64[tasks.n_tasks]."""
        often = np.zeros(self.n_blocks, np.int64)
        for run in self.runs(order):
            for block in run.blocks:
                often[block] += run.times
        return np.repeat(often, np.diff(self.block_ptr))

    def n_tasks(self, order: int | Sequence[Run]) -> int:
        """Tasks of a graph of that order."""
        return sum(
            run.times * sum(int(self.block_ptr[b + 1] - self.block_ptr[b]) for b in run.blocks)
            for run in self.runs(order)
        )

    def bytes_per_task(self, order: int | Sequence[Run]) -> float:
        """Memory that a graph of that order takes for each task, in bytes, as `TaskGraph.n_bytes` counts it.

        Columns that repeat one number cost nothing, whatever the length. Edges that fall away at the
        beginning are counted.

        Examples
        --------
        >>> from archsim.taskgraph import TaskGraphBuilder, TaskTemplate
        >>> b = TaskGraphBuilder()
        >>> adc = b.resource("adc")
        >>> task = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
        >>> template = TaskTemplate.of(b.build(), carried=[(task, task, 1)])
        >>> template.bytes_per_task(1000), template.unroll(1000).n_bytes / 1000 < 33
        (16.0, True)
        """
        times = self.times(order)
        n = int(times.sum())
        if not n:
            return 0.0
        size = float(4 * n)  # after_ptr
        size += 4 * float(times @ np.diff(self.after_ptr))
        distinct = {id(getattr(self.tasks, name)): name for name in reversed(_PER_TASK)}
        for name in distinct.values():
            column = getattr(self.tasks, name)
            if name == "timestep" or not _is_even(column):
                size += n * column.itemsize
        for name in _ROWS:
            rows = np.diff(getattr(self.tasks, f"{name}_ptr"))
            if rows.any():
                size += 4 * n
                for part in ("resource", "units"):
                    column = getattr(self.tasks, f"{name}_{part}")
                    size += 0 if _is_even(column) else column.itemsize * float(times @ rows)
        return size / n

    def unroll(self, order: int | Sequence[Run], *, compiled: bool = True) -> TaskGraph:
        """The whole graph: ids iteration by iteration, the timestep of a task that of its block.

        Parameters
        ----------
        order : int or sequence of Run
            How many iterations; or which blocks, how often.
        compiled : bool
            Whether loops are compiled (if numba is there); the graph is the same.

        Returns
        -------
        TaskGraph

        Raises
        ------
        EngineError
            There are 2**31 tasks or more, or the order names a block that does not exist.
        """
        runs = self.runs(order)
        n = self.n_tasks(runs)
        if n > MAX_TASKS:
            raise EngineError(
                f"a graph of {n} tasks has more than its ids can number ({MAX_TASKS}); "
                "archsim.engine.long.run_long plays it without laying it out"
            )
        laid = _Laid(self, runs, compiled)
        columns: dict[str, Any] = {}
        for name in _PER_TASK:
            columns[name] = laid.of_tasks(getattr(self.tasks, name))
        if self.tasks.latency_ps is self.tasks.occupancy_ps:
            columns["latency_ps"] = columns["occupancy_ps"]
        columns["timestep"], columns["sample"] = laid.labels()
        for name in _ROWS:
            columns |= laid.of_rows(name)
        columns["after_ptr"], columns["after_idx"] = laid.edges()
        for column in columns.values():
            column.flags.writeable = False
        return replace(self.tasks, **columns)


def without_edges(graph: TaskGraph) -> TaskGraph:
    """The same tasks, none of which waits for another."""
    no_rows = np.broadcast_to(np.zeros(1, np.int32), graph.n_tasks + 1)
    return replace(graph, after_ptr=no_rows, after_idx=np.zeros(0, np.int32))


def _check_carried(edges: Sequence[Carried], n_tasks: int) -> None:
    errors = []
    for edge in edges:
        if not (0 <= edge.before < n_tasks and 0 <= edge.task < n_tasks):
            errors.append(f"{edge} names a task that does not exist (ids: 0 to {n_tasks - 1})")
        if edge.lag < 1:
            errors.append(f"{edge} leads to the same or an earlier iteration; the lag must be 1 or more")
    if errors:
        raise EngineError("\n".join(errors))


def _is_even(column: NDArray[Any]) -> bool:
    """Whether a column repeats one number."""
    return len(column) < 1 or column.strides == (0,) or not (column != column[0]).any()


class _Laid:
    """A sequence of blocks, and columns that follow it."""

    def __init__(self, template: TaskTemplate, runs: Sequence[Run], compiled: bool) -> None:
        from archsim.taskgraph import unrolled

        self.template, self.runs = template, runs
        self.loops: Any = unrolled
        if compiled:
            try:
                from archsim.taskgraph import compiled as loops
            except ImportError:
                pass
            else:
                self.loops = loops
        empty = np.zeros(0, np.int64)
        self.blocks = np.concatenate([empty, *(np.tile(np.array(r.blocks), r.times) for r in runs)])
        self.first = self._starts(template.block_ptr)

    def _starts(self, ptr: Ints) -> Ints:
        """Where the entries of each block begin, given where they do in the template; one more for the end."""
        starts = np.zeros(len(self.blocks) + 1, np.int64)
        np.cumsum(np.diff(ptr)[self.blocks], out=starts[1:])
        return starts

    def of_tasks(self, column: NDArray[Any]) -> NDArray[Any]:
        """A column with one entry for each task."""
        return self._copied(column, self.template.block_ptr, self.first)

    def _copied(self, column: NDArray[Any], ptr: Ints, starts: Ints) -> NDArray[Any]:
        n = int(starts[-1])
        if _is_even(column) and len(column):
            return np.broadcast_to(column[:1].copy(), n)
        out = np.empty(n, column.dtype)
        self.loops.copy_blocks(np.ascontiguousarray(column), ptr, self.blocks, starts, out)
        return out

    def labels(self) -> tuple[Numbers, Numbers]:
        """Timestep and sample of every task."""
        tasks = self.template.tasks
        step, sample = self.of_tasks(tasks.timestep), self.of_tasks(tasks.sample)
        of_block = [np.arange(run.n_blocks) + run.timestep for run in self.runs]
        shift = np.concatenate([np.zeros(0, np.int64), *of_block])
        sizes = np.diff(self.first)
        timestep = np.repeat(shift, sizes).astype(np.int32)
        timestep += step
        if (tasks.timestep == NO_TIMESTEP).any():
            timestep[step == NO_TIMESTEP] = -1
        if len({run.sample for run in self.runs}) > 1 or any(run.sample >= 0 for run in self.runs):
            sizes_of = [np.full(run.n_blocks, run.sample) for run in self.runs]
            of_run = np.repeat(np.concatenate(sizes_of), sizes).astype(np.int32)
            sample = np.where(sample >= 0, of_run, sample)
        return labels(timestep), labels(sample)

    def of_rows(self, name: str) -> dict[str, NDArray[Any]]:
        """Compressed rows of claims."""
        tasks, n = self.template.tasks, int(self.first[-1])
        ptr, resource = getattr(tasks, f"{name}_ptr"), getattr(tasks, f"{name}_resource")
        if not len(resource):
            no_rows = np.broadcast_to(np.zeros(1, np.int32), n + 1)
            return {f"{name}_ptr": no_rows} | {
                f"{name}_{part}": getattr(tasks, f"{name}_{part}") for part in ("resource", "units")
            }
        block_ptr = ptr[self.template.block_ptr]
        starts = self._starts(block_ptr)
        return {
            f"{name}_ptr": self._pointers(ptr),
            f"{name}_resource": self._copied(resource, block_ptr, starts),
            f"{name}_units": self._copied(getattr(tasks, f"{name}_units"), block_ptr, starts),
        }

    def _pointers(self, ptr: Ints) -> Ints:
        sizes = np.diff(ptr)
        out = self._no_entries(int(sizes.sum()) and int(sizes.max()) * int(self.first[-1]))
        if not len(sizes):
            return out
        np.cumsum(self.of_tasks(sizes), out=out[1:])
        return out

    def _no_entries(self, n_most: int) -> Ints:
        """Pointers of rows with at most so many entries in all, before they are filled in."""
        pointers: Any = np.int32 if n_most < 2**31 else np.int64
        return np.zeros(int(self.first[-1]) + 1, pointers)

    def edges(self) -> tuple[Ints, NDArray[np.int32]]:
        """Predecessors of every task, by id."""
        t = self.template
        if not len(t.after_task):
            return np.broadcast_to(np.zeros(1, np.int32), int(self.first[-1]) + 1), np.zeros(0, np.int32)
        n_most = int(np.diff(t.after_ptr[t.block_ptr])[self.blocks].sum())
        ptr, idx = self._no_entries(n_most), np.empty(n_most, np.int32)
        n = self.loops.lay_edges(
            t.block_ptr, self.blocks, self.first, t.after_ptr, t.after_lag, t.after_task, ptr, idx
        )
        return ptr, idx[:n] if n < n_most else idx
