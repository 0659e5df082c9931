"""Loops for tasks on single resources: the rules of `simpy_engine` on plain columns, to the same integers.

Three kernels: `one_resource` for graphs whose tasks hold one unit of at most one resource, `any_graph` for
all rules, `static_pass` for tasks served in the order of their ids. `dispatch` chooses and prepares.

Habits that save memory and time: while a task still waits for n predecessors, its ready time reads −1 − n. Who
waits in a line or is in flight is chained by links instead of being copied. Ids are unsigned, because an
index that cannot be negative needs no check.

`one_resource` needs no room but the trace. A task watches one predecessor at a time, the last first: when that
is done it looks for another that is not, and is ready if there is none (as watched literals in SAT solvers:
Moskewicz et al., "Chaff", DAC 2001). So nobody needs rows of successors. While a task is not done, its done time
holds, behind a minus sign, two ids: the first of those who watch it, and the next in the chain in which it stands
itself: of watchers, then of a line, then of a bucket.

Ends to come lie on a timing wheel or on a heap. Wheel: all lengths of time are multiples of a unit and shorter
than the wheel is round, so each bucket holds one instant; three levels of bits find the next one that
is in use. Division by the unit is exact, hence a shift and a product with its odd part's inverse modulo 2**64.
"""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np

from archsim.engine.kernels.structs import Ids, Long, Short, Times, Wheel
from archsim.jit import intrinsic, njit, types

FINISHED, STUCK, TOO_LONG, OUT_OF_ORDER = 0, 1, 2, 3
"""How a kernel ends: all tasks ran; some never do; a number needs more than 64 bits; an id precedes its own
predecessor."""

_LEVEL_1, BITS = 1, 65  # where the levels of bits begin; level 2 is one word
MAX_BUCKETS = 2**18
_ID = 31  # bits of an id in a done time that is still free
_WATCHER = 2**_ID - 1


@intrinsic
def _count_zeros(_typing: Any, _bits: Any) -> Any:
    """Number of the lowest bit that is set; one instruction."""

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], context.get_constant(types.boolean, 1))

    return types.int64(types.int64), generate


_lowest: Any = _count_zeros  # whoever calls it does not pass the typing context


@njit(cache=True, error_model="numpy", nogil=True)
def put(first: Short, bits: Long, link: Any, bucket: int, node: int) -> None:
    """Chain a node into a bucket, before those that are there."""
    other = first[bucket]
    link[node] = other
    first[bucket] = node
    if other < 0:
        mark(bits, bucket)


@njit(cache=True, error_model="numpy", nogil=True)
def mark(bits: Long, bucket: int) -> None:
    """Say on all levels that a bucket is in use."""
    word = bucket >> 6
    bits[BITS + word] |= 1 << (bucket & 63)
    bits[_LEVEL_1 + (word >> 6)] |= 1 << (word & 63)
    bits[0] |= 1 << (word >> 6)


@njit(cache=True, error_model="numpy", nogil=True)
def next_bucket(bits: Long, bucket: int) -> int:
    """The next bucket in use after this one, around the wheel; -1 if there is none."""
    word = bucket >> 6
    found = bits[BITS + word] & (-2 << (bucket & 63))
    if found:
        return (word << 6) | int(_lowest(found))
    group = word >> 6
    found = bits[_LEVEL_1 + group] & (-2 << (word & 63))
    if not found:
        above = bits[0] & (-2 << group)
        if not above:
            above = bits[0]
            if not above:
                return -1
        group = _lowest(above)
        found = bits[_LEVEL_1 + group]
    word = (group << 6) | int(_lowest(found))
    return (word << 6) | int(_lowest(bits[BITS + word]))


@njit(cache=True, error_model="numpy", nogil=True)
def take(first: Short, bits: Long, bucket: int) -> int:
    """Empty a bucket; its first node."""
    node = first[bucket]
    first[bucket] = -1
    word = bucket >> 6
    bits[BITS + word] &= ~(1 << (bucket & 63))
    if not bits[BITS + word]:
        bits[_LEVEL_1 + (word >> 6)] &= ~(1 << (word & 63))
        if not bits[_LEVEL_1 + (word >> 6)]:
            bits[0] &= ~(1 << (word >> 6))
    return int(node)


@njit(cache=True, error_model="numpy", nogil=True)
def push(times: Long, nodes: Long, size: int, time: int, node: int) -> None:
    """Add to a binary heap of `size` entries."""
    k = size
    while k > 0:
        parent = (k - 1) >> 1
        if times[parent] <= time:
            break
        times[k], nodes[k] = times[parent], nodes[parent]
        k = parent
    times[k], nodes[k] = time, node


