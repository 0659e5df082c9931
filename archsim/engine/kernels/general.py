"""The kernel of all rules: units, several resources, priorities, buffers, zero lengths, both policies.

The lines at resources consist of claims: claim k is one row entry (resource, units) of the task that owns it.
Where all who ever stand in a line have one priority, and under policy static, who comes last is last, so the line
is a chain. Otherwise it is a pairing heap (Fredman, Sedgewick, Sleator and Tarjan, Algorithmica 1, 1986), chained
by child and sibling.

What ends is a number: 2 i for task i done, one more if its units come back too, 2 (n + i) for its units alone.

"""

# numba's decorators carry no types, and its whole numbers are numpy's
# mypy: disable-error-code="untyped-decorator,no-any-return,assignment,return-value"
from __future__ import annotations

import numpy as np

from archsim.engine.kernels.ends import next_ends, put
from archsim.engine.kernels.parts import FINISHED, STUCK, TOO_LONG, settle, sort
from archsim.engine.kernels.structs import Ends, Graph, Lines, Long, Times
from archsim.jit import loop, part


@part
def _goes_first(g: Graph, q: Lines, a: int, b: int) -> bool:
    """Is claim a ahead of claim b: by priority, round of becoming ready, id?"""
    i, j = g.claims[a].owner, g.claims[b].owner
    if g.priority[i] != g.priority[j]:
        return g.priority[i] < g.priority[j]
    if q.came[i] != q.came[j]:
        return q.came[i] < q.came[j]
    return i < j


@part
def _merge(g: Graph, q: Lines, a: int, b: int) -> int:
    """Two heaps into one; its root."""
    if _goes_first(g, q, b, a):
        a, b = b, a
    q.follow[b] = q.child[a]
    q.child[a] = b
    return a


@loop
def _without_root(g: Graph, q: Lines, root: int) -> int:
    """The root of what remains, -1 if nothing does: merge children in pairs, then the pairs from the last on."""
    pairs, k = -1, q.child[root]
    while k >= 0:
        second = q.follow[k]
        if second < 0:
            q.follow[k] = pairs
            pairs = k
            break
        rest = q.follow[second]
        pair = _merge(g, q, k, second)
        q.follow[pair] = pairs
        pairs, k = pair, rest
    if pairs < 0:
        return -1
    root, k = pairs, q.follow[pairs]
    while k >= 0:
        rest = q.follow[k]
        root = _merge(g, q, root, k)
        k = rest
    return root


@part
def _touch(q: Lines, r: int, n_touched: int) -> int:
    """A line may move on; how many may."""
    if q.is_touched[r]:
        return n_touched
    q.is_touched[r] = True
    q.touched[n_touched] = r
    return n_touched + 1


@part
def _append(q: Lines, r: int, k: int) -> None:
    """A claim to the end of a chain."""
    q.follow[k] = -1
    if q.head[r] < 0:
        q.head[r] = k
    else:
        q.follow[q.tail[r]] = k
    q.tail[r] = k


@part
def _join(g: Graph, q: Lines, i: int, n_touched: int) -> int:
    """A task to its lines."""
    for k in range(g.claim_ptr[i], g.claim_ptr[i + 1]):
        r = g.claims[k].resource
        if q.is_heap[r]:
            root = q.head[r]
            q.child[k] = q.follow[k] = -1
            q.head[r] = np.int64(k) if root < 0 else _merge(g, q, root, np.int64(k))
            n_touched = _touch(q, r, n_touched)
        else:
            _append(q, r, k)
    return n_touched


@part
def _may_pass(g: Graph, q: Lines, i: int) -> bool:
    """Whether nobody stands in the lines of a task that joins them, and its units are free."""
    for k in range(g.claim_ptr[i], g.claim_ptr[i + 1]):
        r = g.claims[k].resource
        if q.head[r] >= 0 or q.free[r] < g.claims[k].units or q.is_heap[r]:
            return False
    return True


