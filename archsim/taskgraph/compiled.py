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


@njit(cache=True, error_model="numpy")
def lay_column(
    begin: Ints, length: Ints, source: Any, shift: Ints, base: Ints, given: Ints, is_open: bool, out: Any
) -> None:
    """Entries of a column, piece by piece, each moved by its piece's shift; open ones as the places give them."""
    at = 0
    for p in range(len(begin)):
        for row in range(begin[p], begin[p] + length[p]):
            value = source[row]
            if is_open and value < 0:
                out[at] = given[base[p] - 1 - value]
            else:
                out[at] = value + shift[p]
            at += 1


@njit(cache=True, error_model="numpy")
def lay_claims(
    begin: Ints, length: Ints, source_ptr: Ints, source: Any, source_units: Ints, base: Ints, slots: Any,
    n_resources: int, ptr: Ints, resource: NDArray[np.int32], units: Ints,
) -> bool:  # fmt: skip
    """Compressed rows of claims, piece by piece; False if a resource is unknown, or named twice by one task."""
    n, task = 0, 0
    for p in range(len(begin)):
        for row in range(begin[p], begin[p] + length[p]):
            first = n
            for e in range(source_ptr[row], source_ptr[row + 1]):
                r = np.int64(source[e])
                if r < 0:
                    r = np.int64(slots[base[p] - 1 - r])
                if r < 0 or r >= n_resources:
                    return False
                for other in range(first, n):
                    if resource[other] == r:
                        return False
                resource[n], units[n] = r, source_units[e]
                n += 1
            task += 1
            ptr[task] = n
    return True


@njit(cache=True, error_model="numpy")
def lay_rows_of_edges(
    begin: Ints, length: Ints, start: Ints, source_ptr: Ints, source: Any, base: Ints, port_ptr: Ints, given: Any
) -> tuple[Ints, NDArray[np.int32], bool]:
    """Compressed rows of predecessors, in order, each once; not right if a place waits for what is not there."""
    total = 0
    for p in range(len(begin)):
        for e in range(source_ptr[begin[p]], source_ptr[begin[p] + length[p]]):
            if source[e] >= 0:
                total += 1
            else:
                k = base[p] - 1 - source[e]
                total += port_ptr[k + 1] - port_ptr[k]
    ptr, idx = np.zeros(start[-1] + 1, np.int64), np.empty(total, np.int32)
    n, task = 0, 0
    for p in range(len(begin)):
        first_task = start[p] if p % 2 else 0
        for row in range(begin[p], begin[p] + length[p]):
            first = n
            for e in range(source_ptr[row], source_ptr[row + 1]):
                if source[e] >= 0:
                    idx[n] = source[e] + first_task
                    n += 1
                    continue
                k = base[p] - 1 - source[e]
                for g in range(port_ptr[k], port_ptr[k + 1]):
                    if given[g] == -1:
                        continue
                    if given[g] < -1 or given[g] >= first_task:
                        return ptr, idx, False
                    idx[n] = given[g]
                    n += 1
            if n - first > 1:
                n = _in_order(idx, first, n)
            task += 1
            ptr[task] = n
    return ptr, idx[:n], True


@njit(cache=True, error_model="numpy")
def _in_order(idx: NDArray[np.int32], first: int, end: int) -> int:
    """Sort a stretch and keep each number once; where it ends then."""
    if end - first > 24:
        idx[first:end].sort()
    else:
        for i in range(first + 1, end):
            value, j = idx[i], i
            while j > first and idx[j - 1] > value:
                idx[j] = idx[j - 1]
                j -= 1
            idx[j] = value
    n = first + 1
    for i in range(first + 1, end):
        if idx[i] != idx[n - 1]:
            idx[n] = idx[i]
            n += 1
    return n
