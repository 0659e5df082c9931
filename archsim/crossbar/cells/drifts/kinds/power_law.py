"""Drift by a power law of time."""

from __future__ import annotations

from typing import Literal

import numpy as np

from archsim.crossbar.cells.drifts.kind import DriftLaw, Floats
from archsim.registry import DRIFTS
from archsim.spec.cells import NotNegative
from archsim.units import EnergyPj, TimePs


@DRIFTS.register
class PowerLawDrift(DriftLaw):
    """``g(t) = g (t / start)^-nu`` after `start`; every cell has its own exponent, normal around `nu`."""

    kind: Literal["power_law"]
    nu: float
    nu_spread: NotNegative = 0.0
    start_ps: TimePs
    activation_energy_pj: EnergyPj | None = None

    @property
    def rate(self) -> tuple[float, float]:
        return self.nu, self.nu_spread

    def factor(self, rate: Floats | float, elapsed: Floats) -> Floats:
        return np.asarray(np.exp(-rate * elapsed))
