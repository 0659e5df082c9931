"""The neuron unit of a tile: membrane potentials, thresholds, resets."""

from __future__ import annotations

from archsim.components.part import Job, Look, action, remembered
from archsim.components.records import Action, longest
from archsim.components.unit import DigitalUnit


class NeuronUnit(DigitalUnit):
    """One unit in a tile; its states lie in the membrane buffer."""

    kind = "neuron_unit"
    path = ("tile", "neuron_unit")
    counts = (("update", "neuron"),)
    area_action = "update"
    scaling = "digital"
    look = Look(5, "")

    @remembered
    def price_of_update(self, n_states: int) -> Action:
        """Update neurons of `n_states` states, read and written back. Count: neurons."""
        buffer, bits = self.parts.membrane_buffer, self.chip.tile.membrane_buffer.potential_bits
        access_pj = buffer.price.read_energy_pj + buffer.price.write_energy_pj
        return action(
            buffer.named(f"update@{n_states}states"),
            neuron_unit=self.unit.cost.energy_pj,
            membrane_buffer=access_pj * n_states * bits / buffer.price.width_bits,
        )

    @remembered
    def update(self, n_neurons: int, n_states: int) -> Job:
        """Update neurons: as long as the unit computes, or as their states are read and written."""
        buffer, bits = self.parts.membrane_buffer, self.chip.tile.membrane_buffer.potential_bits
        held, latency = self.times_ps(n_neurons)
        memory = buffer.access_ps(2 * buffer.accesses(n_neurons * n_states * bits))
        times = longest(held, memory), longest(latency, memory)
        return Job(self.price_of_update(n_states), n_neurons, *times, ((self.kind, 1, 1),))

    def examples(self) -> list[Action]:
        return [self.price_of_update(1)]
