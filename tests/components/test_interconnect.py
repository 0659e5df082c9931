"""Router and wires by law: DSENT's routers, wires from the floor plan, and what the law refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from archsim.components import Parts, buffer_kinds, check, without_effect
from archsim.components.records import AreaItem
from archsim.components.router_law import RouterSize
from archsim.spec import Chip

MakeParts = Callable[..., Parts]
MakeChip = Callable[..., Chip]

# DSENT (gem5 at b1a44b8, ext/dsent), Bulk LVT, 1 GHz, 340 K: pJ per flit, um2, uW of leakage, uW of clock, by node
# and by width, ports, virtual channels, flits of each
DSENT = {
    22: {
        (32, 5, 1, 4): (0.454, 2446, 2196, 95),
        (32, 5, 2, 4): (0.575, 3769, 3377, 97),
        (128, 5, 2, 4): (2.1, 17508, 12641, 292),
        (32, 8, 4, 8): (1.32, 19113, 17124, 143),
    },
    32: {
        (32, 5, 2, 4): (1.23, 8997, 3969, 181),
        (64, 5, 2, 4): (2.32, 19718, 7566, 289),
        (32, 8, 4, 8): (2.85, 44525, 20034, 262),
    },
    45: {
        (32, 5, 1, 4): (1.75, 10193, 3041, 310),
        (32, 5, 2, 4): (2.23, 15703, 4663, 317),
        (64, 5, 2, 4): (4.21, 31795, 8883, 522),
        (32, 8, 4, 8): (5.19, 79642, 23507, 472),
    },
}
COST: dict[str, Any] = {
    "model": "router",
    "reference": {"width": "32 bit", "ports": 5, "virtual_channels": 2, "buffer_flits": 4},
    "router_energy": "1.4 pJ",
    "router_area": "12000 um2",
    "router_leakage": "3 uW",
    "wire_energy_per_mm": "52 fJ",
    "wire_latency_per_mm": "0.5 ns",
    "source": "as prices are stated for 22 nm",
}
ROUTER: dict[str, Any] = {
    "interconnect.cost": COST,
    "interconnect.buffer_flits": 4,
    "interconnect.virtual_channels": 2,
}


def router(parts: Parts) -> AreaItem:
    (item,) = (item for item in parts.items() if item.component == "interconnect")
    return item


@pytest.mark.parametrize("node", DSENT)
def test_the_law_of_a_router_gives_dsents_routers_from_one_of_them(node: int) -> None:
    reference = DSENT[node][32, 5, 2, 4]
    for of_size, prices in DSENT[node].items():
        size = RouterSize(*of_size)
        found = (size.energy(), size.area(), size.leakage(), size.clock())
        # the shares are from 22 nm, where they meet all but the largest by construction
        assert found == pytest.approx([p / r for p, r in zip(prices, reference, strict=True)], rel=0.05)


def test_a_chips_router_costs_by_its_ports_channels_buffers_and_width(make_parts: MakeParts) -> None:
    as_priced = make_parts(ROUTER)
    assert as_priced.interconnect.hop(0.0).energy_pj == pytest.approx(1.4, rel=1e-12)
    assert router(as_priced).area_um2 == pytest.approx(12000, rel=1e-12)
    assert router(as_priced).leakage_uw == pytest.approx(3, rel=1e-12)
    wide = make_parts({**ROUTER, "interconnect.width": "128 bit"})
    assert wide.interconnect.hop(0.0).energy_pj == pytest.approx(1.4 * 2.1 / 0.575, rel=0.01)
    assert router(wide).area_um2 == pytest.approx(12000 * 17508 / 3769, rel=0.01)
    one_channel = make_parts({**ROUTER, "interconnect.virtual_channels": 1})
    assert router(one_channel).leakage_uw == pytest.approx(3 * 2196 / 3377, rel=0.01)


def test_wires_cost_by_bits_and_length_and_a_long_one_is_a_pipeline(make_parts: MakeParts) -> None:
    noc = make_parts(ROUTER).interconnect  # a cycle of 1 ns, that is 2 mm
    wire_pj = noc.hop(0.3).energy_pj - noc.hop(0.0).energy_pj
    assert wire_pj == pytest.approx(0.052 * 32 * 0.3, rel=1e-12)
    assert [noc.wire_ps(mm) for mm in (0.0, 0.3, 2.0, 2.001, 4.5)] == [0, 0, 0, 1000, 2000]


def test_the_length_of_a_hop_is_the_side_of_a_tile_with_its_router(make_parts: MakeParts) -> None:
    costs = ({**COST, "router_area": area} for area in ("0 um2", "2 mm2"))
    small, large = (make_parts({**ROUTER, "interconnect.cost": cost}) for cost in costs)
    grown = large.tile_pitch_mm() ** 2 - small.tile_pitch_mm() ** 2
    assert grown == pytest.approx(2.0, rel=1e-9)


def test_the_bus_of_a_tile_is_as_long_as_its_side(make_parts: MakeParts) -> None:
    wires = {
        "model": "wires", "wire_energy_per_mm": "52 fJ", "wire_leakage_per_mm": "1.5 nW", "wire_pitch": "0.16 um",
        "source": "NeuroSim",
    }  # fmt: skip
    parts = make_parts({"tile.bus.cost": wires, "tile.bus.width": "64 bit"})
    side_mm = parts.tile_pitch_mm()
    assert parts.tile_bus.length_mm() == pytest.approx(side_mm, rel=1e-12)
    assert parts.tile_bus.collect().energy_pj == pytest.approx(64 * 0.052 * side_mm, rel=1e-12)
    (bus,) = (item for item in parts.items() if item.component == "tile_bus")
    assert bus.area_um2 == pytest.approx(64 * 0.16 * 1e3 * side_mm, rel=1e-12)
    assert bus.leakage_uw == pytest.approx(64 * 0.0015 * side_mm, rel=1e-12)
    fetched = {charge.component: charge.energy_pj for charge in parts.input_buffer.fetch(1).action.charges}
    assert fetched["tile_bus"] % parts.tile_bus.beat_pj() == pytest.approx(0, abs=1e-12)


def test_a_clock_that_is_not_gated_runs_all_the_time(make_parts: MakeParts) -> None:
    running = make_parts({**ROUTER, "interconnect.cost": {**COST, "clock_energy": "0.1 pJ"}})
    # 0.1 pJ at 1 GHz = 100 uW
    assert router(running).leakage_uw == pytest.approx(3 + 100, rel=1e-12)


def test_a_bus_has_no_routers_and_says_so(make_parts: MakeParts, make_chip: MakeChip) -> None:
    changes = {**ROUTER, "interconnect.kind": "bus"}
    bus = make_parts(changes)
    assert bus.interconnect.hop(1.0).energy_pj == pytest.approx(0.052 * 32, rel=1e-12)
    assert router(bus).area_um2 == 0.0
    notes = [note for note in without_effect(make_chip(changes)) if note.startswith("interconnect.")]
    assert len(notes) == 5  # and the virtual channels
    assert all("a bus has no routers" in note for note in notes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"interconnect.buffer_flits": 64}, "interconnect.buffer_flits: 64 is outside the law"),
        ({"interconnect.width": "1024 bit"}, "interconnect.width: 1024 bit is outside the law"),
        ({"interconnect.virtual_channels": 32}, "interconnect.virtual_channels: 32 is outside the law"),
        (
            {"interconnect.cost": {**COST, "reference": {**COST["reference"], "ports": 40}}},
            "interconnect.cost.reference.ports: 40 ports are outside the law of cost.model: router, 3 to 16",
        ),
    ],
)
def test_a_router_that_the_law_does_not_hold_for_is_refused(
    make_chip: MakeChip, changes: dict[str, Any], said: str
) -> None:
    (error,) = check(make_chip({**ROUTER, **changes}))
    assert said in error
    assert "model: cited or wire" in error


def test_buffers_without_limit_have_no_price(make_chip: MakeChip) -> None:
    (error,) = check(make_chip({"interconnect.cost": COST}))
    assert "give buffer_flits (and virtual_channels)" in error


def test_four_tiles_share_a_router_of_eight_ports(make_chip: MakeChip) -> None:
    chip = make_chip({**ROUTER, "interconnect.tiles_per_router": 4})
    four, five = (router(Parts(chip, n, dict.fromkeys(buffer_kinds(), 4096))) for n in (4, 5))
    size = RouterSize(32, 8, 2, 4)
    assert 4 * four.area_um2 == pytest.approx(12000 * size.area(), rel=1e-12)
    assert 4 * four.leakage_uw == pytest.approx(3 * size.leakage(), rel=1e-12)
    assert 5 * five.area_um2 == pytest.approx(2 * 12000 * size.area(), rel=1e-12)  # two routers
    assert "shared by 4 tiles; 8 ports" in four.scaling


@pytest.mark.parametrize(
    ("kind", "n_tiles", "n_routers", "n_ports"),
    [("mesh", 4, 4, 5), ("mesh", 5, 6, 5), ("torus", 7, 9, 5), ("htree", 4, 2, 3), ("htree", 5, 5, 3)],
)
def test_a_chip_pays_for_every_router_that_its_kind_needs(
    make_chip: MakeChip, kind: str, n_tiles: int, n_routers: int, n_ports: int
) -> None:
    # 5 leaves: 3 junctions above them, 2 above those, and the global buffer
    chip = make_chip({**ROUTER, "interconnect.kind": kind})
    item = router(Parts(chip, n_tiles, dict.fromkeys(buffer_kinds(), 4096)))
    assert item.n * item.area_um2 == pytest.approx(n_routers * 12000 * RouterSize(32, n_ports, 2, 4).area())
