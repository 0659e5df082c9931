"""Which conclusions survive, and which price carries them, against sums that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from archsim import load_chip, load_workload, simulate
from archsim.explore.conclusions import conclusions
from archsim.explore.uncertain import Priced, propagate

WORK = ["timesteps=4", "network.width=8", "samples=1", "batch=1"]
CHIP = "tests/chips/wearable_rram.yaml"


def priced(name: str, *overrides: str, phase: str = "inference") -> Priced:
    chip = load_chip(CHIP, overrides)
    work = load_workload("workloads/watch_shape.yaml", WORK)
    return Priced(name, chip, simulate(chip, work, engine="heap", phase=phase))


@pytest.fixture(scope="module")
def adcs() -> list[Priced]:
    """Half as many converters, but slower."""
    return [priced("many"), priced("few", "adc.columns_per_adc=128")]


def test_fewer_converters_need_less_area_in_every_draw_and_no_price_turns_that_over(adcs: list[Priced]) -> None:
    (area,) = conclusions(adcs, propagate(adcs, 400), ["area_um2"])
    assert (area.less, area.more, area.survives) == ("few", "many", 1.0)
    assert area.carrier == "adc.area"
    assert area.turned_by == ""
    assert area.ratio_90[0] < area.ratio < area.ratio_90[1] < 1


def test_pairs_that_are_not_asked_for_are_left_out_and_the_others_are_as_they_were(adcs: list[Priced]) -> None:
    chips = [*adcs, priced("fewest", "adc.columns_per_adc=64", "adc.resolution=4 bit")]
    found = propagate(chips, 50)
    every = conclusions(chips, found, ["area_um2"])
    some = conclusions(chips, found, ["area_um2"], [(0, 2), (2, 1)])
    assert some == [one for one in every if "fewest" in (one.less, one.more)]
    assert len(some) == len(every) - 1


def test_the_turning_factor_is_that_at_which_two_sums_are_equal() -> None:
    chips = [priced("lanes", "tile.neuron_unit.lanes=32"), priced("control", "tile.neuron_unit.lanes=8",
             "tile.control.area=7000 um2", "tile.control.source=another")]  # fmt: skip
    (area,) = conclusions(chips, propagate(chips, 50), ["area_um2"])
    assert (area.less, area.turned_by) == ("control", "tile_control.area")
    items = {item.component: item for item in chips[0].result.items}
    lane_um2, n_tiles = items["neuron_unit"].area_um2, chips[0].result.items[-1].n
    of_control = items["tile_control"]
    # 24 lanes more in each tile, against a control whose own price is off by the factor
    equal_um2 = of_control.area_um2 + 24 * lane_um2
    assert n_tiles == 1
    assert area.turning_factor == pytest.approx(equal_um2 / 7000, rel=1e-2)
    assert area.turning_spreads == pytest.approx(np.log(equal_um2 / 7000) / np.log(1.28), rel=1e-2)


def test_prices_of_one_cause_are_off_together() -> None:
    said = "uncertainty={energy: 2, area: 2, cause: digital blocks, source: a test}"
    parts = ("shift_add", "tile.neuron_unit", "tile.accumulator")
    chip = priced("here", *(f"{part}.cost.{said}" for part in parts))
    names = {number.name for number in propagate([chip], 10).numbers.values()}
    assert "shift_add+accumulator+neuron_unit.energy" in names
    assert "shift_add.energy" not in names


def test_two_equal_chips_make_no_conclusion() -> None:
    chips = [priced("one"), priced("two")]
    assert conclusions(chips, propagate(chips, 10)) == []
