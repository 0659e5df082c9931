"""The weight update after a batch: which tasks exist, and why.

For every array that holds weights (all replicas, and the second, transposed copies), row by row::

    hop ..., add     between homes of a layer, where errors are scaled by what was counted in the batches before
    normalise, optimize   what the optimizer does first, see :mod:`archsim.lowering.optimize`
    load_gradient    the row's gradients out of the gradient buffer, over the tile's bus; for the transposed copies
                     turned round, see :mod:`archsim.lowering.transpose`
    hop ...          to an array on another tile (replicas, copies)
    inspect, program, verify      see :mod:`archsim.lowering.writes`

Copies are written every `execution.copy_every` updates. Every row is loaded, as the write circuits decide what
changes; where the activity says which cells do, only these are programmed and verified, and rows without any are
skipped. Rows of one array follow each other; arrays work in parallel as far as the power budget allows. A layer is
written as soon as its own gradients are complete and its arrays have been read for the last time in the batch, or
all layers wait for the end of the batch's backward pass, as the schedule says (:mod:`archsim.lowering.training`).
The next read of an array waits for its last verify. Under ``three_level`` a write also waits for the next batch's
last read of the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol, cast

import numpy as np

from archsim.lowering.arrays import summed_up
from archsim.lowering.context import BARRIER, Context, Label, or_nothing
from archsim.lowering.optimize import Steps, lower_steps
from archsim.lowering.transport import travel
from archsim.lowering.transpose import Loaded, groups, load_group, load_row, load_rows, loading
from archsim.lowering.writes import Row, count_rows, inspect_row, rows_of, write_row, writing
from archsim.mapping import Block, LayerPlan
from archsim.mapping.rule import MappedRule
from archsim.taskgraph import NOTHING, Fragment, Known, Many, opening
from archsim.workload import Workload

STAGE = "update"
N_COUNTERS = 2  # of errors that are larger than the largest code, and than half of it
Gradients = dict[str, list[int]]  # what a layer's update waits for


class UpdatingRule(MappedRule, Protocol):
    """A learning rule, as far as it decides what an update does; see :class:`archsim.rules.base.Rule`."""

    def reads_rows(self, work: Workload, plan: LayerPlan, number: int) -> bool: ...

    def before_steps(self, ctx: Context, label: Label, plan: LayerPlan, number: int, known: int) -> int: ...

    def copy_is_due(self, work: Workload, number: int) -> bool | None: ...

    def before_copies(self, ctx: Context, label: Label, plan: LayerPlan, steps: Steps) -> Steps: ...

    def write_beside(self, ctx: Context, label: Label, plan: LayerPlan, update: int, known: int) -> list[int]: ...


def lower_update(ctx: Context, update: int, gradients: Gradients, layer_by_layer: bool) -> list[int]:
    """Lay down the update of all layers.

    Parameters
    ----------
    ctx : Context
    update : int
        Number of the batch; its last sample stands on the labels.
    gradients : dict of str to list of int
        Tasks that a layer's update waits for.
    layer_by_layer : bool
        Whether layers wait for their own gradients only.

    Returns
    -------
    list of int
        The last task of every array.
    """
    sample, before = ctx.batches[update][-1], replace(ctx.written)
    everything = sorted({task for tasks in gradients.values() for task in tasks})
    barrier: int | None = None
    ends = []
    for layer in ctx.network.weighted:
        label = Label(STAGE, layer.name, -1, sample)
        if layer_by_layer or barrier is None:
            waits = gradients[layer.name] if layer_by_layer else everything
            barrier = ctx.add(label, BARRIER, 1, after=waits)
        plan = ctx.plan(layer.name)
        _tell_scales(ctx, label, plan, barrier)
        rule, number = cast("UpdatingRule", ctx.rule), ctx.stretch.first_update + update
        ctx.inspects = ctx.chip.writing.read_before or rule.reads_rows(ctx.work, plan, number)
        steps = lower_steps(ctx, label, plan, rule.before_steps(ctx, label, plan, number, barrier))
        ends += _write_blocks(ctx, label, plan, plan.forward, steps, update)
        if plan.copy and _copy_is_due(ctx, plan, update):
            steps = rule.before_copies(ctx, label, plan, steps)
            ends += _write_blocks(ctx, label, plan, plan.copy, steps, update)
        ends += rule.write_beside(ctx, label, plan, update, barrier)
    ctx.updates.append(ctx.written.since(before))
    return ends


def _write_blocks(
    ctx: Context, label: Label, plan: LayerPlan, blocks: Sequence[Block], steps: Steps, update: int
) -> list[int]:
    """The last write of each array."""
    for block in blocks:
        free = last_read(ctx, label, block)
        ctx.last_write[block] = _write_block(ctx, label, plan, block, steps, update, free)
    return [ctx.last_write[block] for block in blocks]


def _copy_is_due(ctx: Context, plan: LayerPlan, update: int) -> bool:
    """Whether an update writes a layer's copy: as the rule says; or if it is known that a cell was written."""
    said = cast("UpdatingRule", ctx.rule).copy_is_due(ctx.work, ctx.stretch.first_update + update)
    if said is not None:
        return said
    every = ctx.chip.execution.n_copy_every
    cells = None if every == 1 else ctx.activity.written_cells(plan.layer.name, update, of_copy=True)
    return (update + 1) % every == 0 if cells is None else bool(cells.any())


