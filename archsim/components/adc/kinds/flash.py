"""A flash converter: a comparator for each code."""

from archsim.components.adc.kind import AdcKind
from archsim.registry import ADCS


@ADCS.register
class Flash(AdcKind):
    """One step in all.

    Energy of 2^b - 1 comparators. Area, at 22 nm, 10.9 um2 for each of them and an encoder of as many cells as
    there are comparators, each as wide as a NAND of half of them: 0.0515 (2^b - 1) (8 + 2^(b-1)) um2 (NeuroSim
    V1.3).
    """

    kind = "flash"
    law_bits = (1, 8)

    def n_steps(self, bits: int) -> int:
        del bits
        return 1

    def energy_law(self, bits: int) -> float:
        return float(2**bits - 1)

    def area_law(self, bits: int) -> float:
        n_comparators: int = 2**bits - 1
        return n_comparators * (10.9 + 0.0515 * (8 + float(2 ** (bits - 1))))
