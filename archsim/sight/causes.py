"""Warnings about the activity of a layer, with the likely cause.

Of spikes that were drawn, or read from a file, the cause is what was asked for. Of spikes that were computed, the
layer's own neurons are run again on what reached them in the first sample, without a reset:

    input       nothing reaches the layer, because its sources send nothing
    dt          the potential is on its way to the threshold, but the sample ends before: leak and gain of a step
                follow from the timestep's length
    threshold   the potential stays below the threshold, or above it, within a factor of ten
    scale       it stays further away, or never rises: the weights are too small, too large, or add up to less
                than nothing
    reset       the potential is above the threshold in every timestep only because a reset leaves what is over it
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from archsim.lowering.context import Context
from archsim.metrics.activity import ActivityWarning, LayerActivity
from archsim.sight.potentials import FirstSample, threshold_of
from archsim.workload import INPUT, PROGRAM, Layer, Workload
from archsim.workload.models import ConstantActivity, FileActivity, RatesActivity

FAR = 10.0
"""A potential that would have to be so many times higher, or lower, is a matter of scale, not of a threshold."""
SETTLED = 10
"""So many samples one behind the other count as what would come later."""
Cause = tuple[str, str]
"""Its name, and a sentence."""


def warnings_of(ctx: Context, rows: Sequence[LayerActivity]) -> tuple[ActivityWarning, ...]:
    """Layers that never fire, always fire, or whose arrays are never read, in computing order.

    Parameters
    ----------
    ctx : Context
    rows : sequence of LayerActivity
        Those of the same context.
    """
    first = FirstSample(ctx)
    return tuple(found for row in rows for found in _of_row(first, row))


def _of_row(first: FirstSample, row: LayerActivity) -> Iterator[ActivityWarning]:
    name, ctx = row.layer, first.ctx
    if row.never_fires:
        cause, why = _why_silent(first, name)
        yield ActivityWarning(name, "never fires", cause, f"{name} never fires: {why}")
    if row.always_fires:
        cause, why = _why_loud(first, name)
        yield ActivityWarning(name, "always fires", cause, f"{name} always fires: {why}")
    if row.arrays_never_read and ctx.mapping.phase != PROGRAM:
        cause, why = _why_unread(ctx, ctx.network.layer(name))
        yield ActivityWarning(name, "never read", cause, f"{name}: {_arrays(row)} never read: {why}")


def _arrays(row: LayerActivity) -> str:
    if row.arrays == 1:
        return "its array is"
    which = "its" if row.arrays_never_read == row.arrays else f"{row.arrays_never_read} of its {row.arrays}"
    return f"{which} arrays are"


def _given(work: Workload, layer: str, what: str) -> Cause | None:
    """The cause where spikes are not computed, or it is no longer known how."""
    activity, is_recorded = work.activity, work.recorded is not None
    is_known = layer != INPUT and work.network.layer(layer).weight is not None
    if (is_recorded or isinstance(activity, FileActivity)) and not is_known:
        where = f" ({activity.file})" if isinstance(activity, FileActivity) and not is_recorded else ""
        return "record", f"the recorded activity says so; record it again if that is not meant{where}"
    if is_recorded:
        return None
    if isinstance(activity, RatesActivity | ConstantActivity):
        rates = {INPUT: activity.input, **activity.layers}
        key = "input" if layer == INPUT else f"layers.{layer}" if layer in rates else "default"
        return "rate", f"activity.{key} of the workload is {rates.get(layer, activity.default):g}, {what}"
    return None


def _why_silent(first: FirstSample, name: str) -> Cause:
    ctx = first.ctx
    if given := _given(ctx.work, name, "so that no spike is drawn"):
        return given
    if name == INPUT:
        return "input", "the data, or their encoding, hold no spike; raise activity.rate, or encode otherwise"
    layer = ctx.network.layer(name)
    if (silent := _silent_sources(ctx, layer)) == list(layer.inputs) and not _has_offset(layer):
        return "input", f"nothing reaches it, because {_listed(silent)} nothing"
    return _below_threshold(first, layer)


def _silent_sources(ctx: Context, layer: Layer) -> list[str]:
    return [source for source in layer.inputs if not ctx.activity.spikes[source].any()]


def _listed(names: Sequence[str]) -> str:
    """Who sends."""
    return f"{', '.join(names)} send{'s' if len(names) == 1 else ''}"


def _has_offset(layer: Layer) -> bool:
    offset = 0.0 if layer.neuron is None else layer.neuron.offset
    return layer.bias is not None or bool(np.any(offset))


def _below_threshold(first: FirstSample, layer: Layer) -> Cause:
    """How far its potential gets, in the sample and if that went on."""
    reached, later, threshold = first.potentials(layer), first.potentials(layer, SETTLED), threshold_of(layer)
    if reached is None or later is None or not np.isfinite(threshold):
        said = f"its potential stays below the threshold ({threshold:g})"
        return "threshold", f"{said}; lower that, or scale the weights (weights.gain)"
    highest = float(reached.max())
    if float(later.max()) > threshold:
        said = f"by the end of the sample its potential reaches {highest:.3g} of a threshold of {threshold:g}"
        return "dt", f"{said}, and would pass it later: raise timesteps, or the length of one (network.dt)"
    if highest <= 0:
        said = f"its potential never rises above zero, the threshold is {threshold:g}"
        return "scale", f"{said}: look at the sign and the scale of its weights (weights.gain)"
    factor = threshold / highest
    said = f"its potential reaches {highest:.3g}, the threshold is {threshold:g}"
    scale = f"scale its weights by more than {factor:.3g} (weights.gain)"
    if factor > FAR:
        return "scale", f"{said}: {scale}"
    return "threshold", f"{said}: lower that, or {scale}"


def _why_loud(first: FirstSample, name: str) -> Cause:
    ctx = first.ctx
    if given := _given(ctx.work, name, "so that every output spikes in every timestep"):
        return given
    if name == INPUT:
        return "input", "the data, or their encoding, spike in every timestep; lower activity.rate"
    layer = ctx.network.layer(name)
    at_once, threshold = first.potentials(layer, forgets=True), threshold_of(layer)
    if at_once is None:
        return "threshold", f"its potential is always above the threshold ({threshold:g}); raise that"
    lowest = float(at_once.min())
    if lowest <= threshold and layer.neuron is not None and layer.neuron.reset == "subtract":
        said = "reset: subtract leaves what is above the threshold, and no neuron gets below it again"
        return "reset", f"{said}; raise the threshold, or say reset: zero"
    said = f"a single timestep brings its potential to {lowest:.3g} or more, the threshold is {threshold:g}"
    if lowest > FAR * threshold:
        return "scale", f"{said}: scale its weights by less than {threshold / lowest:.3g} (weights.gain)"
    return "threshold", f"{said}: raise that"


def _why_unread(ctx: Context, layer: Layer) -> Cause:
    n_steps, n_replicas = ctx.flow.n_steps(layer.name), ctx.plan(layer.name).forward[-1].replica + 1
    if n_steps < n_replicas:
        said = f"it has {n_replicas} replicas, and a sample only {n_steps} steps"
        return "replicas", f"{said}; lower mapping.replicas.{layer.name}"
    if silent := _silent_sources(ctx, layer):
        return "input", f"{_listed(silent)} nothing"
    return "input", "the inputs on their rows stay silent in every timestep"
