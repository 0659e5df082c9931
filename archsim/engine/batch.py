"""Many service tables over one graph: what they share is prepared once, configurations run in parallel."""

from __future__ import annotations

import os
from collections.abc import Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.engine import heap_engine
from archsim.engine.columns import Structure, services_of, structure_of
from archsim.engine.kernels.structs import Times
from archsim.engine.memory import check_run
from archsim.errors import DeadlockError, EngineError
from archsim.given import refuse, wrong_kind, wrong_type
from archsim.names import POLICIES
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.whole import in_64_bits, products, sums_by
from archsim.trace import Trace

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Runs:
    """The outcome of each configuration.

    Attributes
    ----------
    makespan_ps : ndarray of int64, shape (n_configs,)
        When the last task is done; -1 where the configuration ends in a deadlock.
    busy_ps : ndarray of int64, shape (n_configs, n_resources)
        Units times occupancy, summed over the tasks that started: how long a resource of one unit was used.
        Utilisation is ``busy_ps / (capacity * makespan_ps)``.
    deadlocked : ndarray of bool, shape (n_configs,)
        Some tasks never started. `archsim.run_tasks` on ``graph.with_services(…)`` says which, and why.
    """

    makespan_ps: Ints
    busy_ps: Ints
    deadlocked: NDArray[np.bool_]


def run_many(
    graph: TaskGraph,
    services: ArrayLike | tuple[ArrayLike, ArrayLike],
    policy: str = "fifo",
    classes: ArrayLike | None = None,
    workers: int | None = None,
    max_memory: int | None = None,
) -> Runs:
    """Play one task graph out with many sets of service times, on all cores.

    Parameters
    ----------
    graph : TaskGraph
        Its own times are not used.
    services : array of whole numbers, or a tuple of two
        Times in picoseconds, 0 or more, shape (n_configs, n_tasks): occupancy and latency alike. A tuple
        ``(occupancy_ps, latency_ps)`` gives them apart.
    policy : {"fifo", "static"}
        As in `archsim.run_tasks`.
    classes : array of whole numbers, shape (n_tasks,), optional
        The class of each task, for instance ``graph.action``. Then `services` has the shape
        (n_configs, n_classes): one time per class, so that memory does not grow with configurations times tasks.
    workers : int, optional
        How many threads; as many as there are cores if not given. It changes no bit of the result.
    max_memory : int, optional
        How many bytes the runs may take beside the graph; as many as are available if not given.

    Returns
    -------
    Runs
        ``makespan_ps``, ``busy_ps`` per resource and ``deadlocked``, one row per configuration: exactly what
        `archsim.run_tasks` gives for ``graph.with_services(occupancy_ps[i], latency_ps[i])``.

    Raises
    ------
    EngineError
        A shape, a class or a time is wrong, a time or a sum exceeds 64 bits, or there is too little memory.

    Notes
    -----
    With numba (``pip install archsim[fast]``) compiled loops run in threads; each needs the memory of a run
    (`archsim.engine.memory.run_bytes`). Without it the heap engine plays one configuration after the other.

    Examples
    --------
    Two speeds of a converter, one class for each of two actions:

    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("adc")
    >>> read = b.task(action="read", occupancy_ps=100)
    >>> columns = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10, after=[read]) for _ in range(8)]
    >>> graph = b.build()
    >>> runs = run_many(graph, [[100, 10], [100, 5]], classes=graph.action)
    >>> runs.makespan_ps.tolist(), runs.busy_ps.tolist(), runs.deadlocked.tolist()
    ([180, 140], [[80], [40]], [False, False])
    """
    refuse([
        wrong_type("graph", graph, TaskGraph, "TaskGraphBuilder.build"),
        wrong_kind("policy", policy, POLICIES),
    ], EngineError)  # fmt: skip
    if workers is not None and workers < 1:
        raise EngineError(f"workers is {workers}; it must be 1 or more")
    first = services[0] if isinstance(services, tuple) and services else services
    n_configs = len(first) if isinstance(first, Sized) else 1  # anything else is refused below
    n_workers = min(workers or os.cpu_count() or 1, max(1, n_configs))
    check_run(graph, "compiled", max_memory, n_workers)
    batch = _Batch(graph, services, classes, policy)
    if batch.structure is None:
        check_run(graph, "heap", max_memory)
    # the first one prepares what the others share
    alone = batch.n_configs if batch.structure is None or n_workers == 1 else min(1, batch.n_configs)
    for config in range(alone):
        batch.run(config)
    if alone < batch.n_configs:
        with ThreadPoolExecutor(n_workers) as pool:
            list(pool.map(batch.run, range(alone, batch.n_configs)))
    return Runs(batch.makespan, batch.busy, batch.makespan < 0)


