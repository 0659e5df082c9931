"""Converters whose figures are scaled by the laws of their kind, against published ones of other resolutions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archsim.components import Parts, check
from archsim.components.adc.survey import survey_energy_pj
from archsim.components.records import ReadCycle
from archsim.errors import SpecError
from archsim.registry import ADCS

MakeParts = Callable[..., Parts]
FIGURES = {"model": "law", "energy": "1 pJ", "area": "100 um2", "leakage": "0.02 uW", "source": "made up"}


def law(bits: int, **more: str) -> dict[str, str]:
    return {**FIGURES, "resolution": f"{bits} bit", **more}


def chip(kind: str, bits: int, cost: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"adc.kind": kind, "adc.resolution": f"{bits} bit", "adc.rate": "1 GS/s", "adc.cost": cost, **more}


def energy_pj(parts: Parts, bits: int, n_pulses: int = 1) -> float:
    return parts.adc.convert(ReadCycle(1, n_pulses, 1, bits)).charges[0].energy_pj


def records(reference_dir: Path, component: str, quantity: str) -> dict[int, float]:
    prices = json.loads((reference_dir / "reference/prices.json").read_text())
    return {
        r["conditions"]["bits"]: r["value"]
        for r in prices
        if (r["component"], r["quantity"]) == (component, quantity)
        and "V1.3" in r["source"] and r["conditions"].get("node_nm") == 22 and "bits" in r["conditions"]
    }  # fmt: skip


@pytest.mark.parametrize("kind", [name for name, found in ADCS.items() if found.law_bits])
def test_at_their_own_resolution_figures_stay_as_they_are(make_parts: MakeParts, kind: str) -> None:
    bits = min(5, ADCS[kind].law_bits[1])
    adc = make_parts(chip(kind, bits, law(bits))).adc
    assert energy_pj(adc.parts, bits) == 1.0
    assert (adc.figures.area_um2, adc.figures.leakage_uw, adc.figures.scaling) == (100.0, 0.02, "")


@pytest.mark.parametrize(("bits", "ratio"), [(3, 300.064 / 501.024), (8, 865.536 / 501.024)])
def test_a_sar_spends_for_each_bit_and_four_times_its_noise_for_each(
    make_parts: MakeParts, bits: int, ratio: float
) -> None:
    assert energy_pj(make_parts(chip("sar", bits, law(5))), bits) == pytest.approx(ratio)


def test_fewer_bits_of_an_input_of_several_cycles_cost_less(make_parts: MakeParts) -> None:
    parts = make_parts(chip("sar", 8, law(8)))
    assert energy_pj(parts, 4) < energy_pj(parts, 5) < energy_pj(parts, 8) == 1.0
    assert energy_pj(parts, 0) == 0


@pytest.mark.parametrize("kind", ["sar", "flash"])
def test_areas_by_resolution_are_those_of_neurosim(reference_dir: Path, make_parts: MakeParts, kind: str) -> None:
    recorded = records(reference_dir, f"adc_{kind}", "area_um2")
    assert {1, 3, 4, 5, 6, 7, 8} <= set(recorded)
    for bits, area_um2 in recorded.items():
        figures = make_parts(chip(kind, bits, law(5, area=f"{recorded[5]} um2"))).adc.figures
        assert figures.area_um2 == pytest.approx(area_um2, rel=0.07)  # whole rows of cells
        assert figures.leakage_uw / 0.02 == pytest.approx(figures.area_um2 / recorded[5])


def test_a_flash_compares_with_every_code_and_a_ramp_counts_to_every_code(make_parts: MakeParts) -> None:
    assert energy_pj(make_parts(chip("flash", 7, law(5))), 7) == pytest.approx(127 / 31)
    assert energy_pj(make_parts(chip("ramp", 7, law(5))), 7) == pytest.approx(4)
    assert energy_pj(make_parts(chip("integrate_and_fire", 7, law(5))), 7) == pytest.approx(7 / 5)


def test_energy_is_flat_up_to_one_gigasample_and_area_grows_with_the_rate(make_parts: MakeParts) -> None:
    at = {rate: make_parts(chip("sar", 5, law(5, rate="100 MS/s"), **{"adc.rate": rate})) for rate in
          ("1 MS/s", "100 MS/s", "1 GS/s", "4 GS/s")}  # fmt: skip
    energies = [energy_pj(parts, 5) for parts in at.values()]
    assert energies[:3] == [1.0, 1.0, 1.0]
    # the regression's own slope, where its figure of merit falls with the rate
    slope = survey_energy_pj(12, 4000, 22) / survey_energy_pj(12, 1000, 22)
    assert energies[3] == pytest.approx(slope, rel=1e-3)
    areas = [parts.adc.figures.area_um2 for parts in at.values()]
    assert areas == pytest.approx([100 * r**0.18072 for r in (0.01, 1, 10, 40)], rel=1e-3)
    assert {parts.adc.figures.leakage_uw for parts in at.values()} == {0.02}


def test_a_gated_converter_leaks_while_it_converts_only(make_parts: MakeParts) -> None:
    slow = chip("sar", 5, law(5), **{"adc.rate": "1 MS/s"})
    plain, gated = (make_parts({**slow, "adc.gated": gate}) for gate in (False, True))
    assert (plain.adc.figures.leakage_uw, gated.adc.figures.leakage_uw) == (0.02, 0)
    assert energy_pj(gated, 5) - energy_pj(plain, 5) == pytest.approx(0.02)  # uW x 1 us = pJ
    assert gated.adc.figures.scaling == "leakage gated"


def test_with_a_leakage_of_its_own_all_of_the_surveys_energy_is_dynamic(make_parts: MakeParts) -> None:
    idle = {"model": "survey", "leakage": "0.02 uW", "source": "made up for a test"}
    change = {"technology.node": "22 nm", "adc.rate": "1 GS/s"}
    parts, before = (make_parts({**chip("sar", 5, cost), **change}) for cost in (idle, {"model": "survey"}))
    assert energy_pj(parts, 5) == pytest.approx(0.463, abs=5e-4)
    assert energy_pj(before, 5) == pytest.approx(0.370, abs=5e-4)
    assert (parts.adc.figures.leakage_uw, parts.adc.figures.area_um2) == (0.02, before.adc.figures.area_um2)


def test_a_neuron_integrates_every_pulse_and_converts_once(make_parts: MakeParts) -> None:
    cost = law(5, integration_energy="0.25 pJ")
    parts = make_parts(chip("integrate_and_fire", 5, cost))
    assert energy_pj(parts, 5, n_pulses=7) == pytest.approx(1 + 7 * 0.25)
    names = {parts.adc.convert(ReadCycle(1, n, 1, 5)).name for n in (1, 7)}
    assert names == {"convert@5b", "convert@5b,7 pulses"}  # one price, one name


@pytest.mark.parametrize(
    ("kind", "bits", "cost", "said"),
    [
        ("sense_amp", 5, law(1), "adc.resolution: the laws of sense_amp hold for 1 bit, not 5; use another kind: "
         "flash (1 to 8 bit), integrate_and_fire (1 to 10 bit), ramp (1 to 12 bit), sar (1 to 12 bit), "
         "sense_amp (1 to 1 bit)"),
        ("flash", 9, law(5), "adc.resolution: the laws of flash hold for 1 to 8 bit, not 9; use another kind: "),
        ("flash", 5, law(9), "adc.cost.resolution: the laws of flash hold for 1 to 8 bit, not 9; give adc.cost"),
        ("sar", 5, law(5, column_current="included"), "adc.cost.column_current: included, and crossbar.cost of"),
    ],
)  # fmt: skip
def test_what_no_law_holds_for_is_refused_with_what_is_allowed(
    make_parts: MakeParts, kind: str, bits: int, cost: dict[str, str], said: str
) -> None:
    ohmic = {"model": "ohmic", "cell_area": "1 um2", "leakage": "0 uW", "source": "made up for a test"}
    with pytest.raises(SpecError) as told:
        make_parts(chip(kind, bits, cost, **{"crossbar.cost": ohmic}))
    assert str(told.value).startswith(said)
    assert "\n" not in str(told.value)


def test_a_current_that_only_the_converter_charges_is_no_error(make_parts: MakeParts) -> None:
    cost = {**FIGURES, "model": "cited", "energy": "0 pJ", "per": "cell"}
    change = chip("sar", 5, law(5, column_current="included"), **{"crossbar.cost": cost})
    assert check(make_parts(change).chip) == []
