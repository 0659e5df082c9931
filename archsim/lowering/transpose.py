"""Loading the gradients of an array row by row; those of the transposed copy lie the other way round.

The gradients of an array's row lie side by side in the words of the gradient buffer. A row of the copy is a column
of them: each of its gradients lies in a word of its own. Without a transposer each of these words is read for the
one gradient in it. With one::

    transpose        for as many rows of the copy as gradients lie in a word: one word of each row of gradients
    load_gradient    each of these rows out of the transposer, over the bus; the last leaves it free
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from archsim.lowering.context import ADMIT, RELEASE, Claim, Context, Label
from archsim.lowering.optimize import Steps
from archsim.mapping import Block, LayerPlan
from archsim.mapping.blocks import Span

Loaded = tuple[int, int]  # tile, and the task after which a row's gradients are on its bus


def load_rows(
    ctx: Context, label: Label, plan: LayerPlan, block: Block, steps: Steps, free: int | None
) -> Iterator[Loaded]:
    """Lay down the loads of an array, row by row; `free` is the task that they wait for beside the gradients."""
    if block.role != "copy":
        for row in range(block.n_rows):
            yield load_row(ctx, label, plan, block, [steps.before(block, row), free])
    else:
        for source, rows in groups(ctx, plan, block):
            waits = [steps.before(block, row) for row in rows]
            yield from load_group(ctx, label, block, source, len(rows), [*waits, free])


def load_group(
    ctx: Context, label: Label, block: Block, source: int, n_rows: int, after: list[int | None]
) -> Iterator[Loaded]:
    """Lay down the loads of some rows of a copy (`groups`), out of the buffer of one tile."""
    if ctx.chip.tile.transposer is not None:
        yield from _transposed(ctx, label, block, source, n_rows, after)
        return
    strided = ctx.parts.at(source).gradient_buffer.load_strided(block.n_columns)
    yield source, ctx.do(label, source, strided, after)


def load_row(ctx: Context, label: Label, plan: LayerPlan, block: Block, after: Sequence[int | None]) -> Loaded:
    """Lay down the load of one row of an array that is no copy."""
    source = block.tile if block.replica == 0 else next(_owners(plan, block.rows, block.columns)).tile
    load = ctx.parts.at(source).gradient_buffer.load_gradient(_bits(ctx, block))
    return source, ctx.do(label, source, load, after)


def loading(ctx: Context, block: Block) -> list[int]:
    """Loads of an array whose gradients lie on its own tile."""
    load = ctx.parts.at(block.tile).gradient_buffer.load_gradient(_bits(ctx, block))
    return [claim[0] for claim in ctx.claims(block.tile, load)]


def _transposed(
    ctx: Context, label: Label, block: Block, source: int, n_rows: int, after: list[int | None]
) -> Iterator[Loaded]:
    """Turn round the words that hold some rows of a copy, and load these."""
    parts = ctx.parts.at(source)
    space: Claim = (ctx.resource(f"tile[{source}].transposer.space"), 1)
    # space first: who waits for it must not stand in the queue of the gradient buffer
    admitted = ctx.add(label, ADMIT, 1, after=after, reserves=[space])
    turned = ctx.do(label, source, parts.transposer.transpose(block.n_columns), [admitted])
    load, loaded = parts.gradient_buffer.load_transposed(_bits(ctx, block)), []
    for _ in range(n_rows):
        loaded.append(ctx.do(label, source, load, [turned]))
        yield source, loaded[-1]
    ctx.add(label, RELEASE, 1, after=loaded, frees=[space])


def groups(ctx: Context, plan: LayerPlan, block: Block) -> Iterator[tuple[int, list[int]]]:
    """The tile and the rows of a copy whose gradients are loaded together: those that end in one word."""
    buffer, is_turned = ctx.chip.tile.gradients, ctx.chip.tile.transposer is not None

    def word(gradient: tuple[Block, int]) -> tuple[Block, int]:
        owner, column = gradient
        end = ((column + 1) * buffer.gradient_bits - 1) // buffer.width_bits
        return owner, end if is_turned else column

    for (owner, _), group in groupby(_gradients_of(plan, block), key=word):
        yield owner.tile, [owner.columns[0] + column - block.rows[0] for _, column in group]


def _gradients_of(plan: LayerPlan, copy: Block) -> Iterator[tuple[Block, int]]:
    """For each row of a copy the block with its gradients, and which of its columns they are."""
    for owner in _owners(plan, copy.columns, copy.rows):
        start, stop = max(owner.columns[0], copy.rows[0]), min(owner.columns[1], copy.rows[1])
        yield from ((owner, column - owner.columns[0]) for column in range(start, stop))


def _owners(plan: LayerPlan, rows: Span, columns: Span) -> Iterator[Block]:
    """Blocks of the first replica that hold weights of some columns, in the first of some rows, in order."""
    found = [
        block
        for block in plan.forward
        if block.replica == 0
        and block.rows[0] <= rows[0] < block.rows[1]
        and block.columns[0] < columns[1]
        and columns[0] < block.columns[1]
    ]
    yield from sorted(found, key=lambda block: block.columns)


def _bits(ctx: Context, block: Block) -> int:
    return block.n_columns * ctx.chip.tile.gradients.gradient_bits
