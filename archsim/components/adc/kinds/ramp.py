"""A ramp (single slope): a counter runs until the ramp passes the value."""

from archsim.components.adc.kind import AdcKind
from archsim.registry import ADCS


@ADCS.register
class Ramp(AdcKind):
    """One step for each code."""

    kind = "ramp"

    def n_steps(self, bits: int) -> int:
        return 1 << bits
