"""The compiled loops of this room: do all rules hold? What does not is named by `archsim.verify.plain`.

A trace is replayed with times that it gives itself. An end is a code: four times the task, plus 1 if what it uses
comes back, plus 2 if it is done.
"""

# numba's decorators carry no types, and its whole numbers are numpy's
# mypy: disable-error-code="untyped-decorator,no-any-return"
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.jit import loop, njit, part
from archsim.taskgraph.compiled import by_time

Ints = NDArray[np.int64]
Ids = NDArray[np.int32]
Codes = NDArray[np.uint32]
Flags = NDArray[np.bool_]

USED, DONE = 1, 2
_LARGEST = 2**62  # sums of two stay below 2**63
_MOST = 2**32 - 1  # units of a claim, as they are kept


class Rows(NamedTuple):
    """Compressed rows of resources and units."""

    ptr: Ids
    resource: Ids
    units: Ints


class Claims(NamedTuple):
    """Compressed rows of what tasks take at their start."""

    ptr: Ids
    resource: Ids
    units: Codes


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
    """Rows name what exists, there are fewer units than 2**32 - 1 of each, and no sum can come near 64 bits."""
    n_resources = len(t.capacity)
    good, total = rows_fit(t.after_ptr, t.after, len(t.latency)), 0.0
    for rows in (t.uses, t.reserves, t.frees):
        good &= rows_fit(rows.ptr, rows.resource, n_resources)
        for units in rows.units:
            good &= units >= 0
            total += units
    largest = 0
    for units in t.capacity:
        good &= (units >= 0) & (units < _MOST)
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
def claims_of(uses: Rows, reserves: Rows, n_tasks: int) -> Claims:
    """What each task takes at its start: uses and reserves, one entry for each resource.

    Who asks for more units than there are of anything never starts, whatever stands here instead.
    """
    ptr = np.empty(n_tasks + 1, np.int32)
    resource = np.empty(len(uses.resource) + len(reserves.resource), np.int32)
    units = np.empty(len(resource), np.uint32)
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
                more = np.int64(units[at]) + rows.units[k]
                units[at] = more if more < _MOST else _MOST  # min() of numba takes 15 times as long
        ptr[i + 1] = n
    return Claims(ptr, resource[:n], units[:n])


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
def ends_of(t: Tasks, start: Ints, done: Ints) -> tuple[Codes, Flags]:
    """The codes of what takes time, in the order in which it ends; which are the first ones of an instant."""
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
    when, code = by_time(when, code)
    first = np.empty(n, np.bool_)
    for k in range(n):
        first[k] = k == 0 or when[k] != when[k - 1]
    return code, first


class Replay(NamedTuple):
    """What changes while a trace is replayed. Lines are heaps by `key`; `look` lists those that may move on."""

    free: Ints
    line_ptr: Ids
    line: Ids
    size: Ids
    key: Ints
    look: Ids
    in_look: Flags
    follow_ptr: Ids
    followers: Ids
    before: Ids  # predecessors that are not done
    fresh: Ids  # who became ready
    gone: Ids  # who starts
    soon: Codes  # ends in the next round of this instant
    given: Ids  # what came back in this instant


def replay_of(t: Tasks, claims: Claims, static: bool) -> Replay:
    """Nothing has happened yet; columns that are large and little used cost nothing until they are touched."""
    n, n_resources = len(t.latency), len(t.capacity)
    line_ptr, line = grouped(claims.resource, claims.ptr, n_resources)
    size = np.diff(line_ptr) if static else np.zeros(n_resources, np.int32)  # ids in order are a heap already
    follow_ptr, followers = grouped(t.after, t.after_ptr, n)
    return Replay(
        t.capacity.copy(), line_ptr, line, size, np.zeros(n, np.int64), np.empty(n_resources, np.int32),
        np.zeros(n_resources, np.bool_), follow_ptr, followers, np.diff(t.after_ptr),
        np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.uint32),
        np.empty(len(t.uses.resource) + len(t.frees.resource), np.int32),
    )  # fmt: skip


@part
def comes_first(key: Ints, one: int, other: int) -> bool:
    """Whether a task stands ahead of another in a line."""
    return key[one] < key[other] or (key[one] == key[other] and one < other)


@part
def join(s: Replay, r: int, task: int) -> None:
    """Put a task into a line."""
    base, at = s.line_ptr[r], s.size[r]
    while at > 0:
        above = (at - 1) >> 1
        if not comes_first(s.key, task, s.line[base + above]):
            break
        s.line[base + at] = s.line[base + above]
        at = above
    s.line[base + at] = task
    s.size[r] += 1


@part
def leave(s: Replay, r: int) -> None:
    """Take the first out of a line."""
    s.size[r] -= 1
    base, size, at = s.line_ptr[r], s.size[r], 0
    last = s.line[base + size]
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and comes_first(s.key, s.line[base + below + 1], s.line[base + below]):
            below += 1
        if not comes_first(s.key, s.line[base + below], last):
            break
        s.line[base + at] = s.line[base + below]
        at = below
    s.line[base + at] = last


@part
def look_at(s: Replay, r: int, n_look: int) -> int:
    """A line may move on; how many may."""
    if s.in_look[r]:
        return n_look
    s.in_look[r], s.look[n_look] = True, r
    return n_look + 1


@part
def may_start(s: Replay, claims: Claims, task: int) -> bool:
    """Whether a task is first in all its lines, and finds its units free."""
    for k in range(claims.ptr[task], claims.ptr[task + 1]):
        r = claims.resource[k]
        if s.line[s.line_ptr[r]] != task or s.free[r] < claims.units[k]:
            return False
    return True


