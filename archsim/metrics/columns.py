"""Columns that are read back from a file are whole numbers of the right count and range, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from archsim.taskgraph import TaskGraph
from archsim.trace import Trace

_LARGEST = 2**62  # of a time or a count: sums of two stay below 2**63


def check_whole(name: str, column: Any, n: int, low: int = 0, high: int = _LARGEST) -> None:
    """Refuse a column that does not hold `n` whole numbers from `low` to below `high`.

    Raises
    ------
    ValueError
        With the column's name.

    Examples
    --------
    >>> check_whole("layer", np.array([0, 3]), 2, high=3)
    Traceback (most recent call last):
    ValueError: layer: number 1 is 3; it must be from 0 to 2
    """
    if column.dtype.kind not in "iu" or column.dtype.itemsize > 8:
        raise ValueError(f"{name}: holds {column.dtype}, not whole numbers")
    if column.shape != (n,):
        raise ValueError(f"{name}: has shape {column.shape}, not ({n},)")
    wrong = np.flatnonzero((column < low) | (column >= high))
    if len(wrong):
        raise ValueError(f"{name}: number {wrong[0]} is {column[wrong[0]]}; it must be from {low} to {high - 1}")


def check_texts(name: str, values: Any) -> None:
    """Refuse what is no list of texts, all different.

    Raises
    ------
    ValueError
        With the list's name.
    """
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name}: must be a list of texts")
    if len(set(values)) < len(values):
        raise ValueError(f"{name}: a text stands there twice")


def check_run(graph: TaskGraph, trace: Trace) -> None:
    """Refuse a task graph and trace from a file that no builder and no engine would give.

    Raises
    ------
    ValueError
        With the name of the first column that is wrong.
    """
    n, columns = graph.n_tasks, vars(graph) | vars(trace)
    check_whole("capacity", graph.capacity, len(graph.resource_names), low=1)
    for name in ("occupancy_ps", "latency_ps", "count", "ready_ps", "start_ps", "done_ps"):
        check_whole(name, columns[name], n)
    check_whole("priority", graph.priority, n, -(2**31), 2**31)
    for name in ("timestep", "sample"):
        check_whole(name, columns[name], n, low=-1)
    for name in ("action", "stage", "layer"):
        check_whole(name, columns[name], n, high=len(columns[f"{name}_names"]))
    _check_rows(columns, n, graph.n_resources)
    if (trace.done_ps != trace.start_ps + graph.latency_ps).any():
        raise ValueError("done_ps: is not start_ps + latency_ps everywhere")
    if (trace.ready_ps > trace.start_ps).any():
        raise ValueError("ready_ps: is after start_ps somewhere")


def _check_rows(columns: Mapping[str, Any], n: int, n_resources: int) -> None:
    """Compressed rows: pointers that grow, and what they point to."""
    for owner in ("after", "uses", "reserves", "frees"):
        pointers = columns[f"{owner}_ptr"]
        check_whole(f"{owner}_ptr", pointers, n + 1)
        if pointers[0] != 0 or (np.diff(pointers.astype(np.int64)) < 0).any():
            raise ValueError(f"{owner}_ptr: must begin with 0 and not fall")
        size = int(pointers[-1])
        if owner == "after":
            check_whole("after_idx", columns["after_idx"], size, high=n)
            if (columns["after_idx"] >= np.repeat(np.arange(n), np.diff(pointers))).any():
                raise ValueError("after_idx: a task waits for itself or a later one")
            continue
        check_whole(f"{owner}_resource", columns[f"{owner}_resource"], size, high=n_resources)
        check_whole(f"{owner}_units", columns[f"{owner}_units"], size, low=1)
        if (columns[f"{owner}_units"] > columns["capacity"][columns[f"{owner}_resource"]]).any():
            raise ValueError(f"{owner}_units: more than the resource has")
