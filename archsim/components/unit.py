"""Digital units: accumulators, neuron units, shift-and-add, gradient units, control."""

from __future__ import annotations

from archsim.components.records import Figures
from archsim.spec.chip import Unit
from archsim.spec.costs import CitedCost


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


def cited_figures(cost: CitedCost) -> Figures:
    """Area and leakage of one instance as published."""
    return Figures(cost.area_um2, cost.leakage_uw, cost.source)
