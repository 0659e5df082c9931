"""The error of a read: what arrays give against what was asked of them."""

import numpy as np
import pytest
from learning_support import CHIP_FILE, work
from snn.learn.test_chip import CHIP, FEEDBACK, network_of

import archsim
from archsim.snn.learn.adaptation import adapt
from archsim.snn.learn.chip import ChipProducts
from archsim.snn.learn.feedback import make_feedback
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.pretraining import data_of, pretrain
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.read_errors import read_errors
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.trainer import Recipe
from archsim.spec import load_chip

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


def test_cells_drift_from_window_to_window_and_a_copy_on_its_own():
    """What waits an hour between windows is further from what was asked; without drift time changes nothing."""
    cut = ["learning.adapt.passes=1", "learning.pretrain.epochs=1", "learning.data.step=256"]
    base = work(*cut)
    data = data_of(base, seed=0)
    start = pretrain(base, data, seed=0).network
    law = "device.errors={drift: {kind: power_law, nu: 0.2, nu_spread: 0.1, start: 1 s}}"

    def adapted(*overrides, time="", rule="bp"):
        given = work(*cut, *([f"learning.adapt.window_time={time}"] if time else []))
        chip = load_chip(CHIP_FILE, ["ideal={converters: true, drivers: true}", *overrides])
        return adapt(chip, given, start, data, rule, 0)

    still, aged = adapted(law), adapted(law, time="3600 s")
    for path in ("forward", "backward"):
        for layer, error in still.read_errors[path].items():
            assert aged.read_errors[path][layer] > error + 0.05
    again, waited = adapted(rule="dfa"), adapted(rule="dfa", time="3600 s")
    assert (again.after, again.read_errors) == (waited.after, waited.read_errors)
