"""Arguments of kernels, in groups: numba takes a NamedTuple as a struct, without a copy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Long = NDArray[np.int64]
Short = NDArray[np.int32]
Ids = NDArray[np.uint32]


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


class Graph(NamedTuple):
    """A task graph for the kernel of all rules.

    Rows begin and end where ``_ptr`` says. Claims are what is taken at the start, uses and reserves together;
    uses come back after the occupancy, frees when the task is done. `priority` is empty where all are equal.
    """

    occupancy: Long
    latency: Long
    priority: Short
    after_ptr: Short
    succ_ptr: Ids
    succ: Ids
    claim_ptr: Short
    claim: Ids
    claim_units: Long
    uses_ptr: Short
    uses: Ids
    uses_units: Long
    frees_ptr: Short
    frees: Ids
    frees_units: Long


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
    """Memory that a rolling window works in."""

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
