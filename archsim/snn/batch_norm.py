"""Batch normalisation folded into the weights before it: a chip knows only weights, biases and thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from archsim.errors import WorkloadError
from archsim.workload.network import Floats, Layer, Network


@dataclass(frozen=True)
class BatchNorm:
    """Learned batch normalisation after a layer, one number for each output channel.

    ``y = scale (x - mean) / sqrt(variance + epsilon) + shift`` (Ioffe, Szegedy 2015, arXiv 1502.03167), with the
    running mean and variance, as it acts once training is over.

    Parameters
    ----------
    mean, variance : array (channels,)
    scale, shift : array (channels,)
    epsilon : float
        Above zero; PyTorch's default is 1e-5.
    """

    mean: Floats
    variance: Floats
    scale: Floats
    shift: Floats
    epsilon: float = 1e-5


def fold_batch_norm(network: Network, norms: Mapping[str, BatchNorm]) -> Network:
    """The same network without batch normalisation.

    With the channel's factor ``f = scale / sqrt(variance + epsilon)``::

        weight' = f weight        bias' = f (bias - mean) + shift

    Parameters
    ----------
    network : Network
    norms : mapping of str to BatchNorm
        By the layer whose result is normalised, before its neurons.

    Raises
    ------
    WorkloadError
        With every layer that does not exist, has no weights or is recurrent (its own spikes would have to pass the
        normalisation too), and every array that has not one finite number for each channel.

    Examples
    --------
    >>> from archsim.workload.network import Dense
    >>> layer = Layer("out", Dense(1), ("input",), (2,), (1,), weight=np.array([[1.0, 2.0]]))
    >>> norm = BatchNorm(np.array([3.0]), np.array([4.0]), np.array([2.0]), np.array([1.0]), epsilon=0.0)
    >>> folded = fold_batch_norm(Network("tiny", (2,), (layer,)), {"out": norm}).layers[0]
    >>> folded.weight.tolist(), folded.bias.tolist()
    ([[1.0, 2.0]], [-2.0])
    """
    errors = [f"there is no layer {name!r}" for name in norms if name not in network.names]
    errors += [
        error for layer in network.layers if layer.name in norms for error in _errors_of(layer, norms[layer.name])
    ]
    if errors:
        raise WorkloadError(f"batch normalisation of network {network.name!r}: " + "; ".join(errors))
    layers = (_folded(layer, norms[layer.name]) if layer.name in norms else layer for layer in network.layers)
    return replace(network, layers=tuple(layers))


def _errors_of(layer: Layer, norm: BatchNorm) -> list[str]:
    name = f"layer {layer.name!r}"
    if layer.weight is None:
        return [f"{name} has no weights to fold it into"]
    errors = [f"{name} is recurrent: its own spikes are not normalised"] if layer.recurrent else []
    n = len(layer.weight)
    for what in ("mean", "variance", "scale", "shift"):
        values = np.asarray(getattr(norm, what), dtype=np.float64)
        if values.shape != (n,) or not np.isfinite(values).all():
            errors.append(f"{name}: {what} must be {n} finite numbers, one for each channel")
        elif what == "variance" and (values < 0).any():
            errors.append(f"{name}: variance must be 0 or more")
    if not (np.isfinite(norm.epsilon) and norm.epsilon >= 0):
        errors.append(f"{name}: epsilon is {norm.epsilon!r}; it must be 0 or more")
    if not errors and (norm.variance + norm.epsilon == 0).any():
        errors.append(f"{name}: variance + epsilon is 0 in a channel")
    return errors


def _folded(layer: Layer, norm: BatchNorm) -> Layer:
    assert layer.weight is not None
    factor = norm.scale / np.sqrt(norm.variance + norm.epsilon)
    bias = np.zeros(len(factor)) if layer.bias is None else layer.bias
    weight = layer.weight * factor.reshape(-1, *(1 for _ in layer.weight.shape[1:]))
    return replace(layer, weight=weight, bias=factor * (bias - norm.mean) + norm.shift)
