"""Fixed random feedback: sizes, scales, signs, seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from learn_support import LI, LIF, NETWORKS, chain

from archsim.errors import WorkloadError
from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedback import made_feedback, make_feedback
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.rows import batch_rows, gather_batch
from archsim.workload.network import Dense

DEEP = chain("deep", (9,), (Dense(300), (300,), LIF), (Dense(200), (200,), LIF), (Dense(8), (8,), LI))


def cells(name, shape, rng):  # noqa: ARG001
    """Pairs of cells programmed to the same target, with a spread of 2 µS each."""
    return rng.normal(0, 2e-6, shape) - rng.normal(0, 2e-6, shape)


def draw_for(kind):
    return cells if kind == "device" else None


@pytest.mark.parametrize("kind", FEEDBACKS)
def test_every_hidden_layer_has_a_matrix_of_neurons_by_classes(kind):
    found = make_feedback(DEEP, kind, seed=0, draw=draw_for(kind))
    assert {name: b.shape for name, b in found.items()} == {"0": (300, 8), "1": (200, 8)}


@pytest.mark.parametrize("kind", ["gaussian", "uniform", "ternary", "sparse", "device", "sign_concordant"])
def test_feedback_keeps_the_size_of_an_error(kind):
    b = make_feedback(DEEP, kind, seed=0, draw=draw_for(kind), gain=2.0)["0"]
    # 2,400 values: the standard error of the mean square is under 3 % for a normal distribution
    assert (b * b).mean() == pytest.approx(4 / 8, rel=0.15)
    assert abs(b.mean()) < 0.1


def test_uniform_feedback_stays_within_its_bounds():
    b = make_feedback(DEEP, "uniform", seed=0)["0"]
    assert np.abs(b).max() <= np.sqrt(3 / 8)
    assert np.abs(b).max() > 0.95 * np.sqrt(3 / 8)


def test_sdfa_cuts_one_matrix_to_the_width_of_each_layer():
    found = make_feedback(DEEP, "sdfa", seed=0)
    assert np.array_equal(found["0"][:200], found["1"])
    assert found["0"].std() == pytest.approx(1 / np.sqrt(8 * 300), rel=0.1)


def test_sign_concordant_feedback_has_the_signs_of_the_weights_downstream():
    found = make_feedback(DEEP, "sign_concordant", seed=0)
    w1, w2 = DEEP.layers[1].weight, DEEP.layers[2].weight
    assert np.array_equal(np.sign(found["1"]), np.sign(w2.T))
    assert np.array_equal(np.sign(found["0"]), np.sign((w2 @ w1).T))
    other = make_feedback(DEEP, "sign_concordant", seed=0, weights={"1": -w1, "2": w2})
    assert np.array_equal(other["0"], -found["0"])


@pytest.mark.parametrize("kind", [name for name in FEEDBACKS if name != "product"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(kind):
    a, b, c = (make_feedback(DEEP, kind, seed=seed, draw=draw_for(kind)) for seed in (1, 1, 2))
    assert all(np.array_equal(a[key], b[key]) for key in a)
    assert not any(np.array_equal(a[key], c[key]) for key in a)


@pytest.mark.parametrize("kind", ["gaussian", "uniform", "ternary", "sparse", "sign_concordant", "device"])
def test_layers_do_not_share_their_values(kind):
    found = make_feedback(DEEP, kind, seed=0, draw=draw_for(kind))
    assert not np.array_equal(np.abs(found["0"][:200]), np.abs(found["1"]))


def test_another_width_of_one_layer_leaves_the_others_as_they_are():
    wider = chain("deep", (9,), (Dense(310), (310,), LIF), (Dense(200), (200,), LIF), (Dense(8), (8,), LI))
    assert np.array_equal(make_feedback(DEEP, seed=0)["1"], make_feedback(wider, seed=0)["1"])


def test_convolutions_get_a_row_for_each_neuron_of_each_position():
    found = make_feedback(NETWORKS["convolution in a plane"], seed=0)
    assert found["0"].shape == (27, 3)


@pytest.mark.parametrize("name", ["convolution along a line", "convolution in groups", "several inputs", "delays"])
def test_the_product_downstream_is_the_slope_of_the_network_without_its_neurons(name):
    network = NETWORKS[name]
    found = make_feedback(network, "product", seed=0)
    layers = tuple(replace(layer, neuron=None, bias=None) for layer in network.layers)
    linear = replace(network, layers=layers)
    rng = np.random.default_rng(0)
    for layer in network.weighted[:-1]:
        change = rng.normal(size=layer.out_shape)
        above = outputs_with(linear, layer.name, change) - outputs_with(linear, layer.name, 0 * change)
        np.testing.assert_allclose(found[layer.name].T @ change.ravel(), above, rtol=1e-9, atol=1e-12)


def outputs_with(network, name, values):
    """The output where a layer's is given, all else is zero and nothing is late."""
    outputs = {"input": np.zeros((1, 1, *network.input_shape))}
    products = PlainProducts.of(network)
    for layer in network.layers:
        if layer.name == name:
            outputs[name] = values[None, None]
            continue
        rows = batch_rows(layer, gather_batch(replace(layer, delay=0), outputs))
        columns = products.forward(layer.name, rows.reshape(-1, rows.shape[3]))
        by_position = columns.reshape(1, 1, rows.shape[2], -1).swapaxes(2, 3)
        outputs[layer.name] = by_position.reshape(1, 1, *layer.out_shape)
    return outputs[network.layers[-1].name].ravel()