@njit(cache=True, error_model="numpy", nogil=True)
def pop(times: Long, nodes: Long, size: int) -> None:
    """Drop the first of `size` entries of a binary heap."""
    size -= 1
    time, node = times[size], nodes[size]
    k = 0
    while True:
        child = 2 * k + 1
        if child >= size:
            break
        if child + 1 < size and times[child + 1] < times[child]:
            child += 1
        if time <= times[child]:
            break
        times[k], nodes[k] = times[child], nodes[child]
        k = child
    times[k], nodes[k] = time, node


@njit(cache=True, error_model="numpy", nogil=True)
def sort(ids: Ids, n: int) -> None:
    """Sort the first n: by insertion while they are nearly in order, else by heap."""
    if n > 1 and ids[0] > ids[n - 1]:  # who comes out of a bucket comes in reverse
        for k in range(n >> 1):  # a slice would compile for seconds
            ids[k], ids[n - 1 - k] = ids[n - 1 - k], ids[k]
    moves = 16 * n
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
    begin, end = n >> 1, n
    while end > 1:
        if begin > 0:
            begin -= 1
        else:
            end -= 1
            ids[0], ids[end] = ids[end], ids[0]
        at, value = begin, ids[begin]
        while 2 * at + 1 < end:
            child = 2 * at + 1
            if child + 1 < end and ids[child] < ids[child + 1]:
                child += 1
            if ids[child] <= value:
                break
            ids[at] = ids[child]
            at = child
        ids[at] = value


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


@njit(cache=True, error_model="numpy", nogil=True)
def check_rows(ptr: Short, row: Ids, limit: int) -> tuple[bool, int, int]:
    """Do pointers and entries lead nowhere outside? And how long is the shortest row, and the longest?"""
    good = ptr[0] == 0 and ptr[-1] == len(row)
    shortest, longest = len(row), 0
    for i in range(len(ptr) - 1):
        length = ptr[i + 1] - ptr[i]
        shortest, longest = min(shortest, length), max(longest, length)
    for entry in row:
        good &= entry < limit
    return good and shortest >= 0, shortest, longest


@njit(cache=True, error_model="numpy", nogil=True)
def firsts(ptr: Short, row: Ids, otherwise: int) -> Ids:
    """The first entry of each row, or what stands for an empty one."""
    found = np.empty(len(ptr) - 1, np.uint32)
    for i in range(len(found)):
        found[i] = row[ptr[i]] if ptr[i] < ptr[i + 1] else otherwise
    return found


@njit(cache=True, error_model="numpy", nogil=True)
def successors(after_ptr: Short, after: Ids, ptr: Ids, row: Ids) -> None:
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


@njit(cache=True, error_model="numpy", nogil=True)
def settle(ready: Long, start: Long, done: Long) -> int:
    """Write -1 for what never happened; how many tasks never started."""
    left = 0
    for i in range(len(ready)):
        if start[i] < 0:
            left += 1
            done[i] = -1
            ready[i] = max(ready[i], -1)
    return left


@njit(cache=True, error_model="numpy", nogil=True)
def _next(done: Long, i: int) -> int:
    """Who follows in the chain in which a task stands; -1 at its end."""
    return int((~done[i] >> _ID) - 1)


@njit(cache=True, error_model="numpy", nogil=True)
def _chain(done: Long, i: int, other: int) -> None:
    """Let another follow."""
    done[i] = ~((~done[i] & _WATCHER) | ((other + 1) << _ID))


@njit(cache=True, error_model="numpy", nogil=True)
def _watch(done: Long, i: int, before: int) -> None:
    """Go before the first of those who watch a task."""
    word = ~done[before]
    _chain(done, i, (word & _WATCHER) - 1)
    done[before] = ~((word & ~_WATCHER) | (i + 1))


@njit(cache=True, error_model="numpy", nogil=True)
def _put(first: Short, bits: Long, done: Long, bucket: int, i: int) -> None:
    """Chain a task into a bucket."""
    other = int(first[bucket])
    _chain(done, i, other)
    first[bucket] = i
    if other < 0:
        mark(bits, bucket)


