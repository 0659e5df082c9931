"""Arguments of kernels, in groups: numba takes a NamedTuple as a struct, without a copy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Long = NDArray[np.int64]
Short = NDArray[np.int32]
Ids = NDArray[np.uint32]
Flags = NDArray[np.bool_]


class Times(NamedTuple):
    """Columns that a kernel fills in, for each task in picoseconds."""

    ready: Long
    start: Long
    done: Long


class Wheel(NamedTuple):
    """A timing wheel; with 0 buckets a heap takes its place.

    A length of time is so many units: ``(length >> shift) * inverse`` modulo 2**64, exactly.
    """

    n_buckets: int
    unit: int
    shift: int
    inverse: int


class Ends(NamedTuple):
    """Ends to come, on a wheel or, without buckets, on a heap; `link` chains them."""

    wheel: Wheel
    first: Ids
    bits: Long
    link: Ids
    times: Long
    nodes: Ids


class Rows(NamedTuple):
    """Rows of resources and units: that of task i lies between ``ptr[i]`` and ``ptr[i + 1]``."""

    ptr: Ids
    resource: Ids
    units: Long


class Columns(NamedTuple):
    """What claims are made of: a resource, units taken at the start, units back after the occupancy, the task."""

    resource: Any
    units: Any
    back: Any
    owner: Any


CLAIM = np.dtype([(name, np.uint32) for name in Columns._fields])
"""The same together, in one place of the cache."""


class Graph(NamedTuple):
    """A task graph for the kernel of all rules.

    Row i of claims is what task i takes at its start; frees come back when it is done. `priority` is empty where
    all are equal.
    """

    occupancy: Long
    latency: Long
    priority: Short
    after_ptr: Ids
    succ_ptr: Ids
    succ: Ids
    claim_ptr: Ids
    claims: Any
    frees: Rows


class Single(NamedTuple):
    """A task graph for the kernel of single resources."""

    latency: Long
    resource: Ids
    after_ptr: Ids
    after: Ids


class Queues(NamedTuple):
    """Units that are free, who stands in line for one, by resource; the newly ready."""

    free: Long
    head: Long
    tail: Long
    new: Ids


class InOrder(NamedTuple):
    """A task graph for the pass over its ids."""

    occupancy: Long
    latency: Long
    after_ptr: Ids
    after: Ids
    uses_ptr: Ids
    uses: Ids


class Slots(NamedTuple):
    """When each unit comes back, by resource; when the last one there started, and when it was ready."""

    ptr: Long
    back: Long
    started: Long
    ready: Long


class Lines(NamedTuple):
    """Units that are free, and who stands in line for more, by resource; lines are made of claims.

    `head`: the first claim, -1 for an empty line. `is_heap`: whether a line is a pairing heap instead of a chain.
    `touched`: lines that may move on. `new`: the newly ready, then those that start.
    """

    static: bool

    free: Long
    head: Long
    tail: Long
    is_heap: Flags
    touched: Ids
    is_touched: Flags
    new: Ids
    follow: Short
    child: Short
    came: Long


class Sizes(NamedTuple):
    """Of a window of blocks: tasks, edges and claims of the longest block, blocks, and how far it must look."""

    longest: int
    n_edges: int
    n_claims: int
    n_slots: int
    max_lag: int
    lead: int


class Order(NamedTuple):
    """Which blocks are played: runs of a repeated sequence; first block and first entry of each run."""

    first: Long
    ptr: Long
    blocks: Long


class Memory(NamedTuple):
    """Memory that a rolling window works in; `counters` have names in `archsim.engine.kernels.long`."""

    counters: Long
    times: Long
    nodes: Long
    ending: Long
    soon: Long
    new: Long
    known: Long


class Found(NamedTuple):
    """Columns that a rolling window fills in.

    `begins` and `ends`: when the first and last blocks were done. `outlast`: how long units of each resource are
    out beyond the makespan. `jumps` (runs, 4): what was skipped: from which block on, period, its time, blocks.
    `out`: makespan, blocks at hand at most, blocks played, and where it stands if it is stuck.
    """

    begins: Long
    ends: Long
    outlast: Long
    jumps: Long
    out: Long
