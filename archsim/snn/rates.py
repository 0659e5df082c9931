"""Activity without a forward pass: drawn from rates, or spread evenly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import reduce

import numpy as np

from archsim.errors import WorkloadError
from archsim.snn.activity import Activity, Spikes
from archsim.snn.activity_errors import shapes_of
from archsim.snn.weights import stream
from archsim.snn.windows import Array, gather, op_windows
from archsim.workload.network import INPUT, Layer, Network, Pool


def from_rates(
    network: Network, n_timesteps: int, n_samples: int, rates: Mapping[str, float], seed: int
) -> Activity:
    """Draw activity: every output of a layer spikes with the layer's rate, ``s ~ Bernoulli(rate)``, independently.

    Real spikes are correlated in time and between neurons; measured activity is better where it can be had.

    Parameters
    ----------
    rates : mapping of str to float
        Spikes per neuron and timestep, 0 to 1, for "input" and every spiking layer. Where none is given,
        pooling without a neuron is active where its window is, and other layers without spikes (LI, or no
        neuron) are always active.
    seed : int
        Every layer draws from a stream of (seed, its position, the sample), whatever the order of `rates`.

    Raises
    ------
    WorkloadError
        If rates are missing, out of range or for layers that do not exist (all named at once).

    Examples
    --------
    >>> from archsim.workload.network import Dense, Layer, Neuron
    >>> layer = Layer("out", Dense(3), ("input",), (2,), (3,), Neuron("if"))
    >>> activity = from_rates(Network("tiny", (2,), (layer,)), 4, 2, {"input": 1.0, "out": 0.0}, seed=0)
    >>> activity.mean_rate("input"), activity.mean_rate("out"), activity.spikes["out"].shape
    (1.0, 0.0, (2, 4, 3))
    """
    _check_rates(network, n_timesteps, n_samples, rates)
    shapes = dict(shapes_of(network, n_timesteps))
    spikes: dict[str, list[Spikes]] = {name: [] for name in shapes}
    for sample in range(n_samples):
        drawn: dict[str, Array] = {}
        for index, (name, shape) in enumerate(shapes.items()):
            layer = None if name == INPUT else network.layer(name)
            if name not in rates and layer is not None and isinstance(layer.op, Pool):
                drawn[name] = _pooled_activity(layer, drawn)
            else:
                chance = rates.get(name, 1.0)
                drawn[name] = (stream(seed, index, sample).random(shape) < chance).astype(np.uint8)
            spikes[name].append(drawn[name])
    return Activity(network, {name: np.stack(values) for name, values in spikes.items()})


def evenly_active(network: Network, n_timesteps: int, n_samples: int, rates: Mapping[str, float]) -> Activity:
    """Activity without chance: in every timestep the same ``round(rate x n)`` of n outputs spike, evenly spread.

    Every timestep is alike, so that a long run becomes periodic as soon as the chip lets it.

    Parameters
    ----------
    rates : mapping of str to float
        As for :func:`from_rates`.

    Raises
    ------
    WorkloadError
        As :func:`from_rates`.

    Examples
    --------
    >>> from archsim.workload.network import Dense, Layer, Neuron
    >>> layer = Layer("out", Dense(4), ("input",), (2,), (4,), Neuron("if"))
    >>> evenly_active(Network("tiny", (2,), (layer,)), 2, 1, {"input": 1.0, "out": 0.5}).spikes["out"].tolist()
    [[[0, 1, 0, 1], [0, 1, 0, 1]]]
    """
    _check_rates(network, n_timesteps, n_samples, rates)
    active: dict[str, Array] = {}
    for name, (n_steps, *shape) in shapes_of(network, n_timesteps):
        layer = None if name == INPUT else network.layer(name)
        if name not in rates and layer is not None and isinstance(layer.op, Pool):
            active[name] = _pooled_activity(layer, active)
            continue
        n = math.prod(shape)
        quota = np.arange(n + 1) * round(rates.get(name, 1.0) * n) // n
        once = np.diff(quota).astype(np.uint8).reshape(shape)
        active[name] = np.broadcast_to(once, (n_steps, *shape))
    return Activity(network, {name: np.stack([values] * n_samples) for name, values in active.items()})


def _pooled_activity(layer: Layer, drawn: Mapping[str, Array]) -> Spikes:
    assert isinstance(layer.op, Pool)  # for mypy
    windows = op_windows(layer, gather(layer, drawn))
    taps = [windows[..., *tap] for tap in np.ndindex(*layer.op.kernel)]
    active: Spikes = reduce(np.maximum, taps)
    return active


def _check_rates(network: Network, n_timesteps: int, n_samples: int, rates: Mapping[str, float]) -> None:
    errors = []
    if n_timesteps < 1 or n_samples < 1:
        errors.append(f"{n_samples} samples of {n_timesteps} timesteps; both must be 1 or more")
    needed = [INPUT, *(layer.name for layer in network.layers if layer.neuron and layer.neuron.spikes)]
    missing = [name for name in needed if name not in rates]
    if missing:
        errors.append(f"no rate for {', '.join(missing)}")
    for name, value in rates.items():
        if name != INPUT and name not in network.names:
            errors.append(f"there is no layer {name!r}")
        if not 0 <= value <= 1:
            errors.append(f"the rate of {name!r} is {value}; it must be 0 to 1 (spikes per neuron and timestep)")
    if errors:
        raise WorkloadError(f"activity rates of network {network.name!r}: " + "; ".join(errors))
