"""Where archsim's own forward pass differs from what was recorded, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from archsim.bridge.trace import Array
from archsim.snn import forward
from archsim.workload.network import INPUT, Layer, Network


@dataclass(frozen=True)
class Difference:
    """Spikes of one layer that are others here than in the model.

    Parameters
    ----------
    layer : str
    n_spikes, n_values : int
        How many differ, of how many.
    sample, timestep : int
        Of the first.
    of_its_own : int
        How many differ if the layer gets what it got in the model; 0: all of it comes from layers before.
    reasons : tuple of str
        Where the module computes otherwise.
    """

    layer: str
    n_spikes: int
    n_values: int
    sample: int
    timestep: int
    of_its_own: int
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        first = f"the first of sample {self.sample} in timestep {self.timestep}"
        said = f"{self.layer}: {self.n_spikes} of {self.n_values} spikes differ, {first}"
        if not self.of_its_own:
            return f"{said}; all of it comes from layers before"
        known = ", ".join(self.reasons) or "potentials so near the threshold that rounding decides"
        return f"{said}; {self.of_its_own} if it gets what it got in the model: {known}"


def differences(
    network: Network, recorded: Mapping[str, Array], unlike: Mapping[str, Sequence[str]]
) -> tuple[Difference, ...]:
    """Compare spikes of a forward pass with those that were recorded.

    Parameters
    ----------
    network : Network
    recorded : mapping of str to array (n_samples, T, *shape)
        By layer, and the input as "input".
    unlike : mapping of str to sequence of str
        By layer, where its module computes otherwise than its neurons here.
    """
    passes = [forward(network, x, spikes_only=True).outputs for x in recorded[INPUT]]
    found = []
    for layer in network.layers:
        if layer.neuron is None or not layer.neuron.spikes:
            continue
        here = np.stack([outputs[layer.name] for outputs in passes])
        other = here != recorded[layer.name]
        if other.any():
            sample, timestep = np.argwhere(other)[0][:2].tolist()
            own = int((_alone(layer, recorded) != recorded[layer.name]).sum())
            reasons = tuple(unlike.get(layer.name, ()))
            found.append(Difference(layer.name, int(other.sum()), other.size, sample, timestep, own, reasons))
    return tuple(found)


def _alone(layer: Layer, recorded: Mapping[str, Array]) -> Array:
    """A layer's spikes if it gets what it got in the model."""
    (source,) = layer.inputs
    alone = Network(layer.name, layer.in_shape, (replace(layer, inputs=(INPUT,)),))
    spikes = [forward(alone, x, spikes_only=True).outputs[layer.name] for x in recorded[source]]
    return np.stack(spikes)
