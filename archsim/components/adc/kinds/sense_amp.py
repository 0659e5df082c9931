"""A sense amplifier: one comparison."""

from archsim.components.adc.kind import AdcKind
from archsim.registry import ADCS


@ADCS.register
class SenseAmp(AdcKind):
    """One step in all, one bit; nothing is to be scaled."""

    kind = "sense_amp"
    law_bits = (1, 1)

    def n_steps(self, bits: int) -> int:
        del bits
        return 1
