"""Where fragments are placed, and the columns of a graph that single tasks and placed fragments make up.

A graph is a sequence of pieces: some single tasks, a fragment, some single tasks, a fragment ... Each column is
put together at once, out of the columns of single tasks and those of each fragment (the source), piece by piece.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError
from archsim.taskgraph.finish import ROWS
from archsim.taskgraph.fragment import Fragment, Port

Ints = NDArray[np.int64]
Given = tuple[Sequence[Port], Sequence[int], Sequence[int], Sequence[int]]
"""Kinds of values that a place gives: ports, slots, counts, times."""
Shape = tuple[int, int, int, int]
"""How many of each."""
Mark = tuple[int, int, int, int, int, int]
PORTS, SLOTS, COUNTS, TIMES = range(4)
NOTHING = -1


class Many(NamedTuple):
    """Values of many places, one after the other; `NOTHING` among the tasks stands for none.

    Attributes
    ----------
    numbers : list of int
        Their fragments (`TaskGraphBuilder.known`).
    n_tasks : int
        Of all of them.
    port_sizes, port_tasks : list of int
        How many tasks each port of each place has, and which.
    slots : list of int
        The resources of all.
    counts : int64 array
        The open counts of all.
    """

    numbers: list[int]
    n_tasks: int
    port_sizes: list[int]
    port_tasks: list[int]
    slots: list[int]
    counts: NDArray[np.int64]


class Known(NamedTuple):
    """Signature of a fragment: its number, its tasks, and how many values its places give."""

    number: int
    n_tasks: int
    shape: Shape


class Unit(NamedTuple):
    """Fragments that were placed one after the other.

    Attributes
    ----------
    first, n_tasks : int
        Its tasks.
    numbers, port_sizes, slots : array
        As of `Many`.
    ports : int64 array
        The tasks that they wait for.
    timestep, sample : int64 array
        Of each place.
    n_counts : int
        How many open counts they have; open times there are none.
    """

    first: int
    n_tasks: int
    numbers: array[int]
    port_sizes: array[int]
    slots: array[int]
    ports: Ints
    timestep: Ints
    sample: array[int]
    n_counts: int

    def follows(self, before: Unit) -> bool:
        """Whether it has the same fragments as the unit right before it, some timesteps later."""
        return (
            before.first + before.n_tasks == self.first
            and (before.numbers, before.port_sizes, before.slots) == (self.numbers, self.port_sizes, self.slots)
            and (before.sample, before.n_counts) == (self.sample, self.n_counts)
            and len(set((self.timestep - before.timestep).tolist())) == 1
        )


class Places:
    """Fragments in the order in which they are placed, with what each place says."""

    def __init__(self) -> None:
        self.fragments: dict[Fragment, Known] = {}
        self.n_tasks = 0  # of all placed fragments
        self.number, self.n_before = array("i"), array("q")
        self.timestep, self.sample = array("i"), array("i")
        self.port_sizes, self.port_tasks = array("i"), array("i")
        self.slots, self.counts, self.times = array("i"), array("q"), array("q")

    @property
    def n_edges(self) -> int:
        """Predecessors of all tasks, about."""
        sizes = [len(fragment.after_idx) for fragment in self.fragments]
        return len(self.port_tasks) + sum(sizes[number] for number in self.number)

    @property
    def n_claims(self) -> int:
        """Resources that tasks use, reserve and free."""
        sizes = [sum(len(getattr(fragment, name).units) for name in ROWS) for fragment in self.fragments]
        return sum(sizes[number] for number in self.number)

    def learn(self, fragment: Fragment, shape: Shape) -> Known:
        """A new fragment, whose places give so many ports, slots, counts and times."""
        _check_openings(fragment, shape)
        known = self.fragments[fragment] = Known(len(self.fragments), fragment.n_tasks, shape)
        return known

    def add(self, known: Known, n_before: int, given: Given, label: tuple[int, int]) -> None:
        """One place, behind so many single tasks."""
        number, n_tasks, shape = known
        ports, slots, counts, times = given
        if shape != (len(ports), len(slots), len(counts), len(times)):
            raise EngineError(
                f"a fragment with {shape} ports, slots, counts and times is placed with {tuple(map(len, given))}"
            )
        self.number.append(number)
        self.n_before.append(n_before)
        tasks, sizes = self.port_tasks, self.port_sizes
        for port in ports:
            if isinstance(port, int):
                tasks.append(port)
                sizes.append(1)
            elif port is None:
                sizes.append(0)
            else:
                given_tasks: Any = [task for task in port if task is not None] if None in port else port
                tasks.extend(given_tasks)
                sizes.append(len(given_tasks))
        if slots:
            self.slots.extend(slots)
        if counts:
            self.counts.extend(counts)
        if times:
            self.times.extend(times)
        self.timestep.append(label[0])
        self.sample.append(label[1])
        self.n_tasks += n_tasks

    def add_many(self, many: Many, n_before: int, label: tuple[int, int]) -> None:
        """Places one after the other, behind so many single tasks."""
        n = len(many.numbers)
        self.number.extend(many.numbers)
        self.n_before.extend([n_before] * n)
        self.port_sizes.extend(many.port_sizes)
        self.port_tasks.extend(many.port_tasks)
        self.slots.extend(many.slots)
        self.counts.frombytes(many.counts.tobytes())
        self.timestep.extend([label[0]] * n)
        self.sample.extend([label[1]] * n)
        self.n_tasks += many.n_tasks

    def mark(self) -> Mark:
        """Where the next place will be."""
        return (
            len(self.number),
            len(self.port_sizes),
            len(self.port_tasks),
            len(self.slots),
            len(self.counts),
            len(self.times),
        )

    def since(self, mark: Mark, first: int, n_tasks: int) -> Unit | None:
        """Fragments placed since then; None if times were open, or nothing was placed."""
        number, port_sizes, ports, slots, counts, times = mark
        if len(self.times) > times or len(self.number) == number:
            return None
        return Unit(
            first, n_tasks, self.number[number:], self.port_sizes[port_sizes:], self.slots[slots:],
            np.array(self.port_tasks[ports:], np.int64), np.array(self.timestep[number:], np.int64),
            self.sample[number:], len(self.counts) - counts,
        )  # fmt: skip

    def again(self, unit: Unit, moves: Ints, n_timesteps: int, counts: Ints, n_before: int) -> Unit:
        """The places of a unit as often as there are counts, moved on; the last one."""
        n = len(counts)
        if counts.shape[1] != unit.n_counts:
            raise EngineError(f"a unit with {unit.n_counts} open counts is placed with {counts.shape[1]}")
        ahead = np.arange(1, n + 1)[:, None]
        ports, timestep = unit.ports + ahead * moves, unit.timestep + ahead * n_timesteps
        self.number.extend(unit.numbers * n)
        self.n_before.extend([n_before] * (n * len(unit.numbers)))
        self.port_sizes.extend(unit.port_sizes * n)
        self.port_tasks.frombytes(ports.astype(np.int32).tobytes())
        self.slots.extend(unit.slots * n)
        self.counts.frombytes(counts.astype(np.int64).tobytes())
        self.timestep.frombytes(timestep.astype(np.int32).tobytes())
        self.sample.extend(unit.sample * n)
        self.n_tasks += n * unit.n_tasks
        return unit._replace(first=unit.first + n * unit.n_tasks, ports=ports[-1], timestep=timestep[-1])

    def each(self, many: Many) -> Iterator[tuple[Fragment, Given]]:
        """Each of many places, with what it gives."""
        fragments = list(self.fragments.items())
        sizes, tasks = iter(many.port_sizes), iter(many.port_tasks)
        slots, counts = iter(many.slots), iter(many.counts.ravel().tolist())
        for number in many.numbers:
            fragment, (_, _, (n_ports, n_slots, n_counts, _)) = fragments[number]
            ports = [list(islice(tasks, size)) for size in islice(sizes, n_ports)]
            yield fragment, (ports, list(islice(slots, n_slots)), list(islice(counts, n_counts)), ())

    def layout(
        self, single: Mapping[str, Any], names: Mapping[str, Mapping[str, int]], n_resources: int
    ) -> Layout:
        """The pieces of a graph with these single tasks, numbers of names, and so many resources."""
        return Layout(self, single, names, n_resources)


class Layout:
    """Pieces of a graph: where each begins, in the graph and in the source."""

    def __init__(
        self, places: Places, single: Mapping[str, Any], names: Mapping[str, Mapping[str, int]], n_resources: int
    ) -> None:
        self._places, self._n_resources = places, n_resources
        self._single, self._names = single, names
        n, n_single = len(places.number), len(single["action"])
        number, before = np.array(places.number, np.int64), np.array(places.n_before, np.int64)
        sizes = np.array([known.n_tasks for known in places.fragments.values()], np.int64)
        first = n_single + np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        bounds = np.concatenate([np.zeros(1, np.int64), before, np.array([n_single])])
        self.begin, self.length = np.empty(2 * n + 1, np.int64), np.empty(2 * n + 1, np.int64)
        self.begin[0::2], self.length[0::2] = bounds[:-1], np.diff(bounds)
        self.begin[1::2], self.length[1::2] = first[number], sizes[number]
        self.start = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.length)])
        self._number = number

    @property
    def n_tasks(self) -> int:
        """Of the whole graph."""
        return int(self.start[-1])

    def column(self, name: str) -> NDArray[Any]:
        """A column of the graph by its name."""
        single, fragments = self._single[name], self._places.fragments
        if name in self._names:
            numbers = self._names[name]
            return self.of_tasks(single, [[numbers[of] for of in getattr(f, name)] for f in fragments])
        if name in ("timestep", "sample"):
            found = self.of_tasks(single, [[0] * f.n_tasks for f in fragments])
            found += np.repeat(self._of_places(getattr(self._places, name)), self.length).astype(found.dtype)
            return found
        found = self.of_tasks(single, [getattr(f, name) for f in fragments])
        if name == "count":
            return self.filled(found, COUNTS, self._places.counts)
        return found if name == "priority" else self.filled(found, TIMES, self._places.times)

    def of_tasks(self, single: Any, of_fragments: Sequence[Sequence[int]]) -> NDArray[Any]:
        """A column of the graph from that of its single tasks and that of each fragment."""
        return _source(single, of_fragments)[self._row]

    @cached_property
    def _row(self) -> Ints:
        """Which row of the source each task is."""
        return _entries(self.begin, self.length, self.start)

    def _of_places(self, values: Any) -> Ints:
        """A number for each piece: that of its place; 0 for single tasks."""
        found = np.zeros(len(self.length), np.int64)
        found[1::2] = values
        return found

    def _base(self, kind: int) -> Ints:
        """Where the ports, slots, counts or times of each piece begin."""
        of_fragments = [known.shape[kind] for known in self._places.fragments.values()]
        sizes = np.array(of_fragments, np.int64)[self._number]
        return self._of_places(np.cumsum(sizes) - sizes)

    def filled(self, column: NDArray[Any], kind: int, given: Any) -> NDArray[Any]:
        """A column with what the places give where it is open."""
        is_open = np.flatnonzero(column < 0)
        piece = np.searchsorted(self.start, is_open, side="right") - 1
        column[is_open] = np.array(given, np.int64)[self._base(kind)[piece] - 1 - column[is_open]]
        if len(is_open) and column[is_open].min() < 0:
            raise EngineError("a placed fragment has a count or a time below 0")
        return column

    def rows(self, name: str) -> tuple[Ints, NDArray[Any], NDArray[Any]]:
        """Compressed rows of claims: pointers, resources, units."""
        single, fragments = self._single[name], [getattr(f, name) for f in self._places.fragments]
        source = _pointers(single.ptr, [rows.ptr for rows in fragments])
        ptr, entry, starts = self._laid_out(source)
        resource = _source(single.resource, [rows.resource for rows in fragments])[entry]
        is_open = np.flatnonzero(resource < 0)
        piece = np.searchsorted(starts, is_open, side="right") - 1
        slots = np.array(self._places.slots, np.int32)
        resource[is_open] = slots[self._base(SLOTS)[piece] - 1 - resource[is_open]]
        if len(resource) and not 0 <= resource.min() <= resource.max() < self._n_resources:
            odd = resource[(resource < 0) | (resource >= self._n_resources)][0]
            raise EngineError(f"{name} of a placed fragment: resource {odd} is unknown")
        units = _source(single.units, [rows.units for rows in fragments])[entry]
        return ptr, resource, units

    def _laid_out(self, source: Ints) -> tuple[Ints, Ints, Ints]:
        """Pointers of the graph, which entry of the source each entry is, and where those of each piece begin."""
        lengths = source[self.begin + self.length] - source[self.begin]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        ptr = np.zeros(self.n_tasks + 1, np.int64)
        np.cumsum(np.diff(source)[self._row], out=ptr[1:])
        return ptr, _entries(source[self.begin], lengths, starts), starts

    def edges(self) -> tuple[Ints, Ints]:
        """Compressed rows of predecessors; in no order, some of them twice."""
        fragments, single_idx = self._places.fragments, self._single["after_idx"]
        source = _pointers(self._single["after_ptr"], [f.after_ptr for f in fragments])
        ptr, entry, starts = self._laid_out(source)
        given = _source(single_idx, [f.after_idx for f in fragments])[entry].astype(np.int64)
        del entry
        lengths = np.diff(starts)
        is_open = np.flatnonzero(given < 0)
        piece = np.searchsorted(starts, is_open, side="right") - 1
        port = self._base(PORTS)[piece] - 1 - given[is_open]
        sizes = np.array(self._places.port_sizes, np.int64)
        port_ptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        given += np.repeat(np.where(np.arange(len(lengths)) % 2, self.start[:-1], 0), lengths)
        n_each = np.ones(len(given), np.int64)
        n_each[is_open] = port_ptr[port + 1] - port_ptr[port]
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(n_each)])
        idx = np.repeat(given, n_each)
        del given
        begin, n_given = port_ptr[port], n_each[is_open]
        given_tasks = np.array(self._places.port_tasks, np.int64)
        into = _entries(ends[is_open], n_given, np.concatenate([np.zeros(1, np.int64), np.cumsum(n_given)]))
        out_of = _entries(begin, n_given, np.concatenate([np.zeros(1, np.int64), np.cumsum(n_given)]))
        idx[into] = given_tasks[out_of]
        if len(into) and idx[into].min() < NOTHING:
            raise EngineError(f"a placed fragment waits for {idx[into].min()}, a task that does not exist")
        if (idx[into] >= np.repeat(self.start[piece], n_given)).any():
            raise EngineError("a task of a placed fragment waits for itself, or for a task that comes after it")
        stays = idx != NOTHING
        if not stays.all():
            idx, ends = idx[stays], np.concatenate([np.zeros(1, np.int64), np.cumsum(stays)])[ends]
        return ends[ptr], idx


def _source(single: Any, of_fragments: Sequence[Sequence[int]]) -> NDArray[Any]:
    own = np.asarray(single)
    more = list(chain.from_iterable(of_fragments))
    return np.concatenate([own, np.array(more, own.dtype)])


def _pointers(single: Any, of_fragments: Sequence[Sequence[int]]) -> Ints:
    """Pointers of a source."""
    sizes = [np.diff(np.asarray(single)), *(np.diff(np.array(ptr)) for ptr in of_fragments)]
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(sizes))])


def _entries(begin: Ints, length: Ints, start: Ints) -> Ints:
    """The numbers from `begin` on, `length` of them, of one piece after the other."""
    return np.asarray(np.arange(start[-1]) + np.repeat(begin - start[:-1], length))


def _check_openings(fragment: Fragment, shape: Shape) -> None:
    """Refuse a fragment that asks for more than its places give, or for tasks that it has not."""
    rows = [getattr(fragment, name) for name in ROWS]
    resources = list(chain.from_iterable(row.resource for row in rows))
    units = list(chain.from_iterable(row.units for row in rows))
    times = list(map(int, chain(fragment.occupancy_ps, fragment.latency_ps)))  # comparisons may be noted
    given = (fragment.after_idx, resources, fragment.count, times)
    for what, n, numbers in zip(("port", "slot", "count", "time"), shape, given, strict=True):
        if (least := min(numbers, default=0)) < -n:
            raise EngineError(f"a fragment asks for {what} {-1 - least}; its places give {n}")
    owners = np.repeat(np.arange(fragment.n_tasks), np.diff(fragment.after_ptr))
    if (np.array(fragment.after_idx, np.int64) >= owners).any():
        raise EngineError("a task of a fragment waits for itself, or for a task that comes after it")
    if min(units, default=1) < 1:
        raise EngineError("a fragment has units below 1")
