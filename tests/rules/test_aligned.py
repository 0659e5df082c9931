"""Backward matrices that are written while a rule learns: Kolen-Pollack, and the weight mirror."""

from __future__ import annotations

import numpy as np
import pytest
from learn_support import LI, NEURONS, batch_for, chain
from lowering_support import counts
from rules.test_gradients import DEEP, LABELS, WIDTH, back_through, close

from archsim.engine import run_tasks
from archsim.errors import MappingError
from archsim.registry import RULES
from archsim.snn.learn.losses import score
from archsim.snn.learn.optimizers import SGD, Adam
from archsim.snn.learn.products import PlainProducts, matrices
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.learn.trainer import Recipe, train_step
from archsim.snn.weights import stream
from archsim.workload.network import Dense

RATE, SEED = 0.05, 3


def begun(rule, said, optimizer, work_of, network=DEEP):
    """Weights, and a recipe with matrices that start at random."""
    feedback = RULES[rule]().feedback(work_of(network), network, SEED, None)
    settings = RULES[rule].Settings.model_validate(said)
    recipe = Recipe(
        optimizer, rule, feedback, "membrane_mse", Surrogate("triangle", WIDTH), settings=settings, seed=SEED
    )
    return PlainProducts.of(network), recipe


@pytest.mark.parametrize("optimizer", [SGD(RATE), Adam(0.01)])
def test_the_difference_of_both_matrices_shrinks_by_the_decay_whatever_is_learned(optimizer, work_of):
    """(1 - d)^n of what it was, Kolen and Pollack 1994; here with every second of nine updates."""
    products, recipe = begun("kolen_pollack", {"decay": 0.2, "every": 2}, optimizer, work_of)
    before = {key: matrix - products.weights[key].T for key, matrix in recipe.feedback.items()}
    assert set(before) == {"1", "2"}
    for step in range(9):
        train_step(DEEP, batch_for(DEEP), LABELS, products, recipe, step=step)
    for key, matrix in recipe.feedback.items():
        np.testing.assert_allclose(matrix - products.weights[key].T, 0.8**4 * before[key], rtol=1e-9)
    assert np.abs(products.weights["1"] - matrices(DEEP)["1"]).max() > 1e-3


def test_two_steps_of_kolen_pollack_number_by_number(work_of):
    """W and R as they are now, their gradient backwards through R, then the same update and decay of both."""
    products, recipe = begun("kolen_pollack", {"decay": 0.1}, SGD(RATE), work_of)
    w = {key: value.copy() for key, value in products.weights.items()}
    r = {key: value.copy() for key, value in recipe.feedback.items()}
    for step in range(2):
        tape = run_batch(DEEP, batch_for(DEEP), PlainProducts(dict(w)))
        error = score("membrane_mse", tape.outputs["2"], LABELS).error
        expected = back_through(tape, error, lambda key, delta: r[key] @ delta if key in r else 0)
        found = train_step(DEEP, batch_for(DEEP), LABELS, products, recipe, step=step)
        close(found.gradients.weights, expected)
        for key, gradient in expected.items():
            lost = 0.1 if key in r else 0.0
            w[key] = w[key] - RATE * gradient - lost * w[key]
            if key in r:
                r[key] = r[key] - RATE * gradient.T - lost * r[key]
    close(products.weights, w)
    close(recipe.feedback, r)


def test_a_mirror_number_by_number(work_of):
    """Random spikes and their opposites through the weights that the update has left, vector by vector."""
    products, recipe = begun("weight_mirror", {"pairs": 5, "every": 2, "rate": 0.3}, SGD(RATE), work_of)
    r = {key: value.copy() for key, value in recipe.feedback.items()}
    for step in range(2):
        train_step(DEEP, batch_for(DEEP), LABELS, products, recipe, step=step)
        if step == 0:
            close(recipe.feedback, r)  # not its turn
    for place, key in enumerate(r):
        w, mean = products.weights[key], 0.0
        spikes = stream(SEED, 11, 1, place).integers(0, 2, (5, w.shape[1]))
        for x in spikes:
            shown = w @ x - w @ (1 - x)
            mean = mean + np.outer(2 * x - 1, shown) / 5
        r[key] = r[key] + 0.3 * (mean - r[key])
    close(recipe.feedback, r)


