"""A graph's columns as the compiled kernels want them: what they never change, and the services.

What a graph is made of (edges, claims, resources) is prepared once; how long its tasks take may then vary from
run to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.engine.kernels.structs import CLAIM, Columns, Rows
from archsim.errors import EngineError
from archsim.taskgraph import TaskGraph

Ints = NDArray[np.int64]
Ids = NDArray[np.uint32]
Pointers = NDArray[np.uint32]

MAX_SLOTS = 64
"""The static pass looks at each unit of a resource in turn; resources with more units go to the general kernel."""


@dataclass(frozen=True)
class Structure:
    """Edges, claims and resources: contiguous, read-only, ids unsigned; units as they are."""

    n_tasks: int
    capacity: Ints
    priority: NDArray[np.int32]  # empty if all are equal
    after_ptr: Pointers
    after: Ids
    uses_ptr: Pointers
    uses: Ids
    uses_units: Ints
    reserves_ptr: Pointers
    reserves: Ids
    reserves_units: Ints
    frees_ptr: Pointers
    frees: Ids
    frees_units: Ints
    users: tuple[int, int]  # how many resources a task uses, at least and at most

    @property
    def buffers(self) -> bool:
        """Is something reserved or freed?"""
        return len(self.reserves) > 0 or len(self.frees) > 0

    @cached_property
    def needed(self) -> Ints:
        """Capacities of the resources that somebody uses."""
        if self.n_tasks and ((self.capacity < 1) | (self.capacity > MAX_SLOTS)).any():
            return self.capacity[self.used]
        return self.capacity

    @cached_property
    def used(self) -> NDArray[np.bool_]:
        """Which resources somebody uses."""
        used = np.zeros(len(self.capacity), bool)
        used[self.uses] = True
        return used

    @cached_property
    def single_units(self) -> bool:
        """Nobody uses more than one unit of a resource, and each has some."""
        return bool((values(self.uses_units) == 1).all()) and bool((self.needed >= 1).all())

    @cached_property
    def users_only(self) -> NDArray[np.bool_]:
        """Which tasks use anything."""
        return np.diff(self.uses_ptr) > 0

    @cached_property
    def edges(self) -> tuple[Pointers, Ids, Ids]:
        """Predecessor pointers, successor pointers, successors."""
        from archsim.engine.kernels.rows import successors

        ptr, row = np.empty(self.n_tasks + 1, np.uint32), np.empty(len(self.after), np.uint32)
        successors(self.after_ptr, self.after, ptr, row)
        return self.after_ptr, ptr, row

    @cached_property
    def one_resource(self) -> tuple[Ids, Ints]:
        """The resource of each task, and capacities; who uses nothing is given one that never runs out."""
        if self.users[0] == 1:
            return self.uses, self.capacity
        from archsim.engine.kernels.rows import firsts

        resource = firsts(self.uses_ptr, self.uses, len(self.capacity))
        return plain(resource, np.uint32), np.append(self.capacity, self.n_tasks)

    @cached_property
    def given(self) -> Rows:
        """What a task frees, with units."""
        return Rows(_pointers(self.frees_ptr), self.frees, plain(self.frees_units, np.int64))

    @cached_property
    def claims(self) -> tuple[Pointers, NDArray[Any]] | None:
        """What a task takes at its start, in rows; None where units do not fit into the kernel's numbers."""
        from archsim.engine.kernels.rows import claims_of

        if not self._units_fit:
            return None
        uses, reserves = (
            Rows(_pointers(ptr), row, plain(values(units), np.int64))
            for ptr, row, units in (
                (self.uses_ptr, self.uses, self.uses_units),
                (self.reserves_ptr, self.reserves, self.reserves_units),
            )
        )
        ptr, claims = np.empty(self.n_tasks + 1, np.uint32), np.empty(len(self.uses) + len(self.reserves), CLAIM)
        size = claims_of(uses, reserves, ptr, Columns(*(claims[name] for name in Columns._fields)), 2**32 - 1)
        return None if size < 0 else (ptr, claims[:size])

    @property
    def _units_fit(self) -> bool:
        """Whether ends have numbers of 32 bits, and free units stay within 64 if all that can be freed is."""
        most = int(self.capacity.max(initial=0))
        if self.frees_units.strides == (0,):
            given = len(self.frees_units) * int(self.frees_units.max(initial=0))
        else:
            given = int(self.frees_units.sum(dtype=np.float64)) * 2
        return self.n_tasks < 2**30 and most + given < 2**63


