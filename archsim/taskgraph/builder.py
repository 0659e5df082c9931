"""Building a task graph, task by task; what makes no sense is refused at once, with the task's number."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError, TooLargeError
from archsim.taskgraph.graph import Claims, Numbers, TaskGraph, narrow, pointers
from archsim.taskgraph.memory import finish_bytes, require
from archsim.taskgraph.whole import in_64_bits, is_whole, products, sums_by

_Number = TypeVar("_Number", bound=np.signedinteger[Any])


class _Rows:
    """Compressed rows of (resource, units) that grow by one row per task."""

    __slots__ = ("ptr", "resource", "units")

    def __init__(self) -> None:
        self.ptr = array("q", [0])
        self.resource = array("i")
        self.units = array("q")

    def cut(self, n_tasks: int) -> None:
        """Forget every row after the first `n_tasks`."""
        del self.ptr[n_tasks + 1 :]
        del self.resource[self.ptr[n_tasks] :], self.units[self.ptr[n_tasks] :]

    def columns(self, names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
        """Pointers, resources, units; a resource named twice by one task is summed."""
        ptr, resource, units = _int64(self.ptr), _int32(self.resource), _int64(self.units)
        owner, n_resources = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr)), len(names)
        key = owner * n_resources + resource
        if not _has_duplicates(key):
            return ptr, resource, units
        key, place = np.unique(key, return_inverse=True)
        total = sums_by(place, products(units), len(key))
        most = int(total.argmax())
        task, name = int(key[most]) // n_resources, names[int(key[most]) % n_resources]
        total = in_64_bits(total, f"task {task}: units of resource {name!r}, named more than once, in all")
        merged = _pointers(key // n_resources, len(ptr) - 1)
        return merged, _int32(key % n_resources), _frozen(total)


class TaskGraphBuilder:
    """Builds a `TaskGraph` task by task, in a few microseconds each.

    Parameters
    ----------
    most_tasks : int, optional
        One more is refused with a `TooLargeError`.

    Examples
    --------
    >>> b = TaskGraphBuilder()
    >>> adc = b.resource("tile[0].adc", capacity=1)
    >>> first = b.task(action="read", occupancy_ps=100)
    >>> second = b.task(action="convert", count=8, uses=[(adc, 1)], occupancy_ps=100, latency_ps=120,
    ...                 after=[first])
    >>> b.build().n_tasks
    2
    """

    def __init__(self, most_tasks: int | None = None) -> None:
        self._most_tasks = most_tasks
        self._resources: dict[str, int] = {}
        self._capacity = array("q")
        self._n_resources = 0
        self._n_tasks = 0
        self._occupancy, self._latency, self._count = array("q"), array("q"), array("q")
        self._priority, self._timestep, self._sample = array("i"), array("i"), array("i")
        self._action, self._phase, self._layer = array("i"), array("i"), array("i")
        self._actions: dict[str, int] = {}
        self._phases: dict[str, int] = {}
        self._layers: dict[str, int] = {}
        self._after_ptr, self._after_idx = array("q", [0]), array("i")
        self._uses, self._reserves, self._frees = _Rows(), _Rows(), _Rows()

    def resource(self, name: str, capacity: int = 1) -> int:
        """Add a resource.

        Parameters
        ----------
        name : str
            A name that a hardware person recognises, used once.
        capacity : int
            How many units there are, 0 or more.

        Returns
        -------
        int
            Its number, counting from 0.

        Raises
        ------
        EngineError
            The name exists already, or the capacity is negative or beyond 64 bits.
        ValueError
            The name is no text or the capacity no whole number.
        """
        if not isinstance(name, str):
            raise ValueError(f"resource name {name!r}: must be text")
        if name in self._resources:
            raise EngineError(f"resource {name!r} exists already; each resource needs its own name")
        if not is_whole(capacity):
            raise ValueError(f"resource {name!r}: capacity {capacity!r} must be a whole number")
        if not 0 <= capacity < 2**63:
            raise EngineError(f"resource {name!r}: capacity {capacity} must be 0 or more, below 2**63")
        number = self._resources[name] = self._n_resources
        self._capacity.append(capacity)
        self._n_resources += 1
        return number

    def task(
        self,
        *,
        action: str,
        count: int = 1,
        uses: Claims = (),
        reserves: Claims = (),
        frees: Claims = (),
        occupancy_ps: int = 0,
        latency_ps: int | None = None,
        after: Iterable[int] = (),
        priority: int = 0,
        phase: str = "",
        layer: str = "",
        timestep: int = -1,
        sample: int = -1,
    ) -> int:
        """Add a task.

        Parameters
        ----------
        action, count : str, int
            What is done, and how often (0 or more).
        uses : sequence of (resource, units)
            Held from the start to start + `occupancy_ps`. A resource named twice counts with the sum.
        reserves, frees : sequence of (resource, units)
            Taken at the start; given back when this task is done.
        occupancy_ps : int
            How long it holds what it uses, 0 or more, in picoseconds.
        latency_ps : int, optional
            How long until it is done, 0 or more; the occupancy if not given. May be longer or shorter.
        after : iterable of int
            Tasks that must be done first; they must exist already.
        priority : int
            A smaller number goes first where tasks wait for the same resource.
        phase, layer, timestep, sample
            Labels for people; -1 or "" where there is none.

        Returns
        -------
        int
            The id of the task, counting from 0.

        Raises
        ------
        TooLargeError
            There are as many tasks as may be.
        EngineError
            A number is out of range, or a resource or task is unknown; every fault of the task is named.
        ValueError
            An argument is of the wrong type (times, counts and units are whole numbers).
        """
        task = self._n_tasks
        if task == self._most_tasks:
            raise TooLargeError(f"a graph of more than {task} tasks is not allowed here")
        if latency_ps is None:
            latency_ps = occupancy_ps
        try:
            good = occupancy_ps >= 0 and latency_ps >= 0 and count >= 0
            after_idx = self._after_idx
            for p in after:
                good &= 0 <= p < task
                after_idx.append(p)
            self._after_ptr.append(len(after_idx))
            n_resources = self._n_resources
            for rows, claims in (self._uses, uses), (self._reserves, reserves), (self._frees, frees):
                for r, u in claims:
                    good &= 0 <= r < n_resources and u >= 1
                    rows.resource.append(r)
                    rows.units.append(u)
                rows.ptr.append(len(rows.units))
            self._action.append(_number_of(self._actions, action))
            self._phase.append(_number_of(self._phases, phase))
            self._layer.append(_number_of(self._layers, layer))
            self._count.append(count)
            self._occupancy.append(occupancy_ps)
            self._latency.append(latency_ps)
            self._priority.append(priority)
            self._timestep.append(timestep)
            self._sample.append(sample)
        except (TypeError, ValueError, OverflowError) as error:
            reason: str | None = str(error)
        else:
            reason = None if good else "out of range"
        if reason is not None:
            self._cut(task)
            numbers = {
                "count": (count, 0, 2**63),
                "occupancy_ps": (occupancy_ps, 0, 2**63),
                "latency_ps": (latency_ps, 0, 2**63),
                "priority": (priority, -(2**31), 2**31),
                "timestep": (timestep, -(2**31), 2**31),
                "sample": (sample, -(2**31), 2**31),
            }
            texts = {"action": action, "phase": phase, "layer": layer}
            claims_of = {"uses": uses, "reserves": reserves, "frees": frees}
            faults = [
                *_text_faults(texts),
                *_number_faults(numbers),
                *_after_faults(after, task),
                *_claim_faults(claims_of, self._n_resources),
            ]
            _refuse(task, action, faults, reason)
        self._n_tasks = task + 1
        return task

    def _cut(self, n_tasks: int) -> None:
        """Forget what a refused task left behind, so that the builder stays usable."""
        for column in (
            self._action, self._phase, self._layer, self._count, self._occupancy,
            self._latency, self._priority, self._timestep, self._sample,
        ):  # fmt: skip
            del column[n_tasks:]
        del self._after_ptr[n_tasks + 1 :]
        del self._after_idx[self._after_ptr[n_tasks] :]
        for rows in (self._uses, self._reserves, self._frees):
            rows.cut(n_tasks)

    def build(self, max_memory: int | None = None) -> TaskGraph:
        """The graph of everything added so far; the builder can go on afterwards.

        Parameters
        ----------
        max_memory : int, optional
            How many bytes building may take beside what the builder holds; as many as are available if not given.

        Returns
        -------
        TaskGraph
            Its columns are read-only copies. A column that holds one and the same number is stored
            as that number; latencies that equal the occupancies are the same column.

        Raises
        ------
        EngineError
            There is not enough memory for the copies, or a task names one resource so often that the units add
            up to 2**63 and more.
        """
        n_claims = len(self._uses.units) + len(self._reserves.units) + len(self._frees.units)
        needed = finish_bytes(self._n_tasks, len(self._after_idx), n_claims)
        help = "what helps: fewer timesteps or samples at once"
        require(needed, max_memory, f"a graph of {self._n_tasks:,} tasks", help)
        names = tuple(self._resources)
        uses, reserves, frees = (rows.columns(names) for rows in (self._uses, self._reserves, self._frees))
        after_ptr, after_idx = _unique_rows(_int64(self._after_ptr), _int32(self._after_idx))
        latency = occupancy = _int64(self._occupancy)
        if self._latency != self._occupancy:
            latency = _int64(self._latency)
        return TaskGraph(
            resource_names=names,
            capacity=_int64(self._capacity),
            occupancy_ps=occupancy,
            latency_ps=latency,
            priority=_slim(_int32(self._priority)),
            after_ptr=pointers(after_ptr),
            after_idx=after_idx,
            uses_ptr=_slim(pointers(uses[0])),
            uses_resource=uses[1],
            uses_units=_slim(uses[2]),
            reserves_ptr=_slim(pointers(reserves[0])),
            reserves_resource=reserves[1],
            reserves_units=_slim(reserves[2]),
            frees_ptr=_slim(pointers(frees[0])),
            frees_resource=frees[1],
            frees_units=_slim(frees[2]),
            action_names=tuple(self._actions),
            action=_slim(_names(self._action)),
            count=_slim(_int64(self._count)),
            phase_names=tuple(self._phases),
            phase=_slim(_names(self._phase)),
            layer_names=tuple(self._layers),
            layer=_slim(_names(self._layer)),
            timestep=_slim(_int32(self._timestep)),
            sample=_slim(_int32(self._sample)),
        )


def _number_of(names: dict[str, int], name: str) -> int:
    """The number of a name, a new one if it is new."""
    number = names.get(name)
    if number is None:
        if not isinstance(name, str):
            raise TypeError("a name must be text")
        number = names[name] = len(names)
    return number


def _frozen(column: NDArray[np.int64]) -> NDArray[np.int64]:
    column.flags.writeable = False
    return column


def _int64(column: array[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    return _frozen(np.array(column, dtype=np.int64))


def _int32(column: array[int] | NDArray[np.int64]) -> NDArray[np.int32]:
    result = np.array(column, dtype=np.int32)
    result.flags.writeable = False
    return result


def _names(column: array[int]) -> Numbers:
    """Numbers of names, in as few bytes as they need."""
    return narrow(_int32(column))


def _slim(column: NDArray[_Number]) -> NDArray[_Number]:
    """A column that repeats one number, without the repetitions: its stride is zero."""
    if len(column) < 2 or (column != column[0]).any():
        return column
    return np.broadcast_to(column[:1].copy(), column.shape)


def _has_duplicates(key: NDArray[np.int64]) -> bool:
    # rows are nearly in order, which a stable sort turns to account
    ordered = np.sort(key, kind="stable")
    return bool((ordered[1:] == ordered[:-1]).any())


def _pointers(owner: NDArray[np.int64], n_rows: int) -> NDArray[np.int64]:
    ptr = np.zeros(n_rows + 1, np.int64)
    np.cumsum(np.bincount(owner, minlength=n_rows), out=ptr[1:])
    return _frozen(ptr)


def _unique_rows(ptr: NDArray[np.int64], idx: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The same rows, each task named once per row."""
    n = len(ptr) - 1
    key = np.repeat(np.arange(n), np.diff(ptr)) * max(n, 1) + idx
    if not _has_duplicates(key):
        return ptr, idx
    key = np.unique(key)
    return _pointers(key // n, n), _int32(key % n)


# A fault is (is it a matter of type?, what is wrong).
_Fault = tuple[bool, str]


def _text_faults(texts: dict[str, str]) -> Iterator[_Fault]:
    for name, value in texts.items():
        if not isinstance(value, str):
            yield True, f"{name} {value!r} must be text"


def _number_faults(numbers: dict[str, tuple[int, int, int]]) -> Iterator[_Fault]:
    for name, (value, low, high) in numbers.items():
        if not is_whole(value):
            yield True, f"{name} {value!r} must be a whole number"
        elif value < low:
            yield False, f"{name} {value} must be {low} or more"
        elif value >= high:
            yield False, f"{name} {value} must be below {high}"


def _after_faults(after: Iterable[int], task: int) -> Iterator[_Fault]:
    if not isinstance(after, Iterable):
        yield True, f"after {after!r} must be a list of task ids"
        return
    for p in after:
        if not is_whole(p):
            yield True, f"after {p!r} must be a task id (a whole number)"
        elif p < 0:
            yield False, f"after {p} is no task id (ids count from 0)"
        elif p >= task:
            yield False, f"after {p} names a task that does not exist yet (ids so far: below {task})"


def _claim_faults(claims_of: dict[str, Claims], n_resources: int) -> Iterator[_Fault]:
    for name, claims in claims_of.items():
        try:
            pairs = [(r, u) for r, u in claims]
        except (TypeError, ValueError):
            yield True, f"{name} {claims!r} must be a list of (resource, units)"
            continue
        for r, u in pairs:
            if not is_whole(r):
                yield True, f"{name}: resource {r!r} must be a number that resource() returned"
            elif not 0 <= r < n_resources:
                yield False, f"{name}: resource {r} is unknown (there are {n_resources}, counting from 0)"
            if not is_whole(u):
                yield True, f"{name}: units {u!r} must be a whole number"
            elif not 1 <= u < 2**63:
                yield False, f"{name}: units {u} must be 1 or more, below 2**63"


def _refuse(task: int, action: object, faults: list[_Fault], reason: str) -> None:
    """Raise one error that names every fault of a task."""
    text = "; ".join(what for _, what in faults) or reason
    message = f"task {task} ({action}): {text}"
    if not faults or any(of_type for of_type, _ in faults):
        raise ValueError(message)
    raise EngineError(message)
