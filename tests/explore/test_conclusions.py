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


def test_the_turning_factor_is_that_at_which_two_sums_are_equal() -> None:
    # a part of the one chip that is dearer by a little, and cheaper parts everywhere else
    dear = ("shift_add.cost.area=60 um2", "shift_add.cost.source=another")
    chips = [priced("plain"), priced("other", *dear, "tile.neuron_unit.lanes=8")]
    found = propagate(chips, 50)
    (area,) = conclusions(chips, found, ["area_um2"])
    assert area.turned_by
    key = next(key for key, number in found.numbers.items() if number.name == area.turned_by)
    assert area.turning_spreads is not None
    assert area.turning_factor is not None
    side = 1 if area.turning_factor > 1 else -1
    before, after = (
        [chip.evaluate({key: np.array([side * area.turning_spreads * f])}, 1)["area_um2"][0] for chip in chips]
        for f in (0.99, 1.01)
    )
    assert (before[0] < before[1]) != (after[0] < after[1])
    assert area.turning_factor == pytest.approx(found.numbers[key].factor ** (side * area.turning_spreads))


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
