"""The compiled loops of this room: do all rules hold? What does not is named by `archsim.verify.plain`.

A trace is replayed with times that it gives itself. An end is a code: four times the task, plus 1 if what it uses
comes back, plus 2 if it is done.
"""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.jit import njit

Ints = NDArray[np.int64]
Ids = NDArray[np.int32]
Codes = NDArray[np.uint32]

USED, DONE = 1, 2
_LARGEST = 2**62  # sums of two stay below 2**63


class Rows(NamedTuple):
    """Compressed rows of resources and units."""

    ptr: Ids
    resource: Ids
    units: Ints


class Tasks(NamedTuple):
    """A task graph: times, what to wait for, what to hold. `priority` is empty where all are equal."""

    occupancy: Ints
    latency: Ints
    priority: Ids
    after_ptr: Ids
    after: Ids
    uses: Rows
    reserves: Rows
    frees: Rows
    capacity: Ints


@njit(cache=True, error_model="numpy")
def rows_fit(ptr: Ids, row: Ids, limit: int) -> bool:
    """Rows that begin at 0, never fall, end with the entries, and name what exists."""
    good = bool(ptr[0] == 0 and ptr[len(ptr) - 1] == len(row))
    for i in range(len(ptr) - 1):
        good &= ptr[i] <= ptr[i + 1]
    for other in row:
        good &= (other >= 0) & (other < limit)
    return good


@njit(cache=True, error_model="numpy")
def rows_right(t: Tasks) -> bool:
    """Rows name what exists, and no sum of units can come near 64 bits."""
    n_resources = len(t.capacity)
    good, total = rows_fit(t.after_ptr, t.after, len(t.latency)), 0.0
    for rows in (t.uses, t.reserves, t.frees):
        good &= rows_fit(rows.ptr, rows.resource, n_resources)
        for units in rows.units:
            good &= units >= 0
            total += units
    largest = 0
    for units in t.capacity:
        good &= units >= 0
        largest = max(largest, units)
    return good and total + largest < _LARGEST


@njit(cache=True, error_model="numpy")
def times_right(t: Tasks, ready: Ints, start: Ints, done: Ints) -> bool:
    """Every task is done at its start plus its latency, ready with its last predecessor, and starts no earlier."""
    for i in range(len(start)):
        if t.occupancy[i] < 0 or t.latency[i] < 0 or start[i] >= _LARGEST or t.occupancy[i] >= _LARGEST:
            return False
        last = 0
        for k in range(t.after_ptr[i], t.after_ptr[i + 1]):
            last = max(last, done[t.after[k]])
        if done[i] != start[i] + t.latency[i] or ready[i] != last or start[i] < last:
            return False
    return True


@njit(cache=True, error_model="numpy")
def claims_of(uses: Rows, reserves: Rows, n_tasks: int) -> Rows:
    """What each task takes at its start: uses and reserves, one entry for each resource."""
    ptr = np.empty(n_tasks + 1, np.int32)
    resource = np.empty(len(uses.resource) + len(reserves.resource), np.int32)
    units = np.empty(len(resource), np.int64)
    n = 0
    ptr[0] = 0
    for i in range(n_tasks):
        begin = n
        for rows in (uses, reserves):
            for k in range(rows.ptr[i], rows.ptr[i + 1]):
                at = begin
                while at < n and resource[at] != rows.resource[k]:
                    at += 1
                if at == n:
                    resource[n], units[n] = rows.resource[k], 0
                    n += 1
                units[at] += rows.units[k]
        ptr[i + 1] = n
    return Rows(ptr, resource[:n], units[:n])


