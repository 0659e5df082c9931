"""Successive approximation."""

from archsim.components.adc.kind import AdcKind
from archsim.registry import ADCS


@ADCS.register
class Sar(AdcKind):
    """One step for each bit."""

    kind = "sar"

    def n_steps(self, bits: int) -> int:
        return bits
