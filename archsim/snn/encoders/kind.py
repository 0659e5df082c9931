"""The base class of encoders, their settings, and the encoding of many windows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.registry import ENCODERS
from archsim.snn.windows import Array
from archsim.workload.network import Floats

Spikes = NDArray[np.uint8]


def finite(x: Array) -> Floats:
    """The values in double precision; a WorkloadError if one is not finite, or there is no time axis."""
    values = np.array(x, dtype=np.float64)
    if values.ndim < 1 or not np.isfinite(values).all():
        raise WorkloadError("the values to encode must be finite and have a time axis (first)")
    return values


def check_range(code: str, low: float, high: float) -> None:
    """A WorkloadError unless `low` is a number below `high`."""
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise WorkloadError(f"{code} code: low ({low}) must be a number below high ({high})")


class Encoder(ABC):
    """From sensor values to what the first layer receives.

    Attributes
    ----------
    kind : str
        Its name in workload files.
    """

    kind: ClassVar[str]

    @abstractmethod
    def encode(self, windows: Floats, encoding: Encoding, seed: int, key: tuple[int, ...]) -> Array:
        """Encode windows (n, length, channels, ...) as (T, n, C, ...), time first; see `encode`."""


@dataclass(frozen=True)
class Encoding:
    """How sensor values become what the first layer receives.

    The defaults suit values of mean 0 and deviation 1; they are settings, not measurements.

    Parameters
    ----------
    kind : str
        A name of `archsim.registry.ENCODERS`: "analog", "rate", "latency", "delta", or a plug-in's.
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

    kind: str = "analog"
    low: float = -1.0
    high: float = 1.0
    threshold: float = 0.5
    n_steps: int = 8

    def __post_init__(self) -> None:
        if self.kind not in ENCODERS:
            raise WorkloadError(f"encoding {self.kind!r} is unknown; choose one of {', '.join(ENCODERS)}")


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
    with ENCODERS.calling(encoding.kind) as kind:
        encoded: Array = kind().encode(values, encoding, seed, key)
    if encoded.ndim < 3 or encoded.shape[1] != len(values):
        shape = f"{encoded.shape}, not (timesteps, {len(values)}, channels, ...)"
        raise WorkloadError(f"encoding {encoding.kind!r}: its values have shape {shape}")
    return encoded
