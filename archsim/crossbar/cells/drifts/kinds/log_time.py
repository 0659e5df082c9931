"""Drift by the logarithm of time."""

from __future__ import annotations

from typing import Literal

import numpy as np

from archsim.crossbar.cells.drifts.kind import DriftLaw, Floats
from archsim.registry import DRIFTS
from archsim.spec.cells import NotNegative
from archsim.units import EnergyPj, TimePs


@DRIFTS.register
class LogTimeDrift(DriftLaw):
    """``g(t) = g (1 - loss log10(t / start))`` after `start`, not below zero; `loss` per decade of time."""

    kind: Literal["log_time"]
    loss: float
    loss_spread: NotNegative = 0.0
    start_ps: TimePs
    activation_energy_pj: EnergyPj | None = None

    @property
    def rate(self) -> tuple[float, float]:
        return self.loss, self.loss_spread

    def factor(self, rate: Floats | float, elapsed: Floats) -> Floats:
        return np.asarray(np.maximum(0.0, 1.0 - rate * elapsed / np.log(10.0)))
