"""The loops that unroll a template, which `archsim.taskgraph.unrolled` has in numpy; and a sort by time."""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.jit import njit

Ints = NDArray[np.int64]
Codes = NDArray[np.uint32]
_DIGIT = 11


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


@njit(cache=True, error_model="numpy")
def by_time(when: Ints, code: Codes) -> tuple[Ints, Codes]:
    """Both columns in the order of time, digit by digit from the lowest; equal times stay in their order."""
    used = 0
    for time in when:
        used |= time
    place = np.empty(2**_DIGIT, np.int64)
    other_when, other_code = np.empty_like(when), np.empty_like(code)
    shift = 0
    while used > 0 and (used >> shift) & 1 == 0:  # whole nanoseconds are multiples of 8 ps
        shift += 1
    while used >> shift > 0:
        for digit in range(2**_DIGIT):
            place[digit] = 0
        for time in when:
            place[(time >> shift) & (2**_DIGIT - 1)] += 1
        total = 0
        for digit in range(2**_DIGIT):
            total, place[digit] = total + place[digit], total
        for k in range(len(when)):
            digit = (when[k] >> shift) & (2**_DIGIT - 1)
            other_when[place[digit]], other_code[place[digit]] = when[k], code[k]
            place[digit] += 1
        when, other_when, code, other_code = other_when, when, other_code, code
        shift += _DIGIT
    return when, code