@njit(cache=True, error_model="numpy")
def grouped(of: Ids, owner_ptr: Ids, n: int) -> tuple[Ids, Ids]:
    """Entries turned round: where the owners of each of `n` things begin, and who they are, ascending."""
    ptr = np.zeros(n + 2, np.int32)
    for thing in of:
        ptr[thing + 2] += 1
    for i in range(n):
        ptr[i + 2] += ptr[i + 1]
    owners = np.empty(len(of), np.int32)
    for owner in range(len(owner_ptr) - 1):
        for k in range(owner_ptr[owner], owner_ptr[owner + 1]):
            at = ptr[of[k] + 1]
            owners[at] = owner
            ptr[of[k] + 1] = at + 1
    return ptr[: n + 1], owners


@njit(cache=True, error_model="numpy")
def ends_of(t: Tasks, start: Ints, done: Ints) -> tuple[Ints, Codes]:
    """When what takes time ends, and its code, by task."""
    n = 0
    for i in range(len(start)):
        held = t.occupancy[i] > 0 and t.uses.ptr[i] < t.uses.ptr[i + 1]
        n += int(t.latency[i] > 0) + int(held and t.occupancy[i] != t.latency[i])
    when, code = np.empty(n, np.int64), np.empty(n, np.uint32)
    n = 0
    for i in range(len(start)):
        held = t.occupancy[i] > 0 and t.uses.ptr[i] < t.uses.ptr[i + 1]
        together = held and t.occupancy[i] == t.latency[i]
        if t.latency[i] > 0:
            when[n], code[n] = done[i], 4 * i + (DONE + USED if together else DONE)
            n += 1
        if held and not together:
            when[n], code[n] = start[i] + t.occupancy[i], 4 * i + USED
            n += 1
    return when, code


@njit(cache=True, error_model="numpy")
def comes_first(key: Ints, one: int, other: int) -> bool:
    """Whether a task stands ahead of another in a line."""
    return key[one] < key[other] or (key[one] == key[other] and one < other)


