"""Time to first spike."""

from __future__ import annotations

import numpy as np

from archsim.errors import WorkloadError
from archsim.registry import ENCODERS
from archsim.snn.encoders.kind import Encoder, Encoding, Spikes, check_range, finite
from archsim.snn.windows import Array
from archsim.workload.network import Floats


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
    check_range("latency", low, high)
    values = finite(x)
    share = np.clip((values - low) / (high - low), 0, 1)
    first = np.rint((1 - share) * (n_steps - 1))
    steps = np.arange(n_steps).reshape(1, -1, *(1 for _ in values.shape[1:]))
    spikes: Spikes = ((steps == first[:, None]) & (share > 0)[:, None]).astype(np.uint8)
    return spikes.reshape(len(values) * n_steps, *values.shape[1:])


@ENCODERS.register
class Latency(Encoder):
    """See `latency`."""

    kind = "latency"

    def encode(self, windows: Floats, encoding: Encoding, seed: int, key: tuple[int, ...]) -> Array:
        del seed, key
        return latency(np.swapaxes(windows, 0, 1), encoding.n_steps, low=encoding.low, high=encoding.high)
