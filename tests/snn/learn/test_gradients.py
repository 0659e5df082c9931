"""Gradients against automatic differentiation, loops written from the formulas, and differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from learn_support import NETWORKS, InTorch, batch_for

from archsim.errors import WorkloadError
from archsim.snn.learn.feedback import make_feedback
from archsim.snn.learn.gradients import back_propagate, direct_feedback
from archsim.snn.learn.losses import score
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.surrogates import Surrogate

torch = pytest.importorskip("torch")
LABELS = np.array([0, 2, 1])
WIDTH = 0.7


def close(found, expected, what):
    scale = np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * scale + 1e-15, err_msg=what)


def torch_loss(kind, outputs):
    """The losses as PyTorch has them."""
    functional, labels = torch.nn.functional, torch.tensor(LABELS)
    wanted = functional.one_hot(labels, outputs.shape[2]).to(outputs.dtype)
    if kind == "count_cross_entropy":
        return functional.cross_entropy(outputs.sum(0), labels)
    if kind == "count_mse":
        return functional.mse_loss(outputs.mean(0), wanted)
    if kind == "membrane_cross_entropy":
        return functional.cross_entropy(outputs.flatten(0, 1), labels.repeat(len(outputs)))
    return functional.mse_loss(outputs, wanted.expand_as(outputs))


def bp(network, x, surrogate, reset_path, loss="count_cross_entropy"):
    products = PlainProducts.of(network)
    tape = run_batch(network, x, products)
    scored = score(loss, tape.outputs[network.layers[-1].name], LABELS)
    return scored, back_propagate(network, tape, scored.error, products, surrogate, reset_path=reset_path)


@pytest.mark.parametrize("reset_path", [True, False])
@pytest.mark.parametrize("kind", ["triangle", "fast_sigmoid", "arctan"])
@pytest.mark.parametrize("name", NETWORKS)
def test_back_propagation_equals_automatic_differentiation(name, kind, reset_path):
    network, x = NETWORKS[name], batch_for(NETWORKS[name])
    reference = InTorch(network, kind, WIDTH, reset_path)
    outputs = reference.run(x)
    loss = torch_loss("count_cross_entropy", outputs[network.layers[-1].name])
    loss.backward()

    scored, found = bp(network, x, Surrogate(kind, WIDTH), reset_path)

    assert scored.value == pytest.approx(loss.item(), rel=1e-12)
    weights = found.weights.keys() | {f"{key}.bias" for key in found.biases}
    assert weights == reference.parameters.keys()
    for key, g in found.weights.items():
        close(g, reference.gradient(key), key)
    for key, g in found.biases.items():
        close(g, reference.gradient(f"{key}.bias"), key)
    never = "never" in name
    assert never or all(np.abs(g).max() > 0 for g in found.weights.values())


@pytest.mark.parametrize("kind", ["count_cross_entropy", "count_mse", "membrane_cross_entropy", "membrane_mse"])
@pytest.mark.parametrize("name", ["LI", "spikes at the output", "recurrent CubaLIF", "convolution in a plane"])
def test_every_loss_gives_the_gradients_of_automatic_differentiation(name, kind):
    network, x = NETWORKS[name], batch_for(NETWORKS[name])
    reference = InTorch(network, "arctan", WIDTH)
    loss = torch_loss(kind, reference.run(x)[network.layers[-1].name])
    loss.backward()
    scored, found = bp(network, x, Surrogate("arctan", WIDTH), False, kind)
    assert scored.value == pytest.approx(loss.item(), rel=1e-12)
    for key, g in found.weights.items():
        close(g, reference.gradient(key), key)


def test_a_path_through_the_reset_changes_the_gradient():
    network = NETWORKS["LIF, reset by subtraction"]
    found = [bp(network, batch_for(network), Surrogate("arctan"), path)[1].weights["0"] for path in (True, False)]
    assert np.abs(found[0] - found[1]).max() > 1e-3 * np.abs(found[0]).max()


def test_without_spikes_the_gradient_is_the_slope_of_the_loss():
    network = NETWORKS["CubaLI"]
    x = batch_for(network)
    _, found = bp(network, x, Surrogate(), False)

    def loss_with(key, place, step):
        products = PlainProducts.of(network)
        products.weights[key][place] += step
        return score("count_cross_entropy", run_batch(network, x, products).outputs["1"], LABELS).value

    for key, place in (("0", (0, 0)), ("0", (5, 3)), ("1", (2, 4))):
        slope = (loss_with(key, place, 1e-6) - loss_with(key, place, -1e-6)) / 2e-6
        assert found.weights[key][place] == pytest.approx(slope, rel=1e-6)


def test_a_gradient_does_not_depend_on_what_else_is_in_the_batch():
    network = NETWORKS["recurrent"]
    x, products, surrogate = batch_for(network), PlainProducts.of(network), Surrogate()
    rng = np.random.default_rng(0)
    error = rng.normal(size=(len(x), 3, 3))
    whole = back_propagate(network, run_batch(network, x, products), error, products, surrogate)
    parts = [
        back_propagate(network, run_batch(network, x[:, part], products), error[:, part], products, surrogate)
        for part in (slice(0, 1), slice(1, 2), slice(2, 3))
    ]
    for key, g in whole.weights.items():
        close(sum(part.weights[key] for part in parts), g, key)


def test_the_error_that_is_given_is_not_changed():
    network = NETWORKS["spikes at the output"]
    products = PlainProducts.of(network)
    tape = run_batch(network, batch_for(network), products)
    error = np.random.default_rng(0).normal(size=tape.outputs["1"].shape)
    kept, feedback = error.copy(), make_feedback(network, seed=0)
    back_propagate(network, tape, error, products, Surrogate())
    direct_feedback(network, tape, error, products, feedback, Surrogate(), leak_path=True)
    assert np.array_equal(error, kept)


def literal_dfa(network, tape, error, feedback, width, mean_rate):
    """delta_l[t] = (B_l e[t]) s'(u_l[t]); the gradient of W_l sums delta_l[t] x_l[t] over t and samples."""
    n_steps, n_batch, n_classes = error.shape
    weights, biases = {}, {}
    for layer in network.layers:
        n = layer.neuron
        x = tape.outputs[layer.inputs[0]].reshape(n_steps, n_batch, -1)
        grad, bias = np.zeros((layer.n_neurons, x.shape[2])), np.zeros(layer.n_neurons)
        for t in range(n_steps):
            for b in range(n_batch):
                for k in range(layer.n_neurons):
                    e = [
                        sum(error[s, b, c] for s in range(n_steps)) / n_steps if mean_rate else error[t, b, c]
                        for c in range(n_classes)
                    ]
                    if layer is network.layers[-1]:
                        arrived = e[k]
                    else:
                        arrived = sum(feedback[layer.name][k, c] * e[c] for c in range(n_classes))
                    slope = 1.0
                    if n.spikes:
                        distance = tape.potentials[layer.name][t, b, k] - n.threshold
                        slope = max(0.0, width - abs(distance)) / width**2
                    delta = arrived * slope * n.gain * (n.syn_gain if n.has_synapse else 1.0)
                    bias[k] += delta
                    for j in range(x.shape[2]):
                        grad[k, j] += delta * x[t, b, j]
        weights[layer.name], biases[layer.name] = grad, bias
    return weights, biases


