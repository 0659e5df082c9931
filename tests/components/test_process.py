"""Figures of one node, temperature and supply, scaled by cited laws."""

from __future__ import annotations

import pytest

import archsim
from archsim.components import Parts, buffer_kinds, check, part_kinds, price_rows, without_effect
from archsim.components.process import LAWS, State
from archsim.spec import Chip
from archsim.spec.library import FOLDER

# prices.json, component "scaling": Stillmaker and Baas 2017, from a node to 22 nm
BAAS = {
    130: (0.0364, 0.0959, 0.0395), 90: (0.0714, 0.155, 0.0892), 65: (0.137, 0.237, 0.1683),
    45: (0.226, 0.294, 0.2517), 40: (0.263, 0.338, 0.366), 32: (0.424, 0.446, 0.55), 28: (0.537, 0.573, 0.767),
}  # fmt: skip
LOGIC_FLAVOURS = "low_leakage, high_performance"


@pytest.mark.parametrize("node", BAAS)
def test_digital_figures_follow_both_published_tables(node: int) -> None:
    nominal, at_800_mv, area = BAAS[node]
    law, new = LAWS["digital"], State(22)
    assert law.energy(State(node), new) == pytest.approx(nominal, rel=1e-12)
    assert law.energy(State(node, supply_v=0.8), State(22, supply_v=0.8)) == pytest.approx(at_800_mv, rel=1e-12)
    assert law.area(State(node), new) == pytest.approx(area, rel=1e-12)


def test_a_supply_counts_squared_at_22_nm() -> None:
    law = LAWS["digital"]
    assert law.energy(State(22, supply_v=0.85), State(22, supply_v=0.7)) == pytest.approx((0.7 / 0.85) ** 2)


def test_there_and_back_is_as_before() -> None:
    low, high = State(28, 330, 0.8, "low_leakage"), State(90, 300, 1.2, "low_leakage")
    for law in LAWS.values():
        for quantity in ("energy", "area", "leakage"):
            assert law.factor(quantity, low, high) * law.factor(quantity, high, low) == pytest.approx(1)


@pytest.mark.parametrize(("kelvin", "factor"), [(310, 1.47), (320, 2.1), (360, 7.6), (400, 21.0)])
def test_logic_leaks_more_when_hot_as_neurosims_tables_say(kelvin: float, factor: float) -> None:
    assert LAWS["analog"].leakage(State(22, 300), State(22, kelvin)) == pytest.approx(factor)


def test_sram_leaks_eight_times_at_330_k_and_5000_times_in_a_fast_process() -> None:
    law = LAWS["memory"]
    assert law.leakage(State(22, 300), State(22, 330)) == pytest.approx(8, rel=0.01)
    fast = law.leakage(State(22, flavour="low_leakage"), State(22, flavour="high_performance"))
    assert fast == pytest.approx(5000, rel=0.02)


def test_converters_go_by_the_survey_and_never_by_the_digital_factor() -> None:
    law = LAWS["analog"]
    assert law.energy(State(65), State(22)) == pytest.approx((22 / 65) ** 1.88)
    assert law.area(State(65), State(22)) == pytest.approx((22 / 65) ** 0.99)
    assert law.area(State(65), State(22)) > 2 * LAWS["digital"].area(State(65), State(22))


def test_currents_writes_and_thick_oxide_do_not_scale_with_the_node() -> None:
    for law in ("cells", "fixed"):
        assert LAWS[law].energy(State(130), State(22)) == 1
    assert LAWS["fixed"].area(State(130), State(22)) == 1
    assert LAWS["cells"].area(State(130), State(22)) == pytest.approx((22 / 130) ** 2)


def of_library(*assignments: str) -> Chip:
    return archsim.load_chip(FOLDER / "rram_22nm.yaml", assignments)


def energy_of(chip: Chip, part: str) -> float:
    parts = Parts(chip, 1, dict.fromkeys(buffer_kinds(), 4096))
    return float(next(iter(getattr(parts, part).examples())).energy_pj)


def test_a_library_taken_to_another_node_is_scaled_part_by_part() -> None:
    here, there = of_library(), of_library("technology.node=28 nm")
    assert energy_of(there, "shift_add") / energy_of(here, "shift_add") == pytest.approx(
        LAWS["digital"].energy(State(22, supply_v=0.85), State(28, supply_v=0.85))
    )
    assert there.write.cost == here.write.cost
    assert energy_of(there, "crossbar") == energy_of(here, "crossbar")
    said = {row["component"]: row["scaling"] for row in price_rows(there)}
    assert said["shift_add"].startswith("from 22 nm to 28 nm: energy x1.7 (Stillmaker and Baas 2017), area x1.3")


