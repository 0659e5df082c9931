"""The error of a read: what arrays give against what was asked of them."""

import numpy as np
import pytest
from snn.learn.test_chip import CHIP, FEEDBACK, network_of

import archsim
from archsim.snn.learn.chip import ChipProducts
from archsim.snn.learn.feedback import make_feedback
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.read_errors import read_errors
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.trainer import Recipe

SPREAD = "device.errors.programming={kind: constant, sigma: 0.05}"


def found_on(root_dir, rule, *overrides):
    network = network_of(np.random.default_rng(0))
    x = np.random.default_rng(1).integers(0, 2, (6, 3, 4)).astype(float)
    tape = run_batch(network, x, PlainProducts.of(network))
    chip = archsim.load_chip(root_dir / CHIP, list(overrides))
    on_chip = ChipProducts(chip, network, tape, input_bits=8, seed=0, backward=rule == "bp")
    feedback = make_feedback(network, "gaussian", seed=0) if rule == "dfa" else {}
    on_chip.add_feedback(feedback)
    recipe = Recipe(SGD(0.1), rule=rule, feedback=feedback, loss="membrane_cross_entropy")
    return read_errors(on_chip, network, x, np.array([0, 1, 2]), recipe), on_chip, tape


@pytest.mark.parametrize("rule", ["bp", "dfa"])
def test_an_ideal_chip_reads_what_was_asked_of_it(root_dir, rule):
    found, *_ = found_on(root_dir, rule, "ideal=true")
    assert {path: set(layers) for path, layers in found.items()} == {
        "forward": {"hidden", "out"},
        **({"backward": {"out"}} if rule == "bp" else {"feedback": {"hidden"}}),
    }
    assert max(error for layers in found.values() for error in layers.values()) < 1e-6


@pytest.mark.parametrize("feedback", FEEDBACK.values(), ids=FEEDBACK)
def test_cells_that_miss_their_targets_are_in_every_path_that_reads_them(root_dir, feedback):
    found, on_chip, tape = found_on(root_dir, "bp", *feedback, SPREAD, "ideal={converters: true, drivers: true}")
    array, rows = on_chip.arrays["out"], tape.rows["out"].reshape(-1, 5)
    off, exact = rows @ (array.weights - array.wanted), rows @ array.wanted
    assert found["forward"]["out"] == pytest.approx(np.sqrt((off**2).sum() / (exact**2).sum()))
    assert found["backward"]["out"] > 0.01
    assert array.wanted == pytest.approx(network_of(np.random.default_rng(0)).layers[1].weight.T)
