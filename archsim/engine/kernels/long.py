"""The rolling window: blocks of a template are loaded shortly before they are needed, and forgotten when over.

The rules are those of `archsim.engine.kernels.general`. A task of the window is a place: slot of its block x
longest block + where it stands in the block. Tasks are compared by their key: number of the block x longest
block + where it stands, which orders them as ids do. Blocks after a jump keep their numbers; what was skipped is
added at the end.
"""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from archsim.engine.kernels.single import pop, push
from archsim.engine.kernels.structs import Found, Long, Memory, Order, Short, Sizes
from archsim.jit import njit

FINISHED, STUCK, TOO_LONG, FULL, LATE = 0, 1, 2, 3, 4
"""How a run ends: all blocks ran; some never do; a number needs more than 64 bits; the window is too small; a
block was loaded after one of its tasks could have started."""

_RUNNING, _DONE = -1, -2
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
    missing: Short  # predecessors to come; _RUNNING, _DONE
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
    left: Long  # tasks of a block that are not done
    out: Long  # tasks of a block whose units are not back


@njit(cache=True, error_model="numpy")
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
        missing, last = 0, -1
        for e in range(t.after_ptr[row], t.after_ptr[row + 1]):
            there = b - t.after_lag[e]
            if there < 0:
                continue
            before = (there % n_slots) * longest + t.after_task[e]
            if w.missing[before] == _DONE:
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


@njit(cache=True, error_model="numpy")
def _append(w: Window, r: int, c: int) -> None:
    """A claim to the end of a line."""
    if w.head[r] < 0:
        w.head[r] = c
    else:
        w.follow[w.tail[r]] = c
    w.tail[r] = c


@njit(cache=True, error_model="numpy")
def _goes_first(t: Rows, w: Window, i: int, j: int) -> bool:
    """Is task i ahead of task j: by priority, round of becoming ready, id?"""
    p, q = t.priority[w.row[i]], t.priority[w.row[j]]
    if p != q:
        return bool(p < q)
    if w.came[i] != w.came[j]:
        return bool(w.came[i] < w.came[j])
    return bool(w.key[i] < w.key[j])


@njit(cache=True, error_model="numpy")
def _join(t: Rows, w: Window, r: int, c: int) -> None:
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


@njit(cache=True, error_model="numpy")
def _state(
    w: Window, longest: int, n_slots: int, first: int, end: int, sizes: Long,
    now: Any, this_round: int, static: bool, known: Long, compare: bool,
) -> bool:  # fmt: skip
    """Write the state of the window into `known`, or say whether it equals what is there.

    Times and rounds are counted from now, blocks from the first one at hand.
    """
    x = 0
    for b in range(first, end):
        slot = b % n_slots
        for j in range(sizes[slot]):
            i = slot * longest + j
            word: np.int64 = np.int64(w.missing[i])
            if word == _RUNNING:
                word = now - w.done_at[i] - _FLIGHT
            elif word == 0 and not static:
                word = w.came[i] - this_round - 3
            back: np.int64 = w.back_at[i] - now if w.back_at[i] >= 0 else np.int64(-1)
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


