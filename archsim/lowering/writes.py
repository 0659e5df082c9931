"""Writing a row of an array: which of its cells, the pulses that they take, and the tasks.

    inspect      a read of the row, where the chip reads before it writes
    program      pulses on the row's cells; holds the array and its share of the power budget
    verify       the reads after the pulses; through the converters where writing has no circuits of its own

Which cells, and with how many pulses: as the activity has it recorded; else as the law of pulses says, drawn with
the seed of the run or expected. Where no cells are recorded, all of a row are written; or, where it was read
before, those whose digit changes when each weight moves by one step: of digits to base L the lowest always, the
next in one of L cases, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from archsim import names
from archsim.components import Action
from archsim.components.pulsed import Pulsed, of_pulses, taken
from archsim.lowering.arrays import adc_claim, adc_grants, crossbar_resource
from archsim.lowering.cells import FEEDBACK
from archsim.lowering.context import Claim, Context, Label
from archsim.mapping import Block
from archsim.spec import Chip

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Row:
    """Cells of one row that are written, and what they take."""

    n_cells: int
    of: Pulsed


def rows_of(ctx: Context, block: Block, update: int) -> list[Row | None]:
    """Cells that an update writes in each row of an array; None in rows without any."""
    pulses = ctx.activity.pulses_of_cells(_matrix(block), update, of_copy=block.role == "copy")
    if pulses is not None:
        of_block = pulses[block.rows[0] : block.rows[1], block.columns[0] : block.columns[1]]
        return _recorded(ctx, block, of_block.reshape(block.n_rows, -1))
    n_cells = cells_of_rows(ctx, block, update)
    found = iter(expected_rows(ctx, block, [n for n in n_cells if n], update))
    return [next(found) if n else None for n in n_cells]


def _matrix(block: Block) -> str:
    """Whose writes those of an array are recorded with: a layer's weights, or its matrix of a direct rule."""
    return block.layer + names.FEEDBACK if block.role == "feedback" else block.layer


def _whose(block: Block) -> str:
    """Whose levels the cells of an array are at."""
    return FEEDBACK if block.role == "feedback" else block.layer


def cells_of_rows(ctx: Context, block: Block, update: int) -> list[int]:
    """How many cells an update writes in each row of an array: as recorded, else as the chip expects."""
    name, is_copy, (low, high) = _matrix(block), block.role == "copy", block.columns
    pulses = ctx.activity.pulses_of_cells(name, update, of_copy=is_copy)
    if pulses is not None:
        counts = np.count_nonzero(pulses[block.rows[0] : block.rows[1], low:high], axis=(1, 2))
        return [int(n) for n in counts]
    cells = ctx.activity.written_cells(name, update, of_copy=is_copy)
    if cells is None:
        return [round(block.n_columns * cells_of_step(ctx.chip))] * block.n_rows
    return [int(n) for n in cells[block.rows[0] : block.rows[1], low:high].sum(axis=1, dtype=np.int64)]


def expected_rows(ctx: Context, block: Block, n_cells: list[int], update: int) -> list[Row]:
    """Rows of so many cells, with the pulses that the law of the chip says, expected or drawn."""
    whose = _whose(block)
    shares = _shares(ctx, whose)
    law = ctx.chip.writing.law if ctx.chip.writing.draw else None
    if law is None:
        of_cells = {n: Row(n, ctx.parts.write_circuits.pulsed(n, shares, whose)) for n in dict.fromkeys(n_cells)}
        return [of_cells[n] for n in n_cells]
    place, number = crc32(f"{block.layer} {block.role}".encode()), ctx.stretch.first_update + update
    rng = np.random.default_rng([ctx.seed, place, block.replica, block.rows[0], block.columns[0], number])
    parallel, failing = ctx.chip.writing.n_parallel_cells, law.failing(shares)
    return [
        Row(n, taken(law.draw(n, rng, shares).tolist(), parallel, float(rng.binomial(n, failing))))
        for n in n_cells
    ]


def _shares(ctx: Context, whose: str) -> tuple[float, ...]:
    """Parts of the cells at each level, where the chip's law of pulses asks for them."""
    law = ctx.chip.writing.law
    return ctx.digit_shares[whose] if law is not None and law.by_level else ()


def _recorded(ctx: Context, block: Block, pulses: NDArray[np.uint16]) -> list[Row | None]:
    """Rows whose cells took so many pulses, (rows, cells); who of them failed is expected. Equal ones are one."""
    write = ctx.chip.writing
    failing = 0.0 if write.law is None else write.law.failing(_shares(ctx, _whose(block)))
    known: dict[tuple[int, int, int], Row | None] = ctx.known.setdefault(("rows", failing), {(0, 0, 0): None})
    found = []
    for key in zip(*(column.tolist() for column in taken_by_rows(pulses, write.n_parallel_cells)), strict=True):
        if key not in known:
            n_cells, n_pulses, n_turns = key
            known[key] = Row(n_cells, of_pulses(n_cells, n_pulses, n_turns, n_cells * failing))
        found.append(known[key])
    return found


def taken_by_rows(pulses: NDArray[np.uint16], n_parallel: int) -> tuple[Ints, Ints, Ints]:
    """Of each row of cells how many are written, with how many pulses in all, and one after the other.

    Examples
    --------
    Cells that are written come in groups of two: 4 turns, then 2, as :func:`archsim.components.pulsed.taken`.

    >>> found = taken_by_rows(np.array([[1, 4, 0, 2, 1], [0, 0, 0, 0, 0]], np.uint16), n_parallel=2)
    >>> [column.tolist() for column in found]
    [[4, 0], [8, 0], [6, 0]]
    """
    is_written = pulses > 0
    n_cells = np.count_nonzero(is_written, axis=1)
    row, cell = np.nonzero(is_written)
    within = np.arange(len(row)) - (np.cumsum(n_cells) - n_cells)[row]
    begins = np.flatnonzero(within % n_parallel == 0)
    n_turns = np.zeros(len(pulses), np.int64)
    if len(begins):
        slowest = np.maximum.reduceat(pulses[row, cell], begins).astype(np.int64)
        np.add.at(n_turns, row[begins], slowest)
    return n_cells, pulses.sum(axis=1, dtype=np.int64), n_turns


