"""Training steps and epochs: what changes, what is the same, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from learn_support import LIF, N_STEPS, NETWORKS, batch_for, chain

from archsim.errors import WorkloadError
from archsim.rules.settings import DFASettings
from archsim.snn import forward
from archsim.snn.learn.epochs import evaluate, train_epochs
from archsim.snn.learn.feedback import make_feedback
from archsim.snn.learn.gradients import back_propagate
from archsim.snn.learn.losses import score
from archsim.snn.learn.optimizers import SGD, Adam, SinkGD
from archsim.snn.learn.products import PlainProducts, matrices, with_weights
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.learn.trainer import Recipe, train_step
from archsim.workload.network import Dense, Neuron

LABELS = np.array([0, 2, 1])
SMALL = chain("small", (4,), (Dense(20), (20,), LIF), (Dense(15), (15,), LIF), (Dense(3), (3,), Neuron("li", 0.9)))


def task(n_samples=60, seed=0):
    """Three classes, each with its own mean current into four inputs."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n_samples)
    means = np.array([[1, 0, 0, 1], [0, 1, 0, -1], [0, 0, 1, 0]])
    return rng.normal(means[labels], 0.7, (N_STEPS, n_samples, 4)), labels


def recipe_for(rule, optimizer=None, **changes):
    feedback = {} if rule == "bp" else make_feedback(SMALL, "sdfa" if rule == "sdfa" else "gaussian", seed=1)
    settings = DFASettings.model_validate({"feedback": {"kind": "sdfa"}}) if rule == "sdfa" else None
    changes = {"surrogate": Surrogate("triangle", 0.5), "settings": settings, **changes}
    return Recipe(optimizer or Adam(0.01), "bp" if rule == "bp" else "dfa", feedback, **changes)


@pytest.mark.parametrize("rule", ["bp", "dfa", "sdfa"])
def test_each_rule_learns_to_tell_three_classes_apart(rule):
    x, labels = task()
    products = PlainProducts.of(SMALL)
    before = evaluate(SMALL, x, labels, products)
    trained = train_epochs(SMALL, x, labels, products, recipe_for(rule), n_epochs=15, batch=10, seed=0)
    fresh, fresh_labels = task(seed=1)
    after = evaluate(trained.network, fresh, fresh_labels, PlainProducts.of(trained.network))
    assert before.accuracy_frac < 0.6
    assert after.accuracy_frac > 0.9
    assert trained.losses[-1] < 0.5 * trained.losses[0]
    assert trained.n_steps == 15 * 6


def test_a_step_of_sgd_is_the_gradient_times_the_learning_rate():
    network, x = NETWORKS["recurrent"], batch_for(NETWORKS["recurrent"])
    products, reference = PlainProducts.of(network), PlainProducts.of(network)
    tape = run_batch(network, x, reference)
    error = score("count_cross_entropy", tape.outputs["1"], LABELS).error
    gradients = back_propagate(network, tape, error, reference, Surrogate())
    done = train_step(network, x, LABELS, products, Recipe(SGD(0.1)))
    assert products.weights.keys() == {"0", "0.recurrent", "1"}
    for key, g in gradients.weights.items():
        np.testing.assert_allclose(products.weights[key], reference.weights[key] - 0.1 * g, rtol=1e-14)
    for key, g in gradients.biases.items():
        np.testing.assert_allclose(done.network.layer(key).bias, network.layer(key).bias - 0.1 * g, rtol=1e-14)
        assert np.abs(g).max() > 0


