"""The base class of digital units: accumulators, neuron units, shift-and-add, gradient units."""

from __future__ import annotations

from archsim.components.part import Job, Part
from archsim.components.records import Action, Figures, Where
from archsim.spec.units import Unit


class DigitalUnit(Part):
    """A unit of several lanes; one in a tile if its class does not say otherwise."""

    free_keys = ("lanes", "cycle", "latency", "cost")

    @property
    def unit(self) -> Unit:
        """Its section of the chip file."""
        found: Unit = self.of_file(self.chip)
        return found

    @property
    def where(self) -> Where:
        return "tile"

    @property
    def n_per_parent(self) -> int:
        """Its lanes; none on a chip that does without it."""
        return 0 if self.of_file(self.chip) is None else self.unit.n_lanes

    @property
    def figures(self) -> Figures:
        cost = self.unit.cost
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)

    def times_ps(self, n: int) -> tuple[int, int]:
        """(occupancy, latency) of `n` results, see `unit_times_ps`."""
        return unit_times_ps(self.unit, n)

    def job(self, action: Action, n: int) -> Job:
        """`n` results of one action, on the unit alone."""
        held, latency = self.times_ps(n)
        return Job(action, n, held, latency, ((self.kind, 1, 1),))

    def time_of_one_ps(self) -> int:
        return self.unit.latency_ps


def unit_times_ps(unit: Unit, n: int) -> tuple[int, int]:
    """Occupancy and latency of `n` results in ps.

    ``ceil(n/lanes)`` cycles of work; the last result comes one latency after its cycle began.

    Returns
    -------
    (occupancy_ps, latency_ps)
        Both zero for no result.
    """
    rounds = -(-n // unit.n_lanes)
    if not rounds:
        return 0, 0
    return rounds * unit.cycle_ps, (rounds - 1) * unit.cycle_ps + unit.latency_ps
