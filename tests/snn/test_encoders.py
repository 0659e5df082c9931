"""From sensor values to currents and spikes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.snn import Encoding, analog, delta, encode, latency, rate


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


def test_the_latency_code_spikes_when_the_documentation_of_snntorch_says() -> None:
    """Its documented example: values .02, .5, 1 in 5 steps, linear, spike at 3.92, 2, 0 before rounding."""
    spikes = latency(np.array([[0.02, 0.5, 1.0]]), n_steps=5)
    assert spikes.argmax(axis=0).tolist() == [4, 2, 0]
    assert spikes.sum(axis=0).tolist() == [1, 1, 1]


@given(
    values=st.lists(st.floats(-3, 3), min_size=2, max_size=20),
    n_steps=st.integers(2, 12),
    low=st.floats(-2, 0),
    high=st.floats(0.1, 2),
)
def test_a_larger_value_never_spikes_later(values: list[float], n_steps: int, low: float, high: float) -> None:
    x = np.sort(values)[None, ::-1]
    spikes = latency(x, n_steps, low=low, high=high)
    assert spikes.shape == (n_steps, len(values))
    assert np.array_equal(spikes.sum(axis=0), np.clip((x[0] - low) / (high - low), 0, 1) > 0)
    times = spikes.argmax(axis=0)[spikes.any(axis=0)]
    assert (np.diff(times) >= 0).all()


def test_every_value_has_timesteps_of_its_own() -> None:
    x = np.random.default_rng(0).uniform(size=(6, 2, 3))
    spikes = latency(x, n_steps=4)
    assert np.array_equal(spikes, np.concatenate([latency(now[None], n_steps=4) for now in x]))


@pytest.mark.parametrize("kind", ["analog", "latency", "delta"])
def test_many_windows_are_encoded_as_one_by_one(kind: str) -> None:
    windows = np.random.default_rng(1).normal(size=(7, 30, 4))
    setting = Encoding(kind, threshold=0.3, n_steps=5)
    single = {
        "analog": analog,
        "latency": lambda x: latency(x, 5, low=-1, high=1),
        "delta": lambda x: delta(x, 0.3),
    }[kind]
    together = encode(windows, setting)
    assert together.shape[1] == 7
    for k, window in enumerate(windows):
        assert np.array_equal(together[:, k], single(window))


def test_the_rate_code_of_many_windows_depends_on_seed_and_key() -> None:
    windows = np.full((7, 30, 4), 0.1)
    spikes = [encode(windows, Encoding("rate"), seed=s, key=k).tobytes() for s, k in ((0, ()), (0, (1,)), (1, ()))]
    assert len(set(spikes)) == 3
    same = rate(np.swapaxes(windows, 0, 1), 0, low=-1, high=1, key=(1,)).tobytes()
    assert same == spikes[1]


def test_windows_with_nan_are_named() -> None:
    windows = np.zeros((5, 3, 2))
    windows[[1, 4], 2, 0] = np.nan, np.inf
    with pytest.raises(WorkloadError, match="2 of 5 windows are not finite: 1, 4;"):
        encode(windows, Encoding())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: analog([np.nan]), "must be finite"),
        (lambda: rate(np.array([np.inf]), seed=0), "must be finite"),
        (lambda: rate(np.zeros(1), seed=0, low=1, high=1), "must be a number below high"),
        (lambda: rate(np.zeros(1), seed=-1), "seed is -1"),
        (lambda: latency(np.zeros(1), n_steps=1), "n_steps is 1; it must be 2 or more"),
        (lambda: latency(np.zeros(1), n_steps=2, low=2), "latency code: low"),
        (lambda: latency(np.array([np.nan]), n_steps=2), "must be finite"),
        (lambda: Encoding("burst"), "choose one of analog, delta, latency, rate"),
        (lambda: encode(np.zeros((2, 3)), Encoding()), r"expected windows \(windows, samples"),
        (lambda: delta(np.zeros((2, 1)), threshold=0), "must be a positive number"),
        (lambda: delta(np.zeros(2), threshold=1), r"expected values \(timesteps, channels"),
    ],
)
def test_values_that_cannot_be_encoded_are_refused(call: object, message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        call()  # type: ignore[operator]