@pytest.mark.parametrize("mean_rate", [True, False])
@pytest.mark.parametrize("loss", ["count_mse", "membrane_cross_entropy"])
@pytest.mark.parametrize(
    "name", ["LIF, reset to a value", "CubaLIF, reset by subtraction", "spikes at the output", "wide, sparse"]
)
def test_direct_feedback_equals_its_formula_number_by_number(name, loss, mean_rate):
    network = NETWORKS[name]
    products, feedback = PlainProducts.of(network), make_feedback(network, seed=1)
    tape = run_batch(network, batch_for(network), products)
    error = score(loss, tape.outputs[network.layers[-1].name], LABELS).error
    found = direct_feedback(
        network, tape, error, products, feedback, Surrogate("triangle", WIDTH), mean_rate=mean_rate
    )
    weights, biases = literal_dfa(network, tape, error, feedback, WIDTH, mean_rate)
    assert found.weights.keys() == weights.keys()
    for key in weights:
        close(found.weights[key], weights[key], key)
        close(found.biases[key], biases[key], key)


@pytest.mark.parametrize("reset_path", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "LIF, reset by subtraction",
        "recurrent CubaLIF",
        "convolution along a line",
        "spikes at the output",
        "delays",
    ],
)
def test_sdfa_is_automatic_differentiation_inside_each_layer_alone(name, reset_path):
    """PipeSDFA: every layer is cut off from the one before, and B times the mean error enters at its output."""
    network, x = NETWORKS[name], batch_for(NETWORKS[name])
    products, feedback = PlainProducts.of(network), make_feedback(network, "sdfa", seed=1)
    tape = run_batch(network, x, products)
    error = score("count_mse", tape.outputs[network.layers[-1].name], LABELS).error
    reference = InTorch(network, "fast_sigmoid", WIDTH, reset_path, cut=True)
    outputs = reference.run(x)
    for layer in network.weighted:
        mean = error.mean(axis=0)
        sent = mean if layer is network.layers[-1] else mean @ feedback[layer.name].T
        at_output = np.broadcast_to(sent.reshape(len(LABELS), *layer.out_shape), outputs[layer.name].shape)
        outputs[layer.name].backward(torch.tensor(at_output.copy()))

    found = direct_feedback(
        network,
        tape,
        error,
        products,
        feedback,
        Surrogate("fast_sigmoid", WIDTH),
        mean_rate=True,
        leak_path=True,
        reset_path=reset_path,
    )
    for key, g in found.weights.items():
        close(g, reference.gradient(key), key)


