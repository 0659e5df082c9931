"""What one tile has of the interconnect: a router and its links.

A flit over one hop costs the router's energy and, for model "wire", ``1/2 C V^2`` for each of its bits over
the length of the hop (the half: a wire switches with a chance of one in two for random data).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import ClassVar

from archsim.components.part import Look, Part, action, remembered
from archsim.components.records import Action, Figures, Where, burst_ps, exact
from archsim.spec.chip import Chip
from archsim.spec.chip import Interconnect as InterconnectSpec
from archsim.spec.costs import CitedInterconnect


class Interconnect(Part):
    """Router and links; one in each tile."""

    kind = "interconnect"
    path = ("interconnect",)
    counts = (("hop", "flit"),)
    area_action = "hop"
    free_keys = ("frequency", "router_latency", "cost")
    scaling = "digital"
    scaling_of: ClassVar[Mapping[str, str]] = {"capacitance_per_mm_ff": "wire"}
    look = Look(6, "")

    @classmethod
    def faults(cls, chip: Chip) -> list[str]:
        return [] if chip.interconnect.width_bits >= 1 else ["interconnect.width: must be at least 1 bit"]

    @property
    def where(self) -> Where:
        return "tile"

    @property
    def figures(self) -> Figures:
        cost = self.chip.interconnect.cost
        if isinstance(cost, CitedInterconnect):
            return Figures(cost.area_um2, cost.leakage_uw, cost.source)
        scaling = "router only; wires run above the tiles and take no area"
        return Figures(cost.router_area_um2, cost.router_leakage_uw, cost.source, scaling)

    def flits(self, n_bits: int) -> int:
        """Flits that carry `n_bits`."""
        return -(-n_bits // self.chip.interconnect.width_bits)

    @remembered
    def flit_ps(self, n_flits: int) -> int:
        """Time that `n_flits` hold a link."""
        return burst_ps(n_flits, flit_period_ps(self.chip.interconnect))

    def router_ps(self) -> int:
        """Time of the head of a packet through one router."""
        return self.chip.interconnect.router_latency_ps

    @remembered
    def hop(self, length_mm: float) -> Action:
        """Carry data over one hop of `length_mm`, taken to the micrometre. Count: flits."""
        length_mm = round(float(length_mm), 3)
        return action(f"hop@{length_mm!r}mm", interconnect=hop_energy_pj(self.chip.interconnect, length_mm))

    def examples(self) -> list[Action]:
        return [self.hop(self.parts.tile_pitch_mm())]

    def time_of_one_ps(self) -> Fraction:
        return flit_period_ps(self.chip.interconnect)


def flit_period_ps(interconnect: InterconnectSpec) -> Fraction:
    """Time of one flit on a link, exact."""
    return 1_000_000 / exact(interconnect.frequency_mhz)


def hop_energy_pj(interconnect: InterconnectSpec, length_mm: float) -> float:
    """Energy of one flit over one hop of `length_mm`, in pJ; cited figures hold for any length."""
    cost = interconnect.cost
    if isinstance(cost, CitedInterconnect):
        return cost.energy_pj
    bit_fj = 0.5 * cost.capacitance_per_mm_ff * cost.swing_v**2 * length_mm
    return cost.router_energy_pj + bit_fj * interconnect.width_bits / 1e3
