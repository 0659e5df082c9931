"""Normal numbers by counter: their law, their independence, and that their counter alone decides them."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from archsim.crossbar import CrossbarArray
from archsim.crossbar.draws import base_of, keys_of, normals
from archsim.spec.values import ArraySpec

N = 200_000


def drawn(width, n=N, seed=3, stream=1):
    return normals(keys_of(base_of(seed, stream), np.arange(n)), width)


def test_numbers_follow_the_normal_law():
    found = drawn(10).ravel().astype(np.float64)
    assert stats.kstest(found, "norm").pvalue > 0.01
    assert abs(found.mean()) < 3 / np.sqrt(found.size)
    assert abs(found.var() - 1) < 3 * np.sqrt(2 / found.size)
    assert abs((found**4).mean() - 3) < 3 * np.sqrt(96 / found.size)
    beyond_four = np.count_nonzero(np.abs(found) > 4)
    assert stats.binomtest(beyond_four, found.size, 2 * stats.norm.sf(4)).pvalue > 0.01


@pytest.mark.parametrize("power", [1, 2])
def test_columns_reads_streams_and_seeds_are_independent(power):
    def scaled(values):
        values = values.astype(np.float64) ** power
        return (values - values.mean(axis=0)) / values.std(axis=0)

    own = scaled(drawn(8))
    between = own.T @ own / N - np.eye(8)
    others = [scaled(drawn(8, stream=2)), scaled(drawn(8, seed=4)), np.roll(own, 1, axis=0)]
    for found in [between, *(own.T @ other / N for other in others)]:
        assert np.abs(found).max() < 4.5 / np.sqrt(N)  # the largest of 64


def test_two_columns_of_a_pair_fill_the_plane_evenly():
    found = stats.norm.cdf(drawn(2))
    counts, _, _ = np.histogram2d(*found.T, bins=32)
    assert stats.chisquare(counts.ravel()).pvalue > 0.01


@pytest.mark.parametrize("width", [1, 2, 7, 128, 129])
def test_compiled_numbers_have_the_bits_of_the_plain_ones(width):
    keys = keys_of(base_of(5, 9), np.arange(300))
    assert np.array_equal(normals(keys, width), normals(keys, width, compiled=False))


def test_a_read_draws_the_same_whichever_others_do():
    keys = keys_of(base_of(5, 9), np.arange(50))
    assert np.array_equal(normals(keys, 20)[7:9], normals(keys[7:9], 20))


@pytest.mark.parametrize("readout", [{"kind": "ideal"}, {"kind": "adc", "resolution": "5 bit"}])
@pytest.mark.parametrize("signed", ["differential", "offset"])
def test_noise_hangs_on_no_border_between_batches(readout, signed):
    noise = {"read_noise": {"kind": "proportional", "sigma": 0.05}}
    inputs = {"resolution": "3 bit", "signed": "bipolar"}
    spec = ArraySpec(rows=16, columns=32, signed=signed, inputs=inputs, readout=readout, errors=noise)
    rng = np.random.default_rng(0)
    w, x, e = rng.normal(size=(40, 12)), rng.normal(size=(9, 40)), rng.normal(size=(9, 12))
    at_once, in_parts = (CrossbarArray(spec, w, seed=2) for _ in range(2))
    whole = [at_once.mvm(x), at_once.mvm_transposed(e, maximum=1.0)]
    parts = list(pairwise((0, 2, 3, 9)))
    divided = np.concatenate([in_parts.mvm(x[a:b]) for a, b in parts])
    back = np.concatenate([in_parts.mvm_transposed(e[a:b], maximum=1.0) for a, b in parts])
    for one, other in ((whole[0], divided), (whole[1], back)):
        assert np.abs(one - other).max() <= 1e-12 * np.abs(one).max()  # of plain products the last bit
