"""A sample of batches says what all of them take, and how sure that is."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.learn.sampling import LEAST, batch_sizes, choose, quantiles, total_of

SIZES = batch_sizes(83, 8, 6)  # 66 batches, the last of each pass with 3 windows


def of_all(seed: int) -> np.ndarray:
    """What batches take: more in the beginning, and each something else."""
    rng = np.random.default_rng(seed)
    per_window = 10 + 30 * np.exp(-np.arange(len(SIZES)) / 15) + rng.normal(0, 3, len(SIZES))
    return per_window * np.array(SIZES)


def test_the_first_batch_is_never_alone_and_stretches_are_equal():
    for seed in range(50):
        sample = choose(len(SIZES), 10, seed)
        assert sample.batches != (0,)
        assert [len(some) for some in sample.chosen] == [2] * 5
        assert max(map(len, sample.strata)) - min(map(len, sample.strata)) <= 1
        assert sorted(b for part in sample.strata for b in part) == list(range(len(SIZES)))
    assert len(choose(len(SIZES), 1, 0).batches) == LEAST
    assert len(choose(len(SIZES), 11, 0).batches) == 11


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    truth, held, found = of_all(0).sum(), 0, []
    for seed in range(400):
        sample = choose(len(SIZES), 12, seed)
        estimate = total_of(sample, {b: float(of_all(0)[b]) for b in sample.batches}, SIZES)
        held += abs(estimate.value - truth) <= estimate.half_width
        found.append((estimate.value, estimate.standard_error))
    assert 0.90 < held / 400 < 0.99
    values, errors = np.array(found).T
    assert values.mean() == pytest.approx(truth, rel=0.005)  # a ratio estimate is nearly without bias
    assert np.sqrt((errors**2).mean()) == pytest.approx(values.std(), rel=0.1)


def test_strata_make_an_estimate_surer_than_a_draw_from_all():
    per_batch = of_all(1)
    ours, plain = [], []
    for seed in range(300):
        sample = choose(len(SIZES), 12, seed)
        ours.append(total_of(sample, {b: float(per_batch[b]) for b in sample.batches}, SIZES).value)
        drawn = np.random.default_rng(seed).permutation(len(SIZES))[:12]
        plain.append(per_batch[drawn].sum() / np.array(SIZES)[drawn].sum() * sum(SIZES))
    assert np.std(ours) < 0.6 * np.std(plain)


def test_quantiles_count_each_window_as_often_as_its_batch_stands_for():
    values = np.array([1.0, 2.0, 3.0])
    assert quantiles(values, np.array([98.0, 1.0, 1.0]), (0.5, 0.98, 0.99, 1.0)) == [1.0, 1.0, 2.0, 3.0]
