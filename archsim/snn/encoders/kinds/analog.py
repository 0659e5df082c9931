"""Values as currents."""

from __future__ import annotations

import numpy as np

from archsim.registry import ENCODERS
from archsim.snn.encoders.kind import Encoder, Encoding, finite
from archsim.snn.windows import Array
from archsim.workload.network import Floats


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
    return finite(x)


@ENCODERS.register
class Analog(Encoder):
    """See `analog`."""

    kind = "analog"

    def encode(self, windows: Floats, encoding: Encoding, seed: int, key: tuple[int, ...]) -> Array:
        del encoding, seed, key
        return np.ascontiguousarray(analog(np.swapaxes(windows, 0, 1)))
