"""Sums over driven rows: noise against cells that are disturbed one by one, codes against the plain product."""

import numpy as np
import pytest
from scipy import stats

from archsim.crossbar import CrossbarArray
from archsim.crossbar.mvm import plain_mvm
from archsim.spec.values import ArraySpec

ROWS, SIGMA, N = 48, 0.08, 20_000
PROGRAMMED = {"programming": {"kind": "constant", "sigma": 0.03}}
NOISES = [{"kind": "constant", "sigma": 0.04}, {"kind": "proportional", "sigma": SIGMA}]


def spec_of(resolution, noise=None, **given):
    errors = PROGRAMMED | ({} if noise is None else {"read_noise": noise})
    readout = {
        "kind": "adc",
        "resolution": resolution,
        "range": {"kind": "fixed", "minimum": -18, "maximum": 18},
        "subtract": "digital",
    }
    readout |= {"code": "sign_magnitude"}
    inputs = {"resolution": "1 bit", "signed": "bipolar"}
    common = {"rows": ROWS, "columns": 32, "levels": 4, "inputs": inputs, "readout": readout, "errors": errors}
    return ArraySpec(**(common | given))


def conductance_of(array):
    """(inputs, outputs, slices, sides) of an array that is one block of columns."""
    pictures = np.concatenate([array.array_conductance(t, 0) for t in range(array.grid[0])])
    n_in, n_out = array.shape
    slices = array.spec.n_cells_per_weight
    return pictures[:n_in, : 2 * n_out * slices].reshape(n_in, n_out, slices, 2)


def inputs():
    return np.random.default_rng(1).choice([-1.0, 0.0, 1.0], ROWS)


def of_disturbed_cells(array, spec, x, noise):
    """Outputs of so many reads, each with a draw for every cell."""
    rng, g = np.random.default_rng(5), conductance_of(array)
    window = spec.g_max_siemens - spec.g_min_siemens
    deviation = noise["sigma"] * (g if noise["kind"] == "proportional" else window * (g > 0))
    reads = (g + deviation * rng.standard_normal(g.shape) for _ in range(N // 10))
    return np.concatenate([plain_mvm(x[None], array.weight_map, conductance_siemens=read) for read in reads])


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise["kind"])
@pytest.mark.parametrize("resolution", ["5 bit", "12 bit"])
def test_codes_of_noisy_sums_are_spread_as_those_of_disturbed_cells(noise, resolution):
    spec, x = spec_of(resolution, noise), inputs()
    w = np.random.default_rng(2).normal(size=(ROWS, 4))
    array = CrossbarArray(spec, w, seed=3)
    found = array.mvm(np.repeat(x[None], N, axis=0))
    wanted = of_disturbed_cells(array, spec, x, noise)
    for column in range(4):
        assert stats.ks_2samp(found[:, column], wanted[:, column]).pvalue > 0.005
        assert stats.levene(found[:, column], wanted[:, column]).pvalue > 0.005


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise["kind"])
def test_noise_has_the_variance_of_its_driven_cells(noise):
    spec, x = spec_of("16 bit", noise), inputs()
    array = CrossbarArray(spec, np.random.default_rng(2).normal(size=(ROWS, 4)), seed=3)
    found = array.mvm(np.repeat(x[None], N, axis=0))
    g, window = conductance_of(array), spec.g_max_siemens - spec.g_min_siemens
    deviation = noise["sigma"] * (g / window if noise["kind"] == "proportional" else g > 0)
    how = array.weight_map.combine()
    variance = (
        np.einsum("r,rcsp,s->c", x**2, deviation**2, how.slice_weight[: g.shape[2]] ** 2) * how.w_unit[0] ** 2
    )
    exact = np.einsum("r,rcsp,s,p->c", x, g / window, how.slice_weight[: g.shape[2]], [1, -1]) * how.w_unit[0]
    assert np.abs(found.var(axis=0) / variance - 1).max() < 4 * np.sqrt(2 / N)
    assert np.abs((found.mean(axis=0) - exact) / np.sqrt(variance / N)).max() < 4
    for column in range(4):
        normal = (found[:, column] - exact[column]) / np.sqrt(variance[column])
        assert stats.kstest(normal, "norm").pvalue > 0.005


@pytest.mark.parametrize("resolution", ["3 bit", "5 bit", "8 bit"])
@pytest.mark.parametrize("levels", [0, 4])
@pytest.mark.parametrize("errors", [{}, PROGRAMMED], ids=["ideal", "programmed"])
def test_codes_without_noise_are_those_of_the_plain_product(resolution, levels, errors):
    inputs = {"resolution": "4 bit", "signed": "bipolar"}
    spec = spec_of(resolution, levels=levels, errors=errors, inputs=inputs)
    rng = np.random.default_rng(0)
    array = CrossbarArray(spec, rng.normal(size=(100, 9)), seed=1)
    x = rng.normal(size=(20, 100))
    wanted = plain_mvm(x, array.weight_map, conductance_siemens=conductance_of(array))
    assert np.abs(array.mvm(x) - wanted).max() <= 1e-9 * np.abs(wanted).max()


def test_rows_that_nothing_drives_are_read_without_noise():
    spec = spec_of("5 bit", NOISES[0])
    array = CrossbarArray(spec, np.random.default_rng(2).normal(size=(ROWS, 4)), seed=3)
    assert not array.mvm(np.zeros((50, ROWS))).any()
