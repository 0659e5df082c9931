"""The weight update after a batch: which tasks exist, and why.

For every array that holds weights (all replicas, and the second, transposed copies), row by row::

    load_gradient    the row's gradients out of the gradient buffer, over the tile's bus
    hop ...          to an array on another tile (replicas, copies)
    program          pulses on the row's cells; holds the array and its share of the power budget
    verify           reads the row back through the converters

Rows of one array follow each other; arrays work in parallel as far as the power budget allows. Under
``layer_parallel``, and always with DFA, a layer is written as soon as its own gradients are complete and its
arrays have been read for the last time in the batch; otherwise all layers wait for the end of the batch's backward
pass. The next batch's first read of an array waits for its last verify.
"""

from __future__ import annotations

from collections.abc import Iterable

from archsim.lowering.arrays import adc_claim, crossbar_resource
from archsim.lowering.context import BARRIER, Claim, Context, Label
from archsim.lowering.transport import travel
from archsim.mapping import Block, LayerPlan

PHASE = "update"


def lower_update(ctx: Context, sample: int, gradients: dict[str, list[int]], layer_by_layer: bool) -> list[int]:
    """Lay down the update of all layers.

    Parameters
    ----------
    ctx : Context
    sample : int
        The batch's last sample, for the labels.
    gradients : dict of str to list of int
        Tasks that a layer's update waits for.
    layer_by_layer : bool
        Whether layers wait for their own gradients only.

    Returns
    -------
    list of int
        The last task of every array.
    """
    everything = sorted({task for tasks in gradients.values() for task in tasks})
    barrier: int | None = None
    ends = []
    for layer in ctx.network.weighted:
        label = Label(PHASE, layer.name, -1, sample)
        if layer_by_layer or barrier is None:
            waits = gradients[layer.name] if layer_by_layer else everything
            barrier = ctx.add(label, BARRIER, 1, after=waits)
        plan = ctx.plan(layer.name)
        for block in (*plan.forward, *plan.copy):
            ctx.last_write[block] = _write_block(ctx, label, plan, block, [barrier])
            ends.append(ctx.last_write[block])
    return ends


def _write_block(ctx: Context, label: Label, plan: LayerPlan, block: Block, after: Iterable[int]) -> int:
    costs, chip = ctx.costs, ctx.chip
    n_cells = block.n_columns * chip.crossbar.n_columns_per_weight
    row_bits = block.n_columns * chip.tile.gradient_buffer.gradient_bits
    source = _gradient_tile(plan, block)
    array: Claim = (crossbar_resource(ctx, block), 1)
    power = _power(ctx, n_cells)
    verify = costs.verify(ctx.mean_conductance[block.layer], n_cells, block.layer)
    adcs = adc_claim(ctx, block, n_cells)
    port, bus = (ctx.resource(f"tile[{source}].{part}") for part in ("gradient_buffer", "bus"))
    n_accesses = costs.accesses("gradient_buffer", row_bits)
    on_bus_ps = costs.bus_ps(n_accesses * costs.bus_beats(chip.tile.gradient_buffer.width_bits))
    load_ps = max(costs.access_ps("gradient_buffer", n_accesses), on_bus_ps)
    pulses_ps, verify_ps = costs.program_row_ps(n_cells), costs.verify_row_ps(n_cells)
    written: int | None = None
    waits = list(after)
    for _ in range(block.n_rows):
        loaded = ctx.add(
            label, costs.load_gradient(), n_accesses,
            uses=[(port, 1), (bus, 1)], occupancy_ps=load_ps, after=waits,
        )
        there = travel(ctx, label, source, block.tile, row_bits, [loaded])
        written = ctx.add(
            label, costs.program(n_cells), n_cells,
            uses=[array, *power], occupancy_ps=pulses_ps, after=[there, written],
        )
        if chip.write.verify:
            written = ctx.add(
                label, verify, n_cells, uses=[array, adcs], occupancy_ps=verify_ps, after=[written]
            )
    assert written is not None
    return written


def _gradient_tile(plan: LayerPlan, block: Block) -> int:
    """Where a block's gradients lie: with the first replica's block of the same weights."""
    rows, columns = (block.columns, block.rows) if block.role == "copy" else (block.rows, block.columns)
    return next(
        other.tile
        for other in plan.forward
        if other.rows[0] <= rows[0] < other.rows[1] and other.columns[0] <= columns[0] < other.columns[1]
    )


def _power(ctx: Context, n_cells: int) -> list[Claim]:
    """A row's share of the power budget for writing, in uW."""
    budget = ctx.chip.write.max_power_uw
    if budget is None:
        return []
    needed = max(1, round(ctx.costs.program_power_uw(n_cells)))
    return [(ctx.resource("write_power", int(budget)), needed)]
