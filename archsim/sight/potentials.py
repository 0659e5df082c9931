"""Potentials of one layer on what reached it in the first sample, were there no reset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from archsim.lowering.context import Context
from archsim.snn.forward import forward
from archsim.workload import INPUT, Layer, Network

Floats = NDArray[np.float64]


def potentials(ctx: Context, layer: Layer, times: int = 1, *, forgets: bool = False) -> Floats | None:
    """Run a layer's neurons once more, with a threshold that they never reach.

    Parameters
    ----------
    ctx : Context
    layer : Layer
    times : int
        How often the sample is repeated.
    forgets : bool
        Whether nothing remains from a timestep to the next.

    Returns
    -------
    float64 array (times x T, *out_shape), or None
        None where the weights, or the numbers that reached it, are not known. A recurrent layer gets nothing of
        its own.
    """
    if layer.neuron is None or layer.weight is None or any(ctx.bits[source] > 1 for source in layer.inputs):
        return None
    still = replace(layer.neuron, threshold=np.inf)
    if forgets:
        still = replace(still, decay=0.0, syn_decay=0.0)
    alone = replace(
        layer, inputs=(INPUT,), neuron=still, recurrent=False, recurrent_weight=None, delay=0
    )  # fmt: skip
    x = np.concatenate([_joined(ctx, layer)] * times)
    found = forward(Network(layer.name, x.shape[1:], (alone,)), x).potentials[layer.name]
    return np.asarray(found, np.float64)


def threshold_of(layer: Layer) -> float:
    """The lowest threshold of a layer's neurons."""
    return float(np.min(np.asarray(0.0 if layer.neuron is None else layer.neuron.threshold)))


def _joined(ctx: Context, layer: Layer) -> NDArray[np.uint8]:
    """What a layer's inputs send in the first sample, one behind the other, in the shape that the layer takes."""
    parts = [ctx.activity.spikes[name][0] for name in layer.inputs]
    if len(layer.in_shape) == 1:
        parts = [part.reshape(len(part), -1) for part in parts]
    return np.concatenate(parts, axis=1)
