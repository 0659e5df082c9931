"""The sample-and-hold circuits: they keep the values of the columns until these are converted.

A value is a charge on a capacitor, with a noise of ``sqrt(k T / C)`` volts rms: 0.64 mV for 10 fF at 300 K, 1/40
of a step of 5 bit over 0.8 V. Metal or MOS capacitors hold 1 to 2 fF per um². Where the area of a cited figure
could hold so little that the noise exceeds that of the converter itself (a step / sqrt(12)), the price list says
so: ISAAC's 0.039 um² is no sampling capacitor.
"""

from __future__ import annotations

import math

from archsim.components.part import Look, Part
from archsim.components.records import Figures, Where
from archsim.spec.chip import Chip
from archsim.spec.costs import CapacitorHold

MOST_FF_PER_UM2 = 2.0
"""Of metal-oxide-metal or MOS capacitors."""
USUAL_SWING_V = 0.8
"""Of the values on a cited circuit, which does not say it."""
BOLTZMANN_J_PER_K = 1.380649e-23


class SampleHold(Part):
    """One sample-and-hold circuit for each column, bank and side of an array."""

    kind = "sample_hold"
    path = ("sample_hold",)
    area_action = "convert"
    scaling = "fixed"
    look = Look(6, "////")

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:
        cost = None if chip.sample_hold is None else chip.sample_hold.cost
        if not isinstance(cost, CapacitorHold):
            return []
        least_um2 = cost.capacitance_ff / MOST_FF_PER_UM2
        wrong = (
            ("capacitance", cost.capacitance_ff <= 0, "must be above zero"),
            ("swing", cost.swing_v <= 0, "must be above zero"),
            ("area", cost.area_um2 < least_um2, f"{cost.capacitance_ff:g} fF take {least_um2:g} µm² at least"),
        )
        return [f"sample_hold.cost.{key}: {said}" for key, is_wrong, said in wrong if is_wrong]

    @property
    def where(self) -> Where:
        return "crossbar"

    @property
    def n_per_parent(self) -> int:
        hold = self.chip.sample_hold
        return 0 if hold is None else self.parts.n_sides * self.chip.crossbar.n_columns * hold.n_banks

    @property
    def figures(self) -> Figures:
        assert self.chip.sample_hold is not None  # asked of parts that a chip has
        cost = self.chip.sample_hold.cost
        return Figures(cost.area_um2, cost.leakage_uw, cost.source, self._plausible())

    @property
    def energy_pj(self) -> float | None:
        """Energy of one held value; None without the circuits."""
        hold = self.chip.sample_hold
        if hold is None:
            return None
        if isinstance(hold.cost, CapacitorHold):
            return hold.cost.capacitance_ff * hold.cost.swing_v**2 / 1e3  # fF V^2 = fJ
        return hold.cost.energy_pj

    def _plausible(self) -> str:
        """Warning about the noise on the capacitor; empty if it is below that of the converter."""
        assert self.chip.sample_hold is not None
        cost, n_bits = self.chip.sample_hold.cost, self.chip.adc.resolution_bits
        if isinstance(cost, CapacitorHold):
            noise_v, step_v = self._noise_v(cost.capacitance_ff), cost.swing_v / 2**n_bits
            said = f"{cost.capacitance_ff:g} fF"
        else:
            most_ff = cost.area_um2 * MOST_FF_PER_UM2
            if not most_ff:  # counted elsewhere
                return ""
            noise_v, step_v = self._noise_v(most_ff), USUAL_SWING_V / 2**n_bits
            said = f"no sampling capacitor: {cost.area_um2:.2g} µm² hold {most_ff:.2g} fF at most"
        if noise_v * math.sqrt(12) <= step_v:
            return ""
        return f"{said}, kT/C noise {noise_v * 1e3:.2g} mV rms beside steps of {step_v * 1e3:.2g} mV"

    def _noise_v(self, capacitance_ff: float) -> float:
        temperature_k = self.chip.device.errors.temperature_k
        return math.sqrt(BOLTZMANN_J_PER_K * temperature_k / (capacitance_ff / 1e15))
