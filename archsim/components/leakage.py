"""How leakage follows temperature and process flavour, as factors on figures at 300 K in a low-leakage process.

============  =================================  =======================================================
kind          from                               points
============  =================================  =======================================================
SRAM          CACTI 7, 22 nm                     300 K 1, 330 K 8.0, 360 K 14.6; LOP 371, HP 5054
logic         NeuroSim V1.3, Technology tables   300 K 1, 310 K 1.47, 320 K 2.1, 360 K 7.6, 400 K 21; HP 1000
============  =================================  =======================================================

Between points the logarithm is a straight line in temperature. CACTI's off current doubles every 10 K up to 350 K
and falls to less than half at 360 K, which looks like a misprint of its table (tech_params/22nm.dat): above 330 K
the law is a lower bound.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LOW_LEAKAGE: Final = "low_leakage"


@dataclass(frozen=True)
class LeakageLaw:
    """Factors by temperature (K) and by flavour, and who says so."""

    temperatures_k: Mapping[float, float]
    flavours: Mapping[str, float]
    source: str

    def errors(self, temperature_k: float, flavour: str) -> list[str]:
        """Inputs outside the law, as ``what is wrong; what is allowed``."""
        coldest, hottest = min(self.temperatures_k), max(self.temperatures_k)
        found = []
        if not coldest <= temperature_k <= hottest:
            found.append(f"temperature: {temperature_k:g} K; {self.source} holds for {coldest:g} to {hottest:g} K")
        if flavour not in self.flavours:
            found.append(f"flavour: {flavour}; {self.source} holds for {', '.join(self.flavours)}")
        return found

    def factor(self, temperature_k: float, flavour: str) -> float:
        """Leakage by that at 300 K in a low-leakage process.

        Examples
        --------
        >>> round(SRAM.factor(330, "low_leakage"), 2), SRAM.factor(300, "low_leakage")
        (7.96, 1.0)
        """
        points = sorted(self.temperatures_k)
        i = max(1, bisect_left(points, temperature_k))
        low, high = points[i - 1], points[i]
        frac = (temperature_k - low) / (high - low)
        of_low, of_high = math.log(self.temperatures_k[low]), math.log(self.temperatures_k[high])
        return math.exp(of_low + (of_high - of_low) * frac) * self.flavours[flavour]


SRAM: Final = LeakageLaw(
    {300: 1.0, 330: 0.148 / 0.0186, 360: 0.271 / 0.0186},
    {LOW_LEAKAGE: 1.0, "low_power": 6.9 / 0.0186, "high_performance": 94 / 0.0186},
    "CACTI 7 (22 nm, ITRS LSTP, LOP and HP)",
)
LOGIC: Final = LeakageLaw(
    {300: 1.0, 310: 1.47, 320: 2.1, 360: 7.6, 400: 21.0},
    {LOW_LEAKAGE: 1.0, "high_performance": 1000.0},
    "NeuroSim V1.3 Technology tables (100 pA/µm LSTP, 100 nA/µm HP)",
)
