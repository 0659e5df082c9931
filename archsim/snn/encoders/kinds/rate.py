"""Rate code: spikes drawn with a chance for each value."""

from __future__ import annotations

import numpy as np

from archsim.registry import ENCODERS
from archsim.snn.encoders.kind import Encoder, Encoding, Spikes, check_range, finite
from archsim.snn.weights import stream
from archsim.snn.windows import Array
from archsim.workload.network import Floats


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
    check_range("rate", low, high)
    values = finite(x)
    chance = np.clip((values - low) / (high - low), 0, 1)
    # random() is below 1, so a chance of 1 always spikes and one of 0 never
    return (stream(seed, *key).random(values.shape) < chance).astype(np.uint8)


@ENCODERS.register
class Rate(Encoder):
    """See `rate`."""

    kind = "rate"

    def encode(self, windows: Floats, encoding: Encoding, seed: int, key: tuple[int, ...]) -> Array:
        return rate(np.swapaxes(windows, 0, 1), seed, low=encoding.low, high=encoding.high, key=key)