def test_a_weight_mirror_comes_nearer_to_the_product_the_longer_it_looks():
    product = make_feedback(DEEP, "product", seed=0)["0"]
    far = []
    for n in (256, 4096):
        kind = FEEDBACKS["weight_mirror"].model_validate({"kind": "weight_mirror", "samples": n})
        found = made_feedback(DEEP, kind, seed=0)["0"]
        far.append(np.linalg.norm(found - product) / np.linalg.norm(product))
    assert far[0] / far[1] == pytest.approx(4.0, rel=0.15), "its error falls with the root of the samples"


@pytest.mark.parametrize("left", [0.0, 0.25, 1.0])
def test_kolen_and_pollack_leave_a_part_of_a_random_start(left):
    product = make_feedback(DEEP, "product", seed=0)["1"]
    kind = FEEDBACKS["kolen_pollack"].model_validate({"kind": "kolen_pollack", "left": left})
    found = made_feedback(DEEP, kind, seed=0)["1"]
    np.testing.assert_allclose((found - product).std(), left * np.sqrt(2) * product.std(), rtol=0.05, atol=1e-15)


def test_of_ternary_values_a_part_is_zero_and_all_others_have_one_size():
    kind = FEEDBACKS["ternary"].model_validate({"kind": "ternary", "zeros": 0.75})
    values = made_feedback(DEEP, kind, seed=0)["0"]
    assert len(np.unique(np.abs(values))) == 2
    assert (values == 0).mean() == pytest.approx(0.75, abs=0.03)
    sparse = FEEDBACKS["sparse"].model_validate({"kind": "sparse", "density": 0.1})
    assert (made_feedback(DEEP, sparse, seed=0)["0"] != 0).mean() == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("kind", [name for name, kind in FEEDBACKS.items() if kind.of_weights])
def test_what_is_made_of_weights_needs_layers_without_windows_along_time(kind):
    with pytest.raises(WorkloadError, match="windows along time"):
        make_feedback(NETWORKS["convolution along time"], kind, seed=0)


@pytest.mark.parametrize(
    "draw",
    [
        lambda name, shape, rng: np.ones(shape),  # noqa: ARG005
        lambda name, shape, rng: rng.normal(size=shape[::-1]),  # noqa: ARG005
        lambda name, shape, rng: np.full(shape, np.nan),  # noqa: ARG005
    ],
)
def test_cells_that_do_not_spread_or_do_not_fit_are_refused(draw):
    with pytest.raises(WorkloadError, match=r"layer '0'.*expected shape \(300, 8\)"):
        make_feedback(DEEP, "device", seed=0, draw=draw)


def test_bad_values_are_named():
    with pytest.raises(WorkloadError, match="allowed are device, gaussian, kolen_pollack, product, sdfa"):
        make_feedback(DEEP, "normal", seed=0)
    with pytest.raises(WorkloadError, match="gain of the feedback is 0"):
        make_feedback(DEEP, seed=0, gain=0)
    with pytest.raises(WorkloadError, match="needs `draw`"):
        make_feedback(DEEP, "device", seed=0)
    bare = replace(DEEP, layers=tuple(replace(layer, weight=None) for layer in DEEP.layers))
    with pytest.raises(WorkloadError, match="has no weights"):
        make_feedback(bare, "sign_concordant", seed=0)
