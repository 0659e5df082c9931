"""The rolling window played: blocks of a template are loaded shortly before they are needed, forgotten when over.

The rules are those of `archsim.engine.kernels.general`; `archsim.engine.kernels.window` tells places and keys.
"""

# numba's decorators carry no types, and its whole numbers are numpy's
# mypy: disable-error-code="untyped-decorator,no-any-return,assignment,return-value"
from __future__ import annotations

from archsim.engine.kernels.ends import pop, push
from archsim.engine.kernels.parts import sort
from archsim.engine.kernels.structs import Found, Long, Memory, Order, Sizes
from archsim.engine.kernels.window import (
    DONE,
    END,
    FINISHED,
    FIRST,
    HIGHEST,
    JUMPED,
    N_END,
    NOW,
    OFF,
    OVER,
    ROUND,
    RUN,
    RUNNING,
    SKIPPED,
    STUCK,
    TOO_LONG,
    Rows,
    Window,
    compared,
    join,
    loaded,
)
from archsim.jit import loop, part


@part
def _touch(w: Window, r: int, n_touched: int) -> int:
    """A line may move on; how many may."""
    if w.is_touched[r]:
        return n_touched
    w.is_touched[r] = True
    w.touched[n_touched] = r
    return n_touched + 1


@part
def _shift(t: Rows, size_of: Sizes, i: int, row: int) -> int:
    """From the claims of a row to those of a place."""
    slot = i // size_of.longest
    return slot * size_of.n_claims - t.claim_ptr[row - (i - slot * size_of.longest)]


@part
def _joined(
    t: Rows, w: Window, size_of: Sizes, new: Long, n_new: int, this_round: int, n_touched: int, static: bool
) -> tuple[int, int]:
    """The newly ready join their lines, in order; who needs nothing starts. How many do, and lines to look at."""
    n_started = 0
    if not static:
        sort(new, n_new)
    for x in range(n_new):
        b = new[x] // size_of.longest
        i = (b % size_of.n_slots) * size_of.longest + new[x] - b * size_of.longest
        row = w.row[i]
        begin, stop = t.claim_ptr[row], t.claim_ptr[row + 1]
        w.came[i] = this_round
        if begin == stop:
            new[n_started] = i
            n_started += 1
            continue
        if not static:
            shift = _shift(t, size_of, i, row)
            for k in range(begin, stop):
                join(t, w, t.claim[k], shift + k)
        n_touched = _touch(w, t.claim[begin], n_touched)
    return n_started, n_touched


@part
def _may_start(t: Rows, w: Window, row: int, shift: int) -> bool:
    """Whether a task is first in all its lines, and its units are free."""
    for k in range(t.claim_ptr[row], t.claim_ptr[row + 1]):
        r = t.claim[k]
        if w.head[r] != shift + k or w.free[r] < t.claim_units[k]:
            return False
    return True


@part
def _arbitrated(t: Rows, w: Window, size_of: Sizes, new: Long, n_started: int, n_touched: int) -> int:
    """Whoever is first in all its lines and finds its units starts; how many do."""
    while n_touched > 0:
        n_touched -= 1
        here = w.touched[n_touched]
        w.is_touched[here] = False
        while w.head[here] >= 0:
            i = w.owner[w.head[here]]
            if w.missing[i] != 0:
                break
            row = w.row[i]
            shift = _shift(t, size_of, i, row)
            if not _may_start(t, w, row, shift):
                break
            for k in range(t.claim_ptr[row], t.claim_ptr[row + 1]):
                r = t.claim[k]
                w.free[r] -= t.claim_units[k]
                w.head[r] = w.follow[shift + k]
                if r != here and w.head[r] >= 0:
                    n_touched = _touch(w, r, n_touched)
            new[n_started] = i
            n_started += 1
    return n_started


@part
def _ends_at(m: Memory, soon: Long, node: int, now: int, length: int, size: int, n_soon: int) -> tuple[int, int]:
    """Something ends in the next round of this instant, or later; how much does."""
    if length == 0:
        soon[n_soon] = node
        return size, n_soon + 1
    push(m.times, m.nodes, size, now + length, node)
    return size + 1, n_soon