def count_rows(ctx: Context, rows: Iterable[Row | None]) -> None:
    """Count what some rows write."""
    for row in rows:
        if row is not None:
            ctx.written.cells += row.n_cells
            ctx.written.pulses += row.n_cells * row.of.mean
            ctx.written.failed += row.of.failed


def writing(ctx: Context, block: Block, row: Row | None) -> list[int]:
    """Resources of an array that writes of such a row use, in the order of their tasks."""
    circuits, found = ctx.chip.writing, list[Claim]()
    n_read = block.n_columns * ctx.chip.crossbar.n_columns_per_weight
    if ctx.inspects:
        granted = _granted(ctx, block, n_read)
        found += [*granted, (crossbar_resource(ctx, block), 1), *_converters(ctx, block, n_read)]
    if row is not None:
        found.append((crossbar_resource(ctx, block), 1))
        _power(ctx, row.n_cells)  # the chip's
        if circuits.verify:
            found += [*_granted(ctx, block, row.n_cells), *_converters(ctx, block, row.n_cells)]
    return list(dict.fromkeys(resource for resource, _ in found))


def cells_of_step(chip: Chip) -> float:
    """Cells of a weight that are written where its change is not known.

    Examples
    --------
    >>> from archsim import load_chip
    >>> chip = load_chip("arch_specs/wearable_rram.yaml")  # pairs of two cells with four levels
    >>> cells_of_step(chip), cells_of_step(load_chip("arch_specs/wearable_rram.yaml", ["write.read_before=true"]))
    (4, 1.25)
    """
    if not chip.writing.read_before:
        return chip.crossbar.n_columns_per_weight
    return sum(float(chip.device.n_levels) ** -digit for digit in range(chip.crossbar.n_cells_per_weight))


def write_row(ctx: Context, label: Label, block: Block, row: Row, after: Iterable[int | None]) -> int:
    """Program some cells of a row, and verify them; returns the last task."""
    n_cells, array = row.n_cells, (crossbar_resource(ctx, block), 1)
    priced = _priced(ctx, block, row)
    uses = [array, *_power(ctx, n_cells)]
    last = ctx.add(label, priced.program, n_cells, uses=uses, occupancy_ps=priced.program_ps, after=after)
    if priced.verify is None:
        return last
    granted = _granted(ctx, block, n_cells)
    return ctx.add(
        label, priced.verify, n_cells, uses=[array, *_converters(ctx, block, n_cells)],
        occupancy_ps=priced.verify_ps, after=[last], reserves=granted, frees=granted,
    )  # fmt: skip


class _Priced(NamedTuple):
    """What the tasks of a row cost; the row itself, so that no other one takes its place in the memory."""

    row: Row
    program: Action
    program_ps: int
    verify: Action | None
    verify_ps: int


def _priced(ctx: Context, block: Block, row: Row) -> _Priced:
    key = ("priced row", block.layer, id(row))
    if key not in ctx.known:
        circuits, n_cells = ctx.parts.write_circuits, row.n_cells
        verify = None
        if ctx.chip.writing.verify:
            verify = circuits.verify(ctx.mean_conductance[block.layer], n_cells, block.layer, row.of)
        ctx.known[key] = _Priced(
            row, circuits.program(n_cells, row.of), circuits.program_row_ps(n_cells, row.of), verify,
            circuits.verify_row_ps(n_cells, row.of),
        )  # fmt: skip
    found: _Priced = ctx.known[key]
    return found


def inspect_row(ctx: Context, label: Label, block: Block, after: Iterable[int | None]) -> int:
    """Read a row before it is written, to find what changes."""
    circuits, n_cells = ctx.parts.write_circuits, block.n_columns * ctx.chip.crossbar.n_columns_per_weight
    granted = _granted(ctx, block, n_cells)
    return ctx.add(
        label, circuits.inspect(ctx.mean_conductance[block.layer], n_cells, block.layer), n_cells,
        uses=[(crossbar_resource(ctx, block), 1), *_converters(ctx, block, n_cells)],
        occupancy_ps=circuits.inspect_row_ps(n_cells), after=after, reserves=granted, frees=granted,
    )  # fmt: skip


def _converters(ctx: Context, block: Block, n_cells: int) -> list[Claim]:
    """Part that verifies cells, where it is neither a circuit of the write's own nor promised (`_granted`)."""
    has_own = ctx.chip.writing.verify_read_ps is not None
    return [] if has_own or ctx.parts.crossbar.is_sensed() else [adc_claim(ctx, block, n_cells)]


def _granted(ctx: Context, block: Block, n_cells: int) -> list[Claim]:
    """Converters as reads promise them to each other: who waits for a promise stands in no line of an ADC."""
    return adc_grants(ctx, block, n_cells) if ctx.chip.writing.verify_read_ps is None else []


def _power(ctx: Context, n_cells: int) -> list[Claim]:
    """A row's share of the power budget for writing, in uW."""
    budget = ctx.chip.writing.max_power_uw
    if budget is None:
        return []
    needed = max(1, round(ctx.parts.write_circuits.program_power_uw(n_cells)))
    return [(ctx.resource("write_power", int(budget)), needed)]
