"""Ends to come, in the order of time: on a timing wheel, or on a heap.

Wheel: all lengths of time are multiples of a unit and shorter than the wheel is round, so each bucket holds one
instant; three levels of bits find the next one that is in use. Division by the unit is exact, hence a shift
and a product with its odd part's inverse modulo 2**64.

What ends is a number, two for each place in ``link``, which holds the next of the same instant plus 1, 0 for none.
"""

# numba's decorators carry no types, and its whole numbers are numpy's
# mypy: disable-error-code="untyped-decorator,no-any-return,assignment,return-value"
from __future__ import annotations

from typing import Any

import numpy as np

from archsim.engine.kernels.structs import Ends, Long
from archsim.jit import intrinsic, part, types

_LEVEL_1, BITS = 1, 65  # where the levels of bits begin; level 2 is one word
MAX_BUCKETS = 2**18


@intrinsic
def _count_zeros(_typing: Any, _bits: Any) -> Any:
    """Number of the lowest bit that is set; one instruction."""

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], context.get_constant(types.boolean, 1))

    return types.int64(types.int64), generate


lowest: Any = _count_zeros  # whoever calls it does not pass the typing context


@part
def mark(bits: Long, bucket: int) -> None:
    """Say on all levels that a bucket is in use."""
    word = bucket >> 6
    bits[BITS + word] |= 1 << (bucket & 63)
    bits[_LEVEL_1 + (word >> 6)] |= 1 << (word & 63)
    bits[0] |= 1 << (word >> 6)


@part
def unmark(bits: Long, bucket: int) -> None:
    """Say on all levels that a bucket is empty."""
    word = bucket >> 6
    bits[BITS + word] &= ~(1 << (bucket & 63))
    if not bits[BITS + word]:
        bits[_LEVEL_1 + (word >> 6)] &= ~(1 << (word & 63))
        if not bits[_LEVEL_1 + (word >> 6)]:
            bits[0] &= ~(1 << (word >> 6))


@part
def next_bucket(bits: Long, bucket: int) -> int:
    """The next bucket in use after this one, around the wheel; -1 if there is none."""
    word = bucket >> 6
    found = bits[BITS + word] & (-2 << (bucket & 63))
    if found == 0:
        group = word >> 6
        above = bits[_LEVEL_1 + group] & (-2 << (word & 63))
        if above == 0:
            top = bits[0] & (-2 << group)
            if top == 0:
                top = bits[0]
                if top == 0:
                    return -1
            group = lowest(top)
            above = bits[_LEVEL_1 + group]
        word = (group << 6) | lowest(above)
        found = bits[BITS + word]
    return (word << 6) | lowest(found)


@part
def push(times: Long, nodes: Any, size: int, time: int, node: int) -> None:
    """Add to a binary heap of `size` entries."""
    k = size
    while k > 0:
        parent = (k - 1) >> 1
        if times[parent] <= time:
            break
        times[k], nodes[k] = times[parent], nodes[parent]
        k = parent
    times[k], nodes[k] = time, node


@part
def pop(times: Long, nodes: Any, size: int) -> None:
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


@part
def put(e: Ends, end: int, length: int, now: int, bucket: int, size: int) -> int:
    """Let something end after some time, more than none; how many ends a heap then holds."""
    if e.wheel.n_buckets == 0:
        push(e.times, e.nodes, size, now + length, end)
        return size + 1
    at = (bucket + (length >> e.wheel.shift) * e.wheel.inverse) & (e.wheel.n_buckets - 1)
    other = e.first[at]
    e.link[end >> 1] = other
    e.first[at] = end + 1
    if other == 0:
        mark(e.bits, at)
    return size


@part
def next_ends(e: Ends, now: int, bucket: int, size: int) -> tuple[int, int, int, int]:
    """The first, plus 1, of what ends next, 0 if nothing does; when, its bucket, ends left on a heap."""
    chain = np.int64(0)
    if e.wheel.n_buckets > 0:
        at = next_bucket(e.bits, bucket)
        if at >= 0:
            now += ((at - bucket) & (e.wheel.n_buckets - 1)) * e.wheel.unit
            bucket, chain = at, np.int64(e.first[at])
            e.first[at] = 0
            unmark(e.bits, at)
    elif size > 0:
        now = e.times[0]
        while size > 0 and e.times[0] == now:
            end = np.int64(e.nodes[0])
            e.link[end >> 1] = chain
            chain = end + 1
            pop(e.times, e.nodes, size)
            size -= 1
    return chain, now, bucket, size