@part
def _begun(
    t: Rows, w: Window, size_of: Sizes, m: Memory, soon: Long, n_started: int, now: int, size: int
) -> tuple[int, int]:
    """What begins will end; how much does later, and how much soon: -1 for what is beyond 64 bits."""
    n_soon, n_places = 0, size_of.n_slots * size_of.longest
    for x in range(n_started):
        i = m.new[x]
        w.missing[i] = RUNNING
        held, takes, row = w.held_ps[i], w.takes_ps[i], w.row[i]
        w.done_at[i] = now + takes
        if now + takes < 0:
            return size, -1
        size, n_soon = _ends_at(m, soon, i, now, takes, size, n_soon)
        if held != takes and t.uses_ptr[row] < t.uses_ptr[row + 1]:
            w.back_at[i] = now + held
            w.out[i // size_of.longest] += 1
            if now + held < 0:
                return size, -1
            size, n_soon = _ends_at(m, soon, n_places + i, now, held, size, n_soon)
    return size, n_soon


@part
def _next_instant(m: Memory, ending: Long, size: int) -> tuple[int, int, int]:
    """Gather what ends next: when, how much, and how much is left."""
    now, n_ending = m.times[0], 0
    while size > 0 and m.times[0] == now:
        ending[n_ending] = m.nodes[0]
        n_ending += 1
        pop(m.times, m.nodes, size)
        size -= 1
    return now, n_ending, size


@part
def _given_back(w: Window, ptr: Long, resource: Long, units: Long, row: int, n_touched: int) -> int:
    """A row of units comes back; how many lines may move on, -1 if units leave 64 bits."""
    for k in range(ptr[row], ptr[row + 1]):
        r = resource[k]
        w.free[r] += units[k]
        if w.free[r] < 0:
            return -1
        if w.head[r] >= 0:
            n_touched = _touch(w, r, n_touched)
    return n_touched


@part
def _over(w: Window, size_of: Sizes, found: Found, c: Long, i: int) -> None:
    """One task less of a block; if it was the last, the block is over."""
    slot = i // size_of.longest
    w.left[slot] -= 1
    if w.left[slot] == 0:
        c[OVER] += 1
        b, keep = w.key[i] // size_of.longest + c[SKIPPED], len(found.begins)
        if b < keep:
            found.begins[b] = c[NOW] + c[OFF]
        found.ends[b % keep] = c[NOW] + c[OFF]


@part
def _woken(w: Window, size_of: Sizes, c: Long, i: int, new: Long, n_new: int) -> int:
    """Successors of a task that is done miss one predecessor less; how many tasks are newly ready."""
    node = w.waiters[i]
    while node >= 0:
        s = w.waiter[node]
        w.missing[s] -= 1
        if w.missing[s] == 0:
            new[n_new] = w.key[s]
            n_new += 1
            c[HIGHEST] = max(c[HIGHEST], w.key[s] // size_of.longest)
        node = w.next_waiter[node]
    return n_new


@part
def _ended(
    t: Rows, w: Window, size_of: Sizes, found: Found, c: Long, ending: Long, n_ending: int, new: Long
) -> tuple[int, int]:
    """What ends gives back; how many successors become ready, lines that may move on, -1 beyond 64 bits."""
    n_new, n_touched, n_places = 0, 0, size_of.n_slots * size_of.longest
    for x in range(n_ending):
        i = ending[x]
        is_done = i < n_places
        if not is_done:
            i -= n_places
            w.back_at[i] = -1
            w.out[i // size_of.longest] -= 1
        row = w.row[i]
        if not is_done or w.held_ps[i] == w.takes_ps[i]:
            n_touched = _given_back(w, t.uses_ptr, t.uses, t.uses_units, row, n_touched)
        if is_done and n_touched >= 0:
            w.missing[i], w.done_in[i] = DONE, c[ROUND]
            _over(w, size_of, found, c, i)
            n_touched = _given_back(w, t.frees_ptr, t.frees, t.frees_units, row, n_touched)
            n_new = _woken(w, size_of, c, i, new, n_new)
        if n_touched < 0:
            break
    return n_new, n_touched


@part
def _outlasting(
    t: Rows, w: Window, m: Memory, soon: Long, found: Found, n_places: int, n_later: int, n_soon: int
) -> None:
    """What is out beyond the makespan."""
    for x in range(n_later + n_soon):
        i = (m.nodes[x] if x < n_later else soon[x - n_later]) - n_places
        row = w.row[i]
        for k in range(t.uses_ptr[row], t.uses_ptr[row + 1]):
            found.outlast[t.uses[k]] += t.uses_units[k] * (w.back_at[i] - m.counters[NOW])


@part
def _forgotten(w: Window, size_of: Sizes, c: Long) -> bool:
    """Leave the first blocks behind if they are over and all their units back; whether there were any."""
    before = c[FIRST]
    while c[FIRST] < c[END]:
        slot = c[FIRST] % size_of.n_slots
        if w.left[slot] > 0 or w.out[slot] > 0:
            break
        c[FIRST] += 1
    return c[FIRST] > before


@loop
def roll(
    t: Rows, w: Window, size_of: Sizes, order: Order, static: bool, detect: bool, m: Memory, found: Found
) -> int:
    """Play a sequence of blocks; the counters in `m` are 0, but HIGHEST, N_END, REF_RUN and JUMPED."""
    c, new, ending, soon = m.counters, m.new, m.ending, m.soon
    size = n_new = n_touched = 0
    advanced = False
    while True:
        n_new = loaded(t, w, size_of, order, c, static, new, n_new)
        if n_new < 0:
            return -n_new
        found.out[1] = max(found.out[1], c[END] - c[FIRST])
        n_started, n_touched = _joined(t, w, size_of, new, n_new, c[ROUND], n_touched, static)
        n_started = _arbitrated(t, w, size_of, new, n_started, n_touched)
        size, n_soon = _begun(t, w, size_of, m, soon, n_started, c[NOW], size)
        if n_soon < 0:
            return TOO_LONG
        look = advanced and detect and c[RUN] != c[JUMPED] and c[END] < c[N_END]
        if look and not compared(w, size_of, order, m, found, size + n_soon, static):
            return TOO_LONG
        if c[OVER] == c[N_END]:
            break
        c[ROUND] += 1
        n_ending = n_soon
        if n_soon > 0:
            ending, soon = soon, ending
        elif size > 0:
            c[NOW], n_ending, size = _next_instant(m, ending, size)
        else:
            found.out[2], found.out[3], found.out[4] = c[FIRST] + c[SKIPPED], c[END] + c[SKIPPED], c[NOW] + c[OFF]
            return STUCK
        n_new, n_touched = _ended(t, w, size_of, found, c, ending, n_ending, new)
        if n_touched < 0:
            return TOO_LONG
        advanced = _forgotten(w, size_of, c)
    _outlasting(t, w, m, soon, found, size_of.n_slots * size_of.longest, size, n_soon)
    found.out[0], found.out[2] = c[NOW] + c[OFF], c[END]
    return FINISHED
