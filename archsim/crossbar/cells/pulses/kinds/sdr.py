"""The algorithm of RADAR: pulses aimed by the distance from the target."""

from __future__ import annotations

from typing import Literal

from archsim.crossbar.cells.pulses.kinds.lognormal import LognormalPulses
from archsim.registry import PULSES
from archsim.spec.cells import Positive, Pulses
from archsim.units import Frac


@PULSES.register
class SdrPulses(LognormalPulses):
    """Set or reset by the distance (SDR): median 4, mean 7.28, 96.2 % of the cells reach their band.

    Log-normal by median and mean of the data, ``sigma = sqrt(2 ln(mean / median))``; the largest count is the cap
    (RADAR, Le et al., IEEE TED 2021, doi 10.1109/TED.2021.3097975; 2 bits per cell, 32768 cells).
    """

    kind: Literal["sdr"]  # type: ignore[assignment]  # a kind has one name
    median: Positive = 4.0
    sigma: Positive = 1.094
    cap: Pulses = 280
    failed_frac: Frac = 0.038
