"""The bus inside a tile: inputs to the PEs, results back."""

from __future__ import annotations

from archsim.components.part import Job, Look, Part, action, remembered
from archsim.components.records import Action, Figures, Where
from archsim.spec.chip import Chip


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
    def faults(cls, chip: Chip) -> list[str]:
        return [] if chip.tile.bus.width_bits >= 1 else ["tile.bus.width: must be at least 1 bit"]

    @property
    def where(self) -> Where:
        return "tile"

    @property
    def figures(self) -> Figures:
        cost = self.chip.tile.bus.cost
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)

    def beats(self, n_bits: int) -> int:
        """Cycles of the bus that carry `n_bits`."""
        return -(-n_bits // self.chip.tile.bus.width_bits)

    def beats_ps(self, n_beats: int) -> int:
        """Time of `n_beats`."""
        return n_beats * self.chip.tile.bus.cycle_ps

    @remembered
    def collect(self) -> Action:
        """Carry results of a block to the accumulators. Count: beats."""
        return action("collect", tile_bus=self.chip.tile.bus.cost.energy_pj)

    @remembered
    def collecting(self, n_bits: int) -> Job:
        """Carry `n_bits` of results to the accumulators."""
        return self._carrying(self.collect(), n_bits)

    @remembered
    def move(self) -> Action:
        """Carry what was sent from the output buffer to the input buffer of the same tile. Count: beats."""
        return action("move", tile_bus=self.chip.tile.bus.cost.energy_pj)

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
