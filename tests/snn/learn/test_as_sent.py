"""Gradients on a chip are made of errors as they were sent: codes of the chip's bits, and what these stand for."""

import numpy as np
import pytest
from snn.learn.test_chip import chip_products

from archsim.registry import RULES
from archsim.snn.learn.feedback import make_feedback
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.trainer import Recipe, train_step

KINDS = ("vector_maximum", "fixed, maximum: 0.05", "power_of_two", "vector_maximum, rounding: stochastic")


def learned(root_dir, rule, *overrides):
    """Gradients, and of each layer the codes that its errors became, what drove its rows, and the raw errors."""
    rng, seen = np.random.default_rng(0), {}
    network, on_chip = chip_products(root_dir, rng, *overrides, backward=rule == "bp")
    feedback = make_feedback(network, seed=0) if rule == "dfa" else {}
    recipe = Recipe(SGD(0.1), rule, feedback, loss="membrane_mse")
    recipe = RULES[rule]().on_arrays(on_chip, recipe)
    labels, x = np.array([0, 2, 1]), rng.integers(0, 2, (6, 3, 4)).astype(float)

    def observe(tape, gradients):
        for name, delta in gradients.deltas.items():
            vectors = delta.reshape(-1, delta.shape[2])
            codes, largest = on_chip.sent.codes(name, vectors), on_chip.sent.of(name, vectors).largest
            seen[name] = codes, largest, tape.rows[name].reshape(len(vectors), -1), vectors

    found = train_step(network, x, labels, on_chip, recipe, observe=observe)
    return found.gradients, seen


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_bits", [3, 8])
@pytest.mark.parametrize("rule", ["bp", "dfa"])
def test_outer_products_multiply_codes_by_what_drove_the_rows(root_dir, rule, n_bits, kind):
    said = [f"execution.error_resolution={n_bits} bit", f"execution.errors={{kind: {kind}}}"]
    gradients, seen = learned(root_dir, rule, *said)
    largest_code = 2 ** (n_bits - 1) - 1
    for name, (codes, largest, rows, raw) in seen.items():
        assert np.abs(codes).max() <= largest_code
        wanted = (codes / largest_code * largest).T @ rows
        np.testing.assert_allclose(gradients.weights[name], wanted, rtol=1e-9, atol=1e-15)
        assert np.abs(wanted - raw.T @ rows).max() > 0


def test_ideal_drivers_send_errors_as_they_are(root_dir):
    gradients, seen = learned(root_dir, "bp", "ideal={converters: true, drivers: true}")
    for name, (_, _, rows, raw) in seen.items():
        np.testing.assert_allclose(gradients.weights[name], raw.T @ rows, rtol=1e-9, atol=1e-15)
