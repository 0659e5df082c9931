"""From the columns of a builder to a `TaskGraph`: lists in order, numbers in as few bytes as they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from archsim.taskgraph.graph import TaskGraph, counts, labels, narrow, pointers
from archsim.taskgraph.whole import in_64_bits, products, sums_by

Columns = dict[str, NDArray[Any]]
ROWS = ("uses", "reserves", "frees")
_Number = TypeVar("_Number", bound=np.signedinteger[Any])


class Rows(NamedTuple):
    """Compressed rows of claims; `are_merged`: no task names a resource twice."""

    ptr: NDArray[Any]
    resource: NDArray[Any]
    units: NDArray[Any]
    are_merged: bool = False


class Source(Protocol):
    """Source of a graph's columns, one after the other: few of them are in memory twice."""

    def column(self, name: str) -> NDArray[Any]:
        """One number for each task."""
        ...

    def rows(self, name: str) -> Rows:
        """Compressed rows of claims."""
        ...

    def edges(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Compressed rows of predecessors, each of which a row names once."""
        ...


@dataclass(frozen=True)
class Single:
    """Columns as they have grown."""

    columns: dict[str, Any]

    def column(self, name: str) -> NDArray[Any]:
        """As `Source.column`."""
        return np.asarray(self.columns[name])

    def rows(self, name: str) -> Rows:
        """As `Source.rows`."""
        rows = self.columns[name]
        return Rows(np.asarray(rows.ptr), np.asarray(rows.resource), np.asarray(rows.units))

    def edges(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """As `Source.edges`."""
        ptr, idx = np.asarray(self.columns["after_ptr"]), np.asarray(self.columns["after_idx"])
        return unique_rows(ptr, idx, in_order=False)


def finished(source: Source, capacity: NDArray[np.int64], names: Sequence[tuple[str, ...]]) -> TaskGraph:
    """The graph of some columns.

    Parameters
    ----------
    source : Source
    capacity : int64[n_resources]
    names : sequence of tuple of str
        Of resources, actions, stages, layers.

    Raises
    ------
    EngineError
        A task names one resource so often that the units add up to 2**63 and more.
    """
    resources, actions, stages, layers = names
    after_ptr, after_idx = source.edges()
    claims: Columns = {}
    for name in ROWS:
        claims |= _merged(source.rows(name), name, resources)
    latency = occupancy = _int64(source.column("occupancy_ps"))
    other = source.column("latency_ps")
    if (other != occupancy).any():
        latency = _int64(other)
    return TaskGraph(
        resource_names=resources,
        capacity=_int64(capacity),
        occupancy_ps=occupancy,
        latency_ps=latency,
        priority=_slim(_int32(source.column("priority"))),
        after_ptr=pointers(after_ptr),
        after_idx=_int32(after_idx),
        action_names=actions,
        action=_slim(narrow(source.column("action"))),
        count=_slim(counts(source.column("count"))),
        stage_names=stages,
        stage=_slim(narrow(source.column("stage"))),
        layer_names=layers,
        layer=_slim(narrow(source.column("layer"))),
        timestep=_slim(labels(source.column("timestep"))),
        sample=_slim(labels(source.column("sample"))),
        **claims,
    )


def _merged(rows: Rows, name: str, names: Sequence[str]) -> Columns:
    """Compressed rows of (resource, units); a resource named twice by one task is summed."""
    ptr, resource, units, are_merged = rows
    n_resources = len(names)
    if not are_merged and _has_duplicates(key := _owners(ptr) * n_resources + resource):
        key, place = np.unique(key, return_inverse=True)
        total = sums_by(place, products(units), len(key))
        most = int(total.argmax())
        task, odd = int(key[most]) // n_resources, names[int(key[most]) % n_resources]
        units = in_64_bits(total, f"task {task}: units of resource {odd!r}, named more than once, in all")
        ptr, resource = _pointers(key // n_resources, len(ptr) - 1), key % n_resources
    return {
        f"{name}_ptr": _slim(pointers(ptr)), f"{name}_resource": _int32(resource),
        f"{name}_units": _slim(_int64(units)),
    }  # fmt: skip


def _frozen(column: NDArray[np.int64]) -> NDArray[np.int64]:
    column.flags.writeable = False
    return column


def _int64(column: NDArray[Any]) -> NDArray[np.int64]:
    return _frozen(np.array(column, dtype=np.int64))


def _int32(column: NDArray[Any]) -> NDArray[np.int32]:
    result = np.array(column, dtype=np.int32)
    result.flags.writeable = False
    return result


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


def _owners(ptr: NDArray[Any]) -> NDArray[np.int64]:
    """The row of each entry."""
    return np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))


def unique_rows(
    ptr: NDArray[Any], idx: NDArray[Any], *, in_order: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The same rows, each number named once per row.

    Parameters
    ----------
    ptr, idx : whole numbers
        Compressed rows.
    in_order : bool
        Whether rows are sorted; otherwise only if one names a number twice.
    """
    n, owner = len(ptr) - 1, _owners(ptr)
    key = owner * max(n, 1) + idx
    # rows are nearly in order, which a stable sort turns to account
    ordered = np.sort(key, kind="stable")
    stays = np.ones(len(key), bool)
    np.greater(ordered[1:], ordered[:-1], out=stays[1:])
    if stays.all():
        return ptr, ordered - owner * n if in_order else idx
    ordered, owner = ordered[stays], owner[stays]
    return _pointers(owner, n), ordered - owner * n
