"""The kernel of all rules: units, several resources, priorities, buffers, zero lengths, both policies.

The lines at resources consist of claims: claim k is one row entry (resource, units) of the task that owns it.
Where all who ever stand in a line have one priority, and under policy static, who comes last is last, so the line
is a chain. Otherwise it is a pairing heap (Fredman, Sedgewick, Sleator and Tarjan, Algorithmica 1, 1986), chained
by child and sibling.

What ends is a node: i for task i done (and its units back, if occupancy and latency are equal), n + i
for the units of task i alone.
"""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np

from archsim.engine.kernels.single import (
    BITS,
    FINISHED,
    STUCK,
    TOO_LONG,
    next_bucket,
    pop,
    push,
    put,
    settle,
    sort,
    take,
)
from archsim.engine.kernels.structs import Graph, Ids, Long, Short, Times, Wheel
from archsim.jit import njit


@njit(cache=True, error_model="numpy", nogil=True)
def _goes_first(owner: Ids, priority: Short, came: Long, a: int, b: int) -> bool:
    """Is claim a ahead of claim b: by priority, round of becoming ready, id?"""
    i, j = owner[a], owner[b]
    if priority[i] != priority[j]:
        return bool(priority[i] < priority[j])
    if came[i] != came[j]:
        return bool(came[i] < came[j])
    return bool(i < j)


@njit(cache=True, error_model="numpy", nogil=True)
def _merge(child: Short, follow: Short, owner: Ids, priority: Short, came: Long, a: int, b: int) -> int:
    """Two heaps into one; its root."""
    if _goes_first(owner, priority, came, b, a):
        a, b = b, a
    follow[b] = child[a]
    child[a] = b
    return a


@njit(cache=True, error_model="numpy", nogil=True)
def _without_root(child: Short, follow: Short, owner: Ids, priority: Short, came: Long, root: int) -> int:
    """The root of what remains, -1 if nothing does: merge children in pairs, then the pairs from the last on."""
    pairs, k = -1, child[root]
    while k >= 0:
        second = follow[k]
        if second < 0:
            follow[k] = pairs
            pairs = k
            break
        rest = follow[second]
        pair = _merge(child, follow, owner, priority, came, k, second)
        follow[pair] = pairs
        pairs, k = pair, rest
    if pairs < 0:
        return -1
    root, k = pairs, follow[pairs]
    while k >= 0:
        rest = follow[k]
        root = _merge(child, follow, owner, priority, came, root, k)
        k = rest
    return root


@njit(cache=True, error_model="numpy", nogil=True)
def claims_of(uses_ptr: Short, uses: Ids, units: Long, reserves_ptr: Short, reserves: Ids, more: Long) -> Any:
    """Rows of what tasks take at their start: uses and reserves of the same resource added up.

    Also whether the sums fit into 64 bits.
    """
    n = len(uses_ptr) - 1
    ptr = np.zeros(n + 1, np.int32)
    resource = np.empty(len(uses) + len(reserves), np.uint32)
    total = np.empty(len(resource), np.int64)
    size, fits = 0, True
    for i in range(n):
        for k in range(uses_ptr[i], uses_ptr[i + 1]):
            resource[size], total[size] = uses[k], units[k]
            size += 1
        used = size
        for k in range(reserves_ptr[i], reserves_ptr[i + 1]):
            for at in range(ptr[i], used):
                if resource[at] == reserves[k]:
                    total[at] += more[k]
                    fits = fits and total[at] > 0
                    break
            else:
                resource[size], total[size] = reserves[k], more[k]
                size += 1
        ptr[i + 1] = size
    return ptr, resource[:size].copy(), total[:size].copy(), fits


