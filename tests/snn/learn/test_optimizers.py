"""Optimizers against PyTorch's, and against the loop of the paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archsim.errors import WorkloadError
from archsim.registry import OPTIMIZERS
from archsim.snn.learn.optimizers import SGD, Adam, Momentum, SinkGD

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("shape", [(5, 3), (7,)])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: SGD(0.3), lambda w: torch.optim.SGD(w, lr=0.3)),
        (lambda: Momentum(0.3, 0.8), lambda w: torch.optim.SGD(w, lr=0.3, momentum=0.8)),
        (lambda: Adam(0.01, 0.8, 0.95, 1e-6), lambda w: torch.optim.Adam(w, lr=0.01, betas=(0.8, 0.95), eps=1e-6)),
        (lambda: Adam(), lambda w: torch.optim.Adam(w)),
    ],
    ids=["SGD", "momentum", "Adam", "Adam as it comes"],
)
def test_twenty_steps_equal_those_of_pytorch(ours, theirs, shape):
    rng = np.random.default_rng(0)
    weight = rng.normal(size=shape)
    leaf = torch.tensor(weight.copy(), requires_grad=True)
    optimizer, reference = ours(), theirs([leaf])
    for _ in range(20):
        gradient = rng.normal(size=shape)
        kept = gradient.copy()
        leaf.grad = torch.tensor(gradient.copy())
        reference.step()
        weight += optimizer.step("layer", gradient)
        assert np.array_equal(gradient, kept)
        np.testing.assert_allclose(weight, leaf.detach().numpy(), rtol=1e-12)


def literal_sink(x, iterations):
    """Rows, then columns, as arXiv 2502.06742 writes it, number by number."""
    x = x.copy()
    m, n = x.shape
    for _ in range(iterations):
        for i in range(m):
            x[i] *= np.sqrt(n) / np.linalg.norm(x[i])
        for j in range(n):
            x[:, j] *= np.sqrt(m) / np.linalg.norm(x[:, j])
    return x


@given(
    arrays(np.float64, (4, 6), elements=st.floats(0.01, 10)),
    st.integers(0, 2**24 - 1),
    st.integers(1, 6),
)
def test_sinkgd_normalises_rows_and_columns_in_turn(sizes, signs, iterations):
    bits = (signs >> np.arange(24)) & 1
    gradient = sizes * np.where(bits.reshape(4, 6), 1.0, -1.0)
    delta = SinkGD(0.5, iterations).step("layer", gradient)
    np.testing.assert_allclose(delta, -0.5 * literal_sink(gradient, iterations), rtol=1e-10)


def test_sinkgd_converges_to_rows_of_root_n_and_columns_of_root_m():
    gradient = np.random.default_rng(0).normal(size=(30, 50)) * np.geomspace(1e-3, 1e3, 30)[:, None]
    x = -SinkGD(1.0, 60).step("layer", gradient)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), np.sqrt(50), rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(x, axis=0), np.sqrt(30), rtol=1e-9)
    assert np.array_equal(np.sign(x), np.sign(gradient))


@given(st.floats(1e-200, 1e200))
def test_the_size_of_a_gradient_does_not_matter_to_sinkgd(size):
    gradient = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
    for g in (gradient, gradient[0]):
        np.testing.assert_allclose(SinkGD(1.0).step("l", size * g), SinkGD(1.0).step("l", g), rtol=1e-9)


def test_rows_and_columns_without_gradient_stay_where_they_are():
    gradient = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 2.0]])
    delta = SinkGD(1.0).step("layer", gradient)
    assert np.array_equal(delta == 0, gradient == 0)
    assert np.array_equal(SinkGD(1.0).step("layer", np.zeros((2, 2))), np.zeros((2, 2)))


def test_a_vector_of_biases_is_divided_by_its_root_mean_square():
    delta = SinkGD(2.0).step("layer.bias", np.array([3.0, -4.0]))
    np.testing.assert_allclose(delta, -2 * np.array([3, -4]) / np.sqrt(12.5))


@pytest.mark.parametrize("kind", ["sgd", "momentum", "adam", "sink"])
def test_the_stated_number_of_states_is_the_number_kept(kind):
    stated = OPTIMIZERS[kind].model_validate({"kind": kind, "rate": 0.1})
    optimizer = stated.optimizer()
    for _ in range(2):
        optimizer.step("layer", np.ones((40, 50)))
    kept = sum(state.size for state in optimizer.state.values() if state.size > 1)
    assert kept == stated.needs().n_states * 2000


def test_each_layer_has_states_of_its_own():
    optimizer = Momentum(1.0)
    optimizer.step("a", np.ones((2, 2)))
    assert optimizer.step("b", np.ones((2, 2)))[0, 0] == -1.0
    assert optimizer.step("a", np.ones((2, 2)))[0, 0] == -1.9


def test_learning_goes_on_where_it_stopped_from_a_saved_state():
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(6, 3, 3))
    whole, first, second = Adam(), Adam(), Adam()
    for g in gradients[:3]:
        whole.step("layer", g)
        first.step("layer", g)
    second.state = {key: value.copy() for key, value in first.state.items()}
    for g in gradients[3:]:
        assert np.array_equal(whole.step("layer", g), second.step("layer", g))


def test_a_state_of_another_network_is_refused():
    optimizer = Adam()
    optimizer.step("layer", np.ones((2, 2)))
    with pytest.raises(WorkloadError, match="another network"):
        optimizer.step("layer", np.ones((3, 2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0.0), "learning_rate of SGD is 0.0; it must be a positive number"),
        (lambda: SGD(float("nan")), "learning_rate"),
        (lambda: Momentum(0.1, 1.0), "momentum of Momentum is 1.0; it must be from 0 to below 1"),
        (lambda: Adam(0.1, beta1=-1, beta2=2, epsilon=0), "beta1.*; beta2.*; epsilon"),
        (lambda: SinkGD(0.1, 0), "iterations of SinkGD is 0; it must be a whole number, 1 or more"),
        (lambda: SinkGD(0.1, 1.5), "whole number"),
    ],
)
def test_bad_values_are_named(make, message):
    with pytest.raises(WorkloadError, match=message):
        make()
