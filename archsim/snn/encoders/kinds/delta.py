"""Level crossing: spikes up and down."""

from __future__ import annotations

import numpy as np

from archsim.errors import WorkloadError
from archsim.registry import ENCODERS
from archsim.snn.encoders.kind import Encoder, Encoding, Spikes, finite
from archsim.snn.windows import Array
from archsim.workload.network import Floats


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
    values = finite(x)
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


@ENCODERS.register
class Delta(Encoder):
    """See `delta`."""

    kind = "delta"

    def encode(self, windows: Floats, encoding: Encoding, seed: int, key: tuple[int, ...]) -> Array:
        del seed, key
        # the channels come second there, so the windows go last
        spikes = delta(np.moveaxis(windows, 0, -1), encoding.threshold)
        return np.ascontiguousarray(np.moveaxis(spikes, -1, 1))