@part
def _may_start(g: Graph, q: Lines, i: int) -> bool:
    """Whether a task is first in all its lines, and its units are free."""
    for k in range(g.claim_ptr[i], g.claim_ptr[i + 1]):
        r = g.claims[k].resource
        if q.head[r] != np.int64(k) or q.free[r] < g.claims[k].units:
            return False
    return True


@part
def _leave(g: Graph, q: Lines, i: int, here: int, n_touched: int) -> int:
    """A task takes its units and leaves its lines; whoever follows it in another may start too."""
    for k in range(g.claim_ptr[i], g.claim_ptr[i + 1]):
        r = g.claims[k].resource
        q.free[r] -= g.claims[k].units
        q.head[r] = _without_root(g, q, np.int64(k)) if q.is_heap[r] else q.follow[k]
        if r != here and q.head[r] >= 0:
            n_touched = _touch(q, r, n_touched)
    return n_touched


@part
def _joined(g: Graph, q: Lines, this_round: int, n_new: int, n_touched: int) -> tuple[int, int]:
    """The newly ready join their lines, in order; how many start at once, how many lines may move on."""
    n_started = 0
    if not q.static:
        sort(q.new, n_new)
    for x in range(n_new):
        i = q.new[x]
        if q.static and g.claim_ptr[i] < g.claim_ptr[i + 1]:  # stands in them already
            n_touched = _touch(q, g.claims[g.claim_ptr[i]].resource, n_touched)
        elif _may_pass(g, q, i):
            for k in range(g.claim_ptr[i], g.claim_ptr[i + 1]):
                q.free[g.claims[k].resource] -= g.claims[k].units
            q.new[n_started] = i
            n_started += 1
        else:
            if len(q.came):
                q.came[i] = this_round
            n_touched = _join(g, q, i, n_touched)
    return n_started, n_touched


@part
def _arbitrated(g: Graph, q: Lines, t: Times, n_started: int, n_touched: int) -> int:
    """Whoever is first in all its lines and finds its units starts; how many do."""
    while n_touched > 0:
        n_touched -= 1
        here = q.touched[n_touched]
        q.is_touched[here] = False
        while q.head[here] >= 0:
            i = g.claims[q.head[here]].owner
            if t.ready[i] < 0 or not _may_start(g, q, i):
                break
            n_touched = _leave(g, q, i, here, n_touched)
            q.new[n_started] = i
            n_started += 1
    return n_started


@part
def _given_back(g: Graph, q: Lines, r: int, units: int, n_touched: int) -> int:
    """Units come back; a line may move on whose first claim finds enough of them."""
    q.free[r] += units
    first = q.head[r]
    # under static who is first may not have been looked at for long, and may not even be ready
    if first >= 0 and (q.static or q.free[r] >= g.claims[first].units):
        n_touched = _touch(q, r, n_touched)
    return n_touched


@part
def _used_up(g: Graph, q: Lines, i: int, n_touched: int) -> int:
    """What a task uses comes back."""
    for k in range(g.claim_ptr[i], g.claim_ptr[i + 1]):
        if g.claims[k].back > 0:
            n_touched = _given_back(g, q, g.claims[k].resource, g.claims[k].back, n_touched)
    return n_touched


@part
def _done(g: Graph, q: Lines, t: Times, e: Ends, i: int, now: int, n_new: int, n_touched: int) -> tuple[int, int]:
    """A task is done: it frees units, and its successors miss one predecessor less."""
    t.done[i] = now
    if len(g.frees.resource):
        for k in range(g.frees.ptr[i], g.frees.ptr[i + 1]):
            n_touched = _given_back(g, q, g.frees.resource[k], g.frees.units[k], n_touched)
    for k in range(g.succ_ptr[i], g.succ_ptr[i + 1]):
        s = g.succ[k]
        missing = e.link[s] - 1
        e.link[s] = missing
        if missing == 0:
            t.ready[s] = now
            q.new[n_new] = s
            n_new += 1
    return n_new, n_touched


