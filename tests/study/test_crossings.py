"""Where ratios pass the published ones: against lines that are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.study.comparison import Comparison
from archsim.study.configurations import Configuration, Factor
from archsim.study.crossings import PUBLISHED, crossings, reached, strongest

ENERGY, AREA, SPEED = PUBLISHED


def row(name: str, energy: float = 0.0, area: float = 0.0, speed: float = 1.0, **settings: object) -> Comparison:
    """A configuration with the given ratios."""
    return Comparison(name, dict(settings), {}, {}, energy, area, speed, {}, {})


def factor(name: str, base: int | str, *settings: int | str) -> Factor:
    return Factor(name, name, base, tuple(Configuration(f"{name}={s}", {name: s}) for s in settings))


def test_the_published_figures_are_the_four_of_the_paper():
    assert [published.value for published in PUBLISHED] == [64.1, 10.1, 2.1]


def test_a_line_is_crossed_where_it_is():
    rows = [row("base", area=5.1), row("depth=4", area=9.1), row("depth=8", area=11.1)]
    (found,) = crossings(factor("depth", 2, 4, 8), rows, AREA)
    assert found.at == pytest.approx(6.0)
    assert found.between == (4.0, 8.0)
    assert found.rises


@given(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(1, 100), st.floats(1, 100), st.booleans())
def test_a_crossing_lies_between_its_neighbours_and_on_their_line(below, above, x0, step, rises):
    low, high = AREA.value - below, AREA.value + above
    first, second = (low, high) if rises else (high, low)
    x1 = x0 + step
    rows = [row("base", area=first), row(f"x={x1}", area=second)]
    (found,) = crossings(Factor("x", "", x0, (Configuration(f"x={x1}", {"x": x1}),)), rows, AREA)
    assert x0 <= found.at <= x1
    assert found.rises is rises
    at = first + (second - first) * (found.at - x0) / (x1 - x0)
    assert at == pytest.approx(AREA.value, abs=1e-6)


def test_a_figure_that_falls_below_says_so():
    rows = [row("base", speed=3.1), row("n=4", speed=1.1)]
    (found,) = crossings(factor("n", 2, 4), rows, SPEED)
    assert str(found).startswith("falls below it at n ≈ 3")


def test_settings_without_figures_are_bridged():
    rows = [row("base", area=5.1), row("n=8", area=15.1)]
    (found,) = crossings(factor("n", 2, 4, 8), rows, AREA)
    assert found.between == (2.0, 8.0)


def test_a_factor_without_an_order_has_no_crossings():
    rows = [row("base", area=5), row("feedback=transposable", area=20)]
    assert crossings(factor("feedback", "copy", "transposable"), rows, AREA) == []


def test_a_figure_that_is_met_exactly_counts_as_reached():
    found = {f["figure"]: f for f in reached([], [row("base", energy=64.1, speed=2.0)])}
    assert found["energy_saving_pct"]["by"] == ["base"]
    assert found["speedup"]["by"] == []
    assert found["speedup"]["best_value"] == 2.0


def test_all_that_reach_a_figure_are_named_in_order():
    rows = [row("base", area=1), row("a=1", area=30, a=1), row("b=1", area=11, b=1)]
    found = {f["figure"]: f for f in reached([], rows)}["area_saving_pct"]
    assert found["by"] == ["a=1", "b=1"]
    assert (found["best"], found["base_value"]) == ("a=1", pytest.approx(1))


def test_the_strongest_factor_of_every_figure_is_taken_first():
    factors = [factor("a", 0, 1), factor("b", 0, 1), factor("c", 0, 1)]
    rows = [
        row("base", energy=10, area=10, speed=1.5),
        row("a=1", energy=40, area=10, speed=1.5),
        row("b=1", energy=30, area=10, speed=3.0),
        row("c=1", energy=10, area=20, speed=1.5),
    ]
    taken = [configuration.name for _, configuration in strongest(factors, rows, 3)]
    assert taken == ["a=1", "c=1", "b=1"]


def test_what_only_lowers_the_ratios_is_not_crossed():
    rows = [row("base", energy=10, area=10, speed=1.5), row("a=1", energy=5, area=5, speed=1.2)]
    assert strongest([factor("a", 0, 1)], rows, 3) == []


def test_a_base_that_saves_nothing_has_strongest_factors_too():
    rows = [row("base", energy=-3, area=0, speed=0.9), row("a=1", energy=-6, area=2, speed=0.9)]
    assert [c.name for _, c in strongest([factor("a", 0, 1)], rows, 3)] == ["a=1"]
    rows = [row("base", energy=-3, area=0, speed=0.9), row("a=1", energy=-6, area=0, speed=0.9)]
    assert strongest([factor("a", 0, 1)], rows, 3) == []
