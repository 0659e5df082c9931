"""One step of a layer's backward pass: work, inputs, and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archsim.components import Job
from archsim.lowering.counted import Ints
from archsim.mapping import Block
from archsim.mapping.blocks import Span

Place = tuple[int, int, int, Span, Span]  # tile, PE, crossbar; rows and columns, for blocks may share one


class Reading(NamedTuple):
    """Arrays that a step reads, and what their results reach: homes below and their layers.

    By tile: which of the arrays, homes that get nothing from it, how many ask for its errors.
    """

    active: list[Block]
    ways: list[tuple[int, str]]
    by_tile: dict[int, list[int]]
    idle: dict[int, list[tuple[int, str]]]
    readers: dict[int, int]


class Step(NamedTuple):
    """Work of a step: arrays that it reads, outer products by tile, predecessors of each home's delta."""

    reads: Reading
    jobs: dict[int, list[Job]]
    deltas: list[list[list[int]]]

    @property
    def has_later(self) -> list[bool]:
        """Of each home, whether a later delta comes back."""
        return [bool(later) for _, later, _ in self.deltas]


class Waits(NamedTuple):
    """Predecessors of reads, by array and by the sums that they add to; and lines driven and read."""

    before: Sequence[Sequence[int]]
    sets: dict[tuple[int, str], Sequence[int]]
    counts: Ints


class Done(NamedTuple):
    """Tasks of a step that others ask for: by home its delta; what the update waits for; what goes below."""

    deltas: dict[int, int]
    gradients: list[int]
    below: dict[tuple[int, str], int]


def outputs_of(block: Block) -> Span:
    """The layer's outputs whose errors drive an array."""
    return block.columns if block.role == "forward" else block.rows


def inputs_of(block: Block) -> Span:
    """The layer's inputs whose errors an array gives."""
    return block.rows if block.role == "forward" else block.columns


def place_of(block: Block) -> Place:
    """Where an array is, and which part of it a block takes."""
    return block.tile, block.pe, block.crossbar, block.rows, block.columns
