"""The window of a long run: which blocks are at hand, and whether their state has been there before.

A task of the window is a place: slot of its block x longest block + where it stands in the block. Tasks are
compared by their key: number of the block x longest block + where it stands, which orders them as ids do. Blocks
after a jump keep their numbers; what was skipped is added at the end.
"""

# numba's decorators carry no types, and its whole numbers are numpy's
# mypy: disable-error-code="untyped-decorator,no-any-return,assignment,return-value"
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from archsim.engine.kernels.structs import Flags, Found, Long, Memory, Order, Short, Sizes
from archsim.jit import loop, part

FINISHED, STUCK, TOO_LONG, FULL, LATE = 0, 1, 2, 3, 4
"""How a run ends: all blocks ran; some never do; a number needs more than 64 bits; the window is too small; a
block was loaded after one of its tasks could have started."""

NOW, ROUND, FIRST, END, HIGHEST, RUN, OVER, N_END, SKIPPED, OFF = range(10)
"""Counters: time and round; the first block at hand, and the one after the last; the highest with a task that is
ready; the run of which blocks are loaded; blocks that are over, of how many; blocks and time that were skipped."""
REF_RUN, JUMPED, HAVE, POWER, SINCE, REF_FIRST, REF_BLOCKS, REF_FLIGHT, REF_NOW = range(10, 19)
"""The state that is known: of which run, whether that has jumped, whether there is one, how many blocks pass until
the next is kept, how many did; its first block, blocks, ends to come, and time."""
N_COUNTERS = 19

RUNNING, DONE = -1, -2
_FLIGHT = 2**62  # a running task in a state: this, less what remains


class Rows(NamedTuple):
    """A template, as the kernel wants it."""

    block_ptr: Long
    occupancy: Long
    latency: Long
    priority: Short
    after_ptr: Long
    after_lag: Long
    after_task: Long
    claim_ptr: Long
    claim: Long
    claim_units: Long
    uses_ptr: Long
    uses: Long
    uses_units: Long
    frees_ptr: Long
    frees: Long
    frees_units: Long
    service: Short  # class of each task, -1 where it has its own times
    service_ps: Long  # (blocks, classes)


class Window(NamedTuple):
    """State of the blocks in the window."""

    row: Short  # which task of the template
    key: Long
    missing: Short  # predecessors to come; RUNNING, DONE
    came: Long  # the round in which it became ready
    held_ps: Long  # occupancy
    takes_ps: Long  # latency
    done_at: Long
    back_at: Long  # when its units come back, -1 if they are not out
    done_in: Long  # the round
    waiters: Short  # chain of edges to those that wait for it
    next_waiter: Short
    waiter: Short
    owner: Short  # of a claim
    follow: Short  # the next claim in a line
    head: Long
    tail: Long
    free: Long
    touched: Long  # lines that may move on
    is_touched: Flags
    left: Long  # tasks of a block that are not done
    out: Long  # tasks of a block whose units are not back
    sizes: Long  # tasks of a block


@part
def _append(w: Window, r: int, c: int) -> None:
    """A claim to the end of a line."""
    if w.head[r] < 0:
        w.head[r] = c
    else:
        w.follow[w.tail[r]] = c
    w.tail[r] = c


@part
def _goes_first(t: Rows, w: Window, i: int, j: int) -> bool:
    """Is task i ahead of task j: by priority, round of becoming ready, id?"""
    p, q = t.priority[w.row[i]], t.priority[w.row[j]]
    if p != q:
        return bool(p < q)
    if w.came[i] != w.came[j]:
        return bool(w.came[i] < w.came[j])
    return bool(w.key[i] < w.key[j])


@part
def join(t: Rows, w: Window, r: int, c: int) -> None:
    """A claim to its place in a line; from behind only who has a smaller priority number walks."""
    w.follow[c] = -1
    i = w.owner[c]
    if w.head[r] < 0 or not _goes_first(t, w, i, w.owner[w.tail[r]]):
        _append(w, r, c)
        return
    here, before = w.head[r], -1
    while not _goes_first(t, w, i, w.owner[here]):
        before, here = here, w.follow[here]
    w.follow[c] = here
    if before < 0:
        w.head[r] = c
    else:
        w.follow[before] = c


@part
def _load(
    t: Rows, w: Window, size_of: Sizes, b: int, kind: int, this_round: int, static: bool, new: Long, n_new: int
) -> int:
    """Bring block b into its slot; how many are newly ready, -1 if one of them should have been before."""
    longest, n_edges, n_claims, n_slots = size_of[:4]
    slot = b % n_slots
    begin, end = t.block_ptr[kind], t.block_ptr[kind + 1]
    w.left[slot], w.out[slot] = end - begin, 0
    edge_shift = slot * n_edges - t.after_ptr[begin]
    claim_shift = slot * n_claims - t.claim_ptr[begin]
    for row in range(begin, end):
        i = slot * longest + row - begin
        w.row[i], w.key[i] = row, b * longest + row - begin
        w.waiters[i] = w.back_at[i] = -1
        w.held_ps[i], w.takes_ps[i] = t.occupancy[row], t.latency[row]
        if t.service[row] >= 0:
            w.held_ps[i] = w.takes_ps[i] = t.service_ps[b, t.service[row]]
        missing, last = 0, np.int64(-1)
        for e in range(t.after_ptr[row], t.after_ptr[row + 1]):
            there = b - t.after_lag[e]
            if there < 0:
                continue
            before = (there % n_slots) * longest + t.after_task[e]
            if w.missing[before] == DONE:
                last = max(last, w.done_in[before])
            else:
                node = edge_shift + e
                w.next_waiter[node], w.waiter[node] = w.waiters[before], i
                w.waiters[before] = node
                missing += 1
        w.missing[i] = missing
        for k in range(t.claim_ptr[row], t.claim_ptr[row + 1]):
            c, r = claim_shift + k, t.claim[k]
            w.owner[c], w.follow[c] = i, -1
            if static:
                _append(w, r, c)
        if missing == 0:
            if last < this_round and this_round > 0:
                return -1
            new[n_new] = w.key[i]
            n_new += 1
    return n_new


