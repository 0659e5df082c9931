"""Filling missing weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from archsim.errors import WorkloadError
from archsim.snn import initialise
from archsim.workload.network import INPUT, Conv, Dense, Layer, Network, Neuron

HIDDEN = Layer("h", Dense(200), (INPUT,), (50,), (200,), Neuron("if"), recurrent=True)
OUT = Layer("o", Dense(3), ("h",), (200,), (3,))
NETWORK = Network("two layers", (50,), (HIDDEN, OUT))


def weight(network: Network, name: str) -> np.ndarray:
    array = network.layer(name).weight
    assert array is not None
    return array


def test_weights_are_uniform_within_the_he_bound() -> None:
    filled = weight(initialise(NETWORK, seed=0), "h")
    bound = np.sqrt(6 / 50)
    n = filled.size
    assert np.abs(filled).max() <= bound
    # variance of a uniform distribution: bound² / 3 = 2 / fan_in; its estimate spreads by sqrt(4/5 / n)
    assert filled.var() == pytest.approx(2 / 50, rel=5 * np.sqrt(0.8 / n))
    assert abs(filled.mean()) < 5 * bound / np.sqrt(3 * n)


def test_the_fan_in_of_a_convolution_counts_the_window_of_one_group() -> None:
    conv = Conv(64, (3, 3), (1, 1), (1, 1), (1, 1), groups=2)
    layer = Layer("c", conv, (INPUT,), (8, 4, 4), (64, 4, 4))
    filled = weight(initialise(Network("n", (8, 4, 4), (layer,)), seed=0, gain=0.5), "c")
    bound = 0.5 * np.sqrt(6 / (4 * 9))
    assert filled.shape == (64, 4, 3, 3)
    assert 0.99 * bound < np.abs(filled).max() <= bound


def test_a_recurrent_weight_counts_the_layers_own_neurons() -> None:
    recurrent = initialise(NETWORK, seed=0).layer("h").recurrent_weight
    assert recurrent is not None
    assert recurrent.shape == (200, 200)
    assert 0.99 * np.sqrt(6 / 200) < np.abs(recurrent).max() <= np.sqrt(6 / 200)


def test_a_seed_gives_the_same_bits_and_another_seed_others() -> None:
    one, same, other = (weight(initialise(NETWORK, seed=s), "h") for s in (7, 7, 8))
    assert one.tobytes() == same.tobytes()
    assert one.tobytes() != other.tobytes()


def test_a_layer_filled_by_hand_stays_and_does_not_change_the_others() -> None:
    by_hand = np.zeros((200, 50))
    partly = replace(NETWORK, layers=(replace(HIDDEN, weight=by_hand), OUT))
    filled = initialise(partly, seed=7)
    assert weight(filled, "h") is by_hand
    assert weight(filled, "o").tobytes() == weight(initialise(NETWORK, seed=7), "o").tobytes()
    assert NETWORK.layer("o").weight is None


def test_a_layer_over_all_timesteps_needs_their_number() -> None:
    network = Network("n", (2,), (Layer("d", Dense(3, flatten_time=True), (INPUT,), (2,), (3,)),))
    assert weight(initialise(network, seed=0, n_timesteps=10), "d").shape == (3, 20)
    with pytest.raises(WorkloadError, match="layer 'd' takes all timesteps at once: its weights need n_timesteps"):
        initialise(network, seed=0)


@pytest.mark.parametrize(
    ("seed", "gain", "message"), [(-1, 1.0, "seed is -1"), (0, 0.0, "gain is 0"), (0, np.nan, "gain")]
)
def test_a_seed_or_gain_out_of_range_is_refused(seed: int, gain: float, message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        initialise(NETWORK, seed, gain)
