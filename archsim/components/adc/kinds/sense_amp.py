"""A sense amplifier: one comparison."""

from archsim.components.adc.kind import AdcKind
from archsim.registry import ADCS


@ADCS.register
class SenseAmp(AdcKind):
    """One step in all."""

    kind = "sense_amp"

    def n_steps(self, bits: int) -> int:
        del bits
        return 1
