"""Building a task graph, task by task; what makes no sense is refused at once, with the task's number."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import EngineError, TooLargeError
from archsim.taskgraph.digest import digest_of
from archsim.taskgraph.errors import after_errors, claim_errors, number_errors, refuse, text_errors
from archsim.taskgraph.finish import Single, Source, finished
from archsim.taskgraph.fragment import Fragment, Port
from archsim.taskgraph.graph import Claims, TaskGraph
from archsim.taskgraph.layout import Layout
from archsim.taskgraph.memory import finish_bytes, require
from archsim.taskgraph.places import TIMES, Given, Known, Many, Mark, Places, Shape, Unit
from archsim.taskgraph.whole import is_whole


class _Rows:
    """Compressed rows of (resource, units) that grow by one row per task."""

    __slots__ = ("ptr", "resource", "units")

    def __init__(self) -> None:
        self.ptr = array("q", [0])
        self.resource = array("i")
        self.units = array("q")

    @property
    def columns(self) -> tuple[array[int], array[int], array[int]]:
        """All three."""
        return self.ptr, self.resource, self.units

    def cut(self, n_tasks: int) -> None:
        """Forget every row after the first `n_tasks`."""
        del self.ptr[n_tasks + 1 :]
        del self.resource[self.ptr[n_tasks] :], self.units[self.ptr[n_tasks] :]


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
        self._n_tasks = 0  # single ones and those of placed fragments
        self._places = Places()
        self._occupancy, self._latency, self._count = array("q"), array("q"), array("q")
        self._priority, self._timestep, self._sample = array("i"), array("i"), array("i")
        self._action, self._stage, self._layer = array("i"), array("i"), array("i")
        self._actions, self._stages, self._layers = dict[str, int](), dict[str, int](), dict[str, int]()
        self._numbers = self._actions, self._stages, self._layers
        self._named: set[int] = set()  # fragments whose names have numbers
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
        stage: str = "",
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
        stage, layer, timestep, sample
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
            A number is out of range, or a resource or task is unknown; every error of the task is named.
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
            self._stage.append(_number_of(self._stages, stage))
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
            self._cut(task - self._places.n_tasks)
            numbers = {
                "count": (count, 0, 2**63),
                "occupancy_ps": (occupancy_ps, 0, 2**63),
                "latency_ps": (latency_ps, 0, 2**63),
                "priority": (priority, -(2**31), 2**31),
                "timestep": (timestep, -(2**31), 2**31),
                "sample": (sample, -(2**31), 2**31),
            }
            texts = {"action": action, "stage": stage, "layer": layer}
            claims_of = {"uses": uses, "reserves": reserves, "frees": frees}
            errors = [
                *text_errors(texts),
                *number_errors(numbers),
                *after_errors(after, task),
                *claim_errors(claims_of, self._n_resources),
            ]
            refuse(task, action, errors, reason)
        self._n_tasks = task + 1
        return task

    def _cut(self, n_tasks: int) -> None:
        """Forget what a refused task left behind, so that the builder stays usable."""
        for column in (
            self._action, self._stage, self._layer, self._count, self._occupancy,
            self._latency, self._priority, self._timestep, self._sample,
        ):  # fmt: skip
            del column[n_tasks:]
        del self._after_ptr[n_tasks + 1 :]
        del self._after_idx[self._after_ptr[n_tasks] :]
        for rows in (self._uses, self._reserves, self._frees):
            rows.cut(n_tasks)

    def place(
        self,
        fragment: Fragment,
        ports: Sequence[Port] = (),
        slots: Sequence[int] = (),
        counts: Sequence[int] = (),
        times: Sequence[int] = (),
        timestep: int = -1,
        sample: int = -1,
    ) -> int:
        """Add the tasks of a fragment; it may not change afterwards.

        Parameters
        ----------
        fragment : Fragment
        ports : sequence of int, None, or sequence of int
            For each port of the fragment the tasks that must be done first; they must exist already.
        slots, counts, times : sequence of int
            The resource for each slot, the open counts, and the open times in picoseconds.
        timestep, sample : int
            Labels of all its tasks.

        Returns
        -------
        int
            The id of its first task; the others follow.

        Raises
        ------
        TooLargeError
            There would be more tasks than may be.
        EngineError
            The fragment asks for more or less than is given.
        """
        known = self._places.fragments.get(fragment)
        if known is None:
            known = self.known(fragment, (len(ports), len(slots), len(counts), len(times)))
        first = self._next(known.n_tasks)
        self._number_names((known.number,))
        self._places.add(known, len(self._action), (ports, slots, counts, times), (timestep, sample))
        return first

    def _number_names(self, fragments: Sequence[int]) -> None:
        """Numbers of what the tasks of fragments name, in the order in which these are first placed."""
        if self._named.issuperset(fragments):
            return
        every = list(self._places.fragments)
        for number in dict.fromkeys(fragments):
            if number not in self._named:
                self._named.add(number)
                one = every[number]
                for numbers, of_tasks in zip(self._numbers, (one.action, one.stage, one.layer), strict=True):
                    for name in of_tasks:
                        _number_of(numbers, name)

    def known(self, fragment: Fragment, shape: Shape) -> Known:
        """Signature of a fragment whose places give so many ports, slots, counts and times."""
        known = self._places.fragments.get(fragment)
        if known is None:
            known = self._places.learn(fragment, shape)
        if known.shape != shape:
            raise EngineError(
                f"a fragment with {known.shape} ports, slots, counts and times is placed with {shape}"
            )
        return known

    def place_many(self, many: Many, timestep: int = -1, sample: int = -1) -> int:
        """Add the tasks of many places of fragments, see `Many`; returns the first of them."""
        first = self._next(many.n_tasks)
        self._number_names(many.numbers)
        self._places.add_many(many, len(self._action), (timestep, sample))
        return first

    def mark(self) -> tuple[int, int, Mark]:
        """This moment: tasks so far, single ones, and places."""
        return self._n_tasks, len(self._action), self._places.mark()

    def since(self, mark: tuple[int, int, Mark]) -> Unit | None:
        """The fragments that have been placed since then; None if there is more, or nothing."""
        first, n_single, places = mark
        if len(self._action) > n_single:
            return None
        return self._places.since(places, first, self._n_tasks - first)

    def again(self, unit: Unit, moves: NDArray[np.int64], n_timesteps: int, counts: NDArray[np.int64]) -> Unit:
        """Add the tasks of a unit, moved on, again and again.

        Parameters
        ----------
        unit : Unit
            The last tasks there are.
        moves : int64[n_ports]
            How far each task that it waits for moves on from one unit to the next.
        n_timesteps : int
            How far its timesteps do.
        counts : int64[n_units, n_counts]
            The open counts of each unit.

        Returns
        -------
        Unit
            The last one.

        Raises
        ------
        TooLargeError
            There would be more tasks than may be.
        EngineError
            The unit does not come last, or has more or fewer counts.
        """
        n = len(counts)
        if self._next(n * unit.n_tasks) != unit.first + unit.n_tasks:
            raise EngineError(f"a unit that ends with task {unit.first + unit.n_tasks - 1} is not the last one")
        return self._places.again(unit, moves, n_timesteps, counts, len(self._action))

    def places_of(self, many: Many) -> Iterator[tuple[Fragment, Given]]:
        """Each of many places: its fragment, and the ports, slots, counts and times that it gives."""
        return self._places.each(many)

    def _next(self, n_tasks: int) -> int:
        """The id of the next of so many more tasks."""
        first = self._n_tasks
        if self._most_tasks is not None and first + n_tasks > self._most_tasks:
            raise TooLargeError(f"a graph of more than {self._most_tasks} tasks is not allowed here")
        self._n_tasks = first + n_tasks
        return first

    @property
    def n_tasks(self) -> int:
        """Tasks so far."""
        return self._n_tasks

    @property
    def action_names(self) -> tuple[str, ...]:
        """Of the graph that it would build."""
        return tuple(self._actions)

    def per_time(
        self, single: Sequence[int], of_fragment: Callable[[Fragment], Sequence[int]], given: Sequence[int]
    ) -> NDArray[Any]:
        """A column beside the times: of single tasks, of a fragment, and a number for each open time."""
        source = self._source()
        if not isinstance(source, Layout):
            return np.array(single)
        of_fragments = [of_fragment(one) for one in self._places.fragments]
        return source.open_of_tasks(np.array(single), of_fragments, TIMES, given)

    def digest(self) -> bytes:
        """Number of what `build` would make: the same for graphs that are equal but for names.

        Examples
        --------
        >>> one, two = TaskGraphBuilder(), TaskGraphBuilder()
        >>> tasks = [b.task(action=name, uses=[(b.resource(name), 1)]) for b, name in ((one, "a"), (two, "b"))]
        >>> one.digest() == two.digest()
        True
        """
        rows = [column for rows in (self._uses, self._reserves, self._frees) for column in rows.columns]
        single = (
            self._capacity, self._occupancy, self._latency, self._count, self._priority, self._timestep,
            self._sample, self._action, self._stage, self._layer, self._after_ptr, self._after_idx, *rows,
        )  # fmt: skip
        self._number_names(range(len(self._places.fragments)))
        return digest_of(single, self._places, self._numbers)

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
        n_edges = len(self._after_idx) + self._places.n_edges
        needed = finish_bytes(self._n_tasks, n_edges, n_claims + self._places.n_claims)
        help = "what helps: fewer timesteps or samples at once"
        require(needed, max_memory, f"a graph of {self._n_tasks:,} tasks", help)
        self._number_names(range(len(self._places.fragments)))
        names = tuple(self._resources), *map(tuple, self._numbers)
        capacity = np.array(self._capacity, np.int64)
        return finished(self._source(), capacity, names)

    def _source(self) -> Source:
        """All columns, of single tasks and placed fragments."""
        single: dict[str, Any] = {
            "occupancy_ps": self._occupancy, "latency_ps": self._latency, "count": self._count,
            "priority": self._priority, "timestep": self._timestep, "sample": self._sample,
            "action": self._action, "stage": self._stage, "layer": self._layer,
            "after_ptr": self._after_ptr, "after_idx": self._after_idx,
            "uses": self._uses, "reserves": self._reserves, "frees": self._frees,
        }  # fmt: skip
        if not self._places.n_tasks:
            return Single(single)
        names = {"action": self._actions, "stage": self._stages, "layer": self._layers}
        return Layout(self._places, single, names, self._n_resources)


def _number_of(names: dict[str, int], name: str) -> int:
    """The number of a name, a new one if it is new."""
    number = names.get(name)
    if number is None:
        if not isinstance(name, str):
            raise TypeError("a name must be text")
        number = names[name] = len(names)
    return number
