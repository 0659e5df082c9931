"""Traces in place of waiting: what is kept of the past is brought up to date, and meets the errors of a step.

On each tile with a layer's gradients, once its errors have come::

    trace        the trace of every row times its leak, and the row's input added; then that of every synapse,
                 times the output's leak, and the slope times the row's trace (or its input) added
    accumulate   beside each: each of their words out of the gradient buffer and back
    outer        errors times traces, of all rows, whether an input was active or not: of a trace of rows only
                 where an error is not zero, of one of synapses everywhere
    accumulate   beside it: each word of gradients that this touches, out and back

The steps of a layer follow each other, for each changes the traces that the next one finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archsim.components import Operations
from archsim.lowering import arithmetic
from archsim.lowering.context import Context, Label
from archsim.mapping import Block, TraceNeed
from archsim.workload import Layer


class StepOfTile(NamedTuple):
    """A step of a layer on one tile, whose blocks hold its weights there."""

    layer: Layer
    blocks: Sequence[Block]
    sample: int
    step: int


def meet_traces(ctx: Context, label: Label, at: StepOfTile, need: TraceNeed, after: Sequence[int]) -> list[int]:
    """Lay down the traces and the outer products of a step; returns the tasks after which both are done."""
    after = _traces_of_rows(ctx, label, at, need, after)
    after = _traces_of_synapses(ctx, label, at, need, after)
    here, bits = ctx.parts.at(at.blocks[0].tile), ctx.chip.tile.gradients.gradient_bits
    met = [_met(ctx, at, block, need) for block in at.blocks]
    n_macs, n_words = sum(macs for macs, _ in met), sum(words for _, words in met)
    job = here.gradient_unit.outer(n_macs, bits, arithmetic.error_bits(ctx.chip))
    done = [ctx.do(label, at.blocks[0].tile, job, after)]
    if n_words:
        done.append(ctx.do(label, at.blocks[0].tile, here.gradient_buffer.accumulate(n_words), after))
    return done


def _met(ctx: Context, at: StepOfTile, block: Block, need: TraceNeed) -> tuple[int, int]:
    """Products and words of gradients of a block."""
    name, n_vectors = at.layer.name, ctx.n_vectors(at.layer.name, at.step)
    if need.n_of_synapse:
        return block.n_rows * block.n_columns * n_vectors, block.n_rows * _n_words(ctx, block) * n_vectors
    n_errors = ctx.errors_per_step(name, at.sample, block.columns)[at.step]
    return block.n_rows * n_errors, block.n_rows * ctx.words_of_errors(name, at.sample, block.columns)[at.step]


def _traces_of_rows(
    ctx: Context, label: Label, at: StepOfTile, need: TraceNeed, after: Sequence[int]
) -> Sequence[int]:
    n_rows = sum(high - low for low, high in {block.rows for block in at.blocks})
    n_values = need.n_of_row * n_rows * ctx.n_vectors(at.layer.name, at.step)
    n_bits = n_values * ctx.chip.tile.gradients.gradient_bits
    n_words = ctx.parts.at(at.blocks[0].tile).gradient_buffer.accesses(n_bits)
    return _brought_up(ctx, label, at, (n_values, n_words, arithmetic.trace_of_row(ctx.chip)), after)


def _traces_of_synapses(
    ctx: Context, label: Label, at: StepOfTile, need: TraceNeed, after: Sequence[int]
) -> Sequence[int]:
    times = need.n_of_synapse * ctx.n_vectors(at.layer.name, at.step)
    n_values = times * sum(block.n_rows * block.n_columns for block in at.blocks)
    n_words = times * sum(block.n_rows * _n_words(ctx, block) for block in at.blocks)
    return _brought_up(ctx, label, at, (n_values, n_words, arithmetic.trace_of_synapse(ctx.chip)), after)


def _brought_up(
    ctx: Context, label: Label, at: StepOfTile, what: tuple[int, int, Operations], after: Sequence[int]
) -> Sequence[int]:
    """Arithmetic on some traces, and their words out and back."""
    n_values, n_words, operations = what
    if not n_values:
        return after
    tile, here = at.blocks[0].tile, ctx.parts.at(at.blocks[0].tile)
    name = f"trace@{operations.n_additions}+{operations.n_products:g}x"
    return [
        ctx.do(label, tile, here.gradient_unit.compute(name, n_values, operations), after),
        ctx.do(label, tile, here.gradient_buffer.accumulate(n_words), after),
    ]


def _n_words(ctx: Context, block: Block) -> int:
    """Words of a row of a block's numbers."""
    n_bits = block.n_columns * ctx.chip.tile.gradients.gradient_bits
    return ctx.parts.at(block.tile).gradient_buffer.accesses(n_bits)
