"""From sensor values to currents and spikes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.snn import analog, delta, rate


def test_analog_values_pass_unchanged_into_a_new_array() -> None:
    x = np.array([[1.5, -2.0]])
    y = analog(x)
    assert y.tolist() == x.tolist()
    assert not np.shares_memory(x, y)


@pytest.mark.parametrize("chance", [0.05, 0.5, 0.9])
def test_the_rate_code_spikes_as_often_as_the_value_says(chance: float) -> None:
    n = 40_000
    spikes = rate(np.full((n, 1), -2 + 4 * chance), seed=3, low=-2, high=2)
    assert abs(spikes.mean() - chance) < 5 * np.sqrt(chance * (1 - chance) / n)


def test_a_seed_gives_the_same_spikes() -> None:
    x = np.full((100, 4), 0.5)
    assert rate(x, seed=1).tobytes() == rate(x, seed=1).tobytes()
    assert rate(x, seed=1).tobytes() != rate(x, seed=2).tobytes()


@given(steps=st.lists(st.integers(-1, 1), min_size=1, max_size=50))
def test_the_delta_code_follows_a_signal_of_single_steps_exactly(steps: list[int]) -> None:
    x = np.concatenate([[0], np.cumsum(steps)]).astype(float)[:, None] * 0.5
    spikes = delta(x, threshold=0.5).astype(int)
    assert np.array_equal(0.5 * np.cumsum(spikes[:, 0] - spikes[:, 1]), x[:, 0])
    assert not (spikes[:, 0] & spikes[:, 1]).any()


def test_the_delta_code_follows_a_slow_signal_within_one_threshold() -> None:
    t = np.linspace(0, 6, 500)
    x = np.stack([np.sin(t), np.cos(3 * t)], axis=1)
    spikes = delta(x, threshold=0.05).astype(float)
    followed = x[0] + 0.05 * np.cumsum(spikes[:, :2] - spikes[:, 2:], axis=0)
    assert spikes.shape == (500, 4)
    assert np.abs(followed - x).max() < 0.05


def test_a_jump_is_caught_up_with_one_spike_per_timestep() -> None:
    assert delta(np.array([[0.0], [3.0], [3.0], [3.0], [3.0]]), threshold=1.0)[:, 0].tolist() == [0, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: analog([np.nan]), "must be finite"),
        (lambda: rate(np.array([np.inf]), seed=0), "must be finite"),
        (lambda: rate(np.zeros(1), seed=0, low=1, high=1), "must be a number below high"),
        (lambda: rate(np.zeros(1), seed=-1), "seed is -1"),
        (lambda: delta(np.zeros((2, 1)), threshold=0), "must be a positive number"),
        (lambda: delta(np.zeros(2), threshold=1), r"expected values \(timesteps, channels"),
    ],
)
def test_values_that_cannot_be_encoded_are_refused(call: object, message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        call()  # type: ignore[operator]