@dataclass(frozen=True)
class Services:
    """How long tasks take, and what that means for the choice of a kernel."""

    occupancy: Ints
    latency: Ints
    even: bool  # occupancy is latency wherever something is used
    zero: bool  # some task takes no time
    unit: int  # greatest common divisor of all lengths of time
    n_buckets: int  # of a wheel that is longer than any of them; 0 if that is too long


def plain(column: NDArray[Any], of: type) -> NDArray[Any]:
    """One memory layout and one type, so that a kernel is compiled once."""
    view: NDArray[Any] = np.ascontiguousarray(column, of).view()
    view.flags.writeable = False
    return view


def _pointers(column: NDArray[Any]) -> Pointers:
    """Where rows begin, unsigned; a negative one becomes so large that it lies outside."""
    return plain(column, np.int32).view(np.uint32)


def values(column: Ints) -> Ints:
    """A column, or the number that it repeats."""
    return column[:1] if column.strides == (0,) else column


def structure_of(graph: TaskGraph) -> Structure:
    """Columns of the right type; rows that lead outside are refused, for kernels do not look."""
    n = graph.n_tasks
    if not len(graph.occupancy_ps) == len(graph.priority) == n:
        raise EngineError(f"occupancy_ps and priority need {n} entries, one per task, as latency_ps has")
    columns: dict[str, Any] = {"n_tasks": n, "capacity": plain(graph.capacity, np.int64)}
    even = not n or graph.priority.strides == (0,) or not (graph.priority != graph.priority[0]).any()
    columns["priority"] = plain(graph.priority[:0] if even else graph.priority, np.int32)
    for name in ("after", "uses", "reserves", "frees"):
        columns |= _rows(graph, name)
    return Structure(**columns)


def _rows(graph: TaskGraph, name: str) -> dict[str, Any]:
    """Pointers, entries and units of one list."""
    from archsim.engine.kernels.rows import check_rows

    n = graph.n_tasks
    ids = graph.after_idx if name == "after" else getattr(graph, f"{name}_resource")
    limit = n if name == "after" else graph.n_resources
    ptr, row = getattr(graph, f"{name}_ptr"), plain(ids, np.int32).view(np.uint32)
    units = row if name == "after" else getattr(graph, f"{name}_units")
    if len(row) >= 2**31:
        raise EngineError(f"{name!r} has {len(row):,} entries in all; there must be fewer than 2**31")
    good, fewest, most = len(ptr) == n + 1 and len(units) == len(row), 0, 0
    if not len(row):
        good = good and not values(ptr).any()
    if len(row) or name in ("after", "uses"):
        ptr = _pointers(ptr)
    if good and len(row):
        good, fewest, most = check_rows(ptr, row, limit)
    if not good:
        raise EngineError(
            f"the columns of {name!r} do not fit together: {n} rows are needed, with numbers from 0 to {limit - 1}"
        )
    columns = {f"{name}_ptr": ptr, name: row}
    if name != "after":
        columns[f"{name}_units"] = units
    if name == "uses":
        columns["users"] = (fewest, most)
    return columns


def services_of(
    structure: Structure, occupancy: Ints, latency: Ints, kinds: tuple[Ints, Ints, NDArray[np.bool_]] | None = None
) -> Services:
    """Services of every task; the same array twice says that they are the same.

    `kinds` are the occupancies and latencies that occur, and which of them occur in tasks that use something;
    where they are few, there is no need to look at every task.
    """
    from archsim.engine.kernels.rows import grid

    same = occupancy is latency
    latency = plain(latency, np.int64)
    occupancy = latency if same else plain(occupancy, np.int64)
    held, long = (occupancy, latency) if kinds is None else kinds[:2]
    unit, longest = grid(plain(long, np.int64), 0, 0)
    if not same:
        unit, longest = grid(plain(held, np.int64), unit, longest)
    differs = np.zeros(0, bool) if same else held != long
    if differs.any():
        if kinds is not None:
            differs &= kinds[2]
        elif structure.users[0] == 0:
            differs &= structure.users_only
    return Services(
        occupancy=occupancy,
        latency=latency,
        even=not differs.any(),
        zero=bool(len(long) and long.min() == 0),
        unit=max(unit, 1),
        n_buckets=_buckets(longest // max(unit, 1), len(latency)),
    )


def _buckets(longest: int, n_tasks: int) -> int:
    """How many buckets of one unit of time a wheel needs; 0 if they are too many."""
    from archsim.engine.kernels.ends import MAX_BUCKETS

    n_buckets = max(64, 1 << longest.bit_length())
    return n_buckets if n_buckets <= min(MAX_BUCKETS, max(1024, 2 * n_tasks)) else 0
