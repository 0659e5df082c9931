"""The gradients of each rule against its equations, written down timestep by timestep and number by number."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from learn_support import LI, NEURONS, batch_for, chain
from rules.test_rules import NAMES as ALL

from archsim.registry import RULES
from archsim.rules.settings import BPSettings, DFASettings, DRTPSettings
from archsim.snn.learn.feedback import make_feedback
from archsim.snn.learn.losses import one_hot, score
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.products import PlainProducts, matrices
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.learn.trainer import Recipe
from archsim.snn.weights import stream
from archsim.workload.network import Dense

LABELS = np.array([0, 2, 1])
WIDTH = 0.7
LIF = NEURONS["LIF, reset by subtraction"]
CUBA = NEURONS["CubaLIF, reset by subtraction"]
DEEP = chain("deep", (4,), (Dense(7), (7,), LIF), (Dense(6), (6,), LIF), (Dense(3), (3,), LI))
SHALLOW = chain("shallow", (4,), (Dense(7), (7,), LIF), (Dense(3), (3,), LI))
WITH_SYNAPSES = chain("synapses", (4,), (Dense(7), (7,), CUBA), (Dense(3), (3,), NEURONS["CubaLI"]))
SPIKING = chain("spiking", (4,), (Dense(7), (7,), LIF), (Dense(3), (3,), LIF))
NAMES = ("0", "1", "2")


def gradients(rule, network=DEEP, settings=None, feedback=None):
    """The tape, the error at the output, and what a rule makes of them."""
    products = PlainProducts.of(network)
    tape = run_batch(network, batch_for(network), products)
    error = score("membrane_mse", tape.outputs[network.layers[-1].name], LABELS).error
    tape.targets = one_hot(LABELS, 3) / len(LABELS)
    recipe = Recipe(SGD(1.0), rule, feedback or {}, surrogate=Surrogate("triangle", WIDTH), settings=settings)
    return tape, error, RULES[rule]().gradients(network, tape, error.copy(), products, recipe)


def close(found, expected):
    assert found.keys() == expected.keys()
    for key, g in expected.items():
        np.testing.assert_allclose(found[key], g, rtol=1e-9, atol=1e-11 * np.abs(g).max() + 1e-15, err_msg=key)


def slope(tape, name, t, b):
    """s'(u), of one layer and timestep; 1 without spikes."""
    p = tape.numbers[name]
    if not p.spikes:
        return np.ones_like(p.threshold)
    return np.maximum(0.0, WIDTH - np.abs(tape.potentials[name][t, b] - p.threshold)) / WIDTH**2


def back_through(tape, error, carry):
    """Backwards in time, every layer with its own leak; `carry` gives W^T delta or what stands for it."""
    found = dict.fromkeys(NAMES, 0.0)
    for b in range(error.shape[1]):
        later = dict.fromkeys(NAMES, 0.0)
        for t in reversed(range(len(error))):
            arrived = error[t, b]
            for name in reversed(NAMES):
                p = tape.numbers[name]
                later[name] = arrived * slope(tape, name, t, b) + p.decay * later[name]
                delta = p.gain * later[name]
                found[name] = found[name] + np.outer(delta, tape.rows[name][t, b, 0])
                arrived = carry(name, delta)
    return found


@pytest.mark.parametrize("rule", ["feedback_alignment", "sign_symmetric"])
def test_fixed_matrices_stand_for_the_transposed_weights(rule, work_of):
    feedback = RULES[rule]().feedback(work_of(DEEP), DEEP, 3, None)
    held = matrices(DEEP)
    assert {key: b.shape for key, b in feedback.items()} == {"1": held["1"].T.shape, "2": held["2"].T.shape}
    tape, error, found = gradients(rule, feedback=feedback)
    expected = back_through(tape, error, lambda key, delta: feedback[key] @ delta if key in feedback else 0)
    close(found.weights, expected)


def test_sign_symmetric_matrices_have_the_signs_and_the_size_of_the_weights(work_of):
    feedback, held = RULES["sign_symmetric"]().feedback(work_of(DEEP), DEEP, 0, None), matrices(DEEP)
    for key, b in feedback.items():
        assert np.array_equal(np.sign(b), np.sign(held[key].T))
        np.testing.assert_allclose(np.abs(b), np.sqrt((held[key] ** 2).mean()))
    random = RULES["feedback_alignment"]().feedback(work_of(DEEP), DEEP, 0, None)
    assert abs((np.sign(random["1"]) == np.sign(held["1"].T)).mean() - 0.5) < 0.25
    expected = stream(0, 7, 0).normal(0.0, held["1"].std(), held["1"].T.shape)
    np.testing.assert_allclose(random["1"], expected)


