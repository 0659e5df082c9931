"""What kernels share: how they end, ids in order, times of what never happened."""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from archsim.engine.kernels.structs import Ids, Long
from archsim.jit import loop

FINISHED, STUCK, TOO_LONG, OUT_OF_ORDER = 0, 1, 2, 3
"""How a kernel ends: all tasks ran; some never do; a number needs more than 64 bits; tasks do not come in the
order of their ids."""


@loop
def sort(ids: Ids, n: int) -> None:
    """Sort the first n: by insertion while they are nearly in order, else as Shell did (CACM 2, 1959)."""
    if n > 1 and ids[0] > ids[n - 1]:  # who comes out of a bucket comes in reverse
        for k in range(n >> 1):  # a slice would compile for seconds
            ids[k], ids[n - 1 - k] = ids[n - 1 - k], ids[k]
    gap, moves = 1, 4 * n
    for k in range(1, n):
        value, at = ids[k], k
        while at > 0 and ids[at - 1] > value:
            ids[at] = ids[at - 1]
            at -= 1
        ids[at] = value
        moves -= k - at
        if moves < 0:
            break
    else:
        return
    while gap < n // 9:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(gap, n):
            value, at = ids[k], k
            while at >= gap and ids[at - gap] > value:
                ids[at] = ids[at - gap]
                at -= gap
            ids[at] = value
        gap //= 3


@loop
def settle(ready: Long, start: Long, done: Long) -> int:
    """Write -1 for what never happened; how many tasks never started."""
    left = 0
    for i in range(len(ready)):
        if start[i] < 0:
            left += 1
            done[i] = -1
            ready[i] = max(ready[i], -1)
    return left
