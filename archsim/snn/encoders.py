"""From sensor values (T, channels, …) to what the first layer receives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.snn.weights import stream
from archsim.snn.windows import Array
from archsim.workload.network import Floats

Spikes = NDArray[np.uint8]
EncodingKind = Literal["analog", "rate", "latency", "delta"]
KINDS: tuple[str, ...] = get_args(EncodingKind)


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


def _check_range(code: str, low: float, high: float) -> None:
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise WorkloadError(f"{code} code: low ({low}) must be a number below high ({high})")


def rate(x: Array, seed: int, *, low: float = 0.0, high: float = 1.0, key: tuple[int, ...] = ()) -> Spikes:
    """Rate code: ``s[t] ~ Bernoulli(p)``, ``p = clip((x[t] - low) / (high - low), 0, 1)``, all independent.

    Parameters
    ----------
    x : array (T, ...)
        Finite.
    seed : int
        0 or more.
    low, high : float
        Values that never and always spike.
    key : tuple of int
        Names a random stream of its own under the seed.

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
    _check_range("rate", low, high)
    values = _finite(x)
    chance = np.clip((values - low) / (high - low), 0, 1)
    # random() is below 1, so a chance of 1 always spikes and one of 0 never
    return (stream(seed, *key).random(values.shape) < chance).astype(np.uint8)


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


def latency(x: Array, n_steps: int, *, low: float = 0.0, high: float = 1.0) -> Spikes:
    """Time to first spike: every value becomes at most one spike, the earlier the larger the value.

    A value x[t] gets `n_steps` timesteps of its own, t n_steps … (t + 1) n_steps − 1, and spikes in the one at::

        round((1 - p) (n_steps - 1)),   p = clip((x[t] - low) / (high - low), 0, 1),   never if p = 0

    Linear in the value, halves rounded to even. The principle is Thorpe, Delorme and Van Rullen 2001,
    "Spike-based strategies for rapid processing", Neural Networks 14(6–7).

    Parameters
    ----------
    x : array (T, ...)
        Finite.
    n_steps : int
        Timesteps for one value, 2 or more.
    low, high : float
        The value that no longer spikes, and the one from which on it spikes at once.

    Returns
    -------
    uint8 array (T * n_steps, ...)

    Raises
    ------
    WorkloadError
        If n_steps is below 2, a value is not finite or ``low < high`` does not hold.

    Examples
    --------
    >>> latency(np.array([[0.0, 0.5, 1.0]]), n_steps=3).tolist()
    [[0, 0, 1], [0, 1, 0], [0, 0, 0]]
    """
    if n_steps < 2:
        raise WorkloadError(f"latency code: n_steps is {n_steps}; it must be 2 or more")
    _check_range("latency", low, high)
    values = _finite(x)
    share = np.clip((values - low) / (high - low), 0, 1)
    first = np.rint((1 - share) * (n_steps - 1))
    steps = np.arange(n_steps).reshape(1, -1, *(1 for _ in values.shape[1:]))
    spikes: Spikes = ((steps == first[:, None]) & (share > 0)[:, None]).astype(np.uint8)
    return spikes.reshape(len(values) * n_steps, *values.shape[1:])


@dataclass(frozen=True)
class Encoding:
    """How sensor values become what the first layer receives.

    The defaults suit values of mean 0 and deviation 1; they are settings, not measurements.

    Parameters
    ----------
    kind : {"analog", "rate", "latency", "delta"}
        See the functions of these names.
    low, high : float
        Range of the rate and latency code.
    threshold : float
        Step of the delta code.
    n_steps : int
        Timesteps per value of the latency code.

    Raises
    ------
    WorkloadError
        If the kind is unknown.

    Examples
    --------
    >>> Encoding("delta", threshold=0.25).kind
    'delta'
    """

    kind: EncodingKind = "analog"
    low: float = -1.0
    high: float = 1.0
    threshold: float = 0.5
    n_steps: int = 8

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise WorkloadError(f"encoding {self.kind!r} is unknown; choose one of {', '.join(KINDS)}")


def encode(windows: Array, encoding: Encoding, *, seed: int = 0, key: tuple[int, ...] = ()) -> Array:
    """Encode many windows at once; equal to encoding them one by one (the rate code: one seed for all).

    Parameters
    ----------
    windows : array (n, length, channels, ...)
        Finite.
    encoding : Encoding
    seed : int
        For the rate code; 0 or more.
    key : tuple of int
        Names a random stream of its own under the seed, so that several parts differ.

    Returns
    -------
    array (T, n, C, ...)
        Time first. T is `length`, times `n_steps` for the latency code; C is `channels`, doubled by the delta
        code. float64 for analog values, uint8 for spikes.

    Raises
    ------
    WorkloadError
        If a window holds a value that is not finite (which window), or the shape or a setting is wrong.

    Examples
    --------
    >>> encode(np.zeros((5, 20, 3)), Encoding("delta")).shape
    (20, 5, 6)
    """
    values = np.asarray(windows, dtype=np.float64)
    if values.ndim < 3 or 0 in values.shape:
        raise WorkloadError(f"expected windows (windows, samples, channels, ...), got shape {values.shape}")
    bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    if len(bad):
        listed = ", ".join(map(str, bad[:10])) + (", …" if len(bad) > 10 else "")
        raise WorkloadError(f"{len(bad)} of {len(values)} windows are not finite: {listed}; remove or fill them")
    if encoding.kind == "delta":
        # the channels come second there, so the windows go last
        spikes = delta(np.moveaxis(values, 0, -1), encoding.threshold)
        return np.ascontiguousarray(np.moveaxis(spikes, -1, 1))
    x = np.swapaxes(values, 0, 1)
    if encoding.kind == "rate":
        return rate(x, seed, low=encoding.low, high=encoding.high, key=key)
    if encoding.kind == "latency":
        return latency(x, encoding.n_steps, low=encoding.low, high=encoding.high)
    if encoding.kind == "analog":
        return np.ascontiguousarray(analog(x))
    assert_never(encoding.kind)
