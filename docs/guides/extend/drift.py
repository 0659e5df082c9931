"""A law of drift of one's own: an exponential relaxation."""

from typing import Literal

import numpy as np

import archsim
from archsim.crossbar import CrossbarArray
from archsim.crossbar.cells.drifts import DriftLaw
from archsim.spec import ArraySpec
from archsim.units import TimePs


@archsim.register
class Relaxation(DriftLaw):  # device.errors.drift: {kind: relaxation, start: 1 s, exponent: 1}
    kind: Literal["relaxation"]
    start_ps: TimePs
    exponent: float

    @property
    def rate(self):
        return self.exponent, 0.0

    def factor(self, rate, elapsed):
        return np.exp(-rate * (np.exp(elapsed) - 1) / 1000)


for law in ({"kind": "relaxation", "exponent": 1.0}, {"kind": "power_law", "nu": 0.05}):
    array = CrossbarArray(ArraySpec(errors={"drift": {"start": "1 s", **law}}), [[1.0]], seed=0)
    array.age(1000.0)
    print(f"{law['kind']}: {array.mvm([[1.0]]).item():.3f}")
