"""One step of a layer's forward pass: inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archsim.lowering.counted import Ints
from archsim.lowering.homes import AtHome


class InputSent(NamedTuple):
    """By layer that reads it, and tile, the task after which a step of the input is there."""

    received: dict[str, dict[int, int]]


class StepDone(NamedTuple):
    """Tasks of a step that others ask for: by tile its fetch, what it kept, its reads; by home its neurons'.

    Those of a home count from the first number beside them.
    """

    fetched: dict[int, int]
    kept: dict[int, int]
    read: dict[int, list[int]]
    homes: dict[int, tuple[int, AtHome]]


class Waits(NamedTuple):
    """Predecessors of reads: by block its last write, by home its accumulators; and lines driven and read."""

    written: Sequence[Sequence[int]]
    free: dict[int, Sequence[int]]
    counts: Ints
