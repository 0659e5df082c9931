"""The loops that unroll a template; `archsim.taskgraph.unrolled` has the same in numpy."""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.jit import njit

Ints = NDArray[np.int64]


@njit(cache=True, error_model="numpy")
def copy_blocks(column: Any, ptr: Ints, blocks: Ints, starts: Ints, out: Any) -> None:
    """Entries ``ptr[k]`` to ``ptr[k + 1]`` of a column for each block k of a sequence."""
    for b in range(len(blocks)):
        begin, at = ptr[blocks[b]], starts[b]
        for j in range(starts[b + 1] - at):
            out[at + j] = column[begin + j]


@njit(cache=True, error_model="numpy")
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
    n = 0
    task = 0
    for b in range(len(blocks)):
        for row in range(block_ptr[blocks[b]], block_ptr[blocks[b] + 1]):
            for e in range(after_ptr[row], after_ptr[row + 1]):
                there = b - after_lag[e]
                if there >= 0:
                    idx[n] = first[there] + after_task[e]
                    n += 1
            task += 1
            ptr[task] = n
    return n