@njit(cache=True, error_model="numpy", nogil=True)
def any_graph(
    graph: Graph,
    static: bool,
    heaps: bool,
    free: Long,
    wheel_of: Wheel,
    link: Any,
    times_of: Times,
    head: Long,
    sequence: Long,
) -> int:
    """Play a graph out round by round; `head` receives the first task in each line, -1 for an empty one.

    `sequence` receives the tasks in the order in which they started, if it has room for any.
    """
    occupancy, latency, priority, after_ptr, succ_ptr, succ = graph[:6]
    claim_ptr, claim, claim_units = graph[6:9]
    uses_ptr, uses, uses_units, frees_ptr, frees, frees_units = graph[9:]
    n_buckets, unit, shift, inverse = wheel_of
    ready, start, done = times_of
    n, n_claims = len(latency), len(claim)
    wheel, mask = n_buckets > 0, n_buckets - 1
    first = np.full(n_buckets, -1, np.int32)
    bits = np.zeros(BITS + (n_buckets >> 6) + 1, np.int64)
    # sized for the worst case; memory that nobody touches costs nothing
    room = 0 if wheel else 2 * n
    times, nodes, size = np.empty(room, np.int64), np.empty(room, np.int64), 0
    new, n_new = np.empty(n, np.uint32), 0
    ending, n_ending = np.empty(2 * n, np.int64), 0
    soon, n_soon = np.empty(2 * n, np.int64), 0  # ends in the next round of this instant
    owner = np.empty(n_claims, np.uint32)
    follow = np.empty(n_claims, np.int32)
    child = np.empty(n_claims if heaps else 0, np.int32)
    came = np.empty(n if heaps else 0, np.int64)
    is_heap, same = np.zeros(len(free), np.bool_), np.empty(len(free), np.int32)
    tail = np.full(len(free), -1, np.int64)
    touched, n_touched, is_touched = np.empty(len(free), np.uint32), 0, np.zeros(len(free), np.bool_)
    head[:] = -1
    for i in range(n):
        ready[i] = after_ptr[i] - after_ptr[i + 1] - 1
        start[i] = done[i] = -1
        for k in range(claim_ptr[i], claim_ptr[i + 1]):
            owner[k] = i
            r = claim[k]
            if heaps:
                if tail[r] < 0:
                    tail[r], same[r] = 0, priority[i]
                is_heap[r] |= same[r] != priority[i]
            if static:
                follow[k] = -1
                if head[r] < 0:
                    head[r] = k
                else:
                    follow[tail[r]] = k
                tail[r] = k
        if ready[i] == -1:
            ready[i] = 0
            new[n_new] = i
            n_new += 1
    now, bucket, this_round, n_in_sequence = 0, 0, 0, 0
    while True:
        # the newly ready join their lines, in order; who needs nothing stands in none
        n_started = 0
        if not static:
            sort(new, n_new)
        for x in range(n_new):
            i = new[x]
            begin, end = claim_ptr[i], claim_ptr[i + 1]
            if begin == end:
                new[n_started] = i
                n_started += 1
                continue
            if heaps:
                came[i] = this_round
            if not static:
                for k in range(begin, end):
                    r = claim[k]
                    follow[k] = -1
                    if is_heap[r]:
                        child[k] = -1
                        root = head[r]
                        head[r] = k if root < 0 else _merge(child, follow, owner, priority, came, root, k)
                    else:
                        if head[r] < 0:
                            head[r] = k
                        else:
                            follow[tail[r]] = k
                        tail[r] = k
            r = claim[begin]
            if not is_touched[r]:
                is_touched[r] = True
                touched[n_touched] = r
                n_touched += 1
        # the arbiter: whoever is first in all its lines and finds its units
        while n_touched > 0:
            n_touched -= 1
            here = touched[n_touched]
            is_touched[here] = False
            while head[here] >= 0:
                i = owner[head[here]]
                may = ready[i] >= 0
                if may:
                    for k in range(claim_ptr[i], claim_ptr[i + 1]):
                        if head[claim[k]] != k or free[claim[k]] < claim_units[k]:
                            may = False
                            break
                if not may:
                    break
                for k in range(claim_ptr[i], claim_ptr[i + 1]):
                    r = claim[k]
                    free[r] -= claim_units[k]
                    if is_heap[r]:
                        head[r] = _without_root(child, follow, owner, priority, came, k)
                    else:
                        head[r] = follow[k]
                    if r != here and head[r] >= 0 and not is_touched[r]:
                        is_touched[r] = True
                        touched[n_touched] = r
                        n_touched += 1
                new[n_started] = i
                n_started += 1
        # what begins will end: in the next round of this instant, or later
        for x in range(n_started):
            i = int(new[x])
            start[i] = now
            if n_in_sequence < len(sequence):
                sequence[n_in_sequence] = i
                n_in_sequence += 1
            for part in range(2):
                node, length = i, latency[i]
                if part:
                    if occupancy[i] == length or uses_ptr[i] == uses_ptr[i + 1]:
                        break
                    node, length = n + i, occupancy[i]
                if length == 0:
                    soon[n_soon] = node
                    n_soon += 1
                elif wheel:
                    put(first, bits, link, (bucket + (length >> shift) * inverse) & mask, node)
                else:
                    push(times, nodes, size, now + length, node)
                    size += 1
        # the next round: gather what ends
        n_new = 0
        this_round += 1
        if n_soon > 0:
            ending, soon = soon, ending
            n_ending, n_soon = n_soon, 0
        elif wheel:
            following = next_bucket(bits, bucket)
            if following < 0:
                break
            now += ((following - bucket) & mask) * unit
            bucket = following
            node, n_ending = take(first, bits, bucket), 0
            while node >= 0:
                ending[n_ending] = node
                n_ending += 1
                node = link[node]
        else:
            if size == 0:
                break
            now, n_ending = times[0], 0
            while size > 0 and times[0] == now:
                ending[n_ending] = nodes[0]
                n_ending += 1
                pop(times, nodes, size)
                size -= 1
        if now < 0:
            return TOO_LONG
        # what ends gives back, and its successors may become ready
        for x in range(n_ending):
            i = ending[x]
            is_done = i < n
            if not is_done:
                i -= n
            if not is_done or occupancy[i] == latency[i]:
                for k in range(uses_ptr[i], uses_ptr[i + 1]):
                    r = uses[k]
                    free[r] += uses_units[k]
                    if free[r] < 0:
                        return TOO_LONG
                    if head[r] >= 0 and not is_touched[r]:
                        is_touched[r] = True
                        touched[n_touched] = r
                        n_touched += 1
            if not is_done:
                continue
            done[i] = now
            for k in range(frees_ptr[i], frees_ptr[i + 1]):
                r = frees[k]
                free[r] += frees_units[k]
                if free[r] < 0:
                    return TOO_LONG
                if head[r] >= 0 and not is_touched[r]:
                    is_touched[r] = True
                    touched[n_touched] = r
                    n_touched += 1
            for k in range(succ_ptr[i], succ_ptr[i + 1]):
                s = succ[k]
                ready[s] += 1
                if ready[s] == -1:
                    ready[s] = now
                    new[n_new] = s
                    n_new += 1
    for r in range(len(free)):
        if head[r] >= 0:
            head[r] = owner[head[r]]
    return STUCK if settle(ready, start, done) else FINISHED
