"""Cutting a layer's weight matrix into blocks, one crossbar (or one PE) each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from archsim.spec import Chip
from archsim.workload import Conv, Layer

Role = Literal["forward", "copy", "feedback"]
Span = tuple[int, int]


@dataclass(frozen=True)
class Block:
    """A part of a weight matrix and the crossbar that holds it.

    Parameters
    ----------
    layer : str
    role : "forward", "copy" or "feedback"
        The weights; their transposed copy, written with them; a rule's own matrix that carries errors.
    replica : int
    rows, columns : (start, stop)
        Part of the matrix: word lines, and weights side by side.
    tile, pe, crossbar : int
        Place: tile of the chip, PE of the tile, first crossbar of the PE.
    n_crossbars : int
        Crossbars whose currents add up before the converters (1 unless kernel taps have their own).
    """

    layer: str
    role: Role
    replica: int
    rows: Span
    columns: Span
    tile: int = -1
    pe: int = -1
    crossbar: int = -1
    n_crossbars: int = 1

    def at(self, tile: int, pe: int, crossbar: int) -> Block:
        """The same block in its place."""
        placed = object.__new__(Block)  # a frozen class sets its fields one by one, three times slower
        placed.__dict__.update(self.__dict__, tile=tile, pe=pe, crossbar=crossbar)
        return placed

    @property
    def n_rows(self) -> int:
        """Word lines."""
        return self.rows[1] - self.rows[0]

    @property
    def n_columns(self) -> int:
        """Weights side by side (each takes several columns of cells)."""
        return self.columns[1] - self.columns[0]


def spans(n: int, size: int, start: int = 0) -> Iterator[Span]:
    """Cut `n` things into runs of at most `size`.

    Examples
    --------
    >>> list(spans(5, 2))
    [(0, 2), (2, 4), (4, 5)]
    """
    for low in range(0, n, size):
        yield start + low, start + min(low + size, n)


def forward_blocks(layer: Layer, n_rows: int, chip: Chip) -> list[Block]:
    """Blocks of a layer's weights, those that add up to the same columns next to each other.

    The rows of a convolution are its input channels times the kernel taps (im2col, channel first); the groups
    of a grouped convolution are blocks on the diagonal. With ``tap_per_crossbar`` a block holds whole channels,
    each tap on a crossbar of its own.
    """
    groups = layer.op.groups if isinstance(layer.op, Conv) else 1
    group_rows, group_columns = n_rows // groups, layer.n_columns // groups
    taps = math.prod(layer.op.kernel) if isinstance(layer.op, Conv) else 1
    by_tap = chip.mapping.convolution == "tap_per_crossbar" and isinstance(layer.op, Conv)
    rows_per_block = chip.crossbar.n_rows * (taps if by_tap else 1)
    return [
        Block(layer.name, "forward", replica, rows, columns, n_crossbars=taps if by_tap else 1)
        for replica in range(chip.mapping.copies.get(layer.name, 1))
        for group in range(groups)
        for columns in spans(group_columns, chip.crossbar.n_weights_per_row, group * group_columns)
        for rows in spans(group_rows, rows_per_block, group * group_rows)
    ]


def copy_blocks(layer: Layer, n_rows: int, error_rows: Sequence[Span], chip: Chip) -> list[Block]:
    """Blocks of the transposed copy: the layer's outputs drive its rows, inputs that need an error its columns."""
    groups = layer.op.groups if isinstance(layer.op, Conv) else 1
    outputs, inputs = layer.n_columns // groups, n_rows // groups
    return [
        Block(layer.name, "copy", 0, rows, columns)
        for group in range(groups)
        for start, stop in error_rows
        for low, high in [(max(start, group * inputs), min(stop, (group + 1) * inputs))]
        for columns in spans(high - low, chip.crossbar.n_weights_per_row, low)
        for rows in spans(outputs, chip.crossbar.n_rows, group * outputs)
    ]


def feedback_blocks(layer: Layer, n_error: int, parts: list[Span], chip: Chip) -> list[Block]:
    """Blocks of DFA's fixed matrix B (n_error x neurons); `parts` are the neurons of each home tile."""
    return [
        Block(layer.name, "feedback", 0, rows, columns)
        for start, stop in parts
        for columns in spans(stop - start, chip.crossbar.n_weights_per_row, start)
        for rows in spans(n_error, chip.crossbar.n_rows)
    ]


def most_copy_blocks(layer: Layer, n_rows: int, chip: Chip) -> int:
    """How many `copy_blocks` there are if all rows need an error."""
    groups = layer.op.groups if isinstance(layer.op, Conv) else 1
    n_in, n_out = n_rows // groups, layer.n_columns // groups
    return groups * -(-n_in // chip.crossbar.n_weights_per_row) * -(-n_out // chip.crossbar.n_rows)


def most_feedback_blocks(layer: Layer, n_error: int, chip: Chip) -> int:
    """How many `feedback_blocks` there are if all neurons have one home."""
    return -(-layer.n_neurons // chip.crossbar.n_weights_per_row) * -(-n_error // chip.crossbar.n_rows)


def neurons_of(layer: Layer, channels: Span) -> Span:
    """Neurons of a span of a layer's channels."""
    per_channel = math.prod(layer.out_shape[1:])
    return channels[0] * per_channel, channels[1] * per_channel
