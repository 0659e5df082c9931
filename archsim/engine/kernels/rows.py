"""What is looked at once before a run: lengths of time, rows of numbers, and claims made of uses and reserves."""

# numba's decorators carry no types, and its whole numbers are numpy's
# mypy: disable-error-code="untyped-decorator,no-any-return,assignment,return-value"
from __future__ import annotations

import numpy as np

from archsim.engine.kernels.structs import Columns, Ids, Long, Rows
from archsim.jit import loop, njit


@njit(cache=True, error_model="numpy", nogil=True)
def grid(times: Long, unit: int, longest: int) -> tuple[int, int]:
    """Greatest common divisor and maximum of some lengths of time and of what was found before."""
    seen = np.zeros(1024, np.int64)
    for time in times:
        place = (time * 0x9E3779B97F4A7C1) >> 40 & 1023
        if seen[place] == time:
            continue
        seen[place] = time
        if unit == 0 or time % unit:
            a, b = unit, time
            while b:
                a, b = b, a % b
            unit = a
            if unit == 1:
                break
    for time in times:  # apart, so that it runs in vectors
        longest = max(longest, time)
    return unit, longest


@loop
def check_rows(ptr: Ids, row: Ids, limit: int) -> tuple[bool, int, int]:
    """Do pointers and entries lead nowhere outside? And how long is the shortest row, and the longest?"""
    good = ptr[0] == 0 and ptr[-1] == len(row)
    shortest, longest = np.int64(len(row)), np.int64(0)
    for i in range(len(ptr) - 1):
        length = np.int64(ptr[i + 1]) - np.int64(ptr[i])
        shortest, longest = min(shortest, length), max(longest, length)
    for entry in row:
        good &= entry < limit
    return good and shortest >= 0, shortest, longest


@njit(cache=True, error_model="numpy", nogil=True)
def firsts(ptr: Ids, row: Ids, otherwise: int) -> Ids:
    """The first entry of each row, or what stands for an empty one."""
    found = np.empty(len(ptr) - 1, np.uint32)
    for i in range(len(found)):
        found[i] = row[ptr[i]] if ptr[i] < ptr[i + 1] else otherwise
    return found


@loop
def claims_of(uses: Rows, reserves: Rows, ptr: Ids, into: Columns, most: int) -> int:
    """Rows of what tasks take at their start: uses and reserves of the same resource added up.

    Units may be a single number for all. How many entries there are; -1 where a number exceeds `most`.
    """
    size, fits = np.int64(0), True
    each, more = np.int64(len(uses.units) > 1), np.int64(len(reserves.units) > 1)
    ptr[0] = 0
    for i in range(len(ptr) - 1):
        begin = size
        for k in range(uses.ptr[i], uses.ptr[i + 1]):
            units = uses.units[np.int64(k) * each]
            fits = fits and units <= most
            into.resource[size], into.owner[size] = uses.resource[k], i
            into.units[size] = into.back[size] = units
            size += 1
        used = size
        for k in range(reserves.ptr[i], reserves.ptr[i + 1]):
            at, units = begin, reserves.units[np.int64(k) * more]
            while at < used and into.resource[at] != reserves.resource[k]:
                at += 1
            if at == used:
                at = size
                into.resource[at], into.units[at], into.back[at], into.owner[at] = reserves.resource[k], 0, 0, i
                size += 1
            total = np.int64(into.units[at]) + units
            fits = fits and 0 <= total <= most
            into.units[at] = total
        ptr[i + 1] = size
    return size if fits else -1


@njit(cache=True, error_model="numpy", nogil=True)
def successors(after_ptr: Ids, after: Ids, ptr: Ids, row: Ids) -> None:
    """The rows of who waits for a task, in order of ids, from the rows of whom it waits for."""
    ptr[:] = 0
    for task in after:
        ptr[task] += 1
    total = 0
    for task in range(len(ptr)):
        total += ptr[task]
        ptr[task] = total
    for task in range(len(after_ptr) - 2, -1, -1):
        for k in range(after_ptr[task], after_ptr[task + 1]):
            before = after[k]
            ptr[before] -= 1
            row[ptr[before]] = task
