"""Successive approximation."""

from archsim.components.adc.kind import AdcKind
from archsim.registry import ADCS


@ADCS.register
class Sar(AdcKind):
    """One step for each bit.

    Energy (100 b + 0.001 4^b) fJ at 1 V: comparator and logic for each bit, and a comparator whose noise must fall
    by half for each (ZigZag-IMC). Area 30 + 19 b um2 at 22 nm (NeuroSim V1.3).
    """

    kind = "sar"
    law_bits = (1, 12)

    def n_steps(self, bits: int) -> int:
        return bits

    def energy_law(self, bits: int) -> float:
        return 100.0 * bits + 0.001 * float(4**bits)

    def area_law(self, bits: int) -> float:
        return 30.0 + 19.0 * bits
