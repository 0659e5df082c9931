"""A walk through the forest of causes: each task hangs below the one that let it go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def plain_tour(start: Ints, ready: Ints, children: Ints, ptr: Ints, n_roots: int) -> tuple[Ints, Ints, Ints]:
    """Visit every task before those that hang below it.

    Parameters
    ----------
    start, ready : int64[n_tasks]
    children : int64[n_tasks]
        First the tasks that no other task released, then those below task 0, task 1, and so on.
    ptr : int64[n_tasks + 1]
        Where the children of each task begin.
    n_roots : int
        How many tasks no other task released.

    Returns
    -------
    order, size, since : int64[n_tasks]
        The order of the visits; how many tasks hang below each, with itself; and the first task on the way down
        to it that started after it was ready (itself if there is none before it).
    """
    n = len(start)
    order, size, since = np.empty(n, np.int64), np.ones(n, np.int64), np.arange(n)
    path = np.empty(n, np.int64)  # from a root down to the task in hand
    following = np.empty(n, np.int64)  # the next child of each task to visit
    count = 0
    for k in range(n_roots):
        depth, task = 0, children[k]
        while True:
            path[depth] = task
            order[count] = task
            count += 1
            following[task] = ptr[task]
            low, high = 0, depth
            while low < high:
                middle = (low + high) // 2
                if start[path[middle]] > ready[task]:
                    high = middle
                else:
                    low = middle + 1
            since[task] = path[low]
            while depth >= 0 and following[path[depth]] == ptr[path[depth] + 1]:
                if depth > 0:
                    size[path[depth - 1]] += size[path[depth]]
                depth -= 1
            if depth < 0:
                break
            task = children[following[path[depth]]]
            following[path[depth]] += 1
            depth += 1
    return order, size, since
