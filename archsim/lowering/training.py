"""Learning over batches: forward and learning pass of every sample, the update after each batch.

What may overlap with what:

``sequential``      nothing: one sample after the other, the update after the batch
``pipelined``       the samples of a batch, as data and buffers allow; an array is read again once it is written
``layer_parallel``  so, and each layer is written as soon as its own gradients are complete
``within_batch``    the samples of a batch; then all arrays are written, and only then the next batch begins
                    (PipeLayer, HPCA 2017)
``three_level``     timesteps, samples and batches: a batch begins behind the one before, on the weights as they
                    are; an array takes a batch's update after the next batch has read it for the last time, so
                    that every gradient is one update old (PipeSDFA's three levels, arXiv 2507.15603)

All but ``three_level`` learn what one sample after the other would learn. Under the first two, the learning rule
says whether each layer is written as soon as its own gradients are complete.
"""

from __future__ import annotations

from typing import Protocol

from archsim.lowering.context import BARRIER, Context, Label
from archsim.lowering.forward import Forward
from archsim.lowering.update import Gradients, lower_update
from archsim.mapping.rule import MappedRule
from archsim.registry import RULES


class LoweredRule(MappedRule, Protocol):
    """A learning rule, as far as it decides which tasks a chip does; see :class:`archsim.rules.base.Rule`."""

    @property
    def error_stage(self) -> str: ...

    @property
    def writes_layer_by_layer(self) -> bool: ...

    def lay_down(self, ctx: Context, forward: Forward, gradients: Gradients) -> None: ...


def _rule(ctx: Context) -> LoweredRule:
    found: LoweredRule = RULES[ctx.mapping.phase]()
    return found


def lower_training(ctx: Context) -> None:
    """Lay down the tasks of all batches, for the rule of the mapping's phase."""
    schedule, batches = ctx.work.schedule, ctx.batches
    late = 1 if schedule == "three_level" else 0
    waiting: list[tuple[int, Gradients]] = []  # number of a batch, and its gradients
    before: Forward | None = None
    start: int | None = None
    for number, samples in enumerate(batches):
        gradients: Gradients = {}
        for sample in samples:
            before, done = _lower_sample(ctx, sample, gradients, start, before)
            if schedule == "sequential":
                start = ctx.add(Label(_rule(ctx).error_stage, "", -1, sample), BARRIER, 1, after=done)
        waiting.append((number, gradients))
        while len(waiting) > (late if number + 1 < len(batches) else 0):
            ends = lower_update(ctx, *waiting.pop(0), _layer_by_layer(ctx))
            if schedule == "within_batch":
                start = ctx.add(Label("update", "", -1, samples[-1]), BARRIER, 1, after=ends)


def _lower_sample(
    ctx: Context, sample: int, gradients: Gradients, start: int | None, before: Forward | None
) -> tuple[Forward, list[int]]:
    """Forward and learning pass; returns the forward pass, and the tasks after which the sample is over."""
    forward = Forward(ctx, sample, "forward", learns=True, start=start, before=before)
    own: Gradients = {}
    _rule(ctx).lay_down(ctx, forward, own)
    for layer, tasks in own.items():
        gradients.setdefault(layer, []).extend(tasks)
    return forward, [*forward.over, *(task for tasks in own.values() for task in tasks)]


def _layer_by_layer(ctx: Context) -> bool:
    """Whether a layer is written as soon as its own gradients are complete."""
    if ctx.work.schedule == "within_batch":
        return False
    return ctx.work.schedule in ("layer_parallel", "three_level") or _rule(ctx).writes_layer_by_layer
