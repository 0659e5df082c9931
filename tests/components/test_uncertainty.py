"""Factors come from the chip file, else from the default of the cost model, each with its source."""

from __future__ import annotations

import pytest

from archsim import load_chip
from archsim.components.uncertainty import costs_of, spreads
from archsim.errors import SpecError

CHIPS = ["wearable_rram", "neurram_130nm", "isaac_32nm", "puma_32nm", "spikesim_65nm"]
SAID = "adc.cost.uncertainty={area: 2, source: a datasheet}"


def found(*overrides: str) -> dict[str, tuple[float, str]]:
    chip = load_chip("tests/chips/wearable_rram.yaml", overrides)
    return {spread.name: (spread.factor, spread.source) for spread in spreads(chip)}


@pytest.mark.parametrize("name", CHIPS)
def test_every_component_of_the_price_list_has_a_cost_that_can_be_off(name):
    chip = load_chip(f"arch_specs/{name}.yaml")
    assert set(costs_of(chip)) >= {spread.component for spread in spreads(chip)}


def test_costs_and_price_list_name_the_same_components():
    from archsim.components import Parts, buffer_kinds

    chip = load_chip("tests/chips/wearable_rram.yaml")
    listed = {item.component for item in Parts(chip, 1, dict.fromkeys(buffer_kinds(), 4096)).items()}
    assert listed == set(costs_of(chip))


def test_a_survey_converter_may_be_off_by_what_separates_it_from_isaacs():
    # ISAAC (ISCA 2016): 1200 um2 and 1.5625 pJ; the regression for it: 6313.1 um2 and 1.8486 pJ
    assert found()["adc.area"][0] == pytest.approx(6313.1 / 1200, rel=0.01)
    assert found()["adc.energy"][0] == pytest.approx(1.8486 / 1.5625, rel=0.01)


def test_times_are_settings_but_for_memories():
    memories = ("input", "output", "membrane", "history", "gradient", "global")
    assert {name for name in found() if name.endswith(".time")} == {f"{part}_buffer.time" for part in memories}


def test_a_chip_file_says_it_better_and_keeps_the_other_deerrors():
    after = found(SAID)
    assert after["adc.area"] == (2.0, "a datasheet")
    assert after["adc.energy"] == found()["adc.energy"]


def test_a_factor_of_one_is_certain():
    assert "adc.area" not in found("adc.cost.uncertainty={area: 1, source: measured}")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("{area: 0.5, source: a datasheet}", "adc.cost.uncertainty.area: must be at least 1"),
        ("{area: 2}", "adc.cost.uncertainty.source"),
        ("{volume: 2, source: a datasheet}", "adc.cost.uncertainty.volume: unknown key"),
    ],
)
def test_a_wrong_factor_is_refused(said, error):
    with pytest.raises(SpecError, match=error):
        found(f"adc.cost.uncertainty={said}")
