"""Fronts of two rules, by hand: error bars, dominance, pairs."""

from __future__ import annotations

import numpy as np

from archsim.explore.rule_fronts import clearly_better, dominated, fronts


def line(rule, energy, latency, area, accuracy, half=0.0, **given) -> dict:
    base = {"array": "64", "adc_bits": 4, "columns_per_adc": 8, "pes": 1, "feedback": "copy"}
    figures = {"energy_pj": energy, "latency_ps": latency, "area_um2": area}
    return {"rule": rule, **base, **figures, "accuracy": accuracy, "accuracy_half_width": half, **given}


def test_an_accuracy_within_the_error_bars_holds_no_place_on_the_robust_front():
    lines = [
        line("bp", 1.0, 1.0, 1.0, 0.90, 0.02),
        line("bp", 2.0, 1.0, 1.0, 0.91, 0.02),  # on the front by one point that may be chance
        line("bp", 3.0, 1.0, 1.0, 0.97, 0.01),
    ]
    found = fronts(lines)["bp"]
    assert found["front"] == [0, 1, 2]
    assert found["robust"] == [0, 2]
    assert found["without_accuracy"] == [0]
    assert clearly_better(lines[2], lines[0])
    assert not clearly_better(lines[1], lines[0])


def test_the_hypervolume_of_two_corners_of_the_box_is_known():
    lines = [line("bp", 0.0, 0.0, 0.0, 1.0), line("dfa", 1.0, 1.0, 1.0, 0.0)]
    found = fronts(lines)
    assert found["bp"]["hypervolume"] == 1.0
    assert found["dfa"]["hypervolume"] == 0.0
    assert found["both"]["front"] == [0]


def test_a_point_is_dominated_by_one_that_is_nowhere_worse_and_somewhere_better():
    point = np.array([1.0, 2.0])
    assert dominated(point, np.array([[1.0, 1.5]]))
    assert not dominated(point, np.array([[1.0, 2.0], [0.5, 2.5]]))