class _Batch:
    """One call of `run_many`: the graph prepared, the tables checked, room for the answers.

    Without classes every task is a class of its own.
    """

    def __init__(self, graph: TaskGraph, services: Any, classes: ArrayLike | None, policy: str) -> None:
        self.graph, self.policy = graph, policy
        self.classes = None if classes is None else _classes(classes, graph.n_tasks)
        self.tables = _tables(services, graph.n_tasks, self.classes)
        self.n_configs = len(self.tables[0])
        self.makespan = np.full(self.n_configs, -1, np.int64)
        self.busy = np.zeros((self.n_configs, graph.n_resources), np.int64)
        self.rooms: list[tuple[Ints, ...]] = []
        self.structure: Structure | None
        self.used = _Used(graph, self.classes)
        try:
            self.structure = structure_of(graph)
        except ImportError:
            self.structure = None
            return
        present, holds = np.arange(0), np.zeros(0, bool)
        if self.classes is not None:
            present = np.unique(self.classes)
            holds = np.isin(present, self.classes[self.structure.users_only])
        self.present, self.holds = present, holds

    def run(self, config: int) -> None:
        """Play one configuration and write its row."""
        rows = [table[config] for table in self.tables]
        per_task = rows if self.classes is None else [row[self.classes] for row in rows]
        room = self._room()
        if self.structure is not None and (how := self._compiled(rows, per_task, room)) is not None:
            stuck, start, done = how, room[1], room[2]
        else:
            trace = self._plain(config, per_task)
            start, done = trace.start_ps, trace.done_ps
            stuck = bool(len(start) and start.min() < 0)
        if not stuck:
            self.makespan[config] = done.max(initial=0)
        busy = self.used.busy(rows[0]) if not stuck else self.used.busy_until_stuck(per_task[0], start)
        self.busy[config] = in_64_bits(busy, f"configuration {config}: busy time of a resource, in ps times units")
        self.rooms.append(room)

    def _compiled(self, rows: list[Ints], per_task: list[Ints], room: tuple[Ints, ...]) -> bool | None:
        """Fill in the times by a compiled kernel; is the run stuck? None if none can play it."""
        from archsim.engine.dispatch import choices, play
        from archsim.engine.kernels.parts import FINISHED, STUCK

        assert self.structure is not None
        kinds = None
        if self.classes is not None:
            kinds = (rows[0][self.present], rows[-1][self.present], self.holds)
        services = services_of(self.structure, per_task[0], per_task[-1], kinds)
        names = choices(self.structure, services, self.policy)
        ready, start, done, head = room
        how = play(names, self.structure, services, self.policy, Times(ready, start, done), head)
        return how == STUCK if how in (FINISHED, STUCK) else None

    def _plain(self, config: int, per_task: list[Ints]) -> Trace:
        graph = self.graph.with_services(*per_task)
        try:
            return heap_engine.run(graph, self.policy)
        except DeadlockError as error:
            return error.trace
        except EngineError as error:
            raise EngineError(f"configuration {config}: {error}") from None

    def _room(self) -> tuple[Ints, ...]:
        """Columns for ready, start, done and heads of lines; used again by whoever comes next."""
        try:
            return self.rooms.pop()
        except IndexError:
            n = self.graph.n_tasks if self.structure is not None else 0
            return (*(np.empty(n, np.int64) for _ in range(3)), np.empty(self.graph.n_resources, np.int64))