@njit(cache=True, error_model="numpy", nogil=True)
def one_resource(
    latency: Long,
    resource: Ids,
    free: Long,
    after_ptr: Short,
    after: Ids,
    wheel_of: Wheel,
    times_of: Times,
    head: Long,
) -> int:
    """Policy fifo where each task holds one unit of one resource as long as it takes, more than no time.

    Then a round is an instant, a unit that comes back goes to the first in line at once, and the newly ready
    follow in order of ids. Without buckets: a heap.
    """
    n_buckets, unit, shift, inverse = wheel_of
    ready, start, done = times_of
    wheel, mask = n_buckets > 0, n_buckets - 1
    first = np.full(n_buckets, -1, np.int32)
    bits = np.zeros(BITS + (n_buckets >> 6) + 1, np.int64)
    n = len(latency)
    # sized for the worst case; memory that nobody touches costs nothing
    times, nodes, size = np.empty(0 if wheel else n, np.int64), np.empty(0 if wheel else n, np.int64), 0
    new, n_new = np.empty(n, np.uint32), 0
    tail = np.empty(len(free), np.int64)
    head[:] = -1
    done[:] = -1
    n_done = 0
    for i in range(n):
        missing = after_ptr[i + 1] - after_ptr[i]
        ready[i] = -1 - missing
        if missing == 0:
            ready[i] = 0
            new[n_new] = i
            n_new += 1
        else:
            _watch(done, i, int(after[after_ptr[i + 1] - 1]))
    now, bucket = 0, 0
    while True:
        sort(new, n_new)
        for x in range(n_new):
            i = int(new[x])
            r = resource[i]
            if free[r] > 0:
                free[r] -= 1
                start[i] = now
                if wheel:
                    _put(first, bits, done, (bucket + (latency[i] >> shift) * inverse) & mask, i)
                else:
                    push(times, nodes, size, now + latency[i], i)
                    size += 1
            else:
                _chain(done, i, -1)
                if head[r] < 0:
                    head[r] = i
                else:
                    _chain(done, tail[r], i)
                tail[r] = i
        n_new = 0
        if wheel:
            following = next_bucket(bits, bucket)
            if following < 0:
                break
            now += ((following - bucket) & mask) * unit
            bucket = following
            node = take(first, bits, bucket)
        else:
            if size == 0:
                break
            now, node = times[0], -1
            while size > 0 and times[0] == now:
                _chain(done, nodes[0], node)
                node = nodes[0]
                pop(times, nodes, size)
                size -= 1
        if now < 0:
            return TOO_LONG
        while node >= 0:
            i, watcher = node, (~done[node] & _WATCHER) - 1
            node = _next(done, i)
            done[i] = now
            n_done += 1
            r = resource[i]
            if head[r] >= 0:
                j = head[r]
                head[r] = _next(done, j)
                start[j] = now
                if wheel:
                    _put(first, bits, done, (bucket + (latency[j] >> shift) * inverse) & mask, j)
                else:
                    push(times, nodes, size, now + latency[j], j)
                    size += 1
            else:
                free[r] += 1
            while watcher >= 0:
                s, missing = watcher, -2 - ready[watcher]
                watcher = _next(done, s)
                begin = after_ptr[s]
                while missing > 0 and done[after[begin + missing - 1]] >= 0:
                    missing -= 1
                if missing > 0:
                    ready[s] = -1 - missing
                    _watch(done, s, int(after[begin + missing - 1]))
                else:
                    ready[s] = now
                    new[n_new] = s
                    n_new += 1
    if n_done == n:
        return FINISHED
    for i in range(n):  # whoever started is done
        if done[i] < 0:
            start[i] = -1
    settle(ready, start, done)
    return STUCK


@njit(cache=True, error_model="numpy", nogil=True)
def _earliest(slot: Long, begin: int, end: int) -> int:
    """The unit that comes back first."""
    best = begin
    for k in range(begin + 1, end):
        if slot[k] < slot[best]:
            best = k
    return best


@njit(cache=True, error_model="numpy", nogil=True)
def static_pass(
    occupancy: Long,
    latency: Long,
    after_ptr: Short,
    after: Ids,
    uses_ptr: Short,
    uses: Ids,
    slot_ptr: Long,
    times: Times,
) -> int:
    """Policy static where tasks hold single units of resources and reserve nothing: one pass over the ids.

    A task starts when it is ready, the one before it in each of its lines has started, and a unit is back.
    """
    ready, start, done = times
    slot = np.zeros(slot_ptr[-1], np.int64)  # when each unit comes back
    latest = np.zeros(len(slot_ptr) - 1, np.int64)  # start of the one served before
    for i in range(len(latency)):
        time = 0
        for k in range(after_ptr[i], after_ptr[i + 1]):
            if after[k] >= i:
                return OUT_OF_ORDER
            time = max(time, done[after[k]])
        ready[i] = time
        for k in range(uses_ptr[i], uses_ptr[i + 1]):
            r = uses[k]
            time = max(time, latest[r], slot[_earliest(slot, slot_ptr[r], slot_ptr[r + 1])])
        start[i] = time
        done[i] = time + latency[i]
        if done[i] < 0 or time + occupancy[i] < 0:
            return TOO_LONG
        for k in range(uses_ptr[i], uses_ptr[i + 1]):
            r = uses[k]
            latest[r] = time
            slot[_earliest(slot, slot_ptr[r], slot_ptr[r + 1])] = time + occupancy[i]
    return FINISHED
