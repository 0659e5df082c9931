"""Losses against differences and against cases that can be computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.errors import WorkloadError
from archsim.snn.learn.losses import score
from archsim.snn.learn.surrogates import Surrogate

KINDS = ["count_cross_entropy", "count_mse", "membrane_cross_entropy", "membrane_mse"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_error_is_the_slope_of_the_loss(kind):
    rng = np.random.default_rng(0)
    outputs, labels = rng.normal(size=(4, 3, 5)), np.array([4, 0, 2])
    error = score(kind, outputs, labels).error
    for place in np.ndindex(outputs.shape):
        step = np.zeros_like(outputs)
        step[place] = 1e-6
        slope = (score(kind, outputs + step, labels).value - score(kind, outputs - step, labels).value) / 2e-6
        assert error[place] == pytest.approx(slope, rel=1e-5, abs=1e-10)


@pytest.mark.parametrize("kind", ["count_cross_entropy", "membrane_cross_entropy"])
def test_cross_entropy_of_equal_outputs_is_the_logarithm_of_the_number_of_classes(kind):
    found = score(kind, np.full((6, 2, 5), 3.0), np.array([1, 2]))
    assert found.value == pytest.approx(np.log(5))


@pytest.mark.parametrize("kind", ["count_cross_entropy", "membrane_cross_entropy"])
def test_large_outputs_do_not_overflow(kind):
    outputs = np.zeros((2, 1, 3))
    outputs[:, 0, 1] = 1e4
    assert score(kind, outputs, np.array([1])).value == 0.0
    assert score(kind, outputs, np.array([0])).value == pytest.approx(2e4 if kind.startswith("count") else 1e4)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_the_sums_over_time(kind):
    outputs = np.random.default_rng(0).normal(size=(4, 3, 5))
    np.testing.assert_allclose(score(kind, outputs, np.array([0, 1, 2])).scores, outputs.sum(axis=0))


@pytest.mark.parametrize("labels", [[0, 5], [-1, 0], [0], [0, 1, 2]])
def test_labels_that_are_no_classes_are_refused(labels):
    with pytest.raises(WorkloadError, match="2 samples and an output of 5 classes"):
        score("count_mse", np.zeros((4, 2, 5)), np.array(labels))


def test_labels_that_are_no_whole_numbers_are_refused():
    with pytest.raises(WorkloadError, match="whole numbers"):
        score("count_mse", np.zeros((4, 2, 5)), np.array([0.0, 1.0]))


def test_an_unknown_loss_is_refused():
    with pytest.raises(WorkloadError, match="allowed are count_cross_entropy"):
        score("hinge", np.zeros((4, 2, 5)), np.array([0, 1]))


@pytest.mark.parametrize("kind", ["triangle", "fast_sigmoid", "arctan"])
def test_a_surrogate_is_even_largest_at_the_threshold_and_falls_off(kind):
    x = np.linspace(0, 3, 301)
    surrogate = Surrogate(kind, 0.8)
    slope = surrogate(x)
    assert np.array_equal(slope, surrogate(-x))
    assert (np.diff(slope) <= 0).all()
    assert slope[0] == pytest.approx(1.0 if kind == "fast_sigmoid" else 1 / 0.8)


@pytest.mark.parametrize(("kind", "area"), [("triangle", 1.0), ("fast_sigmoid", 1.6), ("arctan", 2.0)])
def test_the_area_under_a_surrogate_is_that_of_its_formula(kind, area):
    """Integrals over the line: 1; 2 width; 2, in closed form."""
    inner = np.linspace(0, 1, 200_001)[1:-1]
    x = inner / (1 - inner)
    values = Surrogate(kind, 0.8)(x) / (1 - inner) ** 2
    assert 2 * np.trapezoid(values, inner) == pytest.approx(area, rel=1e-3)


def test_bad_surrogates_are_refused_with_all_errors():
    with pytest.raises(WorkloadError, match="allowed are arctan, fast_sigmoid, triangle; width"):
        Surrogate("box", 0.0)
