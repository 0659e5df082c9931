"""NeuroSim's sub-array from its parts: neurosim_22nm against records of NeuroSim V1.3, run stand-alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archsim.components.circuit import with_circuits
from archsim.errors import SpecError
from archsim.lowering.one_read import ArrayPrices, price_one_read
from archsim.spec import Chip, load_chip

SPEC = Path(__file__).parents[2] / "arch_specs/neurosim_22nm.yaml"
TOOL = "NeuroSim V1.3"
# NeuroSim V1.3 run stand-alone (branch 2DInferenceV1.3 at 6acf552; SubArray, 4 cells of 2 bits for each weight,
# 8 input bits, 8 columns for each converter): node, rows, columns, bits, active rows -> pJ, um2, uW
RUNS = {
    (22, 64, 256, 5, 16): (54.9312, 18981.1, 0.294061),
    (22, 256, 64, 5, 64): (44.9792, 10294.1, 0.11157),
    (32, 64, 256, 6, 16): (115.807, 72919.4, 0.58063),
    (65, 128, 128, 3, 32): (487.085, 67274.7, 0.490024),
    (90, 256, 64, 7, 32): (434.472, 399130.0, 0.988876),
    (130, 32, 512, 4, 16): (1161.79, 849292.0, 4.67982),
}
# the same at 22 nm, 128 x 128, 5 bits, 32 active rows, by part; its converters without the current of the columns
PARTS = {
    "crossbar": (9.8969 - 0.0721 + 17.3746, 380.63, 0.0),
    "drivers": (5.7612 - 5.2268, 241.07 * 0.25, 0.0),
    "input_registers": (5.2268, 241.07 * 0.75, 0.02001),
    "level_shifters": (0.0, 3 * 1281.43, 0.0),
    "column_drivers": (0.0721, 192.62, 0.02001),
    "column_mux": (0.0405, 166.53, 0.0),
    "adc": (24.1002 - 17.3746 + 0.3234, 5415.08 + 645.29, 0.026561),
    "shift_add": (3.6298 + 1.6969, 319.39 + 574.91, 0.033249 + 0.06185),
}


def read(n_active: int, **change: str) -> ArrayPrices:
    sets = [f"{path.replace('__', '.')}={value}" for path, value in change.items()]
    return price_one_read(load_chip(SPEC, sets), n_active)


def chip_at(node: int, **change: str) -> Chip:
    sets = [f"{path.replace('__', '.')}={value}" for path, value in change.items()]
    return with_circuits(load_chip(SPEC, [f"technology.node={node} nm", *sets]))


def of(conditions: dict[str, Any]) -> tuple[int, dict[str, str]]:
    """Active rows and keys of the chip for the conditions of a record."""
    rows = conditions["rows"]
    on, _, off = conditions.get("R_on_off_ohm", conditions.get("device", "6k/900k").split()[0]).partition("/")
    ohms = [float(text.replace("k", "e3").replace("M", "e6")) for text in (on, off)]
    change = {
        "technology__node": f"{conditions['node_nm']} nm",
        "crossbar__rows": f"{rows}",
        "crossbar__columns": f"{conditions['columns']}",
        "adc__resolution": conditions["adc"].split()[0] + " bit",
        "device__g_max": f"{1e6 / ohms[0]!r} uS",
        "device__g_min": f"{1e6 / ohms[1]!r} uS",
    }
    return round(conditions["active_row_fraction"] * rows), change


def recorded(reference_dir: Path) -> list[dict[str, Any]]:
    prices = json.loads((reference_dir / "reference/prices.json").read_text())
    found = [r for r in prices if r["component"] == "array_full_read" and TOOL in r["source"]]
    return [r for r in found if "SAR" not in r["conditions"]["adc"] and "node_nm" in r["conditions"]]


def test_every_record_of_a_sub_array_comes_out_of_the_parts(reference_dir: Path) -> None:
    records = recorded(reference_dir)
    assert {r["conditions"]["node_nm"] for r in records} == {22, 32, 65, 90, 130}
    tables = {"energy_pj": 0.02, "area_um2": 0.01, "leakage_uw": 0.03}
    for record in records:
        n_active, change = of(record["conditions"])
        found = getattr(read(n_active, **change), record["quantity"])["total"]
        assert found == pytest.approx(record["value"], rel=tables[record["quantity"]]), record["conditions"]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.35])
def test_energy_grows_with_the_active_rows_as_neurosims(share: float) -> None:
    low, high = (read(n).energy_pj["total"] for n in (0, 128))
    assert low + share * (high - low) == pytest.approx(17.7 + 111 * share, rel=0.01)
    assert read(round(share * 128)).energy_pj["total"] == pytest.approx(17.7 + 111 * share, rel=0.02)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_that_of_neurosim(part: str) -> None:
    found = read(32)
    energy_pj, area_um2, leakage_uw = PARTS[part]
    assert found.energy_pj[part] == pytest.approx(energy_pj, rel=0.005, abs=1e-4)
    assert found.area_um2[part] == pytest.approx(area_um2, rel=0.001)
    assert found.leakage_uw[part] == pytest.approx(leakage_uw, rel=0.001)


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_other_shapes_bits_and_nodes_scale_as_neurosim(run: tuple[int, int, int, int, int]) -> None:
    node, rows, columns, bits, n_active = run
    change = {"technology__node": f"{node} nm", "crossbar__rows": f"{rows}", "crossbar__columns": f"{columns}"}
    found = read(n_active, adc__resolution=f"{bits} bit", **change)
    energy_pj, area_um2, leakage_uw = RUNS[run]
    assert found.energy_pj["total"] == pytest.approx(energy_pj, rel=0.03)
    assert found.area_um2["total"] == pytest.approx(area_um2, rel=0.003)
    assert found.leakage_uw["total"] == pytest.approx(leakage_uw, rel=0.02)


@pytest.mark.parametrize(("rows", "columns"), [(1, 4), (4, 1024), (2048, 8)])
def test_arrays_of_any_shape_can_be_priced(rows: int, columns: int) -> None:
    change = {"crossbar__rows": f"{rows}", "crossbar__columns": f"{columns}", "write__parallel_cells": "4"}
    found = read(1, adc__columns_per_adc="4", adc__resolution="1 bit", **change)
    assert all(value >= 0 for table in (found.energy_pj, found.area_um2) for value in table.values())
    assert found.area_um2["crossbar"] == pytest.approx(rows * columns * 0.023232)


def test_an_array_asked_by_itself_is_clocked_for_its_own_read() -> None:
    # NeuroSim V1.3, 65 nm: 1 ns with a tenth of the rows active, 10 ns with a quarter
    for n_active, energy_pj in ((12, 153.86), (13, 156.926), (32, 756.284)):
        found = read(n_active, technology__node="65 nm").energy_pj["total"]
        assert found == pytest.approx(energy_pj, rel=0.02)


def test_at_65_nm_sensing_takes_ten_times_as_long() -> None:
    # NeuroSim's polynomial for that node grows without bound for a device of 6 and 900 kohm; 10 ns is its clamp
    slots = {node: chip_at(node).adc.step_ps for node in (22, 32, 45, 65, 90, 130)}
    assert slots == {22: 1000, 32: 1000, 45: 1000, 65: 10000, 90: 1318, 130: 1000}
    assert chip_at(65, device__g_max="10 uS", device__g_min="1 uS").adc.step_ps < 1200


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"technology__node": "28 nm"}, "hold at 22, 32, 45, 65, 90, 130 nm, not at 28; choose one of them, or"),
        ({"adc__kind": "sar"}, "adc.cost.model: model: circuit describes kind: flash, not sar; use model: law or"),
        ({"adc__resolution": "9 bit"}, "adc.resolution: model: circuit describes flash converters of 1 to 8 bit"),
    ],
)
def test_where_the_circuits_do_not_hold_is_told(change: dict[str, str], said: str) -> None:
    with pytest.raises(SpecError) as told:
        read(1, **change)
    assert said in str(told.value)
    assert "\n" not in str(told.value)
