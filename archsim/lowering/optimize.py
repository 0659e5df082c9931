"""Tasks of an optimizer between the gradient and the writes: which tasks exist, and why.

For every layer, once its gradients are complete::

    normalise    (SinkGD) each half iteration: every gradient once out of the gradient buffer, squared and scaled
    hop ..., add (SinkGD, a layer on several tiles) sums of squares to the first tile, factors back to all
    optimize     row by row: states out of the gradient buffer and back, the arithmetic of the step

All of it on the tile that holds the gradients, on its gradient unit and the port of its gradient buffer. The step
goes on to the array that it belongs to as plain gradients do (`load_gradient`). Where another array holds the same
weights (replicas, a second copy), the step takes the gradient's place in the buffer, and is loaded from there once
all rows are made. Plain gradient descent has no such tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archsim.lowering import arithmetic
from archsim.lowering.arrays import summed_up
from archsim.lowering.context import BARRIER, Context, Label
from archsim.mapping import Block, LayerPlan, UpdateNeeds, needs_of_layer


@dataclass(frozen=True)
class Steps:
    """Tasks after which a layer's steps can be loaded.

    Parameters
    ----------
    of_row : dict of Block to list of int
        For the arrays whose gradients lie with them: one task for each row; empty if nothing is to be done.
    whole : int
        The task after which all of them are known.
    """

    of_row: dict[Block, list[int]]
    whole: int

    def before(self, block: Block, row: int) -> int:
        """Predecessors of the load of a row."""
        return self.of_row[block][row] if block in self.of_row else self.whole


def lower_steps(ctx: Context, label: Label, plan: LayerPlan, complete: int) -> Steps:
    """Lay down what an optimizer does with a layer's gradients after the task `complete`."""
    needs = needs_of_layer(ctx.chip, ctx.work, plan, ctx.rule)
    if needs.is_plain:
        return Steps({}, complete)
    start = _passes(ctx, label, plan, needs, complete)
    owners = [block for block in plan.forward if block.replica == 0]
    n_copies = len(plan.copy) if ctx.rule.takes_steps else 0
    is_shared = len(owners) < len(plan.forward) + n_copies
    of_row = {block: _rows(ctx, label, block, needs, start[block.tile], is_shared) for block in owners}
    if not is_shared:
        return Steps(of_row, complete)
    return Steps(of_row, ctx.add(label, BARRIER, 1, after=[task for rows in of_row.values() for task in rows]))


def _rows(ctx: Context, label: Label, block: Block, needs: UpdateNeeds, start: int, is_shared: bool) -> list[int]:
    """One task for each row of a block."""
    n_written = needs.n_states + is_shared
    name = f"{needs.name},shared" if is_shared else needs.name
    unit = ctx.parts.at(block.tile).gradient_unit
    job = unit.optimize(name, block.n_columns, arithmetic.step_of(ctx.chip, needs), needs.n_states, n_written)
    return [ctx.do(label, block.tile, job, [start]) for _ in range(block.n_rows)]


def _passes(ctx: Context, label: Label, plan: LayerPlan, needs: UpdateNeeds, complete: int) -> dict[int, int]:
    """Passes over the whole gradient, one after the other; by tile the task after which the factors are there."""
    owners = [block for block in plan.forward if block.replica == 0]
    known = dict.fromkeys(sorted({block.tile for block in owners}), complete)
    for number in range(needs.n_passes):
        for tile in known:
            n_weights = sum(block.n_rows * block.n_columns for block in owners if block.tile == tile)
            unit = ctx.parts.at(tile).gradient_unit
            job = unit.normalise(needs.name, n_weights, arithmetic.pass_of(ctx.chip, needs))
            known[tile] = ctx.do(label, tile, job, [known[tile]])
        # outputs first: a row of the gradient is a column of the array
        spans = {tile: _lines(owners, tile, of_outputs=number % 2 == 0) for tile in known}
        # sums of squares there, factors back
        known = summed_up(ctx, label, spans, known, ctx.chip.tile.gradients.gradient_bits)
    return known


def _lines(owners: Sequence[Block], tile: int, *, of_outputs: bool) -> int:
    """How many outputs or inputs the gradients on a tile belong to."""
    spans = {block.columns if of_outputs else block.rows for block in owners if block.tile == tile}
    return sum(stop - start for start, stop in spans)
