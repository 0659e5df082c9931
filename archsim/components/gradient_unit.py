"""The gradient unit of a tile: errors, surrogates, outer products, the optimizer's arithmetic."""

from __future__ import annotations

from archsim.components.operations import MULTIPLIER_BITS, Operations
from archsim.components.part import Job, Look, action, remembered
from archsim.components.records import Action, Charge, longest
from archsim.components.unit import DigitalUnit


class GradientUnit(DigitalUnit):
    """One unit in a tile; gradients lie in the gradient buffer."""

    kind = "gradient_unit"
    path = ("tile", "gradient_unit")
    counts = (
        ("tally", "value"),
        ("largest", "value"),
        ("scan", "value"),
        ("scale", "value"),
        ("rescale", "value"),
        ("exponential", "value"),
        ("error", "value"),
        ("surrogate", "value"),
        ("leak", "neuron"),
        ("trace", "value"),
        ("project", "MAC"),
        ("compress", "MAC"),
        ("draw", "value"),
        ("decay", "weight"),
        ("outer", "MAC"),
        ("optimize", "weight"),
        ("normalise", "weight"),
    )
    area_action = "outer"
    area_stage = "learning"
    scaling = "digital"
    look = Look(0, "////")

    @remembered
    def price_of(self, name: str, operations: Operations) -> Action:
        """An action that does some arithmetic on each value, in the unit alone. Count: values."""
        adding = {self.kind: operations.n_additions * self.unit.cost.energy_pj}
        return action(name, **_sum(adding, self.parts.multiplier.charges(operations.n_products)))

    @remembered
    def compute(self, name: str, n_values: int, operations: Operations) -> Job:
        """Arithmetic on some values: each takes as many turns of a lane as its operations ask. Count: values."""
        held, latency = self.times_ps(n_values * operations.n_turns)
        return Job(self.price_of(name, operations), n_values, held, latency, ((self.kind, 1, min(n_values, 1)),))

    @remembered
    def price_of_states(self, name: str, n_states: int, operations: Operations) -> Action:
        """Arithmetic on states of neurons, read from the membrane buffer and written back. Count: neurons."""
        buffer, bits = self.parts.membrane_buffer, self.chip.tile.membrane_buffer.potential_bits
        access_pj = buffer.price.read_energy_pj + buffer.price.write_energy_pj
        memory = Charge("membrane_buffer", access_pj * n_states * bits / buffer.price.width_bits)
        return Action(buffer.named(name), (*self.price_of(name, operations).charges, memory))

    @remembered
    def states(self, name: str, n_neurons: int, n_states: int, operations: Operations) -> Job:
        """As long as the unit computes, or as the states are read and written."""
        buffer, bits = self.parts.membrane_buffer, self.chip.tile.membrane_buffer.potential_bits
        held, latency = self.times_ps(n_neurons * operations.n_turns)
        memory = buffer.access_ps(2 * buffer.accesses(n_neurons * n_states * bits))
        price = self.price_of_states(name, n_states, operations)
        return Job(price, n_neurons, longest(held, memory), longest(latency, memory), ((self.kind, 1, 1),))

    @remembered
    def outer(self, n_macs: int, input_bits: int, error_bits: int) -> Job:
        """`n_macs` terms of outer products. Count: MACs.

        A spike lets the error pass, which is one addition; any other input is multiplied by it first.
        """
        if input_bits == 1:
            return self.compute("outer", n_macs, Operations(1))
        return self.compute(
            f"outer@{input_bits}x{error_bits}b", n_macs, Operations(1, ((input_bits, error_bits),))
        )

    @remembered
    def normalise(self, optimizer: str, n_weights: int, operations: Operations) -> Job:
        """Read gradients for the norms of rows or columns. Count: weights."""
        return self._pass_of(f"normalise@{optimizer}", n_weights, operations, (1, 0))

    @remembered
    def optimize(self, optimizer: str, n_weights: int, operations: Operations, n_reads: int, n_writes: int) -> Job:
        """Make the step to write from a gradient and what is kept beside it. Count: weights.

        `n_reads` and `n_writes` are numbers of the gradient's resolution in the gradient buffer; `optimizer`
        labels the price.
        """
        return self._pass_of(f"optimize@{optimizer}", n_weights, operations, (n_reads, n_writes))

    def _pass_of(self, name: str, n_weights: int, operations: Operations, numbers: tuple[int, int]) -> Job:
        """A pass over weights, each with its arithmetic and so many numbers read and written."""
        n_reads, n_writes = numbers
        buffer, bits = self.parts.gradient_buffer.price, self.chip.tile.gradients.gradient_bits
        numbers_pj = n_reads * buffer.read_energy_pj + n_writes * buffer.write_energy_pj
        computed = self.price_of(self.parts.gradient_buffer.named(name), operations)
        memory = Charge("gradient_buffer", numbers_pj * bits / buffer.width_bits)
        price = Action(computed.name, (*computed.charges, memory))
        n_accesses = self.parts.gradient_buffer.accesses(n_weights * (n_reads + n_writes) * bits)
        time_ps = self._with_buffer_ps(n_weights * operations.n_turns, n_accesses)
        return Job(price, n_weights, time_ps, time_ps, ((self.kind, 1, 1), ("gradient_buffer", 1, 1)))

    def _with_buffer_ps(self, n_results: int, n_accesses: int) -> int:
        """Time of the unit for so many results, or of the buffer for so many accesses, whichever is longer."""
        return max(self.times_ps(n_results)[1], self.parts.gradient_buffer.access_ps(n_accesses))

    def examples(self) -> list[Action]:
        multiplied = Operations(0, ((MULTIPLIER_BITS, MULTIPLIER_BITS),))
        return [
            self.price_of("error", Operations(1)),
            self.price_of("surrogate", multiplied),
            self.price_of_states("leak@1states", 1, multiplied + Operations(1)),
            self.price_of("outer", Operations(1)),
        ]


def _sum(*parts: dict[str, float]) -> dict[str, float]:
    """Charges added up by part, in the order of first mention."""
    found: dict[str, float] = {}
    for part in parts:
        for name, energy_pj in part.items():
            found[name] = found.get(name, 0.0) + energy_pj
    return found
