"""The gradient buffer of a tile: the weight gradients of a batch, and the optimizer's states."""

from __future__ import annotations

from fractions import Fraction

from archsim.components.memory import Memory
from archsim.components.part import Job, Look, action, remembered
from archsim.components.records import Action, longest
from archsim.spec.chip import Chip


class GradientBuffer(Memory):
    """One memory in a tile."""

    kind = "gradient_buffer"
    path = ("tile", "gradient_buffer")
    counts = (("load_gradient", "access"), ("accumulate", "word"), ("read_feedback", "access"))
    reads = ("load_gradient", "read_feedback")
    writes = ()
    area_action = "outer"
    area_stage = "learning"
    look = Look(1, "////")

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:
        found = super().errors(chip)
        spec = chip.tile.gradient_buffer
        if spec is not None and spec.gradient_bits < 1:
            found.append("tile.gradient_buffer.gradient: must be at least 1 bit")
        return found

    @remembered
    def price_of_load(self) -> Action:
        """Read gradients and carry them to the write circuits. Count: accesses."""
        bus = self.parts.tile_bus
        on_bus_pj = bus.beats(self.price.width_bits) * bus.beat_pj()
        return action(self.named("load_gradient"), gradient_buffer=self.price.read_energy_pj, tile_bus=on_bus_pj)

    @remembered
    def load_gradient(self, n_bits: int) -> Job:
        """Read `n_bits` of gradients and carry them over the tile's bus."""
        bus, n_accesses = self.parts.tile_bus, self.accesses(n_bits)
        on_bus_ps = bus.beats_ps(n_accesses * bus.beats(self.price.width_bits))
        time_ps = longest(self.access_ps(n_accesses), on_bus_ps)
        return Job(self.price_of_load(), n_accesses, time_ps, time_ps, ((self.kind, 1, 1), ("bus", 1, 1)))

    @remembered
    def load_strided(self, n_gradients: int) -> Job:
        """Read gradients that lie in a word each, and carry only them, packed, over the bus. Count: accesses."""
        bus, bits = self.parts.tile_bus, self.chip.tile.gradients.gradient_bits
        n_words = self.accesses(bits)
        on_bus_pj = bits / self.chip.tile.bus.width_bits * bus.beat_pj() / n_words
        name = self.named("load_gradient@strided")
        price = action(name, gradient_buffer=self.price.read_energy_pj, tile_bus=on_bus_pj)
        on_bus_ps = bus.beats_ps(bus.beats(n_gradients * bits))
        time_ps = longest(self.access_ps(n_gradients * n_words), on_bus_ps)
        return Job(price, n_gradients * n_words, time_ps, time_ps, ((self.kind, 1, 1), ("bus", 1, 1)))

    @remembered
    def load_transposed(self, n_bits: int) -> Job:
        """Carry `n_bits` of gradients from the transposer over the tile's bus. Count: accesses."""
        bus, n_accesses = self.parts.tile_bus, self.accesses(n_bits)
        n_beats = bus.beats(self.price.width_bits)
        price = action("load_gradient@transposed", tile_bus=n_beats * bus.beat_pj())
        time_ps = bus.beats_ps(n_accesses * n_beats)
        return Job(price, n_accesses, time_ps, time_ps, (("bus", 1, 1),))

    @remembered
    def price_of_accumulate(self) -> Action:
        """Read a word of gradients, and write it back with what was added to some of them. Count: words."""
        both_pj = self.price.read_energy_pj + self.price.write_energy_pj
        return action(self.named("accumulate"), gradient_buffer=both_pj)

    @remembered
    def accumulate(self, n_words: int) -> Job:
        """Read and write `n_words`, each of them whole, whatever part of it changes."""
        time_ps = self.access_ps(2 * n_words)
        return Job(self.price_of_accumulate(), n_words, time_ps, time_ps, ((self.kind, 1, 1),))

    def words_of_columns(self, n_columns: int) -> list[tuple[int, int]]:
        """Of each word of a row of so many gradients, the columns (start, stop) that lie in it."""
        bits, width = self.chip.tile.gradients.gradient_bits, self.price.width_bits
        n_words = self.accesses(n_columns * bits)
        return [(w * width // bits, min(n_columns, -(-(w + 1) * width // bits))) for w in range(n_words)]

    def examples(self) -> list[Action]:
        return [self.price_of_load(), self.price_of_accumulate()]

    def asked(self) -> tuple[int, Fraction]:
        """A gradient of each of the gradient unit's lanes, read and written back in a cycle."""
        unit, bits = self.chip.tile.learner, self.chip.tile.gradients.gradient_bits
        return 2 * unit.n_lanes * bits, Fraction(unit.cycle_ps)
