"""Quantisers of errors: what the largest code stands for, by the definitions they cite."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.crossbar.quantisers.kind import RANDOM_BITS, Arithmetic, rounded
from archsim.registry import QUANTISERS


def made(kind: str, **settings: object):
    """A quantiser as a chip file says it."""
    return QUANTISERS[kind].model_validate({"kind": kind, **settings})


def test_the_vector_maximum_is_the_largest_magnitude_of_each_vector():
    scaler = made("vector_maximum").scaler()
    errors = np.array([[1.0, -3.0], [0.0, 0.0], [0.5, 0.25]])
    scaler.meet(errors)
    assert scaler.largest(errors, 1).tolist() == [[3.0], [0.0], [0.5]]
    assert scaler.n_seen == errors.size
    assert scaler.end() is None


def test_a_maximum_that_is_given_is_shared_among_the_samples_of_a_mean():
    scaler = made("fixed", maximum=2.0).scaler()
    scaler.meet(np.array([[100.0]]))
    assert scaler.largest(np.zeros((3, 2)), 4).tolist() == [[0.5]] * 3


@pytest.mark.parametrize(("percentile", "right"), [(100.0, 10.0), (50.0, 5.0), (10.0, 1.0)])
def test_a_calibrated_maximum_is_the_percentile_of_errors_that_are_not_zero(percentile, right):
    scaler = made("fixed", percentile=percentile).scaler()
    scaler.meet(np.concatenate([np.arange(1.0, 11.0), np.zeros(1000)])[None])
    scaler.meet(np.full((1, 1), 99.0))  # once and for all
    assert scaler.largest(np.ones((1, 1)), 1).item() == right


def test_without_any_error_the_largest_code_stands_for_one():
    scaler = made("fixed").scaler()
    scaler.meet(np.zeros((2, 2)))
    assert scaler.largest(np.zeros((1, 1)), 1).item() == 1.0


def test_a_power_of_two_begins_at_the_smallest_that_fits():
    scaler = made("power_of_two").scaler()
    scaler.meet(np.array([[0.3, -5.0]]))
    assert scaler.largest(np.ones((2, 1)), 2).tolist() == [[4.0], [4.0]]  # 8 over two samples


@pytest.mark.parametrize(
    ("size", "right"), [(1.5, 2.0), (0.75, 1.0), (0.5, 0.5), (0.25, 0.5), (0.0, 1.0)], ids="{0}".format
)
def test_a_power_of_two_follows_the_batch_before(size, right):
    scaler = made("power_of_two").scaler()
    scaler.largest(np.full((1, 4), size), 1)
    scaler.end()
    assert scaler.largest(np.zeros((1, 1)), 1).item() == right


def test_as_many_errors_as_may_be_larger_change_nothing():
    scaler = made("power_of_two", overflow="25 %").scaler()
    scaler.largest(np.array([[3.0, 0.9, 0.8, 0.7]]), 1)  # one of four is larger, all are above a half
    scaler.end()
    assert scaler.largest(np.zeros((1, 1)), 1).item() == 1.0


def test_stochastic_rounding_is_right_in_the_mean():
    n = 1 << RANDOM_BITS
    unit = np.full(n, 0.3)
    codes = rounded(unit, 7, np.arange)  # each number of the random bits once
    assert set((codes * 7).round(9)) == {2.0, 3.0}
    assert codes.mean() == pytest.approx(0.3, abs=1 / 7 / n)


@pytest.mark.parametrize(
    ("kind", "scaling", "rescaling", "looks"),
    [
        ("vector_maximum", Arithmetic(8), Arithmetic(0, ((16, 8),)), (True, False)),  # restoring division
        ("fixed", Arithmetic(0, ((16, 8),)), Arithmetic(), (False, False)),
        ("power_of_two", Arithmetic(1), Arithmetic(), (False, True)),
    ],
)
def test_what_digital_logic_does_for_one_error(kind, scaling, rescaling, looks):
    quantiser = made(kind)
    assert quantiser.scaling(16, 8) == scaling
    assert quantiser.rescaling(16, 8) == rescaling
    assert (quantiser.looks_first, quantiser.looks_beside) == looks
    assert not quantiser.is_stochastic
    assert not quantiser.waits_for_sample


def test_each_says_in_words_what_it_is():
    assert made("fixed", maximum=0.5).said() == "over 0.5"
    assert "99 %" in made("fixed", percentile=99.0).said()
    assert "0.01 %" in made("power_of_two").said()
    assert "vector" in made("vector_maximum").said()
    assert "sample" in made("vector_maximum", over="sample").said()
