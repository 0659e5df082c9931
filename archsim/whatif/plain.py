"""The two passes through the network of a schedule: forward for the earliest starts, backward for the latest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def plain_earliest(
    order: Ints, ptr: Ints, before: Ints, kind: NDArray[np.int8], occupancy: Ints, latency: Ints
) -> Ints:
    """Earliest starts; the edges of task i, from whom it awaits, are entries ``ptr[i]`` to ``ptr[i + 1]``."""
    start = np.zeros(len(order), np.int64)
    for task in order:
        time = 0
        for k in range(ptr[task], ptr[task + 1]):
            other = before[k]
            after = start[other]
            if kind[k] == 1:
                after += latency[other]
            elif kind[k] == 2:
                after += occupancy[other]
            time = max(time, after)
        start[task] = time
    return start


def plain_latest(
    order: Ints, ptr: Ints, behind: Ints, kind: NDArray[np.int8], occupancy: Ints, latency: Ints, end: int
) -> Ints:
    """Latest starts; the edges of task i, to whom it lets go, are entries ``ptr[i]`` to ``ptr[i + 1]``."""
    start = np.zeros(len(order), np.int64)
    for at in range(len(order) - 1, -1, -1):
        task = order[at]
        time = end - latency[task]
        for k in range(ptr[task], ptr[task + 1]):
            limit = start[behind[k]]
            if kind[k] == 1:
                limit -= latency[task]
            elif kind[k] == 2:
                limit -= occupancy[task]
            time = min(time, limit)
        start[task] = time
    return start
