"""A read-out of kind ternary: is a sum above a threshold, below its negative, or neither?"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

import archsim
from archsim.crossbar import CrossbarArray
from archsim.crossbar.readouts import ReadOut
from archsim.spec.values import ArraySpec


class Comparators:
    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def decide(self, sums: Any) -> Any:
        return np.sign(sums) * (np.abs(sums) > self.threshold)


@archsim.register
class Ternary(ReadOut):
    kind: Literal["ternary"]
    threshold: float = 0.5  # in full cells
    decides: ClassVar[bool] = True

    def decider(self, shape: tuple[int, ...]) -> Comparators:
        return Comparators(self.threshold)


if __name__ == "__main__":
    spec = ArraySpec(rows=2, columns=6, readout={"kind": "ternary", "threshold": 0.5})
    array = CrossbarArray(spec, [[1.0, -1.0, 1.0], [1.0, -1.0, -1.0]], seed=0)
    print(array.mvm([[1, 1], [1, 0], [0, 0]]).tolist())
