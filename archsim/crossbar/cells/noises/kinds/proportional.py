"""A part of the conductance itself."""

from __future__ import annotations

from typing import Literal

from archsim.crossbar.cells.noises.kind import Floats, NoiseKind, Window
from archsim.registry import NOISES
from archsim.units import Frac


@NOISES.register
class ProportionalNoise(NoiseKind):
    """A standard deviation that grows with the conductance: `sigma` of the target itself."""

    kind: Literal["proportional"]
    sigma_frac: Frac

    def sigma_siemens(self, conductance_siemens: Floats, window: Window) -> Floats | float:
        del window
        return self.sigma_frac * conductance_siemens

    @property
    def is_zero(self) -> bool:
        return self.sigma_frac == 0

    def spread_pct(self, window: Window) -> float:
        low, high = window.g_min_siemens, window.g_max_siemens
        return 100 * self.sigma_frac * (low + high) / 2 / (high - low)
