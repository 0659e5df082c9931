"""Converters against the survey's recorded points and the rules of published simulators."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archsim.components import Parts
from archsim.components.adc.survey import survey_area_um2, survey_energy_pj
from archsim.components.records import ReadCycle

MakeParts = Callable[..., Parts]


def adc_item(parts: Parts) -> Any:
    return next(item for item in parts.items() if item.component == "adc")


def test_the_survey_model_gives_the_recorded_samples(reference_dir: Path) -> None:
    samples = json.loads((reference_dir / "reference/component_costs.json").read_text())["adc_model"]["samples"]
    assert len(samples) == 12
    for s in samples:
        point = (s["bits"], s["fs"] / 1e6, s["nm"])
        assert survey_energy_pj(*point) == pytest.approx(s["energy_pJ"], abs=6e-5)
        assert survey_area_um2(*point) == pytest.approx(s["area_um2"], abs=0.06)


def test_a_survey_adc_costs_what_the_table_of_210_points_says(reference_dir: Path, make_parts: MakeParts) -> None:
    with (reference_dir / "reference/tables/adc_survey_model.csv").open() as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert len(rows) == 210
    for row in rows:
        bits = int(row["bits"])
        parts = make_parts(
            {
                "technology.node": f"{row['tech_nm']:g} nm",
                "adc.resolution": f"{bits} bit",
                "adc.rate": f"{row['throughput_Sps']:.0f} S/s",
                "adc.cost": {"model": "survey"},
            }
        )
        item = adc_item(parts)
        cycle = ReadCycle(1, 1, 1, bits)
        assert parts.adc.convert(cycle).charges[0].energy_pj == pytest.approx(row["convert_J"] * 1e12, rel=1e-9)
        assert item.area_um2 == pytest.approx(row["area_m2"] * 1e12, rel=1e-9)
        assert item.leakage_uw == pytest.approx(row["leak_W"] * 1e6, rel=1e-9)
        assert "2404.06553" in item.source


def test_128_conversions_at_1_28_gigasamples_are_exactly_100_ns(make_parts: MakeParts) -> None:
    assert make_parts().adc.convert_ps(128, 8) == 100_000


def test_a_burst_is_rounded_once_and_half_to_even(make_parts: MakeParts) -> None:
    parts = make_parts({"adc.rate": "400 GS/s"})  # 2.5 ps each
    assert [parts.adc.convert_ps(n, 8) for n in (1, 2, 3, 4)] == [2, 5, 8, 10]


def test_columns_are_shared_out_over_the_adcs_of_a_bank(make_parts: MakeParts) -> None:
    parts = make_parts({"adc.columns_per_adc": 8, "adc.rate": "1 GS/s"})  # 16 ADCs
    assert [parts.adc.convert_ps(n, 8) for n in (0, 1, 16, 17, 128)] == [0, 1000, 1000, 2000, 8000]


def test_pumas_rule_of_12_5_ns_per_bit_is_a_sar_with_that_step(reference_dir: Path, make_parts: MakeParts) -> None:
    puma = json.loads((reference_dir / "reference/component_costs.json").read_text())["puma_32nm"]["adc_8b"]
    parts = make_parts({"adc.rate": None, "adc.step": "12.5 ns", "adc.columns_per_adc": 1})
    assert parts.adc.convert_ps(1, 8) == puma["lat_ns"] * 1000
    assert parts.adc.convert_ps(1, 6) == 75_000


def test_mnsims_rule_of_two_clocks_more_than_bits_is_a_rate(reference_dir: Path, make_parts: MakeParts) -> None:
    table = json.loads((reference_dir / "reference/component_costs.json").read_text())["adc_mnsim"]["adc_table"]
    for row in table.values():
        rate_mhz = row["GSps"] * 1000 / (row["bits"] + 2)
        parts = make_parts({"adc.rate": f"{rate_mhz!r} MS/s", "adc.columns_per_adc": 1})
        expected_ps = (row["bits"] + 2) / row["GSps"] * 1000
        assert parts.adc.convert_ps(1, row["bits"]) == pytest.approx(expected_ps, abs=0.5)


@pytest.mark.parametrize(("kind", "steps"), [("sar", 5), ("ramp", 32), ("flash", 1), ("sense_amp", 1)])
def test_a_converter_takes_as_many_steps_as_its_kind(make_parts: MakeParts, kind: str, steps: int) -> None:
    parts = make_parts(
        {"adc.kind": kind, "adc.rate": None, "adc.step": "2 ns", "adc.cost.per": "step", "sample_hold": None}
    )
    assert parts.adc.convert_ps(1, 5) == 2000 * steps
    assert parts.adc.convert(ReadCycle(1, 1, 1, 5)).energy_pj == pytest.approx(1.5 * steps)


def test_a_cycle_without_bits_to_convert_costs_nothing(make_parts: MakeParts) -> None:
    parts = make_parts()
    assert parts.adc.convert_ps(128, 0) == 0
    assert parts.adc.convert(ReadCycle(3, 7, 1, 0)).energy_pj == 0


def test_a_held_value_is_charged_to_the_sample_and_hold(make_parts: MakeParts) -> None:
    action = make_parts().adc.convert(ReadCycle(1, 1, 10_000, 8))
    assert action.name == "convert@8b"
    assert {charge.component: charge.energy_pj for charge in action.charges} == {"adc": 1.5, "sample_hold": 0.001}


def test_without_sample_and_hold_the_array_is_read_for_each_round_of_conversions(make_parts: MakeParts) -> None:
    assert make_parts().crossbar.reads_per_vector(128) == 1
    parts = make_parts({"sample_hold": None, "adc.columns_per_adc": 8})  # 16 ADCs
    assert [parts.crossbar.reads_per_vector(n) for n in (1, 16, 17, 128)] == [1, 1, 2, 8]