def test_a_warm_chip_leaks_more_and_nothing_else_changes() -> None:
    cold, warm = (
        {item.component: item for item in Parts(chip, 1, dict.fromkeys(buffer_kinds(), 4096)).items()}
        for chip in (of_library(), of_library("conditions.temperature=320 K"))
    )
    assert warm["adc"].leakage_uw == pytest.approx(2.1 * cold["adc"].leakage_uw)
    assert warm["adc"].area_um2 == cold["adc"].area_um2
    assert warm["tile_bus"] == cold["tile_bus"]


@pytest.mark.parametrize(
    ("assignment", "path", "told"),
    [
        ("technology.node=14 nm", "technology.node", "14 nm; prices are scaled from 22 to 130 nm"),
        ("conditions.temperature=420 K", "conditions.temperature", "420 K; prices are scaled from 300 to 400 K"),
        ("conditions.supply=0.4 V", "conditions.supply", "0.4 V; prices are scaled from 0.7 to 0.95 V at 22 nm"),
        (
            "conditions.flavour=low_power",
            "conditions.flavour",
            f"low_power; prices are scaled for {LOGIC_FLAVOURS}",
        ),
    ],
)
def test_outside_of_a_law_one_message_says_where_it_holds(assignment: str, path: str, told: str) -> None:
    found = [error for error in check(of_library(assignment)) if error.startswith(f"{path}: {told}")]
    assert found == [f"{path}: {told}; choose one within, or give figures that hold there, without at"]


def test_figures_outside_of_their_law_are_refused_where_they_stand() -> None:
    found = check(of_library("adc.cost.at.node=14 nm"))
    helps = "give figures that hold for this chip, or leave at out to take them as they are"
    assert found == [f"adc.cost.at.node: cannot be scaled: 14 nm; its law holds from 22 to 130 nm; {helps}"]


def test_what_keeps_several_parts_from_being_priced_is_said_once() -> None:
    memories = [error for error in check(of_library("technology.node=14 nm")) if "CACTI" in error]
    assert len(memories) == 1
    assert "global_buffer.cost" in memories[0]


def test_conditions_that_change_nothing_are_told() -> None:
    chip = archsim.load_chip("tests/chips/wearable_rram.yaml", ["conditions.temperature=310 K"])
    said = "changes nothing here, for no cost says at which temperature its figures hold; give one at:"
    assert f"conditions.temperature: {said}" in without_effect(chip)
    survey = archsim.load_chip("tests/chips/wearable_rram.yaml", ["adc.cost.at.node=22 nm"])
    said = "changes nothing here, for its model holds no figures; leave it out"
    assert f"adc.cost.at: {said}" in without_effect(survey)


def test_two_temperatures_of_one_chip_are_told() -> None:
    hot = ("conditions.temperature=320 K", "device.errors.thermal_noise=true")
    told = "device.errors.temperature: cells err as at 300 K while conditions.temperature prices the chip at 320 K"
    assert [note for note in without_effect(of_library(*hot)) if note.startswith(told)]
    both = of_library(*hot, "device.errors.temperature=320 K")
    assert not [note for note in without_effect(both) if note.startswith(told)]


def test_every_part_and_every_figure_of_its_cost_has_a_law() -> None:
    for kind in part_kinds().values():
        assert {kind.scaling, *kind.scaling_of.values()} <= set(LAWS), kind.kind


def test_the_price_list_says_how_far_each_price_may_be_off_and_with_what() -> None:
    rows = {row["component"]: row["spread"] for row in price_rows(of_library())}
    assert all(rows.values())
    # column "spread" of the price list
    assert {name: rows[name]["energy"]["factor"] for name in ("adc", "write_circuits", "tile_bus")} == {
        "adc": 3.1, "write_circuits": 12, "tile_bus": 1.75,
    }  # fmt: skip
    of_adc = {"factor": 2.6, "cause": "converters", "source": "families of sources at 22 nm, 5 bit"}
    assert rows["adc"]["area"] == of_adc
    shared = {name for name, spread in rows.items() if spread.get("energy", {}).get("cause") == "digital blocks"}
    assert shared >= {"accumulator", "neuron_unit", "gradient_unit", "multiplier", "input_registers"}
