"""A ramp (single slope): a counter runs until the ramp passes the value."""

from archsim.components.adc.kind import AdcKind
from archsim.registry import ADCS


@ADCS.register
class Ramp(AdcKind):
    """One step for each code.

    Energy of 2^b counts: the comparator, and a counter whose bits switch twice a count on average. Area, at 22 nm,
    a comparator of 10.9 um2 and 2.6 um2 for each bit of the counter: a register of 1.24 and an 8th of an 8-bit
    adder of 11.1 (NeuroSim V1.3). The ramp itself, which all converters of an array share, is not in it.
    """

    kind = "ramp"
    law_bits = (1, 12)

    def n_steps(self, bits: int) -> int:
        return 1 << bits

    def energy_law(self, bits: int) -> float:
        return float(2**bits)

    def area_law(self, bits: int) -> float:
        return 10.9 + 2.6 * bits