@njit(cache=True, error_model="numpy")
def join(line: Ids, base: int, size: int, key: Ints, task: int) -> None:
    """Put a task into a line of some tasks, which is a heap that begins at `base`."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if not comes_first(key, task, line[base + above]):
            break
        line[base + at] = line[base + above]
        at = above
    line[base + at] = task


@njit(cache=True, error_model="numpy")
def leave(line: Ids, base: int, size: int, key: Ints) -> None:
    """Take the first out of a line, so that some tasks are left."""
    last, at = line[base + size], 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and comes_first(key, line[base + below + 1], line[base + below]):
            below += 1
        if not comes_first(key, line[base + below], last):
            break
        line[base + at] = line[base + below]
        at = below
    line[base + at] = last


@njit(cache=True, error_model="numpy")
def is_first(ptr: Ids, resource: Ids, units: Ints, task: int, line: Ids, line_ptr: Ids, free: Ints) -> bool:
    """Whether a task is first in all its lines, and finds its units free."""
    for k in range(ptr[task], ptr[task + 1]):
        r = resource[k]
        if line[line_ptr[r]] != task or free[r] < units[k]:
            return False
    return True


@njit(cache=True, error_model="numpy")
def replayed(t: Tasks, claims: Rows, start: Ints, when: Ints, code: Codes, static: bool) -> bool:
    """Whether exactly those tasks start in each round that may, none is left over, and all comes back."""
    # names for all columns at once: to take one out of its group costs numba two calls, each time
    occupancy, latency, priority, after_ptr, after, held, _, given_back, capacity = t
    uses_ptr, uses, uses_units = held
    frees_ptr, frees, frees_units = given_back
    claim_ptr, claim, claim_units = claims
    n_tasks, n_resources = len(start), len(capacity)
    follow_ptr, followers = grouped(after, after_ptr, n_tasks)
    line_ptr, line = grouped(claim, claim_ptr, n_resources)
    size, key = np.zeros(n_resources, np.int32), np.zeros(n_tasks, np.int64)
    for r in range(n_resources if static else 0):
        size[r] = line_ptr[r + 1] - line_ptr[r]  # all are in line, in the order of their ids: a heap already
    free, before, fresh = capacity.copy(), np.empty(n_tasks, np.int32), np.empty(n_tasks, np.int32)
    look, in_look, n_look = np.empty(n_resources, np.int32), np.zeros(n_resources, np.bool_), 0
    given, n_given = np.empty(len(uses) + len(frees), np.int32), 0  # what came back in an instant
    n_fresh, gone, n_started, rounds = 0, np.empty(n_tasks, np.int32), 0, 0
    for i in range(n_tasks):
        before[i] = after_ptr[i + 1] - after_ptr[i]
        if before[i] == 0:
            fresh[n_fresh] = i
            n_fresh += 1
    # what ends in a round: by the clock, or soon, in the next round of its instant, because it takes no time
    soon = np.empty(n_tasks, np.uint32)
    ends, begin, until, at, now = code, 0, 0, 0, 0
    while True:
        rounds += 1
        for e in range(begin, until):
            task, kind = np.int64(ends[e] >> 2), ends[e] & 3
            for k in range(uses_ptr[task], uses_ptr[task + 1] if kind & USED else 0):
                r = uses[k]
                free[r] += uses_units[k]
                given[n_given] = r
                n_given += 1
                if not in_look[r]:
                    in_look[r], look[n_look] = True, r
                    n_look += 1
            for k in range(frees_ptr[task], frees_ptr[task + 1] if kind & DONE else 0):
                r = frees[k]
                free[r] += frees_units[k]
                given[n_given] = r
                n_given += 1
                if not in_look[r]:
                    in_look[r], look[n_look] = True, r
                    n_look += 1
            for k in range(follow_ptr[task], follow_ptr[task + 1] if kind & DONE else 0):
                before[followers[k]] -= 1
                if before[followers[k]] == 0:
                    fresh[n_fresh] = followers[k]
                    n_fresh += 1
        n_gone, n_soon = 0, 0  # their columns are filled from the start: of a large one little is touched
        for f in range(n_fresh):
            task = fresh[f]
            if claim_ptr[task] == claim_ptr[task + 1]:
                gone[n_gone] = task
                n_gone += 1
            if not static:  # a place in line: priority, then the round of becoming ready, then the id
                key[task] = rounds + (np.int64(priority[task]) << 32 if len(priority) else 0)
            for k in range(claim_ptr[task], claim_ptr[task + 1]):
                r = claim[k]
                if not static:
                    join(line, line_ptr[r], size[r], key, task)
                    size[r] += 1
                if not in_look[r]:
                    in_look[r], look[n_look] = True, r
                    n_look += 1
        n_fresh = 0
        while n_look:  # any order of lines does: who may start shares no resource with another who may
            n_look -= 1
            r = look[n_look]
            in_look[r] = False
            while size[r]:
                task = line[line_ptr[r]]
                if before[task] or not is_first(claim_ptr, claim, claim_units, task, line, line_ptr, free):
                    break
                gone[n_gone] = task
                n_gone += 1
                for k in range(claim_ptr[task], claim_ptr[task + 1]):
                    other = claim[k]
                    free[other] -= claim_units[k]
                    size[other] -= 1
                    leave(line, line_ptr[other], size[other], key)
                    if other != r and not in_look[other]:
                        in_look[other], look[n_look] = True, other
                        n_look += 1
        n_started += n_gone
        for g in range(n_gone):
            task = gone[g]
            if start[task] != now:
                return False
            kind = USED if occupancy[task] == 0 and uses_ptr[task] < uses_ptr[task + 1] else 0
            kind += DONE if latency[task] == 0 else 0
            if kind:
                soon[n_soon] = 4 * task + kind
                n_soon += 1
        if n_soon:
            ends, begin, until = soon, 0, n_soon
            continue
        for g in range(n_given):
            if free[given[g]] > capacity[given[g]]:
                return False
        n_given = 0
        if at == len(when):
            break
        now, ends, begin = when[at], code, at
        while at < len(when) and when[at] == now:
            at += 1
        until = at
    for r in range(n_resources):
        if free[r] != capacity[r]:
            return False
    return n_started == n_tasks
