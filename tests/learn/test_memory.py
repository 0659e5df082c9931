"""What learning takes, against what numpy allocated for a step of it on a chip."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from learning_support import chip, work

from archsim.errors import TooLargeError
from archsim.learn import learn
from archsim.learn.memory import training_bytes
from archsim.snn.learn.calibration import typical_errors
from archsim.snn.learn.chip import ChipProducts
from archsim.snn.learn.pretraining import recipe_of
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.trainer import train_step
from archsim.snn.learn.writing import ThresholdWriting
from archsim.snn.weights import initialise


def learn_once(the_chip, the_work):
    """Draw weights, program a chip with them, and adapt it by one batch."""
    network = initialise(the_work.network, 0, 1.0, n_timesteps=the_work.n_timesteps)
    x = np.random.default_rng(0).random((the_work.n_timesteps, 16, *network.input_shape))
    tape = run_batch(network, x, PlainProducts.of(network))
    products = ChipProducts(the_chip, network, tape, input_bits=the_work.input_bits, seed=0, backward=True)
    recipe = recipe_of(the_work, the_work.learning.adapt.optimizer, "bp", network, 0)
    products.meet(typical_errors(network, x, np.zeros(16, dtype=np.int64), recipe))
    writing = ThresholdWriting(products, threshold=0.0, residual=True)
    train_step(network, x, np.zeros(16, dtype=np.int64), writing, recipe)


@pytest.mark.parametrize("cells", [1, 4])
def test_a_step_of_learning_takes_what_was_estimated(cells):
    wide = ("network.layers.0.outputs=256", "network.layers.1.outputs=512")
    the_chip, the_work = chip(f"crossbar.cells_per_weight={cells}", "tiles=auto"), work(*wide)
    tracemalloc.start()
    try:
        learn_once(the_chip, the_work)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 1.2 * training_bytes(the_chip, the_work) <= 6 * peak


def test_a_network_too_large_to_be_trained_is_refused_before_data_are_read(monkeypatch):
    monkeypatch.setattr("archsim.learn.story.data_of", None)
    wide = work("network.layers.0.outputs=20000", "network.layers.1.outputs=20000")
    with pytest.raises(TooLargeError, match=r"watch_adapt: learning needs .* lower the size of its layers"):
        learn(chip("tiles=auto"), wide, max_memory_bytes=2 * 10**9)
