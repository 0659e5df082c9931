"""An integrate-and-fire converter: a neuron gathers the charge of a column and gives it back in steps."""

from archsim.components.adc.kind import AdcKind
from archsim.registry import ADCS


@ADCS.register
class IntegrateAndFire(AdcKind):
    """One step for each bit, as the times of NeuRRAM's neurons have it (Wan et al., Nature 2022).

    Energy of so many steps; what it takes to gather the charge of each input pulse is `integration_energy` of its
    cost. The area is that of one circuit for any resolution, as NeuRRAM's neuron gives 3 to 10 bits.
    """

    kind = "integrate_and_fire"
    law_bits = (1, 10)

    def n_steps(self, bits: int) -> int:
        return bits

    def area_law(self, bits: int) -> float:
        del bits
        return 1.0
