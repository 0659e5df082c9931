"""A sense amplifier at each column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.readouts.converter import SLACK, Floats
from archsim.crossbar.readouts.kind import ReadOut
from archsim.registry import READOUTS


@dataclass(frozen=True)
class SenseAmp:
    """One bit per column: 1 where the sum exceeds `threshold`, in full cells.

    Examples
    --------
    >>> SenseAmp(threshold=0.5).decide(np.array([0.4, 0.5, 0.6]))
    array([0., 0., 1.])
    """

    threshold: float = 0.0

    def decide(self, sums: NDArray[np.floating]) -> Floats:
        """Bits as numbers, same shape."""
        return np.asarray(sums > self.threshold + SLACK, dtype=np.float64)


@READOUTS.register
class SenseAmpReadout(ReadOut):
    """One bit per column: 1 where the signed sum, in full cells, exceeds `threshold`."""

    kind: Literal["sense_amp"]
    threshold: float = 0.0
    decides: ClassVar[bool] = True

    def decider(self, shape: tuple[int, ...]) -> SenseAmp:
        del shape
        return SenseAmp(self.threshold)
