"""Warnings name the likely cause, and what they advise puts it right."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import archsim
from archsim.metrics import ActivityWarning
from archsim.prepare import prepare
from archsim.sight import in_sight_of
from archsim.snn import Activity, forward

WORK = """
version: 1
name: small
network:
  input: [40]
  layers:
    - {name: a, kind: dense, outputs: 30, neuron: {kind: lif, leak: 0.5, threshold: 0.3}}
    - {name: out, kind: dense, outputs: 5, neuron: {kind: lif, leak: 0.5, threshold: 0.3}}
timesteps: 8
input_resolution: 1 bit
activity: {kind: random_input, rate: 0.4}
weights: {gain: 2.0}
phases: [inference]
"""


@pytest.fixture
def told(root_dir: Path, tmp_path: Path) -> Callable[..., dict[tuple[str, str], ActivityWarning]]:
    """Warnings of a run, by layer and what is wrong: `told("activity.rate=0")`."""

    def run(*work: str, chip: tuple[str, ...] = ()) -> dict[tuple[str, str], ActivityWarning]:
        (tmp_path / "work.yaml").write_text(WORK, encoding="utf-8")
        on = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", chip)
        result = archsim.simulate(on, archsim.load_workload(tmp_path / "work.yaml", work), "compiled")
        assert result.activity is not None
        return {(warning.layer, warning.what): warning for warning in result.activity.warnings}

    return run


def test_a_network_that_lives_has_no_warnings(told):
    assert told() == {}


def test_an_input_without_spikes_is_the_cause_of_all_that_follows(told):
    found = told("activity.rate=0.0")
    assert {key: warning.cause for key, warning in found.items()} == {
        ("input", "never fires"): "input",
        ("a", "never fires"): "input", ("a", "never read"): "input",
        ("out", "never fires"): "input", ("out", "never read"): "input",
    }  # fmt: skip
    assert found["out", "never fires"].text == "out never fires: nothing reaches it, because a sends nothing"


@pytest.mark.parametrize(("threshold", "cause"), [(20.0, "threshold"), (500.0, "scale")])
def test_a_threshold_out_of_reach_says_by_how_much(told, threshold, cause):
    warning = told(f"network.layers.0.neuron.threshold={threshold}")["a", "never fires"]
    assert warning.cause == cause
    reached = float(re.search(r"reaches ([\d.]+)", warning.text)[1])
    assert ("a", "never fires") not in told(f"network.layers.0.neuron.threshold={0.99 * reached}")
    assert ("a", "never fires") in told(f"network.layers.0.neuron.threshold={1.01 * reached}")


def test_weights_that_are_too_small_are_told_with_the_factor_that_helps(told):
    warning = told("weights.gain=0.001")["a", "never fires"]
    assert warning.cause == "scale"
    factor = float(re.search(r"more than ([\d.e+]+)", warning.text)[1])
    assert ("a", "never fires") not in told(f"weights.gain={0.001 * factor * 1.01}")
    assert ("a", "never fires") in told(f"weights.gain={0.001 * factor * 0.99}")


def test_a_sample_that_ends_before_the_threshold_is_a_matter_of_time(told):
    slow = ("network.layers.0.neuron={kind: if, threshold: 60.0}",)
    assert told(*slow)["a", "never fires"].cause == "dt"
    assert ("a", "never fires") not in told(*slow, "timesteps=300")


@pytest.mark.parametrize(("threshold", "cause"), [(0.5, "threshold"), (1e-3, "scale")])
def test_neurons_that_always_fire_are_told_why(told, threshold, cause):
    """One neuron whose only weight is positive, and an input that spikes in every timestep."""
    only = (
        "network.input=[1]", "network.layers.0.outputs=1", "activity.rate=1.0", "weights.seed=1",
        f"network.layers.0.neuron={{kind: lif, leak: 0.5, threshold: {threshold}}}",
    )  # fmt: skip
    found = told(*only)
    assert found["input", "always fires"].cause == "input"
    warning = found["a", "always fires"]
    assert warning.cause == cause
    at_once = float(re.search(r"brings its potential to ([\d.]+)", warning.text)[1])
    above = f"network.layers.0.neuron={{kind: lif, leak: 0.0, threshold: {1.01 * at_once}}}"
    assert ("a", "always fires") not in told(*only[:-1], above)


def test_what_a_reset_leaves_over_the_threshold_keeps_a_neuron_firing(root_dir, tmp_path):
    """One input that spikes once with 100 times the threshold: what is left of it fires on."""
    (tmp_path / "work.yaml").write_text(
        WORK.replace("input: [40]", "input: [1]").replace("outputs: 30", "outputs: 1")
        .replace("{kind: lif, leak: 0.5, threshold: 0.3}", "{kind: if, threshold: 1.0, reset: subtract}", 1)
    )  # fmt: skip
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    ready = prepare(chip, archsim.load_workload(tmp_path / "work.yaml"), 0, "inference")
    network = replace(
        ready.work.network,
        layers=(replace(ready.work.network.layers[0], weight=np.array([[100.0]])), *ready.work.network.layers[1:]),
    )
    x = np.zeros((8, 1), np.uint8)
    x[0] = 1
    outputs = forward(network, x).outputs
    seen = Activity(network, {name: (values[None] != 0).astype(np.uint8) for name, values in outputs.items()})
    work = replace(ready.work, network=network)
    found = in_sight_of(ready.chip, work, ready.mapping, seen)
    [warning] = [warning for warning in found.warnings if warning.layer == "a"]
    assert (warning.what, warning.cause) == ("always fires", "reset")
    assert "reset: zero" in warning.text


def test_a_record_that_stands_for_the_activity_is_told_as_such(root_dir, tmp_path):
    (tmp_path / "work.yaml").write_text(WORK.replace("random_input, rate: 0.4", "rates, input: 0.4, default: 0.5"))
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    work = archsim.load_workload(tmp_path / "work.yaml")
    shapes = {"input": (1, 8, 40), "a": (1, 8, 30), "out": (1, 8, 5)}
    silent = Activity(work.network, {name: np.zeros(shape, np.uint8) for name, shape in shapes.items()})
    found = archsim.simulate(chip, replace(work, recorded=silent), "compiled").activity
    assert found.source == "recorded by the model that the workload was made of"
    assert [warning.cause for warning in found.warnings if warning.what == "never fires"] == ["record"] * 3


def test_rates_that_the_workload_gives_are_named_by_their_key(told):
    rates = "activity={kind: rates, input: 0.5, default: 0.0, layers: {out: 1.0}}"
    found = told(rates)
    assert found["a", "never fires"].text.startswith("a never fires: activity.default of the workload is 0")
    assert "activity.layers.out of the workload is 1" in found["out", "always fires"].text
    assert {warning.cause for warning in found.values()} == {"rate", "input"}


def test_replicas_without_a_step_are_never_read(told):
    found = told("timesteps=2", chip=("mapping.replicas={a: 3}",))
    assert found["a", "never read"].cause == "replicas"
    assert "1 of its 3 arrays are never read" in found["a", "never read"].text
    assert "lower mapping.replicas.a" in found["a", "never read"].text


@pytest.mark.parametrize("layer", [0, 1])
def test_inputs_of_several_bits_and_pooled_sums_are_reckoned_with(root_dir, tmp_path, layer):
    """Recordings drive the first layer, an average of spikes the second: a threshold right below is passed."""
    (tmp_path / "work.yaml").write_text(
        """