def test_signs_are_those_of_the_weights_as_they_are_now_where_it_is_said(work_of):
    rule, rng = RULES["sign_symmetric"](), np.random.default_rng(0)
    feedback = rule.feedback(work_of(DEEP), DEEP, 0, None)
    products = PlainProducts.of(DEEP)
    tape = run_batch(DEEP, batch_for(DEEP), products)
    flipped = np.where(rng.random(products.weights["2"].shape) < 0.5, -1.0, 1.0)
    products.weights["2"] *= flipped  # what the tape holds is of before
    error = score("membrane_mse", tape.outputs["2"], LABELS).error
    for signs, turned in (("frozen", 1.0), ("current", flipped.T)):
        settings = rule.Settings.model_validate({"signs": signs})
        recipe = Recipe(SGD(1.0), rule.kind, feedback, surrogate=Surrogate("triangle", WIDTH), settings=settings)
        found = rule.gradients(DEEP, tape, error.copy(), products, recipe)
        now = feedback | {"2": feedback["2"] * turned}
        carry = partial(lambda held, key, delta: held[key] @ delta if key in held else 0, now)
        close(found.weights, back_through(tape, error, carry))


def test_drtp_learns_from_the_label_alone_but_for_the_last_layer():
    feedback = make_feedback(DEEP, seed=2)
    tape, error, found = gradients("drtp", settings=DRTPSettings(), feedback=feedback)
    expected = dict.fromkeys(NAMES, 0.0)
    for b, label in enumerate(LABELS):
        for t in range(len(error)):
            wanted = np.eye(3)[label] / len(LABELS) / len(error)
            for name in NAMES:
                arrived = error[t, b] if name == "2" else -feedback[name] @ wanted
                delta = arrived * slope(tape, name, t, b) * tape.numbers[name].gain
                expected[name] = expected[name] + np.outer(delta, tape.rows[name][t, b, 0])
    close(found.weights, expected)
    assert found.fed_back.shape == (1, 3, 3), "read once for a sample"
    np.testing.assert_allclose(found.fed_back[0] != 0, np.eye(3)[LABELS])


@pytest.mark.parametrize("loss", ["membrane_mse", "membrane_cross_entropy"])
def test_local_losses_are_errors_of_read_outs_of_their_own(loss):
    """The whole batch in two parts, as training may have it: shares add up."""
    feedback = make_feedback(DEEP, seed=2)
    x, surrogate, products = batch_for(DEEP), Surrogate("triangle", WIDTH), PlainProducts.of(DEEP)
    recipe = Recipe(SGD(1.0), "local_losses", feedback, loss=loss, surrogate=surrogate)
    found = dict.fromkeys(NAMES, 0.0)
    for part in (slice(0, 1), slice(1, 3)):
        tape = run_batch(DEEP, x[:, part], products)
        tape.targets = one_hot(LABELS[part], 3) / 3
        error = score(loss, tape.outputs["2"], LABELS[part]).error * len(LABELS[part]) / 3
        made = RULES["local_losses"]().gradients(DEEP, tape, error, products, recipe)
        found = {name: found[name] + made.weights[name] for name in NAMES}
    tape, expected = run_batch(DEEP, x, products), dict.fromkeys(NAMES, 0.0)
    for name in NAMES:
        read = tape.outputs[name] @ feedback[name] if name in feedback else tape.outputs[name]
        back = feedback[name] if name in feedback else np.eye(3)
        n_times = len(read)
        for t in range(n_times):
            for b, label in enumerate(LABELS):
                wanted = np.eye(3)[label]
                if loss == "membrane_mse":
                    local = 2 * (read[t, b] - wanted) / (3 * 3 * n_times)
                else:
                    local = (np.exp(read[t, b]) / np.exp(read[t, b]).sum() - wanted) / (3 * n_times)
                delta = (back @ local) * slope(tape, name, t, b) * tape.numbers[name].gain
                expected[name] = expected[name] + np.outer(delta, tape.rows[name][t, b, 0])
    close(found, expected)