def _tell_scales(ctx: Context, label: Label, plan: LayerPlan, after: int) -> None:
    """Scale of the next batch's errors, where homes on several tiles have counted large ones."""
    if not ctx.chip.execution.quantiser.looks_beside:
        return
    is_fed_back = plan.layer is ctx.network.layers[-1] and any(p.feedback for p in ctx.mapping.plans.values())
    n_counters = N_COUNTERS * (1 + is_fed_back)
    known = {home.tile: after for home in plan.homes}
    bits = ctx.chip.tile.membrane_buffer.potential_bits
    ctx.scales[plan.layer.name] = summed_up(ctx, label, dict.fromkeys(known, n_counters), known, bits)


def last_read(ctx: Context, label: Label, block: Block) -> int | None:
    """Under ``three_level``: the task after which no earlier read or write of an array is under way."""
    if ctx.work.schedule != "three_level":
        return None
    return ctx.add(label, BARRIER, 1, after=[*ctx.reads.pop(block, []), ctx.last_write.get(block)])


def _write_block(
    ctx: Context, label: Label, plan: LayerPlan, block: Block, steps: Steps, update: int, free: int | None
) -> int:
    """Lay down the writes of one array; returns the task after which it may be read again."""
    rows = rows_of(ctx, block, update)
    count_rows(ctx, rows)
    kinds = {id(row): row for row in rows}
    if len(kinds) > 1 + (block.role != "copy") * len(rows) // 4:  # few rows are alike
        return _write_rows(ctx, label, plan, block, rows, steps, free)
    if block.role == "copy":
        return _place_copy(ctx, label, plan, block, rows[0], steps, free)
    return _place_rows(ctx, label, plan, block, rows, steps, free)


def _write_rows(
    ctx: Context, label: Label, plan: LayerPlan, block: Block, rows: Sequence[Row | None], steps: Steps,
    free: int | None,
) -> int:  # fmt: skip
    """Row by row, as each has its gradients and takes its own pulses."""
    last: int | None = None
    arrived: list[int] = []
    for loaded, row in zip(load_rows(ctx, label, plan, block, steps, free), rows, strict=True):
        come, done = _come(ctx, label, block, loaded, last)
        if row is not None:
            done = write_row(ctx, label, block, row, [come, last] if done is None else [done])
        arrived.append(come)
        last = last if done is None else done
    if last is None:  # every change was too small: the array is free once that is known
        return ctx.add(label, BARRIER, 1, after=arrived)
    return last


def _come(ctx: Context, label: Label, block: Block, loaded: Loaded, last: int | None) -> tuple[int, int | None]:
    """As `_arrive`, alike for all rows of an array whose gradients come from the same tile."""
    source, task = loaded
    if source == block.tile and not ctx.inspects:
        return task, None
    first, (arrived, inspected) = ctx.placed(
        ("come", source, block.tile, block.pe, block.crossbar, block.n_columns, ctx.inspects), label,
        lambda: _arrive(ctx, label, block, (source, opening(0)), opening(1)), [task, last],
    )  # fmt: skip
    return task if arrived < 0 else first + arrived, None if inspected is None else first + inspected