@pytest.mark.parametrize("name", NETWORKS)
def test_parts_of_a_batch_add_up_to_the_whole(name):
    network, x = NETWORKS[name], batch_for(NETWORKS[name])
    whole, parts = (
        train_step(network, x, LABELS, PlainProducts.of(network), Recipe(SGD(0.1)), at_once=n) for n in (3, 2)
    )
    assert parts.loss == pytest.approx(whole.loss, rel=1e-12)
    np.testing.assert_allclose(parts.scores, whole.scores, rtol=1e-12, atol=1e-13)
    for key, g in whole.gradients.weights.items():
        np.testing.assert_allclose(parts.gradients.weights[key], g, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("rule", ["bp", "dfa"])
def test_the_same_seed_gives_the_same_bits(rule):
    x, labels = task()

    def train(seed):
        products = PlainProducts.of(SMALL)
        run = train_epochs(SMALL, x, labels, products, recipe_for(rule), n_epochs=2, batch=7, seed=seed)
        return run.network, run.losses

    (a, losses_a), (b, losses_b), (c, _) = train(1), train(1), train(2)
    assert losses_a == losses_b
    for first, second, third in zip(a.layers, b.layers, c.layers, strict=True):
        assert np.array_equal(first.weight, second.weight)
        assert np.array_equal(first.bias, second.bias)
        assert not np.array_equal(first.weight, third.weight)


def test_the_learned_network_gives_what_the_products_give():
    x, labels = task(20)
    products = PlainProducts.of(SMALL)
    trained = train_epochs(SMALL, x, labels, products, recipe_for("bp"), n_epochs=1, batch=5, seed=0)
    scores = evaluate(trained.network, x, labels, products).scores
    for b in range(20):
        alone = forward(trained.network, x[:, b]).outputs["2"].sum(axis=0)
        np.testing.assert_allclose(alone, scores[b], rtol=1e-10, atol=1e-12)
    assert not np.array_equal(trained.network.layers[0].weight, SMALL.layers[0].weight)


def test_what_was_given_is_not_changed():
    x, labels = task(10)
    kept = {layer.name: (layer.weight.copy(), layer.bias.copy()) for layer in SMALL.layers}
    train_step(SMALL, x, labels, PlainProducts.of(SMALL), recipe_for("bp"))
    for layer in SMALL.layers:
        assert np.array_equal(layer.weight, kept[layer.name][0])
        assert np.array_equal(layer.bias, kept[layer.name][1])


def test_samples_come_in_their_order_where_they_are_not_shuffled():
    x, labels = task(5)
    seen = {True: [], False: []}
    for shuffle, found in seen.items():
        train_epochs(
            SMALL,
            x,
            labels,
            PlainProducts.of(SMALL),
            recipe_for("bp"),
            n_epochs=2,
            batch=1,
            seed=3,
            shuffle=shuffle,
            observe=lambda tape, gradients, found=found: found.append(tape.outputs["input"][0, 0, 0]),  # noqa: ARG005
        )
    first = list(x[0, :, 0])
    assert seen[False] == first * 2
    assert seen[True][:5] != first
    assert sorted(seen[True][:5]) == sorted(seen[True][5:]) == sorted(first)
    assert seen[True][:5] != seen[True][5:]


def test_progress_counts_steps_to_the_end():
    x, labels = task(7)
    seen = []
    run = train_epochs(
        SMALL,
        x,
        labels,
        PlainProducts.of(SMALL),
        recipe_for("bp"),
        n_epochs=2,
        batch=3,
        seed=0,
        progress=seen.append,
    )
    assert [(p.epoch, p.step, p.n_steps) for p in seen] == [(k // 3, k + 1, 6) for k in range(6)]
    assert run.losses[0] == pytest.approx((3 * seen[0].loss + 3 * seen[1].loss + seen[2].loss) / 7)


def test_whoever_observes_sees_all_errors():
    x, labels = task(6)
    seen = []
    products = PlainProducts.of(SMALL)
    train_step(SMALL, x, labels, products, recipe_for("dfa"), at_once=4, observe=lambda *both: seen.append(both))
    assert [g.deltas["0"].shape for _, g in seen] == [(N_STEPS, 4, 20), (N_STEPS, 2, 20)]
    assert [t.rows["1"].shape for t, _ in seen] == [(N_STEPS, 4, 1, 20), (N_STEPS, 2, 1, 20)]


class Recorder(PlainProducts):
    """Keeps what was asked to be written."""

    def update(self, key, delta):
        self.given = {**getattr(self, "given", {}), key: delta}


def test_updates_are_left_to_the_products():
    x, labels = task(6)
    products = Recorder.of(SMALL)
    done = train_step(SMALL, x, labels, products, recipe_for("bp", SinkGD(0.1)))
    assert products.given.keys() == {"0", "1", "2"}
    assert all(products.given[key] is done.updates[key] for key in products.given)
    assert {"0.bias", "1.bias", "2.bias"} < done.updates.keys()


def test_divergence_says_when_and_where_and_changes_nothing():
    x, labels = task(6)
    products = PlainProducts.of(SMALL)
    products.weights["1"][0, 0] = np.inf
    kept = {key: w.copy() for key, w in products.weights.items()}
    with pytest.raises(WorkloadError, match="diverged at step 7: the values of layer '1' are not finite"):
        train_step(SMALL, x, labels, products, recipe_for("bp"), step=7)
    assert all(np.array_equal(products.weights[key], kept[key]) for key in kept)


def test_a_learning_rate_that_is_much_too_large_ends_with_an_error():
    network = chain("line", (4,), (Dense(6), (6,), None), (Dense(3), (3,), None))
    x, labels = task(6)
    recipe = Recipe(SGD(1e30), loss="membrane_mse")
    with pytest.raises(WorkloadError, match="learning diverged at step"):
        train_epochs(network, x, labels, PlainProducts.of(network), recipe, n_epochs=50, batch=6, seed=0)


@pytest.mark.parametrize("name", ["recurrent", "convolution in groups", "convolution along time"])
def test_weights_go_back_into_the_shapes_of_the_network(name):
    network = NETWORKS[name]
    rng = np.random.default_rng(0)
    new = {key: rng.normal(size=matrix.shape) for key, matrix in matrices(network).items()}
    back = matrices(with_weights(network, new))
    assert back.keys() == new.keys()
    assert all(np.array_equal(back[key], new[key]) for key in new)


def test_weights_of_another_network_are_refused():
    with pytest.raises(WorkloadError, match="no weights called 9"):
        with_weights(SMALL, {"9": np.zeros((1, 1))})
    with pytest.raises(WorkloadError, match=r"'0' have shape \(3, 3\), which does not fit \(20, 4\)"):
        with_weights(SMALL, {"0": np.zeros((3, 3))})


def test_evaluation_counts_the_samples_whose_largest_score_is_their_class():
    x, labels = task(9)
    products = PlainProducts.of(SMALL)
    found = evaluate(SMALL, x, labels, products, at_once=4)
    by_hand = [forward(SMALL, x[:, b]).outputs["2"].sum(axis=0).argmax() for b in range(9)]
    assert found.predicted.tolist() == by_hand
    assert found.accuracy_frac == np.mean(by_hand == labels)
    assert found.loss == pytest.approx(evaluate(SMALL, x, labels, products).loss, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((N_STEPS, 5, 4))}, "does not fit 6 labels"),
        ({"x": np.zeros((N_STEPS, 0, 4)), "labels": np.zeros(0, int)}, "at least one sample"),
        ({"labels": np.full(6, 3)}, "output of 3 classes"),
        ({"at_once": 0}, "at_once is 0"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    given = {"x": task(6)[0], "labels": task(6)[1], "at_once": None, **change}
    with pytest.raises(WorkloadError, match=message):
        train_step(
            SMALL, given["x"], given["labels"], PlainProducts.of(SMALL), recipe_for("bp"), at_once=given["at_once"]
        )


def test_counts_below_one_and_unknown_rules_are_refused():
    x, labels = task(6)
    with pytest.raises(WorkloadError, match="n_epochs is 0; it must be 1 or more; batch is 0"):
        train_epochs(SMALL, x, labels, PlainProducts.of(SMALL), recipe_for("bp"), n_epochs=0, batch=0, seed=0)
    with pytest.raises(WorkloadError, match="rule is 'hebb'; allowed are bp, dfa"):
        Recipe(SGD(0.1), "hebb")
    with pytest.raises(WorkloadError, match="layer '0' has no feedback matrix"):
        train_step(SMALL, x, labels, PlainProducts.of(SMALL), Recipe(SGD(0.1), "dfa"))


def test_a_layer_without_biases_learns_without():
    layers = tuple(replace(layer, bias=None) for layer in SMALL.layers)
    x, labels = task(6)
    network = replace(SMALL, layers=layers)
    done = train_step(network, x, labels, PlainProducts.of(network), recipe_for("bp"))
    assert done.updates.keys() == {"0", "1", "2"}
    assert all(layer.bias is None for layer in done.network.layers)
