"""Share of one tile in the interconnect: a router, or its share of one, and its links.

A flit over one hop costs the router's energy and, by the cost model,

* ``cited``: nothing more, whatever the length;
* ``wire``: ``1/2 C V^2`` for each of its bits over the length of the hop (the half: a wire switches with a chance
  of one in two for random data);
* ``router``: a price per bit and length. Router and clock follow from ports, channels and buffers
  (:mod:`archsim.components.router_law`). Wires are repeated, and a long one is a pipeline: a link takes as many
  whole cycles as a flit needs for it, of which one is in `router_latency`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import ClassVar, assert_never

from archsim.components.part import Look, Part, action, remembered
from archsim.components.records import Action, Figures, Where, burst_ps, exact
from archsim.components.router_law import CHECKED, RouterSize
from archsim.registry import INTERCONNECTS
from archsim.spec.chip import Chip
from archsim.spec.chip import Interconnect as InterconnectSpec
from archsim.spec.costs import CitedInterconnect, RouterInterconnect, RouterReference, WireInterconnect
from archsim.units import file_key

_REFERENCE = "interconnect.cost.reference."


class Interconnect(Part):
    """Router and links; one in each tile."""

    kind = "interconnect"
    path = ("interconnect",)
    counts = (("hop", "flit"), ("eject", "flit"), ("route", "packet"))
    area_action = "hop"
    free_keys = ("frequency", "router_latency", "cost")
    scaling = "digital"
    scaling_of: ClassVar[Mapping[str, str]] = {"capacitance_per_mm_ff": "wire", "wire_energy_per_mm_pj": "wire"}
    look = Look(6, "")

    @classmethod
    def errors(cls, chip: Chip) -> list[str]:
        noc = chip.interconnect
        if noc.width_bits < 1:
            return ["interconnect.width: must be at least 1 bit"]
        return _law_errors(noc) if isinstance(noc.cost, RouterInterconnect) else []

    @classmethod
    def notes(cls, chip: Chip) -> list[str]:
        noc = chip.interconnect
        if INTERCONNECTS[noc.kind].router_ports(1):
            return []
        keys = ["virtual_channels"] if noc.n_virtual_channels > 1 else []
        keys += ["arbitration"] if noc.arbitration == "flit" else []
        if isinstance(noc.cost, RouterInterconnect):
            priced = ("router_energy", "clock_energy", "router_area", "router_leakage", "reference")
            said = {file_key(name) for name in noc.cost.model_fields_set}
            keys += [f"cost.{key}" for key in priced if key in said]
        why = f"changes nothing here, for a {noc.kind} has no routers; choose another kind"
        return [f"interconnect.{key}: {why}" for key in keys]

    @property
    def where(self) -> Where:
        return "tile"

    @property
    def figures(self) -> Figures:
        noc = self.chip.interconnect
        cost = noc.cost
        if isinstance(cost, CitedInterconnect):
            return Figures(cost.area_um2, cost.leakage_uw, cost.source)
        scaling = "router only; wires run above the tiles and take no area"
        if isinstance(cost, WireInterconnect):
            return Figures(cost.router_area_um2, cost.router_leakage_uw, cost.source, scaling)
        router = router_of(noc)
        if router is None:
            return Figures(0.0, 0.0, cost.source, "no router; wires run above the tiles and take no area")
        share, reference = self._routers_per_tile(), _size(cost.reference)
        leakage_uw = cost.router_leakage_uw * router.leakage() / reference.leakage()
        clock_uw = clock_energy_pj(noc) * noc.frequency_mhz  # pJ MHz = uW
        shared = f"shared by {noc.n_tiles_per_router} tiles; " if noc.n_tiles_per_router > 1 else ""
        scaling = f"{shared}{_said(router)} from {_said(reference)}; {scaling}"
        area_um2 = cost.router_area_um2 * router.area() / reference.area()
        return Figures(share * area_um2, share * (leakage_uw + clock_uw), cost.source, scaling)

    def _routers_per_tile(self) -> float:
        """Whole routers of the chip by its tiles."""
        noc, n_tiles = self.chip.interconnect, max(1, self.parts.n_tiles)
        n_routers: int = INTERCONNECTS[noc.kind].n_routers(-(-n_tiles // noc.n_tiles_per_router))
        return n_routers / n_tiles

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
    def allocate_ps(self) -> int:
        """Time of a head in allocation: a cycle, if the latency of the router has as much."""
        return min(self.flit_ps(1), self.router_ps())

    @remembered
    def link_ps(self, length_mm: float) -> int:
        """Time of a head through the crossbar and over the link: the rest of the router's latency."""
        return self.router_ps() - self.allocate_ps() + self.wire_ps(length_mm)

    @remembered
    def wire_ps(self, length_mm: float) -> int:
        """Time on a wire of `length_mm` beyond its first cycle, in whole cycles."""
        cost = self.chip.interconnect.cost
        if not isinstance(cost, RouterInterconnect):
            return 0
        period_ps = flit_period_ps(self.chip.interconnect)
        needed_ps = exact(round(float(length_mm), 3)) * cost.wire_latency_per_mm_ps
        return burst_ps(max(0, -(-needed_ps // period_ps) - 1), period_ps)

    @remembered
    def hop(self, length_mm: float) -> Action:
        """Carry data over one hop of `length_mm`, taken to the micrometre. Count: flits."""
        length_mm = round(float(length_mm), 3)
        return action(f"hop@{length_mm!r}mm", interconnect=hop_energy_pj(self.chip.interconnect, length_mm))

    @remembered
    def entry(self, length_mm: float) -> Action:
        """Carry data to the first router, over a link of `length_mm`. Count: flits."""
        noc = self.chip.interconnect
        if not isinstance(noc.cost, RouterInterconnect):
            return self.hop(length_mm)
        length_mm = round(float(length_mm), 3)
        return action(f"hop@{length_mm!r}mm,wires", interconnect=wire_energy_pj(noc, length_mm))

    @remembered
    def exit(self) -> Action:
        """Carry data out of the last router, at the tile; cited figures count hops between tiles. Count: flits."""
        noc = self.chip.interconnect
        is_law = isinstance(noc.cost, RouterInterconnect)
        return action("eject", interconnect=router_energy_pj(noc) if is_law else 0.0)

    @remembered
    def route(self) -> Action:
        """Time of a packet in a router or on its ports; energy is that of its flits. Count: packets."""
        return action("route", interconnect=0.0)

    def examples(self) -> list[Action]:
        hop = self.hop(self.parts.tile_pitch_mm())
        return [hop, self.exit()] if self.exit().energy_pj else [hop]

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
    if isinstance(cost, WireInterconnect):
        bit_fj = 0.5 * cost.capacitance_per_mm_ff * cost.swing_v**2 * length_mm
        return cost.router_energy_pj + bit_fj * interconnect.width_bits / 1e3
    if isinstance(cost, RouterInterconnect):
        return router_energy_pj(interconnect) + wire_energy_pj(interconnect, length_mm)
    assert_never(cost)


def wire_energy_pj(interconnect: InterconnectSpec, length_mm: float) -> float:
    """Energy of one flit on wires of `length_mm` that are charged per bit and length, in pJ."""
    assert isinstance(interconnect.cost, RouterInterconnect)
    return interconnect.cost.wire_energy_per_mm_pj * length_mm * interconnect.width_bits


def router_energy_pj(interconnect: InterconnectSpec) -> float:
    """Energy of one flit through a router by the law, in pJ; 0 where there is none."""
    cost, router = interconnect.cost, router_of(interconnect)
    assert isinstance(cost, RouterInterconnect)
    return cost.router_energy_pj * router.energy() / _size(cost.reference).energy() if router else 0.0


def clock_energy_pj(interconnect: InterconnectSpec) -> float:
    """Energy of one clock of a router by the law, in pJ; 0 where there is no router, or clocks are gated."""
    cost, router = interconnect.cost, router_of(interconnect)
    assert isinstance(cost, RouterInterconnect)
    if router is None or cost.clock_energy_pj is None:
        return 0.0
    return cost.clock_energy_pj * router.clock() / _size(cost.reference).clock()


def router_of(interconnect: InterconnectSpec) -> RouterSize | None:
    """The size of the chip's routers; None if its kind has none."""
    n_ports = INTERCONNECTS[interconnect.kind].router_ports(interconnect.n_tiles_per_router)
    if not n_ports:
        return None
    assert interconnect.n_buffer_flits != "unlimited"  # see `_law_errors`
    return RouterSize(
        interconnect.width_bits, n_ports, interconnect.n_virtual_channels, interconnect.n_buffer_flits
    )


def _size(reference: RouterReference) -> RouterSize:
    return RouterSize(
        reference.width_bits, reference.n_ports, reference.n_virtual_channels, reference.n_buffer_flits
    )


def _said(size: RouterSize) -> str:
    """A size for people."""
    buffers = f"{size.n_virtual_channels} VC x {size.n_buffer_flits} flits x {size.width_bits} bit"
    return f"{size.n_ports} ports x {buffers}"


def _law_errors(noc: InterconnectSpec) -> list[str]:
    """Where the law of a router does not hold for a chip, or for the reference that it gives."""
    assert isinstance(noc.cost, RouterInterconnect)
    n_ports = INTERCONNECTS[noc.kind].router_ports(noc.n_tiles_per_router)
    if n_ports and noc.n_buffer_flits == "unlimited":
        said = "cost.model: router prices them; give buffer_flits (and virtual_channels), such as 4 (and 2)"
        return [f"interconnect.buffer_flits: unlimited buffers have no price; {said}"]
    sizes = [(_REFERENCE, _size(noc.cost.reference))]
    router = router_of(noc)
    if router is not None:
        sizes.insert(0, ("interconnect.", router))
    return [
        f"{path}{_key(path, name)}: {value} {_unit(name)} outside the law of cost.model: router, {low} to {high} "
        f"({CHECKED}); stay within, or price the router with model: cited or wire"
        for path, size in sizes
        for name, value, (low, high) in size.outside()
    ]


def _key(path: str, name: str) -> str:
    """The key of a field; how many ports a chip's routers have, its kind says."""
    return "kind" if name == "n_ports" and path != _REFERENCE else file_key(name)


def _unit(name: str) -> str:
    return {"width_bits": "bit is", "n_ports": "ports are"}.get(name, "is")
