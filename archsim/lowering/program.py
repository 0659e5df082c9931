"""The first programming of a chip: every cell of every array, once.

All arrays of the workload: the weights of all layers with their replicas, and what the learning rules among its
phases need beside them (BP's transposed copy, DFA's fixed matrices). For each row of each array::

    load_global      the row's digits out of the chip's global buffer
    hop ...          to the array's tile
    receive, fetch   into the tile's input buffer, and out of it over the tile's bus
    program, verify  see :mod:`archsim.lowering.writes`

Rows of one array follow each other, and at most two of them wait at it; arrays work in parallel as far as the
power budget for writing and the links allow. All cells of a row are written, a reference column's too: nothing is
read before. The forming of new cells, and what brings the digits to the chip, are not in it.
"""

from __future__ import annotations

from typing import Final

from archsim.interconnect import IO
from archsim.lowering.context import Context, Label
from archsim.lowering.transport import fetch, travel
from archsim.lowering.writes import Row, count_rows, expected_rows, write_row
from archsim.mapping import Block
from archsim.mapping.blocks import Role
from archsim.spec import Chip

STAGES: Final[dict[Role, str]] = {
    "forward": "program", "copy": "program_copy", "feedback": "program_feedback",
}  # fmt: skip
"""Label of the tasks by what they program."""


def lower_program(ctx: Context) -> None:
    """Lay down the tasks of all arrays."""
    for block in ctx.mapping.blocks:
        _program_block(ctx, block)


def _program_block(ctx: Context, block: Block) -> None:
    n_cells = cells_of_row(ctx.chip, block)
    label = Label(STAGES[block.role], block.layer, -1, 0)
    done: list[int | None] = [None, None]  # of the two rows before
    for row in expected_rows(ctx, block, [n_cells] * block.n_rows, update=0):
        done = [done[1], _program_row(ctx, label, block, row, done)]


def cells_of_row(chip: Chip, block: Block) -> int:
    """Cells of a row of an array that are in use, a reference column's too."""
    return block.n_columns * chip.crossbar.n_columns_per_weight + (1 if chip.crossbar.signed == "offset" else 0)


def _program_row(ctx: Context, label: Label, block: Block, row: Row, done: list[int | None]) -> int:
    """Bring a row's digits to its array and write it."""
    buffer, n_bits = ctx.parts.at(block.tile).input_buffer, row.n_cells * bits_per_cell(ctx.chip)
    loaded = ctx.do(label, IO, ctx.parts.global_buffer.access("load_global", n_bits), [done[0]])
    arrived = travel(ctx, label, IO, block.tile, n_bits, [loaded])
    received = ctx.do(label, block.tile, buffer.access("receive", n_bits), [arrived])
    fetched = fetch(ctx, label, block.tile, buffer.accesses(n_bits), [received])
    count_rows(ctx, [row])
    return write_row(ctx, label, block, row, [fetched, done[1]])


def bits_per_cell(chip: Chip) -> int:
    """Bits of one digit.

    Examples
    --------
    >>> from archsim import load_chip
    >>> bits_per_cell(load_chip("arch_specs/wearable_rram.yaml"))  # four levels
    2
    """
    return max(1, (chip.device.n_levels - 1).bit_length())
