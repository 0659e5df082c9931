"""The loops of this room, compiled; `waits.py`, `critical.py` and `tour.py` have the same in plain Python."""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.jit import njit
from archsim.metrics.tour import plain_tour
from archsim.taskgraph.compiled import by_time

Ints = NDArray[np.int64]
Ids = NDArray[np.int32]
Codes = NDArray[np.uint32]

DEPENDENCY, RESOURCE, SPACE, QUEUE = 1, 2, 3, 4
_NEVER = 2**63 - 1

tour = njit(cache=True)(plain_tour)


class Rows(NamedTuple):
    """Compressed rows of resources and units."""

    ptr: Ids
    resource: Ids
    units: Ints


class Run(NamedTuple):
    """A finished run: when, who stands where in line, and what is held; no priorities where all are equal."""

    start: Ints
    ready: Ints
    done: Ints
    occupancy: Ints
    priority: Ids
    uses: Rows
    reserves: Rows
    frees: Rows


@njit(cache=True, error_model="numpy")
def by_results(run: Run, after_ptr: Ids, after: Ids, holder: Ints, cause: NDArray[np.int8]) -> None:
    """Of tasks that did not wait: the predecessor done then; best one that began before, of lowest id."""
    n = len(run.start)
    for task in range(n):
        best = _NEVER
        for k in range(after_ptr[task], after_ptr[task + 1] if run.start[task] == run.ready[task] else 0):
            before = after[k]
            if run.done[before] == run.start[task]:
                best = min(best, before + n * (run.start[before] == run.start[task]))
        if best != _NEVER:
            holder[task], cause[task] = best % n, DEPENDENCY


@njit(cache=True, error_model="numpy")
def in_line(run: Run, tasks: Ids, n: int, fifo: bool) -> None:
    """Sort the first `n` tasks as they stand in line (Shell's sort, gaps after Knuth)."""
    gap = 1
    while gap < n // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(gap, n):
            task, at = tasks[k], k
            while at >= gap:
                other = tasks[at - gap]
                ahead = other < task
                if fifo and run.ready[other] != run.ready[task]:
                    ahead = run.ready[other] < run.ready[task]
                if fifo and len(run.priority) and run.priority[other] != run.priority[task]:
                    ahead = run.priority[other] < run.priority[task]
                if ahead:
                    break
                tasks[at] = other
                at -= gap
            tasks[at] = task
        gap //= 3


@njit(cache=True, error_model="numpy")
def given_back(run: Run) -> tuple[Ints, Codes]:
    """When tasks give back what they use (code 2 * task) and what they free (2 * task + 1), by time."""
    n = len(run.start)
    n_ends = 0
    for task in range(n):
        n_ends += int(run.uses.ptr[task] < run.uses.ptr[task + 1])
        n_ends += int(run.frees.ptr[task] < run.frees.ptr[task + 1])
    ends, gives = np.empty(n_ends, np.int64), np.empty(n_ends, np.uint32)
    n_ends = 0
    for task in range(n):
        if run.uses.ptr[task] < run.uses.ptr[task + 1]:
            ends[n_ends], gives[n_ends] = run.start[task] + run.occupancy[task], 2 * task
            n_ends += 1
        if run.frees.ptr[task] < run.frees.ptr[task + 1]:
            ends[n_ends], gives[n_ends] = run.done[task], 2 * task + 1
            n_ends += 1
    ends, gives = by_time(ends, gives)
    return ends, gives


@njit(cache=True, error_model="numpy")
def by_start(start: Ints) -> Codes:
    """The tasks in the order in which they start."""
    in_turn: Codes = by_time(start.copy(), np.arange(len(start), dtype=np.uint32))[1]
    return in_turn


