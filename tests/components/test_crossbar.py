"""Cycles and energy of a read: NeuRRAM's closed form and recorded split, Ohm's law."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from archsim.components import ArrayRead, Parts, ReadCycle

MakeParts = Callable[..., Parts]

NEURRAM: dict[str, Any] = {
    "technology.node": "130 nm",
    "crossbar.rows": 256,
    "crossbar.columns": 256,
    "device.read_pulse": "270 ns",
    "drivers.kind": "pulse_train",
    "drivers.max_cycles": 2,
    "drivers.signed_input": "bipolar",
    "drivers.latency": "300 ns",
    "adc.rate": None,
    "adc.step": "300 ns",
    "adc.columns_per_adc": 1,
}


LINES = {"crossbar.columns": 128, "crossbar.cost.word_line_energy": "1 fJ"}
HOLD = {**LINES, "crossbar.read_out": "hold"}
REREAD = {**LINES, "crossbar.read_out": "reread"}
CONTROL = {
    "crossbar.control": {
        "cost": {"model": "cited", "energy": "1 pJ", "area": "1 um2", "leakage": "0 uW", "source": "a test"}
    }
}


@pytest.fixture(scope="module")
def neurram(reference_dir: Path) -> Any:
    return json.loads((reference_dir / "reference/known_answers.json").read_text())["neurram"]


def neurram_costs(make_parts: MakeParts, out_bits: int, one_phase: bool, **more: Any) -> Parts:
    changes = {**NEURRAM, "adc.resolution": f"{out_bits} bit", "drivers.max_cycles": 1 if one_phase else 2}
    return make_parts({**changes, **more})


def product_ps(parts: Parts, in_bits: int) -> int:
    return sum(
        parts.drivers.settle_ps() + cycle.read_ps + parts.adc.convert_ps(256, cycle.adc_bits)
        for cycle in parts.drivers.read_cycles(in_bits, signed=True)
    )


def test_neurrams_recorded_products_take_the_recorded_time(neurram: Any, make_parts: MakeParts) -> None:
    assert len(neurram["rows"]) == 5
    for row in neurram["rows"]:
        parts = neurram_costs(make_parts, row["out_bits"], row["one_phase"])
        time_ps = product_ps(parts, row["in_bits"])
        assert time_ps == round(row["T_us"] * 1e6)
        tops = 65536 * 48 / time_ps
        assert tops == pytest.approx(row["TOPS_silicon"], rel=0.10)


@pytest.mark.parametrize("in_bits", range(1, 9))
@pytest.mark.parametrize("one_phase", [True, False])
def test_neurrams_closed_form_holds_at_every_bit_width(
    make_parts: MakeParts, in_bits: int, one_phase: bool
) -> None:
    for out_bits in range(1, 13):
        n = max(1, in_bits - 1)
        phases = (n,) if one_phase or n <= 3 else (-(-n // 2), n // 2)
        closed_us = 0.27 * sum(2**p - 1 for p in phases) + 0.3 * len(phases)
        closed_us += 0.3 * sum(max(out_bits - sum(phases[:i]), 0) for i in range(len(phases)))
        parts = neurram_costs(make_parts, out_bits, one_phase)
        assert product_ps(parts, in_bits) == round(closed_us * 1e6)


def test_neurrams_recorded_energy_split_comes_out_within_ten_percent(neurram: Any, make_parts: MakeParts) -> None:
    # weighted least squares on the four rows; 65536 operations are 256 rows, 256 conversions, 65536 cells
    energy = {
        "drivers.cost.energy": "0.6533 pJ",
        "drivers.cost.energy_per_bit": "1.65 pJ",
        "adc.cost": {
            "model": "cited",
            "energy": "0.976 pJ",
            "per": "step",
            "area": "1 um2",
            "leakage": "0 uW",
            "source": "fit",
        },
        "crossbar.cost": {
            "model": "cited",
            "energy": "3.638 fJ",
            "per": "cell",
            "per_input_bit": True,
            "area": "1 um2",
            "leakage": "0 uW",
            "source": "fit",
        },
        "sample_hold": None,
    }
    assert len(neurram["energy_fJ_per_MAC_two_phase"]) == 4
    for key, split in neurram["energy_fJ_per_MAC_two_phase"].items():
        out_bits, in_bits = (int(part.strip("outin")) for part in key.split("_"))
        parts = neurram_costs(make_parts, out_bits, one_phase=False, **energy)
        cycles = parts.drivers.read_cycles(in_bits, signed=True)
        found_pj = {
            "wl_switching": sum(256 * parts.drivers.drive(c).energy_pj for c in cycles),
            "neuron_control": sum(256 * parts.adc.convert(c).energy_pj for c in cycles),
            "input_pulses": sum(65536 * parts.crossbar.read(c, "fc", 1e-5).energy_pj for c in cycles),
        }
        for part, energy_fj in split.items():
            assert found_pj[part] * 1e3 / 65536 == pytest.approx(energy_fj, rel=0.10), (key, part)


def test_a_spike_takes_one_cycle_and_a_signed_number_two_phases_of_its_magnitude(make_parts: MakeParts) -> None:
    parts = make_parts()
    assert parts.drivers.read_cycles(1, signed=False) == (ReadCycle(1, 1, 10_000, 8),)
    assert parts.drivers.read_cycles(1, signed=True) == parts.drivers.read_cycles(1, signed=False)
    assert len(parts.drivers.read_cycles(16, signed=False)) == 16  # ISAAC: 16 bits in 16 cycles
    assert len(parts.drivers.read_cycles(8, signed=True)) == 14  # the sign is the phase


def test_drivers_of_two_bits_take_half_the_cycles_and_the_last_bit_alone(make_parts: MakeParts) -> None:
    parts = make_parts({"drivers.resolution": "2 bit", "drivers.signed_input": "bipolar"})
    assert [cycle.n_bits for cycle in parts.drivers.read_cycles(5, signed=True)] == [2, 2, 1]


def test_an_input_without_bits_is_refused(make_parts: MakeParts) -> None:
    with pytest.raises(ValueError, match="at least one bit"):
        make_parts().drivers.read_cycles(0, signed=False)


def test_an_active_cell_takes_the_energy_of_ohms_law(make_parts: MakeParts) -> None:
    parts = make_parts()
    (spike,) = parts.drivers.read_cycles(1, signed=False)
    # (0.2 V)^2 x 20 uS x 10 ns = 8e-15 J
    assert parts.crossbar.read(spike, "fc", 20e-6).energy_pj == pytest.approx(0.008, rel=1e-12)
    unsaid = make_parts({"sample_hold": None, "adc.columns_per_adc": 8})  # all cells, for each of 8 columns
    assert unsaid.crossbar.read(spike, "fc", 20e-6, 128).energy_pj == pytest.approx(0.064, rel=1e-12)
    assert parts.crossbar.counted == "cell"


def test_a_figure_per_read_is_counted_in_reads(make_parts: MakeParts) -> None:
    cost = {
        "model": "cited",
        "energy": "30 pJ",
        "per": "read",
        "area": "25 um2",
        "leakage": "0 uW",
        "source": "ISAAC, ISCA 2016, Table I",
    }
    parts = make_parts({"crossbar.cost": cost})
    (spike,) = parts.drivers.read_cycles(1, signed=False)
    assert parts.crossbar.counted == "read"
    assert parts.crossbar.read(spike, "fc", 20e-6).energy_pj == 30.0
    assert parts.write_circuits.verify(20e-6, 128).charges[0].energy_pj == pytest.approx(2.5 * 30 / 128**2)


def test_the_name_of_an_action_stands_for_one_price(make_parts: MakeParts) -> None:
    alone = {"sample_hold": None, "adc.columns_per_adc": 64}
    for parts in (
        neurram_costs(make_parts, 9, one_phase=False),
        *(make_parts({**NEURRAM, **alone, **how}) for how in ({}, HOLD, {**REREAD, **CONTROL})),
    ):
        prices: dict[str, Any] = {}
        for in_bits, n_values in product(range(1, 10), (1, 20)):
            for cycle in parts.drivers.read_cycles(in_bits, signed=True):
                for action in (
                    parts.drivers.drive(cycle, n_values),
                    parts.drivers.drive(cycle, n_values, True),
                    parts.adc.convert(cycle, ArrayRead(n_values, n_values)),
                    parts.crossbar.read(cycle, "fc", 1e-5, n_values),
                    parts.crossbar.read(cycle, "out", 2e-5, n_values),
                    parts.write_circuits.verify(1e-5, n_values),
                ):
                    assert prices.setdefault(action.name, action) == action
        assert len(prices) > 16


OHMIC = {"model": "ohmic", "cell_area": "1 um2", "leakage": "0 uW", "source": "made up for a test"}


def test_a_transistor_in_series_takes_its_part_of_a_cells_conductance(make_parts: MakeParts) -> None:
    cycle, window = ReadCycle(1, 1, 1000, 8), {"device.g_min": "1 uS", "device.g_max": "100 uS"}
    costs = ({**OHMIC, "access": ohms} for ohms in ("0 ohm", "10 kohm"))
    alone, behind = (make_parts({**window, "crossbar.cost": cost}).crossbar for cost in costs)
    for siemens, in_series in ((1e-6, 1 / 1.01e6), (1e-4, 1 / 2e4)):
        ratio = behind.read_energy_pj(cycle, siemens) / alone.read_energy_pj(cycle, siemens)
        assert ratio == pytest.approx(in_series / siemens)
    mean = (behind.read_energy_pj(cycle, 1e-6) + behind.read_energy_pj(cycle, 1e-4)) / 2
    assert behind.read_energy_pj(cycle, (1e-6 + 1e-4) / 2) == pytest.approx(mean)


def test_the_voltage_of_a_clamped_column_takes_the_place_of_the_read_voltage(make_parts: MakeParts) -> None:
    cycle = ReadCycle(1, 1, 1000, 8)
    energies = [
        make_parts({"device.read_voltage": "0.5 V", "crossbar.cost": {**OHMIC, **volts}}).crossbar.read_energy_pj(
            cycle, 1e-5
        )
        for volts in ({}, {"column_voltage": "0.25 V"})
    ]
    assert energies[0] / energies[1] == pytest.approx(4)


def test_shift_and_add_may_have_a_lane_for_each_converter(make_parts: MakeParts) -> None:
    for columns_per_adc in (8, 16):
        parts = make_parts({"shift_add.lanes": "auto", "adc.columns_per_adc": columns_per_adc})
        assert parts.shift_add.n_per_parent == parts.chip.crossbar.n_columns // columns_per_adc
        assert parts.shift_add.merge(parts.adc.n_in_bank).occupancy_ps == parts.chip.shift_add.cycle_ps