@part
def _uses_any(g: Graph, i: int) -> bool:
    """Whether units of a task come back after its occupancy; what it reserves does not."""
    found = False
    for k in range(g.claim_ptr[i], g.claim_ptr[i + 1]):
        found |= g.claims[k].back > 0
    return found


@part
def _begun(g: Graph, e: Ends, i: int, soon: int, now: int, bucket: int, size: int) -> tuple[int, int]:
    """What begins will end: in the next round of this instant, or later."""
    latency, occupancy = g.latency[i], g.occupancy[i]
    end, apart = 2 * np.int64(i), occupancy != latency and _uses_any(g, i)
    if not apart:
        end += 1
    if latency == 0:
        e.link[i] = soon
        soon = end + 1
    else:
        size = put(e, end, latency, now, bucket, size)
    if apart:
        end += 2 * len(g.latency)
        if occupancy == 0:
            e.link[end >> 1] = soon
            soon = end + 1
        else:
            size = put(e, end, occupancy, now, bucket, size)
    return soon, size


@part
def _ended(g: Graph, q: Lines, t: Times, e: Ends, chain: int, now: int) -> tuple[int, int]:
    """What ends gives back, and successors may become ready; how many did, how many lines may move on."""
    n, n_new, n_touched = len(g.latency), 0, 0
    while chain > 0:
        end = chain - 1
        node = end >> 1
        chain = np.int64(e.link[node])
        if node >= n:
            n_touched = _used_up(g, q, node - n, n_touched)
        else:
            if end & 1:
                n_touched = _used_up(g, q, node, n_touched)
            n_new, n_touched = _done(g, q, t, e, node, now, n_new, n_touched)
    return n_new, n_touched


@part
def _prepared(g: Graph, q: Lines, t: Times, e: Ends) -> int:
    """Nothing has happened yet; how many tasks are ready. Until then, a link says how many they wait for."""
    n_new = 0
    for i in range(len(g.latency)):
        t.ready[i] = t.start[i] = -1
        e.link[i] = g.after_ptr[i + 1] - g.after_ptr[i]
        if e.link[i] == 0:
            t.ready[i] = 0
            q.new[n_new] = i
            n_new += 1
    for k in range(len(g.claims) if q.static or len(q.came) else 0):
        i, r = g.claims[k].owner, g.claims[k].resource
        if q.static:
            _append(q, r, k)
        else:  # who ever stands there has unlike priorities
            if q.tail[r] < 0:
                q.tail[r] = i
            q.is_heap[r] |= g.priority[q.tail[r]] != g.priority[i]
    return n_new


@loop
def any_graph(g: Graph, lines: Lines, ends: Ends, times: Times, sequence: Long) -> int:
    """Play a graph out round by round; the heads of lines are the first tasks there in the end, -1 for none.

    `sequence` receives the tasks in the order in which they started, if it has room for any.
    """
    n_new = _prepared(g, lines, times, ends)
    now = bucket = size = this_round = n_touched = n_in_sequence = 0
    while True:
        n_started, n_touched = _joined(g, lines, this_round, n_new, n_touched)
        n_started = _arbitrated(g, lines, times, n_started, n_touched)
        soon = 0
        for x in range(n_started):
            i = lines.new[x]
            times.start[i] = now
            if n_in_sequence < len(sequence):
                sequence[n_in_sequence] = i
                n_in_sequence += 1
            soon, size = _begun(g, ends, i, soon, now, bucket, size)
        this_round += 1
        if soon == 0:
            soon, now, bucket, size = next_ends(ends, now, bucket, size)
            if soon == 0:
                break
            if now < 0:
                return TOO_LONG
        n_new, n_touched = _ended(g, lines, times, ends, soon, now)
    for r in range(len(lines.head)):
        if lines.head[r] >= 0:
            lines.head[r] = g.claims[lines.head[r]].owner
    return STUCK if settle(times.ready, times.start, times.done) else FINISHED
