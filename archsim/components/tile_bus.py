"""The bus inside a tile: inputs to the PEs, results back."""

from __future__ import annotations

import math

from archsim.components.part import Job, Look, Part, action, remembered
from archsim.components.records import Action, Figures, Where
from archsim.spec.chip import Chip
from archsim.spec.costs import BusWires, CitedCost


class TileBus(Part):
    """One bus in a tile."""

    kind = "tile_bus"
    path = ("tile", "bus")
    counts = (("collect", "beat"), ("move", "beat"))
    area_action = "collect"
    free_keys = ("cycle", "cost")
    scaling = "wire"
    look = Look(4, "")

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:
        return [] if chip.tile.bus.width_bits >= 1 else ["tile.bus.width: must be at least 1 bit"]

    @property
    def where(self) -> Where:
        return "tile"

    @property
    def figures(self) -> Figures:
        bus = self.chip.tile.bus
        cost = bus.cost
        if isinstance(cost, CitedCost):
            return Figures(cost.area_um2, cost.leakage_uw, cost.source)
        length_mm = self.length_mm()
        area_um2 = bus.width_bits * cost.wire_pitch_um * length_mm * 1e3
        leakage_uw = bus.width_bits * cost.wire_leakage_per_mm_uw * length_mm
        return Figures(area_um2, leakage_uw, cost.source, f"{bus.width_bits} wires of {length_mm:.3g} mm")

    @remembered
    def length_mm(self) -> float:
        """Side of a square tile; the bus with its pitch p and width w is part of it: side² = others + p w side."""
        bus = self.chip.tile.bus
        assert isinstance(bus.cost, BusWires)
        across_um = bus.width_bits * bus.cost.wire_pitch_um
        others_um2 = self.parts.tile_um2_without(self.kind)
        return (across_um + math.sqrt(across_um**2 + 4 * others_um2)) / 2e3

    def beat_pj(self) -> float:
        """Energy of one cycle of the bus."""
        bus = self.chip.tile.bus
        cost = bus.cost
        if isinstance(cost, CitedCost):
            return cost.energy_pj
        return bus.width_bits * cost.wire_energy_per_mm_pj * self.length_mm()

    def beats(self, n_bits: int) -> int:
        """Cycles of the bus that carry `n_bits`."""
        return -(-n_bits // self.chip.tile.bus.width_bits)

    def beats_ps(self, n_beats: int) -> int:
        """Time of `n_beats`."""
        return n_beats * self.chip.tile.bus.cycle_ps

    @remembered
    def collect(self) -> Action:
        """Carry results of a block to the accumulators. Count: beats."""
        return action("collect", tile_bus=self.beat_pj())

    @remembered
    def collecting(self, n_bits: int) -> Job:
        """Carry `n_bits` of results to the accumulators."""
        return self._carrying(self.collect(), n_bits)

    @remembered
    def move(self) -> Action:
        """Carry what was sent from the output buffer to the input buffer of the same tile. Count: beats."""
        return action("move", tile_bus=self.beat_pj())

    @remembered
    def moving(self, n_bits: int) -> Job:
        """Carry `n_bits` from the output buffer to the input buffer of the same tile."""
        return self._carrying(self.move(), n_bits)

    def _carrying(self, price: Action, n_bits: int) -> Job:
        n_beats = self.beats(n_bits)
        time_ps = self.beats_ps(n_beats)
        return Job(price, n_beats, time_ps, time_ps, (("bus", 1, 1),))

    def examples(self) -> list[Action]:
        return [self.collect(), self.move()]

    def time_of_one_ps(self) -> int:
        return self.chip.tile.bus.cycle_ps
