"""Write-verify as measured on silicon: few pulses for most cells, a long tail."""

from __future__ import annotations

from typing import Literal

from archsim.crossbar.cells.pulses.kind import Floats, PulseLaw
from archsim.crossbar.cells.pulses.lognormal import rounded_lognormal
from archsim.registry import PULSES
from archsim.spec.cells import Positive, Pulses
from archsim.units import Frac


@PULSES.register
class LognormalPulses(PulseLaw):
    """A log-normal count, the same at every level: `cap` pulses at most; `failed` of the cells are given up.

    The defaults are those of 2 bits per cell in a tight window: between RADAR (Le et al., IEEE TED 2021; measured
    data at github akashlevy/RRAM-RADAR-Tuning 5038af3) and NeuRRAM (Wan et al., Nature 2022). Their mean is 8.5.
    """

    kind: Literal["lognormal"]
    median: Positive = 4.65
    sigma: Positive = 1.1
    cap: Pulses = 300
    failed_frac: Frac = 0.035

    def at_most(self, place: float) -> Floats:
        del place
        return rounded_lognormal(self.median, self.sigma, self.cap)

    def failed_at(self, place: float) -> float:
        del place
        return self.failed_frac
