"""The input buffer of a tile: inputs of its arrays, until all steps that need them have read them."""

from __future__ import annotations

from fractions import Fraction

from archsim.components.memory import Memory
from archsim.components.part import Job, Look, action, remembered
from archsim.components.records import Action, longest


class InputBuffer(Memory):
    """One memory in a tile."""

    kind = "input_buffer"
    path = ("tile", "input_buffer")
    counts = (
        ("fetch", "access"),
        ("receive", "access"),
    )
    reads = ("fetch",)
    writes = ("receive",)
    area_action = "fetch"
    look = Look(0, "xxxx")

    @remembered
    def price_of_fetch(self) -> Action:
        """Read inputs and carry them to a PE. Count: accesses."""
        bus = self.parts.tile_bus
        n_beats = bus.beats(self.price.width_bits)
        on_bus_pj = n_beats * bus.beat_pj()
        return action(self.named("fetch"), input_buffer=self.price.read_energy_pj, tile_bus=on_bus_pj)

    @remembered
    def fetch(self, n_accesses: int) -> Job:
        """Read so many accesses and carry them over the tile's bus: both are held as long as the slower takes."""
        bus = self.parts.tile_bus
        on_bus_ps = bus.beats_ps(n_accesses * bus.beats(self.price.width_bits))
        time_ps = longest(self.access_ps(n_accesses), on_bus_ps)
        n_used = min(n_accesses, 1)
        uses = ((self.kind, 1, n_used), ("bus", 1, n_used))
        return Job(self.price_of_fetch(), n_accesses, time_ps, time_ps, uses)

    def examples(self) -> list[Action]:
        return [self.price_of_fetch(), self.priced("receive")]

    def asked(self) -> tuple[int, Fraction]:
        """A beat of the tile's bus."""
        return self.chip.tile.bus.width_bits, Fraction(self.chip.tile.bus.cycle_ps)