def _arrive(ctx: Context, label: Label, block: Block, loaded: Loaded, last: int | None) -> tuple[int, int | None]:
    """A row's gradients, from the bus of a tile to the array, and the read of the row if it is read first."""
    row_bits = block.n_columns * ctx.chip.tile.gradients.gradient_bits
    arrived = travel(ctx, label, loaded[0], block.tile, row_bits, [loaded[1]])
    assert arrived is not None  # it waits for the load
    if not ctx.inspects:
        return arrived, None
    return arrived, inspect_row(ctx, label, block, [arrived, last])


def _write(
    ctx: Context, label: Label, block: Block, row: Row | None, loaded: Loaded, last: int | None
) -> tuple[int, int | None]:
    """One row, with its gradients on the bus of a tile, behind the row before: when they come, when it is done."""
    arrived, done = _arrive(ctx, label, block, loaded, last)
    if row is not None:
        done = write_row(ctx, label, block, row, [arrived, last] if done is None else [done])
    return arrived, done


def _place_rows(
    ctx: Context, label: Label, plan: LayerPlan, block: Block, rows: Sequence[Row | None], steps: Steps,
    free: int | None,
) -> int:  # fmt: skip
    """As `_write_rows`, of rows that are alike: each kind of them is one fragment."""
    kinds: dict[int, tuple[Fragment, Known, list[int]]] = {}
    many, at, last, arrived = Many([], 0, [], [], [], np.zeros(0, np.int64)), ctx.graph.n_tasks, NOTHING, []
    for k, row in enumerate(rows):
        if id(row) not in kinds:
            kinds[id(row)] = _fragment_of(ctx, label, plan, block, row)
        fragment, known, slots = kinds[id(row)]
        come, done = fragment.made
        many.numbers.append(known.number)
        many.port_tasks.extend((steps.before(block, k), or_nothing(free), last))
        many.slots.extend(slots)
        arrived.append(at + come)
        last = last if done is None else at + done
        at += known.n_tasks
    many.port_sizes.extend([1] * 3 * len(rows))
    ctx.graph.place_many(many._replace(n_tasks=at - ctx.graph.n_tasks), label.timestep, label.sample)
    return ctx.add(label, BARRIER, 1, after=arrived) if last == NOTHING else last


def _place_copy(
    ctx: Context, label: Label, plan: LayerPlan, block: Block, row: Row | None, steps: Steps, free: int | None
) -> int:
    """As `_write_rows`, of a copy whose rows are all alike: rows that are loaded together are one fragment."""
    last: int | None = None
    arrived: list[int] = []
    for source, rows in groups(ctx, plan, block):
        first, (come, done) = ctx.placed(
            ("copy", block.tile, block.pe, block.crossbar, source, len(rows), row, ctx.inspects), label,
            partial(_lay_down_group, ctx, label, block, row, source, len(rows)),
            [[*(steps.before(block, k) for k in rows), free], last],
        )  # fmt: skip
        arrived += [first + task for task in come]
        last = last if done is None else first + done
    return ctx.add(label, BARRIER, 1, after=arrived) if last is None else last


def _lay_down_group(
    ctx: Context, label: Label, block: Block, row: Row | None, source: int, n_rows: int
) -> tuple[list[int], int | None]:
    """Ports: the gradients and what the array waits for; the row before."""
    last, arrived, done = opening(1), list[int](), None
    for loaded in load_group(ctx, label, block, source, n_rows, [opening(0)]):
        come, written = _write(ctx, label, block, row, loaded, last)
        arrived.append(come)
        if written is not None:
            last = done = written
    return arrived, done


def _fragment_of(
    ctx: Context, label: Label, plan: LayerPlan, block: Block, row: Row | None
) -> tuple[Fragment, Known, list[int]]:
    """One row, alike for all arrays of a layer with gradients on their own tile, and the resources of this one.

    Its ports: the gradients, what the array waits for, the row before.
    """
    is_here = block.role == "forward" and block.replica == 0
    slots = list(dict.fromkeys([*loading(ctx, block), *writing(ctx, block, row)])) if is_here else []
    where = ctx.parts.at(block.tile) if is_here else (block.tile, block.pe, block.crossbar)

    def lay_down() -> tuple[int, int | None]:
        loaded = load_row(ctx, label, plan, block, [opening(0), opening(1)])
        return _write(ctx, label, block, row, loaded, opening(2))

    key = ("row", label.stage, label.layer, block.n_columns, where, row, ctx.inspects)
    fragment = ctx.fragment(key, lay_down, slots)
    return fragment, ctx.graph.known(fragment, (3, len(slots), 0, 0)), slots