@part
def _blocks_of(order: Order, run: int) -> int:
    """How many blocks a run repeats."""
    return order.ptr[run + 1] - order.ptr[run]


@part
def loaded(t: Rows, w: Window, size_of: Sizes, order: Order, c: Long, static: bool, new: Long, n_new: int) -> int:
    """Bring in the blocks that may be needed now; how many tasks are newly ready, or less -FULL or -LATE."""
    while c[END] < c[N_END] and c[END] <= c[HIGHEST] + size_of.lead:
        b = c[END]
        if b - size_of.n_slots >= c[FIRST] - size_of.max_lag:
            return -FULL
        while b >= order.first[c[RUN] + 1]:
            c[RUN] += 1
        place = order.ptr[c[RUN]] + (b - order.first[c[RUN]]) % _blocks_of(order, c[RUN])
        kind = order.blocks[place]
        w.sizes[b % size_of.n_slots] = t.block_ptr[kind + 1] - t.block_ptr[kind]
        more = _load(t, w, size_of, b, kind, c[ROUND], static, new, n_new)
        if more < 0:
            return -LATE
        if more > n_new:
            n_new, c[HIGHEST] = more, max(c[HIGHEST], b)
        if w.sizes[b % size_of.n_slots] == 0:
            c[OVER] += 1
        c[END] += 1
    return n_new


@loop
def _state(w: Window, size_of: Sizes, c: Long, static: bool, known: Long, compare: bool) -> bool:
    """Write the state of the window into `known`, or say whether it equals what is there.

    Times and rounds are counted from now, blocks from the first one at hand.
    """
    x, now = 0, c[NOW]
    for b in range(c[FIRST], c[END]):
        slot = b % size_of.n_slots
        for j in range(w.sizes[slot]):
            i = slot * size_of.longest + j
            word = np.int64(w.missing[i])
            if word == RUNNING:
                word = now - w.done_at[i] - _FLIGHT
            elif word == 0 and not static:
                word = w.came[i] - c[ROUND] - 3
            back = w.back_at[i] - now if w.back_at[i] >= 0 else np.int64(-1)
            if compare:
                if known[x] != word or known[x + 1] != back:
                    return False
            else:
                known[x], known[x + 1] = word, back
            x += 2
    for r in range(len(w.free)):
        if compare:
            if known[x] != w.free[r]:
                return False
        else:
            known[x] = w.free[r]
        x += 1
    return True


@part
def _jumped(order: Order, found: Found, c: Long, room: int) -> bool:
    """The state is one that was there before: skip whole periods; False if that leads beyond 64 bits."""
    period, period_ps = c[FIRST] - c[REF_FIRST], c[NOW] - c[REF_NOW]
    n_jumps = room // period
    if n_jumps > 0:
        if period_ps > 0 and n_jumps > (2**62 - c[OFF] - c[NOW]) // period_ps:
            return False
        jump = found.jumps[c[RUN]]
        jump[0], jump[1] = c[REF_FIRST] + c[SKIPPED], period
        jump[2], jump[3] = period_ps, n_jumps * period
        c[SKIPPED] += n_jumps * period
        c[OFF] += n_jumps * period_ps
        for k in range(c[RUN] + 1, len(order.first)):
            order.first[k] -= n_jumps * period
        c[N_END] -= n_jumps * period
    c[JUMPED] = c[RUN]
    return True


@part
def compared(w: Window, size_of: Sizes, order: Order, m: Memory, found: Found, flight: int, static: bool) -> bool:
    """Has the window been in this state before? Then skip what repeats; False if that leads beyond 64 bits."""
    c = m.counters
    begin, room = order.first[c[RUN]], order.first[c[RUN] + 1] - c[END] - len(found.begins)
    if c[REF_RUN] != c[RUN]:
        c[REF_RUN], c[HAVE], c[POWER], c[SINCE] = c[RUN], 0, 1, 0
    if c[FIRST] < begin or (c[FIRST] - begin) % _blocks_of(order, c[RUN]) != 0 or room <= 0:
        return True
    same = c[HAVE] > 0 and c[END] - c[FIRST] == c[REF_BLOCKS] and flight == c[REF_FLIGHT]
    if same:
        same = _state(w, size_of, c, static, m.known, True)
    if same:
        return _jumped(order, found, c, room)
    c[SINCE] += 1
    if c[HAVE] == 0 or c[SINCE] == c[POWER]:
        _state(w, size_of, c, static, m.known, False)
        c[HAVE], c[POWER], c[SINCE] = 1, 2 * c[POWER], 0
        c[REF_FIRST], c[REF_BLOCKS] = c[FIRST], c[END] - c[FIRST]
        c[REF_FLIGHT], c[REF_NOW] = flight, c[NOW]
    return True
