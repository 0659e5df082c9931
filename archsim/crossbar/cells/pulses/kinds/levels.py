"""Counts that depend on the level: the ends of the window take few pulses, levels between many."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import model_validator

from archsim.crossbar.cells.pulses.kind import Floats, PulseLaw
from archsim.crossbar.cells.pulses.lognormal import rounded_lognormal
from archsim.registry import PULSES
from archsim.spec.cells import Positive, Pulses
from archsim.units import FieldsError, FileModel, Frac

NINETY_NINE = 2.3263478740408408
"""99 % of a standard normal law lie below."""


class LevelPulses(FileModel):
    """Counts of one level: log-normal by their mean and 99th percentile; `failed` of its cells are given up.

    ``mean = m exp(s^2 / 2)`` and ``p99 = m exp(2.326 s)`` give ``s = 2.326 - sqrt(2.326^2 - 2 ln(p99 / mean))``.
    """

    mean: Positive
    p99: Positive
    failed_frac: Frac = 0.0

    @model_validator(mode="after")
    def _is_a_law(self) -> Self:
        if not 1 < self.p99 / self.mean < math.exp(NINETY_NINE**2 / 2):
            said = f"must be above mean, {self.mean:g}, and below {math.exp(NINETY_NINE**2 / 2):.3g} times it"
            raise FieldsError([(("p99",), f"{said}; got {self.p99:g}")])
        return self

    @property
    def sigma(self) -> float:
        """Of the natural logarithm."""
        return NINETY_NINE - math.sqrt(NINETY_NINE**2 - 2 * math.log(self.p99 / self.mean))

    @property
    def median(self) -> float:
        """``m``."""
        return self.mean * math.exp(-(self.sigma**2) / 2)


@PULSES.register
class PulsesByLevel(PulseLaw):
    """`off` is the lowest level (g_min), `on` the highest (g_max), `middle` each one between; `cap` at most.

    The defaults are RADAR's four levels of a cell (Le et al., IEEE TED 2021; measured data at github
    akashlevy/RRAM-RADAR-Tuning 5038af3): 3.09 and 2.61 pulses at the ends; the middle is the mean of the two
    between, 10.26 and 13.15 pulses, percentiles 42 and 46.
    """

    kind: Literal["levels"]
    off: LevelPulses = LevelPulses(mean=3.09, p99=20.0, failed=0.145)
    middle: LevelPulses = LevelPulses(mean=11.7, p99=44.0, failed=0.0035)
    on: LevelPulses = LevelPulses(mean=2.61, p99=13.0)
    cap: Pulses = 300

    def at_most(self, place: float) -> Floats:
        level = self._level(place)
        return rounded_lognormal(level.median, level.sigma, self.cap)

    def failed_at(self, place: float) -> float:
        return self._level(place).failed_frac

    @property
    def by_level(self) -> bool:
        return True

    def _level(self, place: float) -> LevelPulses:
        ends = {0.0: self.off, 1.0: self.on}
        return ends.get(place, self.middle)
