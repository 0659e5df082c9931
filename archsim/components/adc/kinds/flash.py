"""A flash converter: a comparator for each code."""

from archsim.components.adc.kind import AdcKind
from archsim.registry import ADCS


@ADCS.register
class Flash(AdcKind):
    """One step in all."""

    kind = "flash"

    def n_steps(self, bits: int) -> int:
        del bits
        return 1