@njit(cache=True, error_model="numpy")
def by_claims(run: Run, capacity: Ints, fifo: bool, holder: Ints, cause: NDArray[np.int8], resource: Ids) -> None:
    """Of tasks that waited: who gave back what they lacked, or who was ahead in a line, instant by instant."""
    n, n_resources = len(run.start), len(capacity)
    tasks = by_start(run.start)
    ends, gives = given_back(run)
    n_ends = len(ends)
    free, giver, last = capacity.copy(), np.empty(n_resources, np.int64), np.empty(n_resources, np.int64)
    since, line_since = np.full(n_resources, -1, np.int64), np.full(n_resources, -1, np.int64)
    line, needed = np.empty(n, np.int32), np.zeros(n_resources, np.int64)
    begin, given = 0, 0
    uses_ptr, uses, uses_units = run.uses
    reserves_ptr, reserves, reserves_units = run.reserves
    frees_ptr, frees, frees_units = run.frees
    start, ready = run.start, run.ready
    while begin < n:
        now, end, n_line = start[tasks[begin]], begin, 0
        while end < n and start[tasks[end]] == now:
            task = tasks[end]
            if ready[task] < now or not fifo:
                line[n_line] = task
                n_line += 1
            end += 1
        while given < n_ends and ends[given] < now:
            task = gives[given] >> 1
            if gives[given] & 1:
                for k in range(frees_ptr[task], frees_ptr[task + 1]):
                    free[frees[k]] += frees_units[k]
            else:
                for k in range(uses_ptr[task], uses_ptr[task + 1]):
                    free[uses[k]] += uses_units[k]
            given += 1
        at = given
        while n_line and at < n_ends and ends[at] == now:
            task, space = np.int64(gives[at] >> 1), np.int64(gives[at] & 1)
            value = ((n if start[task] == now else 0) + task) * 2 + space
            first, behind = frees_ptr[task], frees_ptr[task + 1]
            if not space:
                first, behind = uses_ptr[task], uses_ptr[task + 1]
            for k in range(first, behind):
                r = frees[k] if space else uses[k]
                if since[r] != now or value < giver[r]:
                    since[r], giver[r] = now, value
            at += 1
        in_line(run, line, n_line, fifo)
        for place in range(n_line):
            task = line[place]
            best, ahead = _NEVER, _NEVER
            for k in range(reserves_ptr[task], reserves_ptr[task + 1]):
                needed[reserves[k]] += reserves_units[k]
            for k in range(uses_ptr[task], uses_ptr[task + 1]):
                needed[uses[k]] += uses_units[k]
            n_uses = uses_ptr[task + 1] - uses_ptr[task]
            for k in range(n_uses + reserves_ptr[task + 1] - reserves_ptr[task]):
                r = uses[uses_ptr[task] + k] if k < n_uses else reserves[reserves_ptr[task] + k - n_uses]
                if since[r] == now and free[r] < needed[r]:
                    best = min(best, ((giver[r] >> 1) * n_resources + r) * 2 + (giver[r] & 1))
                if line_since[r] == now and last[r] != task:
                    ahead = min(ahead, last[r] * n_resources + r)
                line_since[r], last[r] = now, task
            for k in range(reserves_ptr[task], reserves_ptr[task + 1]):
                needed[reserves[k]] = 0
            for k in range(uses_ptr[task], uses_ptr[task + 1]):
                needed[uses[k]] = 0
            if ready[task] == now:
                continue
            if best != _NEVER:
                holder[task], resource[task] = (best // 2 // n_resources) % n, (best // 2) % n_resources
                cause[task] = RESOURCE + best % 2
            elif ahead != _NEVER:
                holder[task], resource[task], cause[task] = ahead // n_resources, ahead % n_resources, QUEUE
        for k in range(begin, end):
            task = tasks[k]
            for e in range(uses_ptr[task], uses_ptr[task + 1]):
                free[uses[e]] -= uses_units[e]
            for e in range(reserves_ptr[task], reserves_ptr[task + 1]):
                free[reserves[e]] -= reserves_units[e]
        begin = end


@njit(cache=True, error_model="numpy")
def astray(start: Ints, holder: Ints, unknown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whom following the holders within an instant never leads out of it: circles, and who hangs below one."""
    n = len(start)
    state, lost = np.zeros(n, np.int8), np.zeros(n, np.bool_)  # 0 not seen, 1 on the way, 2 fine, 3 astray
    way = np.empty(n, np.int64)
    for first in range(n):
        length, task = 0, first
        while state[task] == 0:
            state[task] = 1
            way[length] = task
            length += 1
            if unknown[task]:
                break
            if holder[task] < 0 or start[holder[task]] != start[task]:
                state[task] = 2
                break
            task = holder[task]
        found = 2 if state[task] == 2 else 3
        for k in range(length):
            state[way[k]], lost[way[k]] = found, found == 3
    return lost


@njit(cache=True, error_model="numpy")
def walked(start: Ints, holder: Ints, last: int) -> Ints:
    """The tasks from the one that began at once to the last, along the holders."""
    n, task = 1, last
    while start[task] > 0:
        n, task = n + 1, holder[task]
    path, task = np.empty(n, np.int64), last
    for k in range(n - 1, -1, -1):
        path[k] = task
        task = holder[task]
    return path
