"""Potentials of one layer on what reached it in the first sample, were there no reset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archsim.lowering.context import Context
from archsim.snn.forward import forward
from archsim.snn.measure import inputs_of
from archsim.snn.windows import Array
from archsim.workload import INPUT, Layer, Network

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FirstSample:
    """The first sample of a run, once more as numbers."""

    ctx: Context

    @cached_property
    def sent(self) -> Mapping[str, Array]:
        """Outputs of the input and of the layers as far as they are known: all of them, or the spikes."""
        ctx = self.ctx
        if all(layer.weight is not None for layer in ctx.network.weighted):
            x = inputs_of(ctx.work, ctx.seed)
            if x is not None:
                return forward(ctx.network, x[0], spikes_only=True).outputs
        return {name: spikes[0] for name, spikes in ctx.activity.spikes.items() if ctx.bits[name] == 1}

    def potentials(self, layer: Layer, times: int = 1, *, forgets: bool = False) -> Floats | None:
        """Run a layer's neurons once more, with a threshold that they never reach.

        Parameters
        ----------
        layer : Layer
        times : int
            How often the sample is repeated.
        forgets : bool
            Whether nothing remains from a timestep to the next.

        Returns
        -------
        float64 array (times x T, *out_shape), or None
            None where the weights, or the numbers that reached it, are not known. A recurrent layer gets nothing
            of its own.
        """
        if layer.neuron is None or layer.weight is None or not set(layer.inputs) <= set(self.sent):
            return None
        still = replace(layer.neuron, threshold=np.inf)
        if forgets:
            still = replace(still, decay=0.0, syn_decay=0.0)
        alone = replace(
            layer, inputs=(INPUT,), neuron=still, recurrent=False, recurrent_weight=None, delay=0
        )  # fmt: skip
        x = np.concatenate([self._joined(layer)] * times)
        found = forward(Network(layer.name, x.shape[1:], (alone,)), x).potentials[layer.name]
        return np.asarray(found, np.float64)

    def _joined(self, layer: Layer) -> Array:
        """The layer's inputs, one behind the other, in the shape that the layer takes."""
        parts = [self.sent[name] for name in layer.inputs]
        if len(layer.in_shape) == 1:
            parts = [part.reshape(len(part), -1) for part in parts]
        return np.concatenate(parts, axis=1)


def threshold_of(layer: Layer) -> float:
    """The lowest threshold of a layer's neurons."""
    return float(np.min(np.asarray(0.0 if layer.neuron is None else layer.neuron.threshold)))