def test_direct_feedback_of_an_error_that_is_constant_in_time_is_the_same_on_the_mean_rate():
    network = NETWORKS["LIF, reset to a value"]
    products, feedback = PlainProducts.of(network), make_feedback(network, seed=0)
    tape = run_batch(network, batch_for(network), products)
    error = score("count_mse", tape.outputs["1"], LABELS).error
    each, mean = (
        direct_feedback(network, tape, error, products, feedback, Surrogate(), mean_rate=rate)
        for rate in (False, True)
    )
    for key in each.weights:
        close(each.weights[key], mean.weights[key], key)


def test_an_error_that_is_constant_in_time_is_projected_once_per_sample():
    network = NETWORKS["LIF, reset to a value"]
    products, feedback = PlainProducts.of(network), make_feedback(network, seed=0)
    tape = run_batch(network, batch_for(network), products)
    asked = []

    def project(name, error):
        asked.append((name, error.shape))
        return error @ feedback[name].T

    for loss in ("count_mse", "membrane_mse"):
        error = score(loss, tape.outputs["1"], LABELS).error
        direct_feedback(network, tape, error, products, feedback, Surrogate(), project=project)
    assert asked == [("0", (3, 3)), ("0", (33, 3))]


@pytest.mark.parametrize("name", ["convolution along time", "average pooling in a plane", "several inputs"])
def test_direct_feedback_serves_layers_of_other_shapes_and_rates(name):
    network = NETWORKS[name]
    products, feedback = PlainProducts.of(network), make_feedback(network, seed=0)
    tape = run_batch(network, batch_for(network), products)
    error = score("membrane_mse", tape.outputs[network.layers[-1].name], LABELS).error
    found = direct_feedback(network, tape, error, products, feedback, Surrogate("arctan"))
    for layer in network.weighted:
        assert found.weights[layer.name].shape == (layer.n_columns, layer.weight[0].size)
        assert np.abs(found.weights[layer.name]).max() > 0


def test_all_errors_of_a_feedback_are_named_at_once():
    network = NETWORKS["no neuron in the middle"]
    products = PlainProducts.of(network)
    tape = run_batch(network, batch_for(network), products)
    errors = r"'0' has no feedback matrix; .*'1' has shape \(2, 2\); expected \(6, 3\)"
    with pytest.raises(WorkloadError, match=errors):
        direct_feedback(network, tape, np.zeros((11, 3, 3)), products, {"1": np.zeros((2, 2))}, Surrogate())


def test_direct_feedback_refuses_a_network_that_ends_with_pooling():
    network = NETWORKS["average pooling along time"]
    network = replace(network, layers=network.layers[:-1])
    products = PlainProducts.of(network)
    tape = run_batch(network, batch_for(network), products)
    with pytest.raises(WorkloadError, match="last layer with weights"):
        direct_feedback(network, tape, tape.outputs["1"], products, {}, Surrogate())
