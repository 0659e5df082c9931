"""From sensor values (T, channels, …) to what the first layer receives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.snn.weights import stream
from archsim.snn.windows import Array
from archsim.workload.network import Floats

Spikes = NDArray[np.uint8]


def _finite(x: Array) -> Floats:
    values = np.array(x, dtype=np.float64)
    if values.ndim < 1 or not np.isfinite(values).all():
        raise WorkloadError("the values to encode must be finite and have a time axis (first)")
    return values


def analog(x: Array) -> Floats:
    """Values as currents: ``y[t] = x[t]``. The first layer multiplies real numbers, not spikes.

    Parameters
    ----------
    x : array (T, ...)
        Finite.

    Raises
    ------
    WorkloadError
        If a value is not finite.

    Examples
    --------
    >>> analog([[1, -2]]).tolist()
    [[1.0, -2.0]]
    """
    return _finite(x)


def rate(x: Array, seed: int, *, low: float = 0.0, high: float = 1.0) -> Spikes:
    """Rate code: ``s[t] ~ Bernoulli(p)``, ``p = clip((x[t] - low) / (high - low), 0, 1)``, all independent.

    Parameters
    ----------
    x : array (T, ...)
        Finite.
    seed : int
        0 or more.
    low, high : float
        Values that never and always spike.

    Returns
    -------
    uint8 array of x's shape

    Raises
    ------
    WorkloadError
        If a value is not finite or ``low < high`` does not hold.

    Examples
    --------
    >>> rate(np.array([[0.0, 1.0], [-3.0, 7.0]]), seed=0).tolist()
    [[0, 1], [0, 1]]
    """
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise WorkloadError(f"rate code: low ({low}) must be a number below high ({high})")
    values = _finite(x)
    chance = np.clip((values - low) / (high - low), 0, 1)
    # random() is below 1, so a chance of 1 always spikes and one of 0 never
    return (stream(seed).random(values.shape) < chance).astype(np.uint8)


def delta(x: Array, threshold: float) -> Spikes:
    """Level crossing (send on delta): a spike up or down for every step of `threshold` that x has made.

    With a reference r that starts at ``x[0]``, per channel::

        up[t]   = x[t] - r >= threshold
        down[t] = r - x[t] >= threshold
        r      += threshold (up[t] - down[t])

    At most one spike per channel and timestep; a faster signal is followed with delay. The principle is
    send-on-delta sampling (Miskowicz 2006, Sensors 6(1), 49–63).

    Parameters
    ----------
    x : array (T, C, ...)
        Finite.
    threshold : float
        Positive, in the unit of x.

    Returns
    -------
    uint8 array (T, 2 C, ...)
        First the C channels of spikes up, then the C of spikes down.

    Raises
    ------
    WorkloadError
        If the threshold is not positive, a value not finite, or there is no channel axis.

    Examples
    --------
    >>> delta(np.array([[0.0], [1.0], [1.2], [-0.5]]), threshold=1.0).tolist()
    [[0, 0], [1, 0], [0, 0], [0, 1]]
    """
    if not (np.isfinite(threshold) and threshold > 0):
        raise WorkloadError(f"delta code: the threshold is {threshold}; it must be a positive number")
    values = _finite(x)
    if values.ndim < 2 or len(values) == 0:
        raise WorkloadError(f"delta code: expected values (timesteps, channels, ...), got shape {values.shape}")
    n_channels = values.shape[1]
    spikes = np.zeros((len(values), 2 * n_channels, *values.shape[2:]), dtype=np.uint8)
    level = values[0].copy()
    for t, now in enumerate(values):
        up, down = now - level >= threshold, level - now >= threshold
        spikes[t, :n_channels], spikes[t, n_channels:] = up, down
        level += threshold * (up.astype(np.float64) - down)
    return spikes