def with_traces(network, tape, error, signal, *, over_readout):
    """Forwards: the trace of each row, that of each synapse, and the error of the timestep times it.

    `signal(t, b)` gives, by layer, what arrives at its output.
    """
    last = network.layers[-1].name
    found = {layer.name: 0.0 for layer in network.layers}
    for b in range(error.shape[1]):
        rows, synapses = ({name: [0.0, 0.0] for name in found} for _ in range(2))
        for t in range(len(error)):
            arrived = signal(t, b)
            for name in found:
                p, out = tape.numbers[name], tape.numbers[last]
                own = p.gain[0] * (p.syn_gain[0] if p.synapse else 1.0)
                x = filtered(rows[name], p, tape.rows[name][t, b, 0])
                met = own * np.outer(slope(tape, name, t, b), x)
                if over_readout and name != last:
                    met = filtered(synapses[name], out, met)
                found[name] = found[name] + arrived[name][:, None] * met
    return found


def filtered(kept, p, value):
    """One or two leaky sums in a row, as the neuron has; the state is kept."""
    if p.synapse:
        kept[1] = value = p.syn_decay[0] * kept[1] + value
    kept[0] = p.decay[0] * kept[0] + value
    return kept[0]


def direct(network, tape, error, feedback):
    """What arrives at each layer through B, from the output's own slope and gain."""
    last = network.layers[-1].name
    p = tape.numbers[last]
    gain = p.gain * (p.syn_gain if p.synapse else 1.0)

    def signal(t, b):
        sent = error[t, b] * slope(tape, last, t, b) * gain
        return {name: feedback[name] @ sent if name in feedback else error[t, b] for name in network.names}

    return signal


@pytest.mark.parametrize("network", [DEEP, WITH_SYNAPSES, SPIKING], ids=lambda network: network.name)
def test_e_prop_is_errors_times_traces_of_synapses(network):
    feedback = make_feedback(network, seed=2)
    tape, error, found = gradients("eprop", network, feedback=feedback)
    signal = direct(network, tape, error, feedback)
    close(found.weights, with_traces(network, tape, error, signal, over_readout=True))


@pytest.mark.parametrize(("rule", "over_readout"), [("ottt", False), ("eprop_symmetric", True)])
def test_errors_through_the_weights_meet_traces(rule, over_readout):
    tape, error, found = gradients(rule)
    held = matrices(DEEP)

    def signal(t, b):
        arrived = {"2": error[t, b]}
        for above, name in (("2", "1"), ("1", "0")):
            delta = arrived[above] * slope(tape, above, t, b) * tape.numbers[above].gain
            arrived[name] = held[above].T @ delta
        return arrived

    close(found.weights, with_traces(DEEP, tape, error, signal, over_readout=over_readout))


@pytest.mark.parametrize("network", [SHALLOW, WITH_SYNAPSES], ids=lambda network: network.name)
def test_symmetric_e_prop_is_bp_where_there_is_one_hidden_layer(network):
    _, _, found = gradients("eprop_symmetric", network)
    _, _, bp = gradients("bp", network)
    close(found.weights, bp.weights)


@pytest.mark.parametrize("path", ["readout", "full"])
@pytest.mark.parametrize("network", [DEEP, WITH_SYNAPSES, SPIKING], ids=lambda network: network.name)
def test_traces_give_the_gradient_of_the_path_back(network, path):
    feedback = make_feedback(network, "sign_concordant", seed=0)
    waiting, traces = (
        gradients("dfa", network, DFASettings(time_path=path, time_form=form), feedback)[2].weights
        for form in ("waiting", "traces")
    )
    close(traces, waiting)


def test_ottt_is_bp_without_a_path_through_time_but_the_layers_own():
    """Of the last layer, which no error passes on its way down, that is all there is."""
    _, _, ottt = gradients("ottt")
    _, _, bp = gradients("bp", settings=BPSettings(time_path="full"))
    np.testing.assert_allclose(ottt.weights["2"], bp.weights["2"], rtol=1e-9)
    assert np.abs(ottt.weights["0"] - bp.weights["0"]).max() > 1e-3 * np.abs(bp.weights["0"]).max()


def test_every_rule_has_a_gradient_test():
    """A rule that is added must be written down here, or in the tests of its parts."""
    assert set(RULES) == set(ALL)