@njit(cache=True, error_model="numpy")
def roll(
    t: Rows, w: Window, size_of: Sizes, order: Order, static: bool, detect: bool, memory: Memory, found: Found
) -> int:
    """Play a sequence of blocks."""
    longest, _, n_claims, n_slots, max_lag, lead = size_of
    run_first, run_ptr, run_blocks = order
    times, nodes, ending, soon, new, known = memory
    begins, ends, outlast, jumps, out = found
    n_places, keep, n_resources = n_slots * longest, len(begins), len(w.free)
    n_end, n_over = run_first[-1], 0
    sizes = np.zeros(n_slots, np.int64)
    touched, n_touched = np.empty(n_resources, np.int64), 0
    is_touched = np.zeros(n_resources, np.bool_)
    # typed, as a literal 0 would have what is called compiled once more
    zero: Any = np.int64(0)
    size = n_new = n_ending = n_soon = zero
    first, end, highest, load_run = zero, zero, max_lag, 0
    this_round = skipped = now = off = ref_now = zero
    advanced, have, ref_run, jumped_run = False, False, -1, -1
    ref_first = ref_blocks = ref_flight = power = since = 0
    while True:
        # blocks that may be needed now
        while end < n_end and end <= highest + lead:
            if end - n_slots >= first - max_lag:
                return FULL
            while end >= run_first[load_run + 1]:
                load_run += 1
            n_blocks = run_ptr[load_run + 1] - run_ptr[load_run]
            kind = run_blocks[run_ptr[load_run] + (end - run_first[load_run]) % n_blocks]
            sizes[end % n_slots] = t.block_ptr[kind + 1] - t.block_ptr[kind]
            more = _load(t, w, size_of, end, kind, this_round, static, new, n_new)
            if more < 0:
                return LATE
            if more > n_new:
                n_new, highest = more, max(highest, end)
            if sizes[end % n_slots] == 0:
                n_over += 1
            end += 1
        out[1] = max(out[1], end - first)
        # the newly ready join their lines, in order; who needs nothing stands in none
        new[:n_new].sort()
        n_started = 0
        for x in range(n_new):
            b = new[x] // longest
            i = (b % n_slots) * longest + new[x] - b * longest
            row = w.row[i]
            begin, stop = t.claim_ptr[row], t.claim_ptr[row + 1]
            w.came[i] = this_round
            if begin == stop:
                new[n_started] = i
                n_started += 1
                continue
            if not static:
                shift = (b % n_slots) * n_claims - t.claim_ptr[row - (i - (b % n_slots) * longest)]
                for k in range(begin, stop):
                    _join(t, w, t.claim[k], shift + k)
            r = t.claim[begin]
            if not is_touched[r]:
                is_touched[r] = True
                touched[n_touched] = r
                n_touched += 1
        # the arbiter: whoever is first in all its lines and finds its units
        while n_touched > 0:
            n_touched -= 1
            here = touched[n_touched]
            is_touched[here] = False
            while w.head[here] >= 0:
                i = w.owner[w.head[here]]
                if w.missing[i] != 0:
                    break
                row, slot = w.row[i], i // longest
                shift = slot * n_claims - t.claim_ptr[row - (i - slot * longest)]
                may = True
                for k in range(t.claim_ptr[row], t.claim_ptr[row + 1]):
                    r = t.claim[k]
                    if w.head[r] != shift + k or w.free[r] < t.claim_units[k]:
                        may = False
                        break
                if not may:
                    break
                for k in range(t.claim_ptr[row], t.claim_ptr[row + 1]):
                    r = t.claim[k]
                    w.free[r] -= t.claim_units[k]
                    w.head[r] = w.follow[shift + k]
                    if r != here and w.head[r] >= 0 and not is_touched[r]:
                        is_touched[r] = True
                        touched[n_touched] = r
                        n_touched += 1
                new[n_started] = i
                n_started += 1
        # what begins will end: in the next round of this instant, or later
        for x in range(n_started):
            i = new[x]
            w.missing[i] = _RUNNING
            row = w.row[i]
            for part in range(2):
                node, length = i, w.takes_ps[i]
                if part:
                    if w.held_ps[i] == length or t.uses_ptr[row] == t.uses_ptr[row + 1]:
                        break
                    node, length = n_places + i, w.held_ps[i]
                    w.back_at[i] = now + length
                    w.out[i // longest] += 1
                else:
                    w.done_at[i] = now + length
                if now + length < 0:
                    return TOO_LONG
                if length == 0:
                    soon[n_soon] = node
                    n_soon += 1
                else:
                    push(times, nodes, size, now + length, node)
                    size += 1
        # has the window been in this state before?
        if advanced and detect and load_run != jumped_run and end < n_end:
            n_blocks = run_ptr[load_run + 1] - run_ptr[load_run]
            begin, room = run_first[load_run], run_first[load_run + 1] - end - keep
            if ref_run != load_run:
                ref_run, have, power, since = load_run, False, 1, 0
            if first >= begin and (first - begin) % n_blocks == 0 and room > 0:
                same = have and end - first == ref_blocks and size + n_soon == ref_flight
                if same:
                    same = _state(w, longest, n_slots, first, end, sizes, now, this_round, static, known, same)
                if same:
                    period, period_ps = first - ref_first, np.int64(now - ref_now)
                    n_jumps = room // period
                    if n_jumps > 0:
                        if period_ps > 0 and n_jumps > (2**62 - off - now) // period_ps:
                            return TOO_LONG
                        jumps[load_run, 0], jumps[load_run, 1] = ref_first + skipped, period
                        jumps[load_run, 2], jumps[load_run, 3] = period_ps, n_jumps * period
                        skipped += n_jumps * period
                        off += n_jumps * period_ps
                        for k in range(load_run + 1, len(run_first)):
                            run_first[k] -= n_jumps * period
                        n_end -= n_jumps * period
                    jumped_run = load_run
                else:
                    since += 1
                    if not have or since == power:
                        _state(w, longest, n_slots, first, end, sizes, now, this_round, static, known, same)
                        have, power, since = True, 2 * power, 0
                        ref_first, ref_blocks, ref_flight, ref_now = first, end - first, size + n_soon, now
        # the next round: gather what ends
        n_new, advanced = 0, False
        if n_over == n_end:
            break
        this_round += 1
        if n_soon > 0:
            ending, soon = soon, ending
            n_ending, n_soon = n_soon, 0
        else:
            if size == 0:
                out[2], out[3], out[4] = first + skipped, end + skipped, now + off
                return STUCK
            now, n_ending = times[0], 0
            while size > 0 and times[0] == now:
                ending[n_ending] = nodes[0]
                n_ending += 1
                pop(times, nodes, size)
                size -= 1
        # what ends gives back, and its successors may become ready
        for x in range(n_ending):
            i = ending[x]
            is_done = i < n_places
            if not is_done:
                i -= n_places
                w.back_at[i] = -1
                w.out[i // longest] -= 1
            row = w.row[i]
            if not is_done or w.held_ps[i] == w.takes_ps[i]:
                for k in range(t.uses_ptr[row], t.uses_ptr[row + 1]):
                    r = t.uses[k]
                    w.free[r] += t.uses_units[k]
                    if w.free[r] < 0:
                        return TOO_LONG
                    if w.head[r] >= 0 and not is_touched[r]:
                        is_touched[r] = True
                        touched[n_touched] = r
                        n_touched += 1
            if not is_done:
                continue
            w.missing[i], w.done_in[i] = _DONE, this_round
            slot = i // longest
            w.left[slot] -= 1
            if w.left[slot] == 0:
                n_over += 1
                b = w.key[i] // longest + skipped
                if b < keep:
                    begins[b] = now + off
                ends[b % keep] = now + off
            for k in range(t.frees_ptr[row], t.frees_ptr[row + 1]):
                r = t.frees[k]
                w.free[r] += t.frees_units[k]
                if w.free[r] < 0:
                    return TOO_LONG
                if w.head[r] >= 0 and not is_touched[r]:
                    is_touched[r] = True
                    touched[n_touched] = r
                    n_touched += 1
            node = w.waiters[i]
            while node >= 0:
                s = w.waiter[node]
                w.missing[s] -= 1
                if w.missing[s] == 0:
                    new[n_new] = w.key[s]
                    n_new += 1
                    highest = max(highest, w.key[s] // longest)
                node = w.next_waiter[node]
        while first < end and w.left[first % n_slots] == 0 and w.out[first % n_slots] == 0:
            first += 1
            advanced = True
    # what is out beyond the makespan
    for x in range(size + n_soon):
        i = (nodes[x] if x < size else soon[x - size]) - n_places
        row = w.row[i]
        for k in range(t.uses_ptr[row], t.uses_ptr[row + 1]):
            outlast[t.uses[k]] += t.uses_units[k] * (w.back_at[i] - now)
    out[0], out[2] = now + off, end
    return FINISHED
