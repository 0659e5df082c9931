"""Inference: the forward pass of every sample (see :mod:`archsim.lowering.forward` for its tasks).

Under ``sequential`` a sample begins when the one before has left the chip; otherwise samples follow each other
as closely as arrays, neurons and buffers allow.
"""

from __future__ import annotations

from archsim.lowering.context import BARRIER, Context, Label
from archsim.lowering.forward import Forward


def lower_inference(ctx: Context) -> None:
    """Lay down the tasks of all samples."""
    before: Forward | None = None
    start: int | None = None
    for sample in range(ctx.work.n_samples):
        forward = Forward(ctx, sample, "forward", learns=False, start=start, before=before)
        forward.run()
        if ctx.work.schedule == "sequential" and sample + 1 < ctx.work.n_samples:
            start = ctx.add(Label("forward", "", -1, sample), BARRIER, 1, after=forward.over)
        before = forward
