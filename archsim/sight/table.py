"""The row of each layer: how often it fires, what its arrays read, which errors it has, what is written."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.lowering.context import Context
from archsim.lowering.program import cells_of_row
from archsim.lowering.writes import cells_of_rows
from archsim.mapping import Block, LayerPlan
from archsim.metrics.activity import LayerActivity
from archsim.workload import INPUT, PROGRAM, Layer


def layer_rows(ctx: Context) -> tuple[LayerActivity, ...]:
    """A row for the input and one for every layer, of what the tasks of a context do.

    Parameters
    ----------
    ctx : Context
        Of a mapped workload; whether tasks are laid down already makes no difference.
    """
    return (_row(ctx, INPUT, None), *(_row(ctx, layer.name, layer) for layer in ctx.network.layers))


class _Reads(NamedTuple):
    """Of the forward pass of a layer: reads, those left out, driven lines in all, arrays that are never read."""

    done: int = 0
    skipped: int = 0
    lines: int = 0
    never: int = 0


def _row(ctx: Context, name: str, layer: Layer | None) -> LayerActivity:
    spikes = ctx.activity.spikes[name][: ctx.work.n_samples]
    active = float(spikes.mean(dtype=np.float64))
    plan = None if layer is None else ctx.plan(name)
    reads = _Reads() if plan is None or ctx.mapping.phase == PROGRAM else _reads(ctx, plan)
    has_errors = plan is not None and bool(plan.forward) and ctx.mapping.rule is not None
    density = _error_density(ctx, name) if has_errors else None
    return LayerActivity(
        layer=name,
        firing_rate=active if _fires(ctx, layer) else None,
        sparsity=1.0 - active,
        active_rows_per_read=reads.lines / reads.done if reads.done else None,
        reads=reads.done,
        reads_skipped=reads.skipped,
        arrays=0 if plan is None else sum(block.n_crossbars for block in plan.forward),
        arrays_never_read=reads.never,
        nonzero_errors_frac=(1.0 if density is None else density) if has_errors else None,
        errors_recorded=density is not None,
        cells_written=0 if plan is None else _cells_written(ctx, plan),
    )


def _fires(ctx: Context, layer: Layer | None) -> bool:
    """Whether what is sent are spikes; the network's input sends some if it has one bit."""
    if layer is None:
        return ctx.bits[INPUT] == 1
    return layer.neuron is not None and layer.neuron.spikes


def _reads(ctx: Context, plan: LayerPlan) -> _Reads:
    """As :mod:`archsim.lowering.forward` lays them down: each replica has every n-th step."""
    n_replicas = max((block.replica for block in plan.forward), default=0) + 1
    steps = range(ctx.flow.n_steps(plan.layer.name))
    n_vectors = np.array([ctx.n_vectors(plan.layer.name, step) for step in steps], np.int64)
    found = [_reads_of(ctx, plan.layer, block, n_replicas, n_vectors) for block in plan.forward]
    return _Reads(*(sum(numbers) for numbers in zip(*found, strict=True))) if found else _Reads()


def _reads_of(ctx: Context, layer: Layer, block: Block, n_replicas: int, n_vectors: NDArray[np.int64]) -> _Reads:
    own = slice(block.replica, None, n_replicas)
    vectors, done, lines = n_vectors[own], 0, 0
    for sample in range(ctx.work.n_samples):
        active = np.array(ctx.active_per_step(layer, sample, block.rows), np.int64)[own]
        read = active > 0 if ctx.chip.execution.skip_idle_blocks else np.ones(len(active), bool)
        done += int(vectors[read].sum())
        lines += int(active.sum())
    skipped = int(vectors.sum()) * ctx.work.n_samples - done
    return _Reads(done, skipped, lines, 0 if done else block.n_crossbars)


def _error_density(ctx: Context, name: str) -> float | None:
    """Part of the errors that drive a line; None if that is not known."""
    found = [ctx.activity.error_lines(name, sample) for sample in range(ctx.work.n_samples)]
    known = [lines for lines in found if lines is not None]
    return float(np.mean([lines.mean(dtype=np.float64) for lines in known])) if known else None


def _cells_written(ctx: Context, plan: LayerPlan) -> int:
    """Of all updates, or of the first programming."""
    if ctx.mapping.phase == PROGRAM:
        blocks = (*plan.forward, *plan.copy, *plan.feedback)
        return sum(block.n_rows * cells_of_row(ctx.chip, block) for block in blocks)
    if ctx.mapping.rule is None:
        return 0
    updates = range(ctx.work.n_samples // ctx.work.n_batch)
    written = (*plan.forward, *plan.copy, *(plan.feedback if ctx.mapping.rule.writes_feedback else ()))
    return sum(sum(cells_of_rows(ctx, block, update)) for update in updates for block in written)
