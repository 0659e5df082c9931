"""The columns of a graph that single tasks and placed fragments make up, put together piece by piece.

The loops are compiled where numba is; numpy gives the same columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.compiling import pays
from archsim.errors import EngineError
from archsim.taskgraph.finish import Rows, unique_rows
from archsim.taskgraph.places import COUNTS, NOTHING, PORTS, SLOTS, TIMES, Places

Ints = NDArray[np.int64]
WORTH = 20_000_000
"""Tasks whose columns numpy puts together in the time that the loops take to compile: 4 s."""


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

    @cached_property
    def _loops(self) -> Any:
        """The compiled loops; None where there are none, or few tasks."""
        try:
            from archsim.taskgraph import compiled
        except ImportError:  # numba is not installed
            return None
        return compiled if pays(compiled.lay_rows_of_edges, self.n_tasks, WORTH) else None

    def column(self, name: str) -> NDArray[Any]:
        """A column of the graph by its name."""
        single, fragments = self._single[name], self._places.fragments
        if name in self._names:
            numbers = self._names[name]
            return self.of_tasks(single, [[numbers[of] for of in getattr(f, name)] for f in fragments])
        if name in ("timestep", "sample"):
            shift = self._of_places(getattr(self._places, name))
            return self.of_tasks(single, [[0] * f.n_tasks for f in fragments], shift)
        values = [getattr(f, name) for f in fragments]
        if name == "priority":
            return self.of_tasks(single, values)
        kind, given = (COUNTS, self._places.counts) if name == "count" else (TIMES, self._places.times)
        return self.open_of_tasks(single, values, kind, given)

    def of_tasks(
        self, single: Any, of_fragments: Sequence[Sequence[int]], shift: Ints | None = None
    ) -> NDArray[Any]:
        """A column of the graph from that of its single tasks and that of each fragment, each piece shifted."""
        source = _source(single, of_fragments)
        if self._loops is not None:
            return self._copied(source, np.zeros(len(self.length), np.int64) if shift is None else shift)
        found = source[self._row]
        return found if shift is None else found + np.repeat(shift, self.length).astype(found.dtype)

    def open_of_tasks(
        self, single: Any, of_fragments: Sequence[Sequence[int]], kind: int, given: Any
    ) -> NDArray[Any]:
        """A column with what the places give where it is open."""
        source, numbers = _source(single, of_fragments).astype(np.int64), np.array(given, np.int64)
        if self._loops is not None:
            found = self._copied(source, np.zeros(len(self.length), np.int64), (self._base(kind), numbers))
        else:
            found = source[self._row]
            is_open = np.flatnonzero(found < 0)
            piece = np.searchsorted(self.start, is_open, side="right") - 1
            found[is_open] = numbers[self._base(kind)[piece] - 1 - found[is_open]]
        if len(found) and found.min() < 0:
            raise EngineError("a placed fragment has a count or a time below 0")
        return found

    def _copied(self, source: NDArray[Any], shift: Ints, given: tuple[Ints, Ints] | None = None) -> NDArray[Any]:
        base, numbers = given or (shift, shift)
        found = np.empty(self.n_tasks, source.dtype)
        self._loops.lay_column(self.begin, self.length, source, shift, base, numbers, given is not None, found)
        return found

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

    def rows(self, name: str) -> Rows:
        """Compressed rows of claims."""
        single, fragments = self._single[name], [getattr(f, name) for f in self._places.fragments]
        ptr = _pointers(single.ptr, [rows.ptr for rows in fragments])
        resource = _source(single.resource, [rows.resource for rows in fragments])
        units = _source(single.units, [rows.units for rows in fragments])
        slots = np.array(self._places.slots, np.int32)
        if self._loops is not None:
            n = int((ptr[self.begin + self.length] - ptr[self.begin]).sum())
            found = np.zeros(self.n_tasks + 1, np.int64), np.empty(n, np.int32), np.empty(n, np.int64)
            of = self.begin, self.length, ptr, resource, units, self._base(SLOTS), slots, self._n_resources
            if self._loops.lay_claims(*of, *found):
                return Rows(*found, are_merged=True)
        return self._plain_rows(name, (ptr, resource, units), slots)

    def _plain_rows(self, name: str, source: tuple[Ints, NDArray[Any], Ints], slots: NDArray[Any]) -> Rows:
        ptr, entry, starts = self._laid_out(source[0])
        resource = source[1][entry]
        is_open = np.flatnonzero(resource < 0)
        piece = np.searchsorted(starts, is_open, side="right") - 1
        resource[is_open] = slots[self._base(SLOTS)[piece] - 1 - resource[is_open]]
        if len(resource) and not 0 <= resource.min() <= resource.max() < self._n_resources:
            odd = resource[(resource < 0) | (resource >= self._n_resources)][0]
            raise EngineError(f"{name} of a placed fragment: resource {odd} is unknown")
        return Rows(ptr, resource, source[2][entry])

    def _laid_out(self, source: Ints) -> tuple[Ints, Ints, Ints]:
        """Pointers of the graph, which entry of the source each entry is, and where those of each piece begin."""
        lengths = source[self.begin + self.length] - source[self.begin]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        ptr = np.zeros(self.n_tasks + 1, np.int64)
        np.cumsum(np.diff(source)[self._row], out=ptr[1:])
        return ptr, _entries(source[self.begin], lengths, starts), starts

    def edges(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Compressed rows of predecessors, in order, each once."""
        fragments = self._places.fragments
        ptr = _pointers(self._single["after_ptr"], [f.after_ptr for f in fragments])
        source = _source(self._single["after_idx"], [f.after_idx for f in fragments])
        port_ptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(self._places.port_sizes, np.int64))])
        ports = port_ptr, np.array(self._places.port_tasks, np.int32)
        if self._loops is not None:
            of = self.begin, self.length, self.start, ptr, source, self._base(PORTS)
            found_ptr, idx, is_right = self._loops.lay_rows_of_edges(*of, *ports)
            if is_right:
                return found_ptr, idx
        return unique_rows(*self._plain_edges(ptr, source, *ports), in_order=True)

    def _plain_edges(
        self, source: Ints, source_idx: NDArray[Any], port_ptr: Ints, given_tasks: NDArray[Any]
    ) -> tuple[Ints, Ints]:
        """In no order, some of them twice."""
        ptr, entry, starts = self._laid_out(source)
        given = source_idx[entry].astype(np.int64)
        del entry
        lengths = np.diff(starts)
        is_open = np.flatnonzero(given < 0)
        piece = np.searchsorted(starts, is_open, side="right") - 1
        port = self._base(PORTS)[piece] - 1 - given[is_open]
        given += np.repeat(np.where(np.arange(len(lengths)) % 2, self.start[:-1], 0), lengths)
        n_each = np.ones(len(given), np.int64)
        n_each[is_open] = port_ptr[port + 1] - port_ptr[port]
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(n_each)])
        idx = np.repeat(given, n_each)
        del given
        begin, n_given = port_ptr[port], n_each[is_open]
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
    own, end = np.asarray(single, np.int64), int(single[-1])
    more: list[int] = []
    for ptr in of_fragments:
        more.extend([end + at for at in ptr[1:]])
        end += ptr[-1]
    return np.concatenate([own, np.array(more, np.int64)])


def _entries(begin: Ints, length: Ints, start: Ints) -> Ints:
    """The numbers from `begin` on, `length` of them, of one piece after the other."""
    return np.asarray(np.arange(start[-1]) + np.repeat(begin - start[:-1], length))
