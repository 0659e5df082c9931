"""The same everywhere."""

from __future__ import annotations

from typing import Literal

from archsim.crossbar.cells.noises.kind import Floats, NoiseKind, Window
from archsim.registry import NOISES
from archsim.units import Frac


@NOISES.register
class ConstantNoise(NoiseKind):
    """The same standard deviation at every conductance: `sigma` of the window."""

    kind: Literal["constant"]
    sigma_frac: Frac

    def sigma_siemens(self, conductance_siemens: Floats, window: Window) -> Floats | float:
        del conductance_siemens
        return self.sigma_frac * window.width_siemens

    @property
    def is_zero(self) -> bool:
        return self.sigma_frac == 0

    def spread_pct(self, window: Window) -> float:
        del window
        return 100 * self.sigma_frac
