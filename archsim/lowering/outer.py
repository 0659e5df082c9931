"""Outer products of errors and inputs on a tile: what they consist of, by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from archsim.components import Job
from archsim.lowering import arithmetic
from archsim.lowering.context import Context
from archsim.mapping import LayerPlan, sources_of

Counts = tuple[int, int, int]  # errors, products, words of gradients


def jobs_of_outer(ctx: Context, plan: LayerPlan, tile: int, sample: int) -> Callable[[int], list[Job]]:
    """By step: to rescale the errors, to multiply, to add up the words that this touches if there are any."""
    counts, priced = _counts(ctx, plan, tile, sample), _pricing(ctx, plan, tile)
    return lambda step: priced(counts[step])


def _pricing(ctx: Context, plan: LayerPlan, tile: int) -> Callable[[Counts], list[Job]]:
    """Jobs of one tile, of how many errors, products and words."""
    here, unit = ctx.parts.at(tile), ctx.parts.gradient_unit
    input_bits = max(ctx.bits[source] for source in sources_of(plan.layer))
    error_bits = arithmetic.error_bits(ctx.chip)
    name, operations = arithmetic.rescale(ctx.chip)

    @cache
    def priced(counts: Counts) -> list[Job]:
        n_errors, n_macs, n_words = counts
        outer = here.gradient_unit.outer(n_macs, input_bits, error_bits)
        jobs = [unit.compute(name, n_errors, operations), outer]
        return [*jobs, here.gradient_buffer.accumulate(n_words)] if n_words else jobs

    return priced


def _counts(ctx: Context, plan: LayerPlan, tile: int, sample: int) -> list[Counts]:
    """Errors, products and words of a tile, by step."""
    blocks = [block for block in plan.forward if block.tile == tile and block.replica == 0]
    spans = {block.columns for block in blocks}
    at = [(plan.layer, sample, block.rows, block.columns) for block in blocks]
    columns = (
        _summed(ctx.errors_per_step(plan.layer.name, sample, span) for span in spans),
        _summed(ctx.macs_per_step(*where) for where in at),
        _summed(ctx.words_per_step(*where) for where in at),
    )
    return list(zip(*columns, strict=True))


def _summed(columns: Iterable[Sequence[int]]) -> list[int]:
    """Sums of columns, step by step."""
    return [sum(of_step) for of_step in zip(*columns, strict=True)]
