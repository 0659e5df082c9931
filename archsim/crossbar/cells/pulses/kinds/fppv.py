"""Program with pulses of fixed size, and verify after each."""

from __future__ import annotations

from typing import Literal

from archsim.crossbar.cells.pulses.kinds.lognormal import LognormalPulses
from archsim.registry import PULSES
from archsim.spec.cells import Positive, Pulses
from archsim.units import Frac


@PULSES.register
class FppvPulses(LognormalPulses):
    """Fixed pulses and verify (FPPV): median 5, mean 13.4, 96.2 % of the cells reach their band.

    Log-normal by median and mean of the data, ``sigma = sqrt(2 ln(mean / median))``; the largest count is the cap
    (RADAR, Le et al., IEEE TED 2021, doi 10.1109/TED.2021.3097975; 2 bits per cell, 32768 cells).
    """

    kind: Literal["fppv"]  # type: ignore[assignment]  # a kind has one name
    median: Positive = 5.0
    sigma: Positive = 1.404
    cap: Pulses = 1998
    failed_frac: Frac = 0.038
