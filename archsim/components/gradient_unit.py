"""The gradient unit of a tile: errors, surrogates, outer products, the optimizer's arithmetic."""

from __future__ import annotations

from archsim.components.part import Job, Look, action, remembered
from archsim.components.records import Action
from archsim.components.unit import DigitalUnit


class GradientUnit(DigitalUnit):
    """One unit in a tile; gradients lie in the gradient buffer."""

    kind = "gradient_unit"
    path = ("tile", "gradient_unit")
    counts = (
        ("error", "value"),
        ("surrogate", "value"),
        ("outer", "MAC"),
        ("optimize", "weight"),
        ("normalise", "weight"),
    )
    area_action = "outer"
    area_phase = "learning"
    scaling = "digital"
    look = Look(0, "////")

    def _priced(self, name: str) -> Action:
        return action(name, gradient_unit=self.unit.cost.energy_pj)

    @remembered
    def error(self, n_values: int) -> Job:
        """Form the error at the output. Count: values."""
        return self.job(self._priced("error"), n_values)

    @remembered
    def surrogate(self, n_values: int) -> Job:
        """Multiply an error by the surrogate derivative. Count: values."""
        return self.job(self._priced("surrogate"), n_values)

    @remembered
    def price_of_outer(self) -> Action:
        """Accumulate outer products into the gradients. Count: MACs."""
        buffer, bits = self.parts.gradient_buffer.price, self.chip.tile.gradient_buffer.gradient_bits
        access_pj = buffer.read_energy_pj + buffer.write_energy_pj
        return action(
            self.parts.gradient_buffer.named("outer"),
            gradient_unit=self.unit.cost.energy_pj,
            gradient_buffer=access_pj * bits / buffer.width_bits,
        )

    @remembered
    def outer(self, n_macs: int) -> Job:
        """`n_macs` outer-product terms: as long as the unit computes, or the gradients are read and written."""
        bits = self.chip.tile.gradient_buffer.gradient_bits
        time_ps = self._with_buffer_ps(n_macs, 2 * self.parts.gradient_buffer.accesses(n_macs * bits))
        n_used = min(n_macs, 1)
        uses = ((self.kind, 1, n_used), ("gradient_buffer", 1, n_used))
        return Job(self.price_of_outer(), n_macs, time_ps, time_ps, uses)

    @remembered
    def normalise(self, optimizer: str, n_weights: int, n_operations: int) -> Job:
        """Read gradients for the norms of rows or columns. Count: weights."""
        return self._pass_of("normalise", optimizer, n_weights, (n_operations, 1, 0))

    @remembered
    def optimize(
        self, optimizer: str, n_weights: int, n_operations: int, n_reads: int, n_writes: int
    ) -> Job:
        """Make the step to write from a gradient and what is kept beside it. Count: weights.

        `n_reads` and `n_writes` are numbers of the gradient's resolution in the gradient buffer; `optimizer`
        labels the price.
        """
        return self._pass_of("optimize", optimizer, n_weights, (n_operations, n_reads, n_writes))

    def _pass_of(self, name: str, optimizer: str, n_weights: int, per_weight: tuple[int, int, int]) -> Job:
        """A pass over weights of so many operations, reads and writes each."""
        n_operations, n_reads, n_writes = per_weight
        buffer, bits = self.parts.gradient_buffer.price, self.chip.tile.gradient_buffer.gradient_bits
        numbers_pj = n_reads * buffer.read_energy_pj + n_writes * buffer.write_energy_pj
        price = action(
            self.parts.gradient_buffer.named(f"{name}@{optimizer}"),
            gradient_unit=n_operations * self.unit.cost.energy_pj,
            gradient_buffer=numbers_pj * bits / buffer.width_bits,
        )
        n_accesses = self.parts.gradient_buffer.accesses(n_weights * (n_reads + n_writes) * bits)
        time_ps = self._with_buffer_ps(n_weights * n_operations, n_accesses)
        return Job(price, n_weights, time_ps, time_ps, ((self.kind, 1, 1), ("gradient_buffer", 1, 1)))

    def _with_buffer_ps(self, n_results: int, n_accesses: int) -> int:
        """Time of the unit for so many results, or of the buffer for so many accesses, whichever is longer."""
        return max(self.times_ps(n_results)[1], self.parts.gradient_buffer.access_ps(n_accesses))

    def examples(self) -> list[Action]:
        return [self._priced("error"), self._priced("surrogate"), self.price_of_outer()]
