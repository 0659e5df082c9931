"""One step of a layer's forward pass: inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from archsim.lowering.counted import Ints
from archsim.lowering.homes import AtHome


class InputSent(NamedTuple):
    """By layer that reads it, and tile, the task after which a step of the input is there."""

    received: dict[str, dict[int, int]]


@dataclass
class StepDone:
    """Tasks of a step that others ask for: by tile its fetch, what it kept, its reads; by home its neurons'.

    Those of a home count from the first number beside them.
    """

    fetched: dict[int, int] = field(default_factory=dict)
    kept: dict[int, int] = field(default_factory=dict)
    read: dict[int, list[int]] = field(default_factory=dict)
    homes: dict[int, tuple[int, AtHome]] = field(default_factory=dict)

    @cached_property
    def arrivals(self) -> dict[tuple[str, int], list[int]]:
        """By layer and tile that read the step, the tasks after which its messages are there."""
        found: dict[tuple[str, int], list[int]] = {}
        for at, home in self.homes.values():
            for consumer, tile, message in home.arrived:
                found.setdefault((consumer, tile), []).append(at + message)
        return found


class Waits(NamedTuple):
    """Predecessors of reads: by block its last write, by home its accumulators; and lines driven and read."""

    written: Sequence[Sequence[int]]
    free: dict[int, Sequence[int]]
    counts: Ints
