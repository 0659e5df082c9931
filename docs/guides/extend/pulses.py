"""A law of pulses of one's own: a cell takes one pulse, or a second one with the chance that the file says."""

from typing import Literal

import numpy as np

import archsim
from archsim.components import Parts, buffer_kinds
from archsim.crossbar.cells.pulses import PulseLaw
from archsim.units import Frac


@archsim.register
class OneOrTwo(PulseLaw):  # write.pulses_per_cell: {kind: one_or_two, second: 25 %}
    kind: Literal["one_or_two"]
    second_frac: Frac

    def at_most(self, place):
        return np.array([0.0, 1.0 - self.second_frac, 1.0])


law = "write.pulses_per_cell={kind: one_or_two, second: 25 %}"
chip = archsim.load_chip("arch_specs/wearable_rram.yaml", [law, "write.pulse=100 ns", "write.parallel_cells=2"])
parts = Parts(chip, n_tiles=1, sizes=dict.fromkeys(buffer_kinds(), 4096))
print(f"mean: {chip.write.law.mean():.2f} pulses")
print(f"two cells at once: {parts.write_circuits.program_row_ps(2) / 1000:.2f} ns")