class _Used:
    """Use of each resource: units by class, in the order of resources."""

    def __init__(self, graph: TaskGraph, classes: Ints | None) -> None:
        self.graph = graph
        owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.uses_ptr))
        kind, resource, units = owner, graph.uses_resource.astype(np.int64), graph.uses_units
        if classes is not None:
            n_classes = int(classes.max(initial=0)) + 1
            key, place = np.unique(resource * n_classes + classes[owner], return_inverse=True)
            units = sums_by(place, products(units), len(key))
            kind, resource = key % n_classes, key // n_classes
        order = np.argsort(resource, kind="stable")
        self.kind, self.units, resource = kind[order], units[order], resource[order]
        self.begins = np.flatnonzero(np.diff(resource, prepend=-1))
        self.resource = resource[self.begins]

    def busy(self, occupancy: Ints) -> NDArray[Any]:
        """Units times occupancy, by resource; occupancies are by class."""
        held = products(occupancy[self.kind], self.units)
        busy = np.zeros(self.graph.n_resources, held.dtype)
        if len(held):
            busy[self.resource] = np.add.reduceat(held, self.begins)
        return busy

    def busy_until_stuck(self, occupancy: Ints, start: Ints) -> NDArray[Any]:
        """The same of those tasks that started; occupancies are by task."""
        return _Used(self.graph, None).busy(np.where(start < 0, 0, occupancy))


def _classes(given: ArrayLike, n_tasks: int) -> Ints:
    classes = _whole("classes", given)
    if classes.shape != (n_tasks,):
        raise EngineError(f"classes has shape {classes.shape}; needed is ({n_tasks},), one class per task")
    return classes


def _tables(services: Any, n_tasks: int, classes: Ints | None) -> list[Ints]:
    """One table, or occupancies and latencies, of one shape."""
    given = services if isinstance(services, tuple) else (services,)
    if len(given) not in (1, 2):
        raise EngineError("services must be one table, or a tuple of two: occupancy_ps and latency_ps")
    names = ("services",) if len(given) == 1 else ("occupancy_ps", "latency_ps")
    tables = [_table(name, table, n_tasks, classes) for name, table in zip(names, given, strict=True)]
    if tables[0].shape != tables[-1].shape:
        shapes = f"{tables[0].shape} and {tables[-1].shape}"
        raise EngineError(f"occupancy_ps and latency_ps must have one shape; they have {shapes}")
    return tables


def _table(name: str, given: ArrayLike, n_tasks: int, classes: Ints | None) -> Ints:
    table, of = _whole(name, given), "task" if classes is None else "class"
    if table.ndim != 2 or (classes is None and table.shape[1] != n_tasks):
        width = str(n_tasks) if classes is None else "n_classes"
        raise EngineError(f"{name} has shape {table.shape}; needed is (n_configs, {width}), one time per {of}")
    if classes is not None and n_tasks and not 0 <= classes.min() <= classes.max() < table.shape[1]:
        what = f"{name} has times for {table.shape[1]} (0 and up)"
        raise EngineError(f"classes go from {classes.min()} to {classes.max()}, but {what}")
    if table.size and table.min() < 0:
        config, column = np.unravel_index(int(table.argmin()), table.shape)
        what = f"{of} {column} is {table[config, column]}; it must be 0 or more"
        raise EngineError(f"{name} of configuration {config}, {what}")
    return table


def _whole(name: str, given: ArrayLike) -> Ints:
    """Whole numbers of 64 bits."""
    column = np.asarray(given)
    if column.size == 0:
        return column.astype(np.int64)
    if not (np.issubdtype(column.dtype, np.integer) and np.can_cast(column.dtype, np.int64)):
        raise EngineError(f"{name} has type {column.dtype}; needed are whole numbers of 64 bits (int64)")
    return column.astype(np.int64, copy=False)
