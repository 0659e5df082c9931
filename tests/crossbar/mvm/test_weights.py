"""Weights as conductances and back: schemes, slices, ranges, clipping, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from archsim.crossbar.mvm import map_weights, weights_of
from archsim.crossbar.mvm.weights import WeightMap, checked_weights
from archsim.errors import SpecError
from archsim.spec.values import ArraySpec

WINDOW = {"g_min": "10 uS", "g_max": "40 uS"}
FIXED = {"clip": {"kind": "fixed", "maximum": 1.0}}
seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def microsiemens(mapped: WeightMap) -> list[Any]:
    return list((mapped.target_siemens * 1e6).round(9).tolist())


def read_back(mapped: WeightMap) -> NDArray[np.float64]:
    return weights_of(mapped.target_siemens, mapped.reference_siemens, mapped)


def test_a_differential_pair_holds_the_magnitude_on_one_side_and_g_min_on_the_other() -> None:
    mapped = map_weights([[1.0], [-2 / 3], [0.0]], ArraySpec(levels=4, **WINDOW))
    assert microsiemens(mapped) == [[[[40, 10]]], [[[10, 30]]], [[[10, 10]]]]
    assert mapped.reference_siemens is None


def test_slices_hold_the_digits_of_the_level_least_significant_first() -> None:
    spec = ArraySpec(levels=4, cells_per_weight=3, g_min="0 uS", g_max="3 uS", weights=FIXED)
    mapped = map_weights([[27 / 63, -45 / 63]], spec)
    # 27 = 3 + 2 * 4 + 1 * 16, 45 = 1 + 3 * 4 + 2 * 16
    assert microsiemens(mapped)[0] == [[[3, 0], [2, 0], [1, 0]], [[0, 1], [0, 3], [0, 2]]]


@pytest.mark.parametrize("signed", ["offset", "unsigned"])
def test_offset_weights_count_from_the_middle_level(signed: str) -> None:
    spec = ArraySpec(levels=4, signed=signed, weights=FIXED, **WINDOW)
    mapped = map_weights([[1.0, 0.0, -1.0, -2.0]], spec)
    assert microsiemens(mapped) == [[[[40]], [[30]], [[20]], [[10]]]]
    assert mapped.n_clipped == 0  # four levels reach one step further below zero than above
    np.testing.assert_allclose(read_back(mapped), [[1, 0, -1, -2]], rtol=1e-12)


def test_every_array_has_its_reference_column_at_the_middle_digit() -> None:
    spec = ArraySpec(columns=5, levels=4, cells_per_weight=2, signed="offset", **WINDOW)
    mapped = map_weights(np.ones((3, 5)), spec)
    assert mapped.grid == (1, 3)
    np.testing.assert_allclose(mapped.reference_siemens, np.full((3, 3), 30e-6), rtol=1e-12)
    assert mapped.column_block_of_output().tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("signed", ["offset", "unsigned"])
def test_two_levels_stand_for_minus_and_plus_the_largest_weight(signed: str) -> None:
    mapped = map_weights([[0.3, -0.3]], ArraySpec(levels=2, signed=signed, weights=FIXED, **WINDOW))
    assert microsiemens(mapped) == [[[[40]], [[10]]]]
    np.testing.assert_allclose(read_back(mapped), [[1, -1]], rtol=1e-12)


@pytest.mark.parametrize("signed", ["offset", "unsigned"])
def test_a_continuum_has_its_zero_in_the_middle_of_the_window(signed: str) -> None:
    mapped = map_weights([[1.0, 0.0, -1.0]], ArraySpec(signed=signed, **WINDOW))
    assert microsiemens(mapped) == [[[[40]], [[25]], [[10]]]]


def test_ranges_are_shared_by_the_matrix_an_array_or_a_column() -> None:
    weights = np.array([[1.0, 2.0, 3.0], [4.0, -5.0, 6.0], [-7.0, 8.0, 0.5]])
    arrays = {"rows": 2, "columns": 4}  # two weights side by side
    expected = {
        "matrix": [[8, 8, 8], [8, 8, 8]],
        "array": [[5, 5, 6], [8, 8, 0.5]],
        "column": [[4, 5, 6], [7, 8, 0.5]],
    }
    for scale, w_max in expected.items():
        mapped = map_weights(weights, ArraySpec(weights={"scale": scale}, **arrays))
        assert mapped.w_max.tolist() == w_max
        np.testing.assert_allclose(read_back(mapped), weights, rtol=1e-12)


def test_scaling_each_column_uses_all_of_the_range() -> None:
    weights = np.array([[1.0, 0.1], [0.5, 0.05]])
    assert map_weights(weights, ArraySpec(weights={"scale": "column"})).range_used == 1.0
    assert map_weights(weights, ArraySpec(weights={"scale": "matrix"})).range_used == pytest.approx(0.55)


def test_clip_rules_end_the_range_where_they_say() -> None:
    weights = np.concatenate([np.arange(1, 100), [-1000.0]])[:, None]
    rms = float(np.sqrt((weights**2).mean()))
    for clip, w_max, n_clipped in (
        ({"kind": "max"}, 1000, 0),
        ({"kind": "percentile", "percentile": 90}, 90, 10),
        ({"kind": "sigma", "sigmas": 0.5}, 0.5 * rms, int((np.abs(weights) > 0.5 * rms).sum())),
        ({"kind": "fixed", "maximum": 50.0}, 50, 50),
    ):
        mapped = map_weights(weights, ArraySpec(weights={"clip": clip}))
        assert mapped.w_max[0, 0] == pytest.approx(w_max, rel=1e-12)
        assert mapped.n_clipped == n_clipped
        np.testing.assert_allclose(read_back(mapped), np.clip(weights, -w_max, w_max), rtol=1e-12)


def test_a_percentile_that_falls_on_zeros_gives_way_to_the_largest_weight() -> None:
    weights = np.zeros((10, 1))
    weights[3] = -2.0
    mapped = map_weights(weights, ArraySpec(weights={"clip": {"kind": "percentile", "percentile": 50}}))
    assert mapped.w_max[0, 0] == 2.0


@pytest.mark.parametrize("signed", ["differential", "offset", "unsigned"])
@pytest.mark.parametrize("scale", ["matrix", "array", "column"])
def test_zeros_are_weights_like_any_other(signed: str, scale: str) -> None:
    spec = ArraySpec(rows=2, levels=4, cells_per_weight=2, signed=signed, weights={"scale": scale})
    mapped = map_weights(np.zeros((3, 2)), spec)
    assert (mapped.w_max == 1).all()
    assert mapped.range_used == 0
    assert (np.abs(read_back(mapped)) < 1e-12).all()
    half = map_weights([[0.0, 1.0], [0.0, 4.0]], spec)
    np.testing.assert_allclose(read_back(half)[:, 0], 0, atol=1e-12)
    assert half.w_max.tolist() == [[4, 4]]


@st.composite
def level_specs(draw: st.DrawFn) -> ArraySpec:
    levels = draw(st.sampled_from([0, 2, 3, 4, 8, 16]))
    cells = draw(st.integers(1, 4)) if levels else 1
    return ArraySpec(
        levels=levels,
        cells_per_weight=cells,
        rows=draw(st.integers(1, 6)),
        columns=1 + 2 * cells * draw(st.integers(1, 3)),
        signed=draw(st.sampled_from(["differential", "offset", "unsigned"])),
        g_min=draw(st.sampled_from(["0 uS", "1 uS", "39 uS"])),
        g_max="40 uS",
        weights={"scale": draw(st.sampled_from(["matrix", "array", "column"]))},
    )


@given(spec=level_specs(), n_in=st.integers(1, 8), n_out=st.integers(1, 8), rng=seeds)
@settings(deadline=None)
def test_every_weight_comes_back_to_half_a_level(
    spec: ArraySpec, n_in: int, n_out: int, rng: np.random.Generator
) -> None:
    weights = rng.normal(size=(n_in, n_out))
    mapped = map_weights(weights, spec)
    g = mapped.target_siemens
    assert (g >= spec.g_min_siemens - 1e-18).all()
    assert (g <= spec.g_max_siemens * (1 + 1e-12)).all()
    n = spec.n_levels**spec.n_cells_per_weight
    w_max = np.repeat(mapped.w_max, spec.n_rows, axis=0)[:n_in]
    levels_above_zero = {"differential": n - 1}.get(spec.signed, n - 1 - n // 2) or 0.5
    half_a_level = 0.5 * w_max / levels_above_zero if spec.n_levels else 0.0
    assert (np.abs(read_back(mapped) - weights) <= half_a_level + 1e-10 * w_max).all()
    # what came back lies on levels: mapping it again over the same ranges moves nothing
    again = map_weights(read_back(mapped), spec)
    if (again.w_max == mapped.w_max).all():
        np.testing.assert_allclose(again.target_siemens, g, rtol=1e-9, atol=1e-18)


def test_what_a_conductance_means_is_linear_in_it() -> None:
    spec = ArraySpec(levels=4, cells_per_weight=2, weights=FIXED, **WINDOW)
    mapped = map_weights([[0.0]], spec)
    g = mapped.target_siemens.copy()
    g[0, 0, 1, 1] += 5e-6  # half a digit of the upper slice, on the minus side: two levels of fifteen
    assert weights_of(g, None, mapped)[0, 0] == pytest.approx(-2 / 15, rel=1e-12)


def test_bad_weights_are_refused_with_all_that_is_wrong() -> None:
    with pytest.raises(SpecError) as failed:
        map_weights([1.0, np.nan, np.inf], ArraySpec())
    assert "must have 2 dimensions (inputs, outputs); got shape (3,)" in str(failed.value)
    assert "2 not finite, the first at [1]: nan" in str(failed.value)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.zeros((0, 3)), "no entry"),
        (np.zeros((2, 2, 2)), "2 dimensions"),
        ([["a", "b"]], "real numbers"),
        ([[1j]], "real numbers"),
        ([[1.0], [1.0, 2.0]], "real numbers"),
        (None, "real numbers"),
    ],
)
def test_weights_that_are_no_matrix_are_refused(weights: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        map_weights(weights, ArraySpec())


def test_weights_of_another_shape_than_before_are_refused() -> None:
    with pytest.raises(SpecError, match=r"must have shape \(3, 2\) as programmed before; got \(2, 3\)"):
        checked_weights(np.ones((2, 3)), shape=(3, 2))


def test_more_levels_than_numbers_tell_apart_are_refused() -> None:
    with pytest.raises(ValueError, match=r"14 cells of 16 levels make more than 2\^53 levels of a weight"):
        ArraySpec(levels=16, cells_per_weight=14)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([[1e-308, -3e-309]], "one level of a range of 1e-308 would be 6.67e-310, below 2.23e-308"),
        ([[5e-324]], "below 2.23e-308, the smallest number of full precision; scale the weights up"),
        ([[1e308], [-1e308]], "sums of 2 weights of 1e+308, level by level, can pass 1.8e+308"),
    ],
)
def test_weights_whose_levels_or_sums_have_no_number_are_refused(weights, said) -> None:
    with pytest.raises(SpecError) as refused:
        map_weights(weights, ArraySpec(levels=4, cells_per_weight=2))
    assert said in str(refused.value)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_very_small_and_large_weights_come_back(size) -> None:
    weights = np.array([[1.0, -0.2], [0.6, 0.0]]) * size
    mapped = map_weights(weights, ArraySpec(levels=4, cells_per_weight=2))
    assert np.allclose(weights_of(mapped.target_siemens, None, mapped) / size, weights / size, rtol=0, atol=1e-9)


def test_conductances_of_another_shape_are_refused() -> None:
    mapped = map_weights(np.ones((2, 2)), ArraySpec(signed="offset"))
    with pytest.raises(SpecError) as failed:
        weights_of(np.ones((2, 2, 1, 2)), None, mapped)
    assert "must have shape (2, 2, 1, 1); got (2, 2, 1, 2)" in str(failed.value)
    assert "reference_siemens: must have shape (2, 1); got None" in str(failed.value)
