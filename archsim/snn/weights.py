"""Weights for networks of which only the shapes are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from archsim.errors import WorkloadError
from archsim.snn.forward import weight_shape
from archsim.workload.network import Dense, Floats, Layer, Network, Shape


def stream(seed: int, *key: int) -> np.random.Generator:
    """A random stream of its own for every key, the same on every machine (PCG64, numpy's SeedSequence).

    Examples
    --------
    >>> bool(stream(1, 0).random() == stream(1, 0).random()), bool(stream(1, 0).random() == stream(1, 1).random())
    (True, False)
    """
    if seed < 0:
        raise WorkloadError(f"seed is {seed}; it must be 0 or more")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def initialise(network: Network, seed: int, gain: float = 1.0, *, n_timesteps: int | None = None) -> Network:
    """Fill the missing weights of a network; what is there stays.

    Uniform in ±gain sqrt(6 / fan_in) (He et al. 2015, "Delving Deep into Rectifiers", arXiv 1502.01852),
    where fan_in counts the inputs of one output; of a recurrent weight, the layer's neurons. Biases stay as
    they are. The layer at position k draws from a stream of (seed, k), so filling one layer by hand does
    not change the others.

    Parameters
    ----------
    network : Network
    seed : int
        0 or more.
    gain : float
        Factor on the bound, positive.
    n_timesteps : int, optional
        Timesteps of the network's input; needed only if a dense layer with `flatten_time` has no weights.

    Raises
    ------
    WorkloadError
        If seed, gain or n_timesteps are out of range, or n_timesteps is needed and missing.

    Examples
    --------
    >>> layer = Layer("out", Dense(2), ("input",), in_shape=(6,), out_shape=(2,))
    >>> filled = initialise(Network("tiny", (6,), (layer,)), seed=0)
    >>> bool(np.abs(filled.layers[0].weight).max() <= 1.0)
    True
    """
    if not (np.isfinite(gain) and gain > 0):
        raise WorkloadError(f"gain is {gain}; it must be a positive number")
    layers = []
    for index, layer in enumerate(network.layers):
        changes: dict[str, Floats] = {}
        if layer.has_weights and layer.weight is None:
            shape = weight_shape(layer, _input_rows(network, layer, n_timesteps))
            changes["weight"] = _he_uniform(stream(seed, index, 0), shape, gain)
        if layer.recurrent and layer.recurrent_weight is None:
            shape = (layer.n_neurons, layer.n_neurons)
            changes["recurrent_weight"] = _he_uniform(stream(seed, index, 1), shape, gain)
        layers.append(replace(layer, **changes) if changes else layer)  # type: ignore[arg-type]
    return replace(network, layers=tuple(layers))


def _input_rows(network: Network, layer: Layer, n_timesteps: int | None) -> int:
    if not (isinstance(layer.op, Dense) and layer.op.flatten_time):
        return layer.n_in
    if n_timesteps is None:
        raise WorkloadError(
            f"layer {layer.name!r} takes all timesteps at once: its weights need n_timesteps, the timesteps of "
            "the network's input"
        )
    return layer.n_in * network.input_steps(layer, n_timesteps)


def _he_uniform(rng: np.random.Generator, shape: Shape, gain: float) -> Floats:
    bound = gain * np.sqrt(6 / np.prod(shape[1:]))
    return rng.uniform(-bound, bound, size=shape)
