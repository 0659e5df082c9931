"""The loops of `archsim.taskgraph.compiled` in numpy: the same numbers, where numba is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def _entries(ptr: Ints, blocks: Ints, starts: Ints) -> Ints:
    """Which entry of the template each entry of the graph is."""
    shift = np.repeat(ptr[:-1][blocks] - starts[:-1], np.diff(starts))
    return np.asarray(np.arange(starts[-1]) + shift)


def copy_blocks(column: NDArray[Any], ptr: Ints, blocks: Ints, starts: Ints, out: NDArray[Any]) -> None:
    """Entries ``ptr[k]`` to ``ptr[k + 1]`` of a column for each block k of a sequence."""
    out[:] = column[_entries(ptr, blocks, starts)]


def lay_edges(
    block_ptr: Ints,
    blocks: Ints,
    first: Ints,
    after_ptr: Ints,
    after_lag: Ints,
    after_task: Ints,
    ptr: Ints,
    idx: NDArray[np.int32],
) -> int:
    """Predecessors of every task, by id; the number of edges."""
    row = _entries(block_ptr, blocks, first)
    degree = np.diff(after_ptr)[row]
    owner = np.repeat(np.arange(len(row)), degree)
    begin = np.cumsum(degree) - degree
    edge = np.arange(len(owner)) + np.repeat(after_ptr[:-1][row] - begin, degree)
    there = np.repeat(np.arange(len(blocks)), np.diff(first))[owner] - after_lag[edge]
    stays = there >= 0
    idx[: stays.sum()] = (first[there[stays]] + after_task[edge[stays]]).astype(np.int32)
    np.cumsum(np.bincount(owner[stays], minlength=len(row)), out=ptr[1:])
    return int(stays.sum())
