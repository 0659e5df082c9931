"""The price list: units, wires, programming, areas, and the errors that keep a chip from having one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archsim.components import Parts, ReadCycle, check, part_kinds, price_rows
from archsim.errors import SpecError
from archsim.spec import Chip

MakeParts = Callable[..., Parts]
MakeChip = Callable[..., Chip]


def by_component(parts: Parts) -> dict[str, Any]:
    return {item.component: item for item in parts.items()}


def test_a_unit_is_busy_a_cycle_per_round_of_lanes_and_done_one_latency_later(make_parts: MakeParts) -> None:
    parts = make_parts()
    neuron = parts.neuron_unit  # 8 lanes, 1 ns a cycle, 3 ns latency
    assert [neuron.times_ps(n) for n in (0, 1, 8, 9)] == [(0, 0), (1000, 3000), (1000, 3000), (2000, 4000)]


def test_a_neurons_update_reads_and_writes_each_of_its_states(make_parts: MakeParts) -> None:
    lif, cuba = make_parts().neuron_unit.price_of_update(1), make_parts().neuron_unit.price_of_update(2)
    # 16 bits of a 64-bit access that parts 2 + 3 pJ
    assert [(c.component, c.energy_pj) for c in lif.charges] == [("neuron_unit", 0.3), ("membrane_buffer", 1.25)]
    assert cuba.charges[1].energy_pj == 2.5
    assert lif.name != cuba.name


def test_a_word_of_gradients_is_read_and_written_whole(make_parts: MakeParts) -> None:
    buffer = make_parts().gradient_buffer  # words of 64 bit, gradients of 32, 2 + 3 pJ
    accumulate = buffer.accumulate(7)
    assert [(c.component, c.energy_pj) for c in accumulate.action.charges] == [("gradient_buffer", 5.0)]
    assert (accumulate.count, accumulate.occupancy_ps) == (7, buffer.access_ps(14))
    assert buffer.words_of_columns(5) == [(0, 2), (2, 4), (4, 5)]
    odd = make_parts({"tile.gradient_buffer.gradient": "24 bit"}).gradient_buffer
    assert odd.words_of_columns(6) == [(0, 3), (2, 6), (5, 6)]  # the third and the sixth lie in two words


def test_a_fetched_word_takes_whole_beats_of_the_bus(make_parts: MakeParts) -> None:
    parts = make_parts()  # 64-bit words on a 48-bit bus
    assert [(c.component, c.energy_pj) for c in parts.input_buffer.price_of_fetch().charges] == [
        ("input_buffer", 2.0),
        ("tile_bus", 1.0),
    ]
    assert (parts.tile_bus.beats(97), parts.tile_bus.beats_ps(3)) == (3, 3000)


def test_packets_are_whole_flits_and_a_burst_is_rounded_once(make_parts: MakeParts) -> None:
    parts = make_parts({"interconnect.frequency": "3 GHz"})
    assert [parts.interconnect.flits(n) for n in (0, 1, 32, 33)] == [0, 1, 1, 2]
    assert [parts.interconnect.flit_ps(n) for n in (1, 2, 3)] == [333, 667, 1000]
    assert parts.interconnect.router_ps() == 2000


def test_a_wire_takes_half_c_v_squared_per_bit_and_length(make_parts: MakeParts) -> None:
    cost = {
        "model": "wire",
        "router_energy": "5 pJ",
        "router_area": "1000 um2",
        "router_leakage": "3 uW",
        "capacitance_per_mm": "200 fF",
        "swing": "1.1 V",
        "source": "made up for a test",
    }
    parts = make_parts({"interconnect.cost": cost})
    # 1/2 x 200 fF/mm x 1.21 V^2 x 32 bit x 0.5 mm = 1936 fJ
    assert parts.interconnect.hop(0.5).energy_pj == pytest.approx(5 + 1.936, rel=1e-12)
    assert parts.interconnect.hop(0.5).name != parts.interconnect.hop(0.25).name
    assert by_component(parts)["interconnect"].area_um2 == 1000.0


def test_a_row_is_programmed_group_by_group_and_verified_after_each_pulse(make_parts: MakeParts) -> None:
    write = make_parts().write_circuits  # 32 cells at once, 2.5 pulses of 100 ns
    found = [write.program_row_ps(n) for n in (0, 1, 32, 33, 128)]
    assert found == [0, 250_000, 250_000, 500_000, 1_000_000]
    # drive 2 ns + read 10 ns + 128 conversions in 100 ns, 2.5 times
    assert write.verify_row_ps(128) == 280_000
    assert make_parts({"write.verify": False}).write_circuits.verify_row_ps(128) == 0
    assert make_parts({"write.verify": False}).write_circuits.verify(1e-5, 128).energy_pj == 0


def test_energy_of_a_row_is_its_power_times_its_time(make_parts: MakeParts) -> None:
    parts = make_parts()
    for n_cells in (32, 128):  # whole groups of 32
        energy_pj = n_cells * parts.write_circuits.program(n_cells).energy_pj
        power_w = parts.write_circuits.program_power_uw(n_cells) * 1e-6
        assert energy_pj == pytest.approx(power_w * parts.write_circuits.program_row_ps(n_cells), rel=1e-12)


def test_the_energy_of_a_row_is_shared_by_its_cells(make_parts: MakeParts) -> None:
    parts = make_parts()
    write = parts.chip.write
    shared = parts.write_circuits.program(16).energy_pj - parts.write_circuits.program(32).energy_pj
    assert shared == pytest.approx(write.pulses_per_cell * write.cost.row_energy_pj * (1 / 16 - 1 / 32))


def test_a_term_of_an_outer_product_is_an_addition_or_a_multiplication_and_one(make_parts: MakeParts) -> None:
    unit = make_parts().gradient_unit  # 2 lanes, 0.7 pJ
    spikes, numbers, wide = (unit.outer(1000, bits, 8) for bits in (1, 8, 16))
    assert [job.action.energy_pj for job in (spikes, numbers, wide)] == pytest.approx([0.7, 0.7 * 5, 0.7 * 9])
    # a lane adds and multiplies 8 by 8 bit at once; 16 by 8 bit take two turns
    assert spikes.occupancy_ps == numbers.occupancy_ps == unit.times_ps(1000)[0]
    assert wide.occupancy_ps == unit.times_ps(2000)[0]
    assert unit.outer(0, 1, 8).uses == (("gradient_unit", 1, 0),)


def test_a_verified_cell_is_read_driven_and_converted_once_per_pulse(make_parts: MakeParts) -> None:
    charges = {c.component: c.energy_pj for c in make_parts().write_circuits.verify(20e-6, 128).charges}
    assert charges == pytest.approx(
        {"crossbar": 2.5 * 0.008, "drivers": 2.5 * 0.5 / 128, "adc": 2.5 * 1.5, "sample_hold": 2.5 * 0.001}
    )


def test_instances_multiply_down_the_hierarchy(make_parts: MakeParts) -> None:
    items = by_component(make_parts({"adc.columns_per_adc": 8}))  # 2 tiles x 3 PEs x 2 crossbars
    counts = {name: (item.where, item.n) for name, item in items.items()}
    assert counts["crossbar"] == ("crossbar", 12)
    assert counts["adc"] == ("crossbar", 12 * 16)
    assert counts["sample_hold"] == ("crossbar", 12 * 128 * 2)
    assert counts["neuron_unit"] == ("tile", 2 * 8)
    assert counts["global_buffer"] == ("chip", 1)
    assert set(items) <= set(part_kinds())


def test_an_adc_bank_of_a_pe_is_there_once_per_pe(make_parts: MakeParts) -> None:
    items = by_component(make_parts({"adc.scope": "pe"}))
    assert (items["adc"].where, items["adc"].n) == ("pe", 6)
    assert (items["shift_add"].where, items["shift_add"].n) == ("pe", 6)


def test_duplicated_circuits_of_a_transposable_array_are_there_twice(make_parts: MakeParts) -> None:
    once, twice = (by_component(make_parts({"crossbar.transpose": t})) for t in ("shared", "duplicated"))
    for name in ("drivers", "adc", "sample_hold"):
        assert twice[name].n == 2 * once[name].n
    for name in ("crossbar", "write_circuits", "shift_add"):
        assert twice[name].n == once[name].n


def test_the_tile_pitch_is_the_side_of_one_tile(make_parts: MakeParts) -> None:
    parts = make_parts()
    crossbars = 6 * (128 * 128 * 0.1 + 20 + 30 + 256 * 0.03 + 1200 + 10)
    tile_um2 = crossbars + 10 + 5 * 500 + (4 + 8 + 2) * 10 + 10
    assert parts.tile_pitch_mm() == pytest.approx((tile_um2**0.5) / 1000, rel=1e-12)


def test_isaacs_array_read_all_the_time_takes_the_power_of_its_table(
    reference_dir: Path, make_parts: MakeParts
) -> None:
    isaac = json.loads((reference_dir / "reference/component_costs.json").read_text())["isaac_32nm"]
    derived = isaac["derived"]
    source = {"area": "1 um2", "leakage": "0 uW", "source": "ISAAC, ISCA 2016, Table I"}
    parts = make_parts(
        {
            "device.read_pulse": "100 ns",
            "crossbar.cost": {
                "model": "cited",
                "energy": f"{derived['array_pJ_per_read']} pJ",
                "per": "read",
                **source,
            },
            "drivers.cost": {
                "model": "cited",
                "energy": f"{derived['dac_pJ_per_row_cycle']} pJ",
                "energy_per_bit": "0 pJ",
                **source,
            },
            "adc.cost": {
                "model": "cited",
                "per": "conversion",
                **source,
                "energy": f"{derived['adc_pJ_per_conv'][0]} pJ",
            },
        }
    )
    cycles = parts.drivers.read_cycles(16, signed=False)
    assert sum(cycle.read_ps for cycle in cycles) == 1_600_000  # a new product every 16 cycles of 100 ns
    assert parts.adc.convert_ps(128, 8) == 100_000

    def mw(energy_pj: float) -> float:  # 8 arrays, once in 100 ns
        return 8 * energy_pj / 100

    spike = cycles[0]
    ima = isaac["ima"]
    array_pj = parts.crossbar.read(spike, "fc", 0.0).energy_pj
    assert mw(array_pj) == pytest.approx(ima["array_128x128_2b_x8"]["mW"], rel=1e-3)
    assert mw(128 * parts.drivers.drive(spike).energy_pj) == pytest.approx(ima["dac_1b_x1024"]["mW"], rel=1e-3)
    adc_pj = parts.adc.convert(spike).charges[0].energy_pj
    assert mw(128 * adc_pj) == pytest.approx(ima["adc_8b_1p2GSps_x8"]["mW"], rel=1e-3)


def test_a_chip_outside_the_models_gets_all_its_errors_at_once(make_chip: MakeChip) -> None:
    chip = make_chip(
        {
            "technology.node": "130 nm",
            "adc.resolution": "3 bit",
            "adc.rate": "20 GS/s",
            "adc.cost": {"model": "survey"},
            "tile.input_buffer": {"size": "4 KiB", "width": "512 bit", "cost": {"model": "cacti"}},
            "tile.output_buffer.cycle": None,
            "write.pulse": "0 ns",
        }
    )
    errors = check(chip)
    assert [error.split(":")[0] for error in errors] == [
        "write.pulse",
        "adc.resolution",
        "adc.rate",
        "tile.input_buffer.cost",
        "tile.input_buffer.width",
        "tile.output_buffer.cycle",
    ]
    assert "sense_amp" in errors[1]
    with pytest.raises(SpecError) as caught:
        Parts(chip, 1, {})
    assert str(caught.value).splitlines() == errors


def test_a_chip_on_cited_figures_may_be_of_any_node(make_chip: MakeChip) -> None:
    assert check(make_chip({"technology.node": "180 nm"})) == []


def test_a_node_above_the_usable_part_of_the_table_is_refused(make_chip: MakeChip) -> None:
    cacti = {"size": "4 KiB", "width": "64 bit", "cost": {"model": "cacti"}}
    (error,) = check(make_chip({"technology.node": "90 nm", "global_buffer": cacti}))
    assert error.startswith("global_buffer.cost: CACTI's table holds 22 to 65 nm, the chip has 90 nm")


def test_a_size_of_auto_without_a_workload_is_refused(make_chip: MakeChip) -> None:
    chip = make_chip({"tile.history_buffer.size": "auto"})
    with pytest.raises(SpecError, match=r"tile\.history_buffer\.size: auto needs a workload"):
        Parts(chip, 1, {})
    Parts(chip, 1, {"history_buffer": 2048})


def test_the_catalog_names_a_source_and_every_action_of_every_component(make_chip: MakeChip) -> None:
    chip = make_chip({"tile.history_buffer.size": "auto", "adc.cost": {"model": "survey"}})
    rows = {row["component"]: row for row in price_rows(chip)}
    assert all(row["source"] for row in rows.values())
    assert "1 KiB" in rows["history_buffer"]["scaling"]
    assert {action["name"].split("@")[0] for row in rows.values() for action in row["actions"]} == {
        *("drive", "read", "convert", "shift_add", "fetch", "receive", "collect", "add", "pool"),
        *("update", "emit", "unload", "hop"),
        *("load_global", "store_global", "keep", "recall", "error", "surrogate", "outer", "load_gradient"),
        *("program", "verify", "leak", "move", "accumulate"),
    }
    assert rows["adc"]["actions"][0] == {
        "name": "convert@8b",
        "energy_pj": Parts(chip, 2, {"history_buffer": 1024})
        .adc.convert(ReadCycle(1, 1, 1, 8))
        .charges[0]
        .energy_pj,
        "per": "conversion",
    }