version: 1
name: watch
network:
  input: [6]
  layers:
    - {name: a, kind: conv1d, axis: time, channels: 8, kernel: 3, neuron: {kind: lif, leak: 0.5, threshold: 0.2}}
    - {name: pool, kind: average_pool, axis: time, kernel: 2}
    - {name: b, kind: conv1d, axis: time, channels: 4, kernel: 2, neuron: {kind: lif, leak: 0.5, threshold: 0.2}}
    - {name: out, kind: dense, outputs: 3, flatten_time: true}
timesteps: 16
input_resolution: 8 bit
activity: {kind: dataset, dataset: watch, encoding: analog}
weights: {gain: 2.0}
phases: [inference]
""",
        encoding="utf-8",
    )
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    name, key = ("a", "b")[layer], f"network.layers.{2 * layer}.neuron.threshold"

    def silent(threshold: float) -> list[ActivityWarning]:
        work = archsim.load_workload(tmp_path / "work.yaml", [f"{key}={threshold}"])
        found = archsim.simulate(chip, work, "compiled", seed=3).activity.warnings
        return [warning for warning in found if (warning.layer, warning.what) == (name, "never fires")]

    [warning] = silent(1000.0)
    reached = float(re.search(r"reaches ([\d.]+)", warning.text)[1])
    assert not silent(0.99 * reached)
    assert silent(1.01 * reached)
