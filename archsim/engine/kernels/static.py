"""Tasks that are served in the order of their ids: one pass over them."""

# numba's decorators carry no types
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from archsim.engine.kernels.parts import FINISHED, OUT_OF_ORDER, TOO_LONG
from archsim.engine.kernels.structs import InOrder, Long, Slots, Times
from archsim.jit import loop, part


@part
def _earliest(back: Long, begin: int, end: int) -> int:
    """The unit that comes back first."""
    best = begin
    for k in range(begin + 1, end):
        if back[k] < back[best]:
            best = k
    return best


@loop
def static_pass(g: InOrder, s: Slots, t: Times, fifo: bool) -> int:
    """Play tasks that hold single units of resources and reserve nothing, as policy static does.

    A task starts when it is ready, the one before it in each of its lines has started, and a unit is back.

    With `fifo`, tasks in each line must become ready in the order of their ids. Then policy fifo orders them so
    too, nobody is held up by one who is not ready, and both policies have the same schedule. All tasks take some
    time, so that becoming ready at the same time is becoming ready in the same round, and have one priority.
    """
    for i in range(len(g.latency)):
        time = 0
        for k in range(g.after_ptr[i], g.after_ptr[i + 1]):
            if g.after[k] >= i:
                return OUT_OF_ORDER
            time = max(time, t.done[g.after[k]])
        t.ready[i] = ready = time
        for k in range(g.uses_ptr[i], g.uses_ptr[i + 1]):
            r = g.uses[k]
            if fifo:
                if ready < s.ready[r]:
                    return OUT_OF_ORDER
                s.ready[r] = ready
            time = max(time, s.started[r], s.back[_earliest(s.back, s.ptr[r], s.ptr[r + 1])])
        t.start[i] = time
        t.done[i] = time + g.latency[i]
        if t.done[i] < 0 or time + g.occupancy[i] < 0:
            return TOO_LONG
        for k in range(g.uses_ptr[i], g.uses_ptr[i + 1]):
            r = g.uses[k]
            s.started[r] = time
            s.back[_earliest(s.back, s.ptr[r], s.ptr[r + 1])] = time + g.occupancy[i]
    return FINISHED
