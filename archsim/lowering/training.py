"""Learning over batches: forward and learning pass of every sample, the update after each batch.

``sequential``: one sample after the other. ``pipelined``: the samples of a batch overlap as the data and buffers
allow. ``layer_parallel``: so, and each layer is written as soon as its own gradients are complete.
"""

from __future__ import annotations

from archsim.lowering.bp import BackPropagation
from archsim.lowering.context import BARRIER, Context, Label
from archsim.lowering.dfa import DirectFeedback
from archsim.lowering.forward import Forward
from archsim.lowering.update import lower_update


def lower_training(ctx: Context) -> None:
    """Lay down the tasks of all batches, for the phase of the mapping ("bp" or "dfa")."""
    rule = BackPropagation if ctx.mapping.phase == "bp" else DirectFeedback
    phase = "backward" if ctx.mapping.phase == "bp" else "feedback"
    layer_by_layer = ctx.work.schedule == "layer_parallel" or ctx.mapping.phase == "dfa"
    before: Forward | None = None
    start: int | None = None
    gradients: dict[str, list[int]] = {}
    for sample in range(ctx.work.n_samples):
        forward = Forward(ctx, sample, "forward", learns=True, start=start, before=before)
        forward.run()
        own: dict[str, list[int]] = {}
        rule(ctx, forward, phase, own).run()
        for layer, tasks in own.items():
            gradients.setdefault(layer, []).extend(tasks)
        if ctx.work.schedule == "sequential":
            done = [*forward.ends, *(task for tasks in own.values() for task in tasks)]
            start = ctx.add(Label(phase, "", -1, sample), BARRIER, 1, after=done)
        before = forward
        if (sample + 1) % ctx.work.n_batch == 0:
            lower_update(ctx, sample, gradients, layer_by_layer)
            gradients = {}
