"""The kernel of tasks on single resources: the rules of `simpy_engine` on plain columns, to the same integers.

Habits that save memory and time, here and in `general`: while a task still waits for n predecessors, its ready
time reads −1 − n. Who waits in a line or is in flight is chained by links instead of being copied. Ids are
unsigned, because an index that cannot be negative needs no check. What kernels work in is given to them as
NamedTuples of arrays: they allocate nothing, so that nobody counts references (`archsim.jit.loop`).

`one_resource` needs no room but the trace. A task watches one predecessor at a time, the last first: when that
is done it looks for another that is not, and is ready if there is none (as watched literals in SAT solvers:
Moskewicz et al., "Chaff", DAC 2001). So nobody needs rows of successors. While a task is not done, its done time
holds, behind a minus sign, two ids: the first of those who watch it, and the next in the chain in which it stands
itself: of watchers, then of a line, then of a bucket.
"""

# numba's decorators carry no types, and its whole numbers are numpy's
# mypy: disable-error-code="untyped-decorator,no-any-return,assignment,return-value"
from __future__ import annotations

import numpy as np

from archsim.engine.kernels.ends import mark, next_bucket, pop, push, unmark
from archsim.engine.kernels.parts import FINISHED, STUCK, TOO_LONG, settle, sort
from archsim.engine.kernels.structs import Ends, Long, Queues, Single, Times
from archsim.jit import loop, part

_ID = 31  # bits of an id in a done time that is still free
_WATCHER = 2**_ID - 1


@part
def _next(done: Long, i: int) -> int:
    """Who follows in the chain in which a task stands; -1 at its end."""
    return (~done[i] >> _ID) - 1


@part
def _chain(done: Long, i: int, other: int) -> None:
    """Let another follow."""
    done[i] = ~((~done[i] & _WATCHER) | ((other + 1) << _ID))


@part
def _watch(done: Long, i: int, before: int) -> None:
    """Go before the first of those who watch a task."""
    word = ~done[before]
    _chain(done, i, (word & _WATCHER) - 1)
    done[before] = ~((word & ~_WATCHER) | (i + 1))


@part
def _start(g: Single, e: Ends, t: Times, i: int, now: int, bucket: int, size: int) -> int:
    """A task starts, and will end; how many ends a heap then holds."""
    t.start[i] = now
    if e.wheel.n_buckets == 0:
        push(e.times, e.nodes, size, now + g.latency[i], i)
        return size + 1
    at = (bucket + (g.latency[i] >> e.wheel.shift) * e.wheel.inverse) & (e.wheel.n_buckets - 1)
    other = np.int64(e.first[at])
    _chain(t.done, i, other - 1)
    e.first[at] = i + 1
    if other == 0:
        mark(e.bits, at)
    return size


@part
def _next_ends(e: Ends, t: Times, now: int, bucket: int, size: int) -> tuple[int, int, int, int]:
    """The first of those who end next, -1 if nobody does; when, its bucket, ends left on a heap."""
    node = -1
    if e.wheel.n_buckets > 0:
        at = next_bucket(e.bits, bucket)
        if at >= 0:
            now += ((at - bucket) & (e.wheel.n_buckets - 1)) * e.wheel.unit
            bucket, node = at, np.int64(e.first[at]) - 1
            e.first[at] = 0
            unmark(e.bits, at)
    elif size > 0:
        now = e.times[0]
        while size > 0 and e.times[0] == now:
            _chain(t.done, e.nodes[0], node)
            node = e.nodes[0]
            pop(e.times, e.nodes, size)
            size -= 1
    return node, now, bucket, size


@part
def _woken(g: Single, q: Queues, t: Times, watcher: int, now: int, n_new: int) -> int:
    """Those who watched a task that is done look for a predecessor that is not; who finds none is newly ready."""
    while watcher >= 0:
        s, missing = watcher, -2 - t.ready[watcher]
        watcher = _next(t.done, s)
        begin = g.after_ptr[s]
        while missing > 0 and t.done[g.after[begin + missing - 1]] >= 0:
            missing -= 1
        if missing > 0:
            t.ready[s] = -1 - missing
            _watch(t.done, s, np.int64(g.after[begin + missing - 1]))
        else:
            t.ready[s] = now
            q.new[n_new] = s
            n_new += 1
    return n_new


@part
def _prepared(g: Single, q: Queues, t: Times) -> int:
    """Nothing has happened yet; how many tasks are ready."""
    n_new = 0
    q.head[:] = -1
    t.done[:] = -1
    for i in range(len(g.latency)):
        missing = np.int64(g.after_ptr[i + 1]) - np.int64(g.after_ptr[i])
        t.ready[i] = -1 - missing
        if missing == 0:
            t.ready[i] = 0
            q.new[n_new] = i
            n_new += 1
        else:
            _watch(t.done, i, np.int64(g.after[g.after_ptr[i + 1] - 1]))
    return n_new


@part
def _wait(q: Queues, t: Times, i: int, r: int) -> None:
    """A task to the end of a line."""
    _chain(t.done, i, -1)
    if q.head[r] < 0:
        q.head[r] = i
    else:
        _chain(t.done, q.tail[r], i)
    q.tail[r] = i


@loop
def one_resource(g: Single, q: Queues, e: Ends, t: Times) -> int:
    """Policy fifo where each task holds one unit of one resource as long as it takes, more than no time.

    Then a round is an instant, a unit that comes back goes to the first in line at once, and the newly ready
    follow in order of ids.
    """
    n_new = _prepared(g, q, t)
    now = bucket = size = n_done = 0
    while True:
        sort(q.new, n_new)
        for x in range(n_new):
            i = np.int64(q.new[x])
            r = g.resource[i]
            if q.free[r] > 0:
                q.free[r] -= 1
                size = _start(g, e, t, i, now, bucket, size)
            else:
                _wait(q, t, i, r)
        node, now, bucket, size = _next_ends(e, t, now, bucket, size)
        if node < 0:
            break
        if now < 0:
            return TOO_LONG
        n_new = 0
        while node >= 0:
            i, watcher = node, (~t.done[node] & _WATCHER) - 1
            node = _next(t.done, i)
            t.done[i] = now
            n_done += 1
            r = g.resource[i]
            if q.head[r] >= 0:
                j = q.head[r]
                q.head[r] = _next(t.done, j)
                size = _start(g, e, t, j, now, bucket, size)
            else:
                q.free[r] += 1
            n_new = _woken(g, q, t, watcher, now, n_new)
    if n_done == len(g.latency):
        return FINISHED
    for i in range(len(g.latency)):  # whoever started is done
        if t.done[i] < 0:
            t.start[i] = -1
    settle(t.ready, t.start, t.done)
    return STUCK
