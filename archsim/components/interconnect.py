"""The links between tiles, and the bus inside a tile.

A flit over one hop costs the router's energy and, for model "wire", ``1/2 C V^2`` for each of its bits over
the length of the hop (the half: a wire switches with a chance of one in two for random data).
"""

from __future__ import annotations

from fractions import Fraction

from archsim.components.records import Figures, exact
from archsim.spec.chip import Interconnect
from archsim.spec.costs import CitedInterconnect


def flit_period_ps(interconnect: Interconnect) -> Fraction:
    """Time of one flit on a link, exact."""
    return 1_000_000 / exact(interconnect.frequency_mhz)


def hop_energy_pj(interconnect: Interconnect, length_mm: float) -> float:
    """Energy of one flit over one hop of `length_mm`, in pJ; cited figures hold for any length."""
    cost = interconnect.cost
    if isinstance(cost, CitedInterconnect):
        return cost.energy_pj
    bit_fj = 0.5 * cost.capacitance_per_mm_ff * cost.swing_v**2 * length_mm
    return cost.router_energy_pj + bit_fj * 1e-3 * interconnect.width_bits


def interconnect_figures(interconnect: Interconnect) -> Figures:
    """Area and leakage of what one tile has of the interconnect."""
    cost = interconnect.cost
    if isinstance(cost, CitedInterconnect):
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)
    scaling = "router only; wires run above the tiles and take no area"
    return Figures(cost.router_area_um2, cost.router_leakage_uw, cost.source, scaling)


def interconnect_faults(interconnect: Interconnect) -> list[str]:
    """What keeps the interconnect from being priced."""
    return ["interconnect.width: must be at least 1 bit"] if interconnect.width_bits < 1 else []
