"""Which configurations there are."""

from __future__ import annotations

from collections import Counter

import pytest
from explore_support import TWO_BY_TWO, write_study

from archsim.explore import read_study
from archsim.explore.models import Range
from archsim.explore.space import configurations


def test_a_grid_is_every_combination_in_the_order_of_the_file(tmp_path):
    found = configurations(read_study(write_study(tmp_path, TWO_BY_TWO)))
    assert [tuple(item.values()) for item in found] == [(64, 16), (64, 64), (128, 16), (128, 64)]


def test_a_parameter_that_does_not_count_is_left_out(tmp_path):
    text = (
        "phase: [inference, bp]\n"
        "chip.execution.feedback: {values: [copy, transposable], when: {phase: [bp]}}\n"
        "chip.crossbar.transpose: {values: [duplicated, shared], when: {chip.execution.feedback: [transposable]}}"
    )
    found = [tuple(item.values()) for item in configurations(read_study(write_study(tmp_path, text)))]
    assert found == [
        ("inference",), ("bp", "copy"), ("bp", "transposable", "duplicated"), ("bp", "transposable", "shared")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ({"from": 2, "to": 5}, [2, 3, 4, 5]),
        ({"from": "4 bit", "to": "8 bit", "step": "2 bit"}, ["4 bit", "6 bit", "8 bit"]),
        ({"from": "0.1 ns", "to": "0.3 ns", "step": "0.1 ns"}, ["0.1 ns", "0.2 ns", "0.3 ns"]),
        ({"from": "1 ns", "to": "100 ns", "points": 3, "scale": "log"}, ["1 ns", "10 ns", "100 ns"]),
        ({"from": 0.5, "to": 1.5}, None),
    ],
)
def test_ranges_are_listed_as_a_file_would_write_them(text, values):
    assert Range.model_validate(text).listed() == values


@pytest.mark.parametrize("kind", ["random", "quasi_random"])
def test_drawn_configurations_are_the_same_every_time(tmp_path, kind):
    text = "chip.crossbar.rows: [32, 64, 128, 256]\nchip.device.read_pulse: {from: 10 ns, to: 100 ns}"
    more = f"sweep: {{kind: {kind}, configurations: 16}}"
    study = read_study(write_study(tmp_path, text, more))
    assert configurations(study) == configurations(study)
    assert len(configurations(study)) == 16


def test_a_quasi_random_sweep_takes_every_choice_equally_often(tmp_path):
    # any 2**k points of a Sobol sequence are balanced in each coordinate (Sobol 1967)
    text = "chip.crossbar.rows: [32, 64, 128, 256]\nchip.device.read_pulse: {from: 10 ns, to: 100 ns}"
    study = read_study(write_study(tmp_path, text, "sweep: {kind: quasi_random, configurations: 32}"))
    counts = Counter(item["chip.crossbar.rows"] for item in configurations(study))
    assert set(counts.values()) == {8}


def test_a_drawn_time_is_a_whole_number_of_picoseconds():
    spread = Range.model_validate({"from": "10 ns", "to": "100 ns"})
    assert [spread.value_of(number) for number in (45.678912, 14.1421356, 99.99999)] == [
        "45.679 ns", "14.142 ns", "100 ns",
    ]  # fmt: skip
    steps = Range.model_validate({"from": "10 ns", "to": "40 ns", "points": 5, "scale": "log"})
    assert steps.listed() == ["10 ns", "14.142 ns", "20 ns", "28.284 ns", "40 ns"]
    assert Range.model_validate({"from": "1 KiB", "to": "2 KiB"}).value_of(1.23456) == "1.234375 KiB"
    assert Range.model_validate({"from": "4 bit", "to": "8 bit"}).value_of(5.4) == "5 bit"
    assert Range.model_validate({"from": "1 uS", "to": "2 uS"}).value_of(1.23456) == "1.23456 uS"


@pytest.mark.parametrize("kind", ["random", "quasi_random"])
def test_a_draw_from_a_finite_space_gives_as_many_as_it_wants(tmp_path, kind):
    space = "chip.crossbar.rows: [16, 32, 64]\nchip.adc.columns_per_adc: [8, 16, 32, 64]"
    few, all_there_are, most = (
        configurations(read_study(write_study(tmp_path, space, f"sweep: {{kind: {kind}, configurations: {n}}}")))
        for n in (9, 12, 50)
    )
    assert len(few) == 9
    assert few == most[:9]
    assert len(all_there_are) == len(most) == len({repr(item) for item in most}) == 12


def test_the_ends_of_a_range_may_have_units_of_their_own():
    given = Range.model_validate({"from": "500 ns", "to": "2 us", "step": "0.5 us"})
    assert given.listed() == ["500 ns", "1000 ns", "1500 ns", "2000 ns"]
    rates = Range.model_validate({"from": "100 MS/s", "to": "1.6 GS/s", "points": 5, "scale": "log"})
    assert rates.listed() == ["100 MS/s", "200 MS/s", "400 MS/s", "800 MS/s", "1600 MS/s"]
