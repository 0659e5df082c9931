"""The weight update after a batch: which tasks exist, and why.

For every array that holds weights (all replicas, and the second, transposed copies), row by row::

    normalise, optimize   what the optimizer does first, see :mod:`archsim.lowering.optimize`
    load_gradient    the row's gradients out of the gradient buffer, over the tile's bus; for the transposed copies
                     turned round, see :mod:`archsim.lowering.transpose`
    hop ...          to an array on another tile (replicas, copies)
    inspect, program, verify      see :mod:`archsim.lowering.writes`

Every row is loaded, as the write circuits decide what changes; where the activity says which cells do, only
these are programmed and verified, and rows without any are skipped. Rows of one array follow each other; arrays
work in parallel as far as the power budget allows. A layer is written as soon as its own gradients are complete
and its arrays have been read for the last time in the batch, or all layers wait for the end of the batch's
backward pass, as the schedule says (:mod:`archsim.lowering.training`). The next read of an array waits for its
last verify. Under ``three_level`` a write also waits for the next batch's last read of the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archsim.lowering.context import BARRIER, Context, Label
from archsim.lowering.optimize import Steps, lower_steps
from archsim.lowering.transport import travel
from archsim.lowering.transpose import load_rows, loading
from archsim.lowering.writes import Row, count_rows, inspect_row, rows_of, write_row, writing
from archsim.mapping import Block, LayerPlan
from archsim.taskgraph import opening

PHASE = "update"
Gradients = dict[str, list[int]]  # what a layer's update waits for


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
        label = Label(PHASE, layer.name, -1, sample)
        if layer_by_layer or barrier is None:
            waits = gradients[layer.name] if layer_by_layer else everything
            barrier = ctx.add(label, BARRIER, 1, after=waits)
        plan = ctx.plan(layer.name)
        steps = lower_steps(ctx, label, plan, barrier)
        for block in (*plan.forward, *plan.copy):
            free = _last_read(ctx, label, block)
            ctx.last_write[block] = _write_block(ctx, label, plan, block, steps, update, free)
            ends.append(ctx.last_write[block])
    ctx.updates.append(ctx.written.since(before))
    return ends


def _last_read(ctx: Context, label: Label, block: Block) -> int | None:
    """Under ``three_level``: the task after which no earlier read or write of an array is under way."""
    if ctx.work.schedule != "three_level":
        return None
    return ctx.add(label, BARRIER, 1, after=[*ctx.reads.pop(block, []), ctx.last_write.get(block)])


def _write_block(
    ctx: Context, label: Label, plan: LayerPlan, block: Block, steps: Steps, update: int, free: int | None
) -> int:
    """Lay down the writes of one array; returns the task after which it may be read again."""
    rows = rows_of(ctx, block, update)
    if any(row is not rows[0] for row in rows):
        count_rows(ctx, rows)
        return _write_rows(ctx, label, plan, block, rows, steps, free)
    # one fragment for all arrays of a layer that are alike, and each of their updates
    is_here = block.role == "forward" and block.replica == 0  # with its gradients on its own tile
    slots = (*loading(ctx, block), *writing(ctx, block, rows[0])) if is_here else ()
    where = (block.n_rows, ctx.parts.at(block.tile)) if is_here else (block.tile, block.pe, block.crossbar)
    has_own = block in steps.of_row
    ports = steps.of_row[block] if has_own else [steps.whole]
    own = Steps({block: [opening(k) for k in range(block.n_rows)]} if has_own else {}, opening(0))
    fragment = ctx.fragment(
        (label.phase, label.layer, block.role, block.n_columns, where, rows[0], has_own),
        lambda: _write_rows(ctx, label, plan, block, rows, own, opening(len(ports))), slots,
    )  # fmt: skip
    count_rows(ctx, rows)
    return ctx.place(fragment, label, [*ports, free], slots) + int(fragment.made)


def _write_rows(
    ctx: Context, label: Label, plan: LayerPlan, block: Block, rows: Sequence[Row | None], steps: Steps,
    free: int | None,
) -> int:  # fmt: skip
    """Row by row, as each has its gradients."""
    row_bits = block.n_columns * ctx.chip.tile.gradients.gradient_bits
    loads = load_rows(ctx, label, plan, block, steps, free)
    last: int | None = None
    arrived: list[int | None] = []
    for (source, loaded), row in zip(loads, rows, strict=True):
        arrived.append(travel(ctx, label, source, block.tile, row_bits, [loaded]))
        before = [arrived[-1], last]
        if ctx.chip.writing.read_before:
            before = [last := inspect_row(ctx, label, block, before)]
        if row is not None:
            last = write_row(ctx, label, block, row, before)
    if last is None:  # every change was too small: the array is free once that is known
        return ctx.add(label, BARRIER, 1, after=arrived)
    return last