def test_a_mirrors_error_is_the_norm_of_a_row_over_the_root_of_the_pairs(work_of):
    """Each other value of a row comes in with noise of variance 1 / pairs."""
    wide = chain("wide", (4,), (Dense(60), (60,), NEURONS["LIF, reset by subtraction"]), (Dense(40), (40,), LI))
    n_pairs = 50
    products, recipe = begun("weight_mirror", {"pairs": n_pairs, "rate": 1}, SGD(0.0 + 1e-12), work_of, wide)
    x = batch_for(wide)
    train_step(wide, x, LABELS, products, recipe)
    w = products.weights["1"]
    found = np.sqrt(np.mean((recipe.feedback["1"].T - w) ** 2))
    expected = np.sqrt(np.mean((w**2).sum(axis=1, keepdims=True) - w**2) / n_pairs)
    assert found == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(("rule", "said"), [("kolen_pollack", "{decay: 0.1}"), ("weight_mirror", "{pairs: 2}")])
def test_the_matrices_are_arrays_that_are_written_and_wear(lowered, rule, said):
    """As tasks: BP's tasks with a copy, and what the rule does beside them."""
    learning = f"{{rules: {{{rule}: {said}}}}}"
    low, bp = lowered("dense", rule, learning=learning), lowered("dense", "bp", chip=["execution.feedback=copy"])
    assert {block.layer for block in low.mapping.blocks if block.role == "copy"} == {"b", "out"}
    found, like = (counts(each, stage="update") for each in (low, bp))
    assert found["program"] == like["program"] > 0
    n_weights = 12 * 9 + 9 * 3
    beside = {action: found[action] - like[action] for action in found if found[action] != like[action]}
    if rule == "kolen_pollack":
        assert beside["decay"] == 2 * n_weights
        assert beside["inspect"] == sum(
            block.n_rows * block.n_columns * 4 for block in low.mapping.blocks if block.layer != "a"
        )  # cells of every row of both matrices
    else:
        forward = [block for block in low.mapping.blocks if block.layer != "a" and block.role == "forward"]
        assert beside["outer"] == 2 * n_weights
        assert beside["optimize"] == n_weights
        assert beside["draw"] == 2 * sum(
            high - low for _, _, (low, high) in {(b.layer, b.tile, b.rows) for b in forward}
        )
        assert beside["drive"] == 2 * sum(block.n_rows for block in forward)
    run_tasks(low.graph, engine="compiled")


def test_rows_are_read_before_they_are_written_only_with_updates_that_decay(lowered):
    """Every third of six: the others are written as ever."""
    said = "{rules: {kolen_pollack: {decay: 0.1, every: 3}}}"
    low = lowered("dense", "kolen_pollack", samples=6, batch=1, learning=said)
    graph = low.graph
    names = np.array([graph.action_names[k].split("@")[0] for k in graph.action])
    assert sorted(set(graph.sample[names == "inspect"].tolist())) == [2, 5]
    assert sorted(set(graph.sample[names == "decay"].tolist())) == [2, 5]
    layers = {graph.layer_names[k] for k in graph.layer[names == "inspect"]}
    assert layers == {"b", "out"}  # the first has no backward matrix


def test_noise_passes_the_weights_once_they_are_written_and_before_their_copy_is(lowered):
    low = lowered("dense", "weight_mirror", learning="{rules: {weight_mirror: {pairs: 1}}}")
    graph, trace = low.graph, run_tasks(low.graph, engine="compiled")
    names = np.array([graph.action_names[k].split("@")[0] for k in graph.action])
    phases, layers = np.array(graph.stage_names)[graph.stage], np.array(graph.layer_names)[graph.layer]
    for layer in ("b", "out"):
        here = (phases == "update") & (layers == layer)
        noise = here & (names == "read")
        written = here & (names == "program")
        before = written & (trace.done_ps <= trace.start_ps[noise].min())
        behind = written & (trace.start_ps >= trace.done_ps[here & (names == "optimize")].max())
        assert (before | behind)[written].all()
        assert before.any()
        assert behind.any()


@pytest.mark.parametrize("rule", ["kolen_pollack", "weight_mirror"])
def test_what_has_no_backward_matrix_of_its_own_is_refused_with_what_would_help(lowered, rule):
    with pytest.raises(MappingError, match="recurrent layers"):
        lowered("recurrent", rule)
    with pytest.raises(MappingError, match=r"copy_every.*leave it out, and say learning\.rules"):
        lowered("dense", rule, chip=["execution.feedback=copy", "execution.copy_every=2"])


def test_noise_is_spikes_and_stands_for_no_numbers(lowered):
    with pytest.raises(MappingError, match="sends numbers; give it a neuron, or take kolen_pollack"):
        lowered("convolutional", "weight_mirror")
