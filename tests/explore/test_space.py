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
