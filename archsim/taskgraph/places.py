"""Where fragments are placed, and what each place says.

A graph is a sequence of pieces: some single tasks, a fragment, some single tasks, a fragment ... Each column is
put together at once, out of the columns of single tasks and those of each fragment (the source), piece by piece:
:mod:`archsim.taskgraph.layout`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError
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
    def columns(self) -> tuple[array[int], ...]:
        """All that the places say."""
        return (
            self.number, self.n_before, self.timestep, self.sample, self.port_sizes, self.port_tasks,
            self.slots, self.counts, self.times,
        )  # fmt: skip

    @property
    def n_edges(self) -> int:
        """Predecessors of all tasks, about."""
        return len(self.port_tasks) + self._of_all([len(fragment.after_idx) for fragment in self.fragments])

    @property
    def n_claims(self) -> int:
        """Resources that tasks use, reserve and free."""
        return self._of_all([sum(len(rows.units) for rows in fragment.rows) for fragment in self.fragments])

    def _of_all(self, sizes: Sequence[int]) -> int:
        """The sum over all places of what is known by fragment."""
        if not self.number:
            return 0
        often = np.bincount(np.frombuffer(self.number, np.int32), minlength=len(sizes))
        return int(np.dot(often, sizes))

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


def _check_openings(fragment: Fragment, shape: Shape) -> None:
    """Refuse a fragment that asks for more than its places give, or for tasks that it has not."""
    resources = list(chain.from_iterable(row.resource for row in fragment.rows))
    times = list(map(int, chain(fragment.occupancy_ps, fragment.latency_ps)))  # comparisons may be noted
    given = (fragment.after_idx, resources, fragment.count, times)
    for what, n, numbers in zip(("port", "slot", "count", "time"), shape, given, strict=True):
        if (least := min(numbers, default=0)) < -n:
            raise EngineError(f"a fragment asks for {what} {-1 - least}; its places give {n}")
    for task, (begin, end) in enumerate(pairwise(fragment.after_ptr)):
        if max(fragment.after_idx[begin:end], default=-1) >= task:
            raise EngineError("a task of a fragment waits for itself, or for a task that comes after it")
    if min(chain.from_iterable(row.units for row in fragment.rows), default=1) < 1:
        raise EngineError("a fragment has units below 1")
