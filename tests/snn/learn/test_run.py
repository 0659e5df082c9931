"""The batched pass against the pass of single samples, and compiled loops against plain ones."""

from __future__ import annotations

import numpy as np
import pytest
from learn_support import N_STEPS, NETWORKS, batch_for

from archsim.errors import WorkloadError
from archsim.snn import forward
from archsim.snn.learn.events import Events
from archsim.snn.learn.gradients import back_propagate
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.surrogates import Surrogate
from archsim.workload import from_nir


def same_bits(a, b):
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_gives_what_each_sample_gives_alone(name):
    network = NETWORKS[name]
    x = batch_for(network)
    tape = run_batch(network, x, PlainProducts.of(network))
    for b in range(x.shape[1]):
        alone = forward(network, x[:, b])
        for layer in network.layers:
            together = tape.outputs[layer.name][:, b]
            if layer.neuron is not None and layer.neuron.spikes:
                assert same_bits(together, alone.outputs[layer.name].astype(np.float64))
            np.testing.assert_allclose(together, alone.outputs[layer.name], rtol=1e-12, atol=1e-13)
            if layer.neuron is not None:
                u = tape.potentials[layer.name][:, b].reshape(-1, *layer.out_shape)
                np.testing.assert_allclose(u, alone.potentials[layer.name], rtol=1e-12, atol=1e-13)


def test_the_networks_of_these_tests_spike_and_do_not_always_spike():
    for network in NETWORKS.values():
        tape = run_batch(network, batch_for(network), PlainProducts.of(network))
        for layer in network.layers:
            if layer.neuron is not None and layer.neuron.spikes and "never" not in network.name:
                assert 0.01 < tape.outputs[layer.name].mean() < 0.9, (network.name, layer.name)


@pytest.mark.parametrize("reset_path", [True, False])
@pytest.mark.parametrize("kind", ["triangle", "fast_sigmoid", "arctan"])
@pytest.mark.parametrize("name", NETWORKS)
def test_compiled_loops_give_the_bits_of_the_plain_ones(name, kind, reset_path):
    pytest.importorskip("numba")
    network = NETWORKS[name]
    products, surrogate = PlainProducts.of(network), Surrogate(kind, 0.7)
    found = []
    for compiled in (True, False):
        tape = run_batch(network, batch_for(network), products, compiled=compiled)
        error = np.random.default_rng(1).normal(size=tape.outputs[network.layers[-1].name].shape)
        arguments = network, tape, error, products, surrogate
        found.append((tape, back_propagate(*arguments, reset_path=reset_path, compiled=compiled)))
    (fast, fast_back), (plain, plain_back) = found
    for kept in ("outputs", "potentials", "rows"):
        for key, values in getattr(plain, kept).items():
            assert same_bits(getattr(fast, kept)[key], values), (kept, key)
    for kept in ("weights", "biases", "deltas"):
        assert getattr(plain_back, kept).keys() == getattr(fast_back, kept).keys()
        for key, values in getattr(plain_back, kept).items():
            assert same_bits(getattr(fast_back, kept)[key], values), (kept, key)


@pytest.mark.parametrize("density", [0.0, 0.02, 0.2])
def test_products_with_spikes_have_the_bits_of_sums_in_their_order_and_the_size_of_dense_products(density):
    rng = np.random.default_rng(2)
    rows = (rng.random((50, 37)) < density).astype(np.float64)
    matrix, vectors = rng.normal(size=(37, 21)), rng.normal(size=(50, 21))
    in_order, outer = np.zeros((50, 21)), np.zeros((37, 21))
    for r, k in np.argwhere(rows):
        in_order[r] += matrix[k]
        outer[k] += vectors[r]
    for compiled in (True, False):
        events = Events.of(rows, compiled=compiled)
        assert same_bits(events.add_rows(matrix), in_order)
        assert same_bits(events.add_vectors(vectors), outer)
    np.testing.assert_allclose(in_order, rows @ matrix, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(outer, rows.T @ vectors, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("compiled", [True, False])
def test_dense_spikes_and_other_numbers_than_spikes_take_the_dense_product(compiled):
    assert Events.of(np.ones((4, 4)), compiled=compiled) is None
    assert Events.of(np.full((4, 9), 0.5), compiled=compiled) is None
    late = np.zeros((8, 9))
    late[7, 8] = -1.0
    assert Events.of(late, compiled=compiled) is None


def test_a_run_without_numba_gives_the_same_bits(monkeypatch):
    network = NETWORKS["wide, sparse"]
    with_numba = run_batch(network, batch_for(network), PlainProducts.of(network))
    for module in ("run", "events"):
        monkeypatch.setattr(f"archsim.snn.learn.{module}.loops", lambda: None)
    without = run_batch(network, batch_for(network), PlainProducts.of(network))
    assert all(same_bits(without.outputs[key], with_numba.outputs[key]) for key in without.outputs)


@pytest.mark.reference
@pytest.mark.parametrize("compiled", [True, False])
def test_the_batched_pass_gives_the_recorded_trace_of_norse(reference_dir, compiled):
    """The columns of the recording are input, potential after reset, spike; dt = 1e-4 s."""
    network = from_nir(reference_dir / "data" / "nir" / "lif_norse.nir", dt=1e-4)
    current, after, spikes = np.loadtxt(
        reference_dir / "data" / "lif_reference" / "lif_norse.csv", delimiter=",", unpack=True
    )
    x = np.stack([current, np.zeros_like(current)], axis=1)[:, :, None]  # beside a sample without input
    tape = run_batch(network, x, PlainProducts.of(network), compiled=compiled)
    last = network.layers[-1]
    fired = tape.outputs[last.name][:, 0, 0]
    assert np.array_equal(fired, spikes)
    assert np.flatnonzero(spikes).tolist() == [460, 510, 710, 760]
    u = np.where(fired > 0, float(np.asarray(last.neuron.v_reset).item()), tape.potentials[last.name][:, 0, 0])
    assert np.abs(u - after).max() < 1e-6


@pytest.mark.parametrize(
    ("shape", "message"),
    [((N_STEPS, 4), "expected"), ((N_STEPS, 0, 4), "at least one"), ((0, 2, 4), "at least one")],
)
def test_a_batch_of_the_wrong_shape_is_refused(shape, message):
    network = NETWORKS["LI"]
    with pytest.raises(WorkloadError, match=message):
        run_batch(network, np.zeros(shape), PlainProducts.of(network))


def test_a_sample_with_nan_is_named():
    network = NETWORKS["LI"]
    x = batch_for(network)
    x[5, 2, 1] = np.nan
    with pytest.raises(WorkloadError, match=r"sample 2 .* timestep 5, position \(1,\)"):
        run_batch(network, x, PlainProducts.of(network))
