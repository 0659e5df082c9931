"""PUMA's chip file against the constants of PUMA's simulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def constants(reference_dir: Path) -> Any:
    return json.loads((reference_dir / "reference/component_costs.json").read_text())["puma_32nm"]


@pytest.fixture(scope="module")
def puma(make_run: Callable[..., Any], dense: Callable[..., Any]) -> Callable[..., Any]:
    def run(*chip_set: str, n_outputs: int = 16) -> Any:
        return make_run("arch_specs/puma_32nm.yaml", dense(128, n_outputs, 16), chip_set=chip_set)

    return run


def held_ps(run: Any, action: str) -> set[int]:
    return {int(t) for t in run.graph.occupancy_ps[run.tasks(action)]}


def test_a_16_bit_product_takes_16_inner_products_of_100_ns(constants: Any, puma: Callable[..., Any]) -> None:
    run = puma()
    assert constants["xbar_128"]["mvm_ip_ns"] == 100.0
    assert held_ps(run, "read") == {100_000}
    assert run.count("read", "fc") == 16


@pytest.mark.parametrize("n_bits", [4, 6, 8, 10])
def test_one_adc_takes_12_and_a_half_ns_a_bit_for_the_columns_of_an_array(
    puma: Callable[..., Any], n_bits: int
) -> None:
    rate_mhz = 128 / (12.5e-3 * n_bits)
    run = puma(f"adc.resolution={n_bits} bit", f"adc.rate={rate_mhz!r} MHz", "adc.columns_per_adc=128")
    assert held_ps(run, "convert") == {12_500 * n_bits}


def test_the_two_adcs_of_a_matrix_halve_the_time_of_one(puma: Callable[..., Any]) -> None:
    assert held_ps(puma(), "convert") == {50_000}


def test_two_arrays_of_a_matrix_share_its_adcs_and_two_matrices_do_not(puma: Callable[..., Any]) -> None:
    run = puma(n_outputs=32)
    banks = [name for name in run.graph.resource_names if name.endswith(".adc")]
    assert banks == ["tile[0].pe[0].adc"]
    assert len([n for n in puma(n_outputs=16 * 9).graph.resource_names if n.endswith(".adc")]) == 2


def test_power_of_a_busy_adc_is_dynamic_plus_leaking(constants: Any, puma: Callable[..., Any]) -> None:
    run = puma()
    (adc,) = [item for item in run.lowered.parts.items() if item.component == "adc"]
    # 2 ADCs convert 16 x 128 columns in 16 x 50 ns
    dynamic_mw = run.energy_pj()["adc"] / 2 / (16 * 50_000) * 1e3
    assert dynamic_mw == pytest.approx(8 * 0.225, rel=1e-9)
    assert adc.leakage_uw / 1e3 == pytest.approx(8 * 0.025, rel=1e-9)
    assert dynamic_mw + adc.leakage_uw / 1e3 == pytest.approx(constants["adc_8b"]["mW"], rel=1e-9)
    assert adc.area_um2 == pytest.approx(constants["adc_8b"]["mm2"] * 1e6)


def test_a_dac_and_an_array_draw_the_power_of_the_constants(constants: Any, puma: Callable[..., Any]) -> None:
    run = puma()
    seconds = 16 * 100e-9
    (dac,) = [item for item in run.lowered.parts.items() if item.component == "drivers"]
    dac_mw = run.energy_pj()["drivers"] * 1e-12 / seconds * 1e3 / 128 + dac.leakage_uw / 1e3 / 128
    assert dac_mw == pytest.approx(constants["dac"]["mW"], rel=1e-4)
    assert run.energy_pj()["crossbar"] * 1e-12 / seconds * 1e3 == pytest.approx(constants["xbar_128"]["mW"])


def test_writing_an_array_takes_its_serial_write_time(constants: Any, puma: Callable[..., Any]) -> None:
    parts = puma().lowered.parts
    written_ns = 128 * parts.write_circuits.program_row_ps(128) / 1e3
    assert written_ns == pytest.approx(constants["xbar_128"]["serial_write_ns"], rel=1e-4)


def test_a_word_of_the_shared_memory_takes_two_cycles_and_the_cited_energy(
    constants: Any, puma: Callable[..., Any]
) -> None:
    parts, edram = puma().lowered.parts, constants["edram_64KB"]
    assert parts.input_buffer.access_ps(1) == edram["lat_cycles"] * 1000
    assert parts.input_buffer.priced("receive").energy_pj == pytest.approx(edram["energy_nJ_access"] * 1e3)
