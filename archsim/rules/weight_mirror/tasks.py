"""A mirror's phase between two updates, of one layer: which tasks exist, and why.

For every pair of noise vectors::

    draw            a random bit for each input, on each tile whose arrays it drives
    each array:     drive, read, convert, shift_add of both vectors: together they drive every line once
    collect, hop ..., add   their sums at the layer's homes, one less the other
    hop ...         to the tiles with the layer's gradients
    outer           plus or minus the difference for every weight, where the gradient lay, which is used up
    accumulate      beside it: each word of it out of the gradient buffer and back

and at the end, row by row, `optimize@mirror`: the mean joins the average of all phases so far. Rows of the
backward arrays are then loaded and written as a copy's are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.components import Operations
from archsim.lowering.arrays import deliver, read_array
from archsim.lowering.context import BARRIER, Context, Label
from archsim.lowering.optimize import Steps
from archsim.lowering.products import Product, counts_of
from archsim.lowering.transport import travel
from archsim.mapping.blocks import Span

if TYPE_CHECKING:
    from archsim.components.gradient_unit import GradientUnit
    from archsim.mapping import Block, LayerPlan


def mirror(ctx: Context, label: Label, plan: LayerPlan, n_pairs: int) -> Steps:
    """Lay down the phase of a layer, behind its writes; after it its copy may be written."""
    blocks = [block for block in plan.forward if block.replica == 0]
    written = ctx.add(label, BARRIER, 1, after=[ctx.last_write[block] for block in blocks])
    last = dict.fromkeys(plan.gradient_tiles, written)
    for _ in range(n_pairs):
        last = _pair(ctx, label, plan, last)
    bits = ctx.chip.tile.gradients.gradient_bits
    averaged, done = Operations(2, ((bits, bits),)), list[int]()
    for block in blocks:
        job = _unit(ctx, block.tile).optimize("mirror", block.n_columns, averaged, 2, 1)
        done += [ctx.do(label, block.tile, job, [last[block.tile]]) for _ in range(block.n_rows)]
    return Steps({}, ctx.add(label, BARRIER, 1, after=done))


def _pair(ctx: Context, label: Label, plan: LayerPlan, after: dict[int, int]) -> dict[int, int]:
    """Two vectors; by tile with gradients, when they are added to what is there."""
    shown: dict[int, list[int]] = {home.tile: [] for home in plan.homes}
    drawn: dict[tuple[int, Span], int] = {}
    for block in plan.forward:
        if block.replica == 0:
            bits = block.tile, block.rows
            if bits not in drawn:
                job = _unit(ctx, block.tile).compute("draw@1b", block.n_rows, Operations(1))
                drawn[bits] = ctx.do(label, block.tile, job, [after[block.tile]])
            shown[plan.home_of(block).tile] += _read_both(ctx, label, plan, block, drawn[bits])
    known = {tile: ctx.add(label, BARRIER, 1, after=tasks) for tile, tasks in shown.items()}
    return {tile: _added(ctx, label, plan, tile, known) for tile in plan.gradient_tiles}


def _read_both(ctx: Context, label: Label, plan: LayerPlan, block: Block, ready: int) -> list[int]:
    """A vector and its opposite on one array, added up at the layer's home: a line is driven by one of the two."""
    product, added = Product(block, 1, 1, signed=False), []
    for n_driven in (block.n_rows // 2, block.n_rows - block.n_rows // 2):
        [counts] = counts_of(ctx, product, [n_driven]).tolist()
        merged = read_array(ctx, label, product, counts, [ready])
        added.append(deliver(ctx, label, product, merged, plan.home_of(block).tile))
    return added


def _added(ctx: Context, label: Label, plan: LayerPlan, tile: int, known: dict[int, int]) -> int:
    """The outer products of a pair on one tile."""
    here = [block for block in plan.forward if block.tile == tile and block.replica == 0]
    value_bits = ctx.chip.tile.membrane_buffer.potential_bits
    arrived = [
        travel(ctx, label, home.tile, tile, home.n_channels * value_bits, [known[home.tile]])
        for home in plan.homes
        if any(plan.home_of(block) is home for block in here)
    ]
    n_terms = sum(block.n_rows * block.n_columns for block in here)
    buffer = ctx.parts.at(tile).gradient_buffer
    bits = ctx.chip.tile.gradients.gradient_bits
    n_words = sum(block.n_rows * buffer.accesses(block.n_columns * bits) for block in here)
    done = [
        ctx.do(label, tile, _unit(ctx, tile).outer(n_terms, 1, bits), arrived),
        ctx.do(label, tile, buffer.accumulate(n_words), arrived),
    ]
    return ctx.add(label, BARRIER, 1, after=done)


def _unit(ctx: Context, tile: int) -> GradientUnit:
    return ctx.parts.at(tile).gradient_unit