@part
def given_back(s: Replay, rows: Rows, task: int, n_given: int, n_look: int) -> tuple[int, int]:
    """A row of units comes back."""
    for k in range(rows.ptr[task], rows.ptr[task + 1]):
        r = rows.resource[k]
        s.free[r] += rows.units[k]
        s.given[n_given] = r
        n_given += 1
        n_look = look_at(s, r, n_look)
    return n_given, n_look


@part
def ended(t: Tasks, s: Replay, end: int, n_fresh: int, n_given: int, n_look: int) -> tuple[int, int, int]:
    """What one end gives back, and who becomes ready by it."""
    task, kind = np.int64(end >> 2), end & 3
    if kind & USED:
        n_given, n_look = given_back(s, t.uses, task, n_given, n_look)
    if kind & DONE:
        n_given, n_look = given_back(s, t.frees, task, n_given, n_look)
        for k in range(s.follow_ptr[task], s.follow_ptr[task + 1]):
            other = s.followers[k]
            s.before[other] -= 1
            if s.before[other] == 0:
                s.fresh[n_fresh] = other
                n_fresh += 1
    return n_fresh, n_given, n_look


@part
def time_of(t: Tasks, start: Ints, end: int) -> int:
    """When something ends."""
    task = end >> 2
    return start[task] + (t.latency[task] if end & DONE else t.occupancy[task])


@part
def lined_up(
    t: Tasks, claims: Claims, s: Replay, n_fresh: int, rounds: int, n_look: int, static: bool
) -> tuple[int, int]:
    """Who became ready joins the lines, or starts if it needs nothing; how many do, and lines that may move on."""
    n_gone = 0
    for f in range(n_fresh):
        task = s.fresh[f]
        if claims.ptr[task] == claims.ptr[task + 1]:
            s.gone[n_gone] = task
            n_gone += 1
        if not static:  # a place in line: priority, then the round of becoming ready, then the id
            s.key[task] = rounds + (np.int64(t.priority[task]) << 32 if len(t.priority) else 0)
        for k in range(claims.ptr[task], claims.ptr[task + 1]):
            if not static:
                join(s, claims.resource[k], task)
            n_look = look_at(s, claims.resource[k], n_look)
    return n_gone, n_look


@part
def started(claims: Claims, s: Replay, n_gone: int, n_look: int) -> int:
    """How many start; any order of lines does: who may start shares no resource with another who may."""
    while n_look > 0:
        n_look -= 1
        r = s.look[n_look]
        s.in_look[r] = False
        while s.size[r] > 0:
            task = s.line[s.line_ptr[r]]
            if s.before[task] > 0 or not may_start(s, claims, task):
                break
            s.gone[n_gone] = task
            n_gone += 1
            for k in range(claims.ptr[task], claims.ptr[task + 1]):
                other = claims.resource[k]
                s.free[other] -= claims.units[k]
                leave(s, other)
                if other != r:
                    n_look = look_at(s, other, n_look)
    return n_gone


@part
def as_traced(t: Tasks, s: Replay, start: Ints, now: int, n_gone: int) -> int:
    """How many ends come in the next round of this instant; -1 if the trace lets someone start at another time."""
    n_soon = 0
    for g in range(n_gone):
        task = s.gone[g]
        if start[task] != now:
            return -1
        kind = USED if t.occupancy[task] == 0 and t.uses.ptr[task] < t.uses.ptr[task + 1] else 0
        kind += DONE if t.latency[task] == 0 else 0
        if kind:
            s.soon[n_soon] = 4 * task + kind
            n_soon += 1
    return n_soon


@part
def first_fresh(s: Replay) -> int:
    """Who waits for nobody; how many they are."""
    n_fresh = 0
    for i in range(len(s.before)):
        if s.before[i] == 0:
            s.fresh[n_fresh] = i
            n_fresh += 1
    return n_fresh


@part
def within_capacity(t: Tasks, s: Replay, n_given: int) -> bool:
    """Whether no resource has more units than there are, after an instant in which some came back."""
    for g in range(n_given):
        r = s.given[g]
        if s.free[r] > t.capacity[r]:
            return False
    return True


@loop
def replayed(t: Tasks, claims: Claims, s: Replay, start: Ints, code: Codes, first: Flags, static: bool) -> bool:
    """Whether exactly those tasks start in each round that may, none is left over, and all comes back."""
    n_fresh = first_fresh(s)
    n_look = n_given = n_started = rounds = begin = until = at = now = 0
    soon = False  # what ends in a round: by the clock, or what takes no time, in the next round of its instant
    while True:
        rounds += 1
        for e in range(begin, until):
            n_fresh, n_given, n_look = ended(t, s, s.soon[e] if soon else code[e], n_fresh, n_given, n_look)
        n_gone, n_look = lined_up(t, claims, s, n_fresh, rounds, n_look, static)
        n_gone = started(claims, s, n_gone, n_look)
        n_started += n_gone
        n_fresh = n_look = 0
        n_soon = as_traced(t, s, start, now, n_gone)
        if n_soon < 0:
            return False
        soon = n_soon > 0
        if soon:
            begin, until = 0, n_soon
            continue
        if not within_capacity(t, s, n_given):
            return False
        n_given = 0
        if at == len(code):
            break
        now, begin = time_of(t, start, code[at]), at
        at += 1
        while at < len(code) and not first[at]:
            at += 1
        until = at
    for r in range(len(t.capacity)):
        if s.free[r] != t.capacity[r]:
            return False
    return n_started == len(start)
