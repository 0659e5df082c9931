"""The loop over paths and joins, compiled; its plain twin is in `archsim.engine.bounds`."""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.jit import njit

Long = NDArray[np.int64]
Short = NDArray[np.int32]

_TOO_MUCH = 2**61


@njit(cache=True, error_model="numpy")
def _comes_first(resource: Short, begin: Long, a: int, b: int) -> bool:
    if resource[a] != resource[b]:
        return bool(resource[a] < resource[b])
    return bool(begin[a] > begin[b])


@njit(cache=True, error_model="numpy")
def _sort(resource: Short, begin: Long, order: Long, n: int) -> None:
    """Order by resource, who begins last first; Shell's sort."""
    gap = 1
    while gap < n // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(gap, n):
            entry, at = order[k], k
            while at >= gap and _comes_first(resource, begin, entry, order[at - gap]):
                order[at] = order[at - gap]
                at -= gap
            order[at] = entry
        gap //= 3


@njit(cache=True, error_model="numpy")
def _joins(resource: Short, begin: Long, work: Long, more: Long, order: Long, n: int, capacity: Long) -> int:
    """When the last of the predecessors that share a resource is done at the earliest."""
    for k in range(n):
        order[k] = k
    _sort(resource, begin, order, n)
    best, k = 0, 0
    while k < n:
        r, total, rest, first = resource[order[k]], 0, _TOO_MUCH, k
        while k < n and resource[order[k]] == r:
            entry = order[k]
            if total < _TOO_MUCH - work[entry]:
                total += work[entry]
            rest = min(rest, more[entry])
            k += 1
            last = k == n or resource[order[k]] != r or begin[order[k]] != begin[entry]
            if last and k > first + 1 and capacity[r] > 0 and begin[entry] < _TOO_MUCH:
                rounded_up = total // capacity[r] + (total % capacity[r] > 0)
                best = max(best, begin[entry] + rounded_up + rest)
    return best


@njit(cache=True, error_model="numpy")
def paths(
    occupancy: Long,
    latency: Long,
    capacity: Long,
    after_ptr: Short,
    after: Short,
    uses_ptr: Short,
    uses: Short,
    units: Long,
    start: Long,
    tail: Long,
) -> None:
    """Earliest starts and least times to the end; a negative first entry says that 64 bits do not suffice."""
    n, room = len(latency), 16
    for i in range(n):
        entries = 0
        for k in range(after_ptr[i], after_ptr[i + 1]):
            entries += uses_ptr[after[k] + 1] - uses_ptr[after[k]]
        room = max(room, entries)
    resource, order = np.empty(room, np.int32), np.empty(room, np.int64)
    begin, work, more = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    for i in range(n):
        soonest, size, alike = 0, 0, False
        for k in range(after_ptr[i], after_ptr[i + 1]):
            p = after[k]
            soonest = max(soonest, start[p] + latency[p])
            for u in range(uses_ptr[p], uses_ptr[p + 1]):
                resource[size], begin[size] = uses[u], start[p]
                fits = occupancy[p] == 0 or units[u] <= _TOO_MUCH // occupancy[p]
                work[size] = units[u] * occupancy[p] if fits else _TOO_MUCH
                more[size] = latency[p] - occupancy[p]
                alike = alike or (size > 0 and uses[u] <= resource[size - 1])
                size += 1
        if alike and size > 1:
            soonest = max(soonest, _joins(resource, begin, work, more, order, size, capacity))
        start[i] = soonest
        if soonest + latency[i] < 0:
            start[0] = -1
            return
    for i in range(n - 1, -1, -1):
        for k in range(after_ptr[i], after_ptr[i + 1]):
            p = after[k]
            tail[p] = max(tail[p], latency[i] + tail[i])
            if tail[p] < 0 or latency[i] + tail[i] < 0:
                start[0] = -1
                return
