"""How far errors go back in time, against automatic differentiation and against loops over timesteps."""

from __future__ import annotations

import numpy as np
import pytest
from learn_support import LI, LIF, NETWORKS, NEURONS, InTorch, batch_for, chain

from archsim.registry import FEEDBACKS, RULES
from archsim.rules.settings import BPSettings, DFASettings
from archsim.snn.learn.feedback import make_feedback
from archsim.snn.learn.losses import score
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.products import PlainProducts, matrices
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.learn.trainer import Recipe
from archsim.workload.network import Dense

LABELS = np.array([0, 2, 1])
WIDTH = 0.7
TWO = NEURONS["LIF, reset by subtraction"]
DEEP = chain("deep", (4,), (Dense(7), (7,), TWO), (Dense(6), (6,), LIF), (Dense(3), (3,), LI))


def close(found, expected, what):
    scale = np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * scale + 1e-15, err_msg=what)


def gradients(rule, network, settings=None, feedback=None, error_rate="per_timestep", loss="membrane_mse"):
    products = PlainProducts.of(network)
    tape = run_batch(network, batch_for(network), products)
    error = score(loss, tape.outputs[network.layers[-1].name], LABELS).error
    recipe = Recipe(
        SGD(1.0), rule, feedback or {}, surrogate=Surrogate("triangle", WIDTH), error=error_rate, settings=settings
    )
    return tape, error, RULES[rule]().gradients(network, tape, error.copy(), products, recipe)


@pytest.mark.parametrize("said", [
    {"time_path": "none"}, {"time_path": "readout"}, {"time_path": "full"}, {"steps": 1}, {"steps": 4},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("name", ["LIF, reset to a value", "recurrent CubaLIF", "convolution in groups"])
def test_bp_goes_back_as_far_as_it_is_said(name, said):
    torch = pytest.importorskip("torch")
    network, settings = NETWORKS[name], BPSettings.model_validate(said)
    names = network.names
    pieces = {
        "none": dict.fromkeys(names, 1), "readout": dict.fromkeys(names[:-1], 1),
        "full": dict.fromkeys(names, said.get("steps", 99)),
    }[settings.time_path]  # fmt: skip
    reference = InTorch(network, "triangle", WIDTH, pieces=pieces)
    outputs = reference.run(batch_for(network))
    _, error, found = gradients("bp", network, settings)
    outputs[names[-1]].backward(torch.tensor(error))
    for key, g in found.weights.items():
        close(g, reference.gradient(key), key)


def literal(network, tape, error, carried, below):
    """Gradients of a chain of dense layers, number by number, from the equations of docs/models/learning.md.

    `carried` names layers whose leak carries an error back; `below` gives what a layer's errors send to another.
    """
    weights, names = {}, [layer.name for layer in network.layers]
    sent = error
    for name in reversed(names):
        layer, p = network.layer(name), tape.numbers[name]
        u, delta = tape.potentials[name], np.zeros_like(tape.potentials[name])
        arrived = sent if name == names[-1] else below(name, delta_above=sent)
        for b in range(error.shape[1]):
            later = np.zeros(layer.n_neurons)
            for t in reversed(range(len(error))):
                slope = np.ones(layer.n_neurons)
                kept = np.ones(layer.n_neurons)
                if p.spikes:
                    slope = np.maximum(0.0, WIDTH - np.abs(u[t, b] - p.threshold)) / WIDTH**2
                    kept = kept if p.subtract else 1.0 - (u[t, b] > p.threshold)
                own = arrived[t, b] * slope + (p.decay * later * kept if name in carried else 0.0)
                later = own
                delta[t, b] = p.gain * own
        rows = tape.rows[name][:, :, 0]
        weights[name] = np.einsum("tbi,tbj->ij", delta, rows)
        sent = delta
    return weights


CARRIED = {"none": set(), "readout": {"2"}, "full": {"0", "1", "2"}}


@pytest.mark.parametrize("path", CARRIED)
def test_bp_is_its_formula_number_by_number(path):
    tape, error, found = gradients("bp", DEEP, BPSettings(time_path=path))
    held = matrices(DEEP)
    above = {"0": "1", "1": "2"}
    expected = literal(DEEP, tape, error, CARRIED[path], lambda name, delta_above: delta_above @ held[above[name]])
    for key, g in expected.items():
        close(found.weights[key], g, key)


@pytest.mark.parametrize("path", CARRIED)
def test_dfa_sends_the_error_of_the_output_after_its_own_way_back(path):
    feedback = make_feedback(DEEP, "sign_concordant", seed=1)
    tape, error, found = gradients("dfa", DEEP, DFASettings(time_path=path), feedback)
    sent = error
    if path != "none":
        p, sent, later = tape.numbers["2"], np.empty_like(error), 0.0
        for t in reversed(range(len(error))):
            later = error[t] + p.decay * later
            sent[t] = p.gain * later
    expected = literal(DEEP, tape, error, CARRIED[path], lambda name, delta_above: sent @ feedback[name].T)  # noqa: ARG005
    for key, g in expected.items():
        close(found.weights[key], g, key)
    close(found.fed_back, sent, "what is sent")


def test_with_the_product_of_the_weights_dfa_is_bp_where_there_is_one_hidden_layer():
    network = NETWORKS["LIF, reset to a value"]
    feedback = make_feedback(network, "product", seed=0)
    for path in ("readout", "full"):
        _, _, dfa = gradients("dfa", network, DFASettings(time_path=path), feedback)
        _, _, bp = gradients("bp", network, BPSettings(time_path=path))
        for key, g in bp.weights.items():
            close(dfa.weights[key], g, key)


@pytest.mark.parametrize("rule", ["bp", "dfa"])
@pytest.mark.parametrize("rate", ["mean_rate", "last"])
def test_one_error_stands_for_all_timesteps(rule, rate):
    feedback = {} if rule == "bp" else make_feedback(DEEP, seed=0)
    _, error, found = gradients(rule, DEEP, feedback=feedback, error_rate=rate)
    one = error[-1] if rate == "last" else error.mean(axis=0)
    products = PlainProducts.of(DEEP)
    tape = run_batch(DEEP, batch_for(DEEP), products)
    recipe = Recipe(SGD(1.0), rule, feedback, surrogate=Surrogate("triangle", WIDTH))
    expected = RULES[rule]().gradients(DEEP, tape, np.array(np.broadcast_to(one, error.shape)), products, recipe)
    for key, g in expected.weights.items():
        close(found.weights[key], g, key)


def test_sdfa_is_a_kind_of_feedback_with_a_path_of_its_own():
    feedback = make_feedback(DEEP, "sdfa", seed=0)
    settings = DFASettings.model_validate({"feedback": {"kind": "sdfa"}})
    tape, error, found = gradients("dfa", DEEP, settings, feedback)
    mean = np.broadcast_to(error.mean(axis=0), error.shape)
    expected = literal(DEEP, tape, mean, CARRIED["full"], lambda name, delta_above: mean @ feedback[name].T)  # noqa: ARG005
    for key, g in expected.items():
        close(found.weights[key], g, key)
    assert FEEDBACKS["sdfa"].own_time_path
