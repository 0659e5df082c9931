"""What networks compute: recorded traces, hand calculations, published shapes, and clear errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.snn import forward, initialise
from archsim.snn.learn.products import PlainProducts, matrices
from archsim.snn.learn.run import run_batch
from archsim.workload.network import INPUT, Conv, Dense, Layer, Network, Neuron, Pool


def one_neuron(unit: Neuron | None, **changes: object) -> Network:
    layer = Layer("n", Dense(1), (INPUT,), (1,), (1,), unit, weight=np.eye(1))
    return Network("one neuron", (1,), (replace(layer, **changes),))  # type: ignore[arg-type]


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


@pytest.mark.reference
def test_an_euler_lif_neuron_gives_the_recorded_trace_of_norse(reference_dir: Path) -> None:
    """The columns of the recording are input, potential after reset, spike; dt = 1e-4 s."""
    import nir

    graph = nir.read(reference_dir / "data" / "nir" / "lif_norse.nir")
    affine, lif = graph.nodes["0"], graph.nodes["1"]
    dt = 1e-4
    tau = lif.tau.astype(float)
    neuron = Neuron(
        "lif", 1 - dt / tau, lif.r * dt / tau, lif.v_leak * dt / tau, lif.v_threshold, lif.v_reset, "zero"
    )
    network = one_neuron(neuron, weight=affine.weight.astype(float), bias=affine.bias.astype(float))
    recorded = np.loadtxt(reference_dir / "data" / "lif_reference" / "lif_norse.csv", delimiter=",")

    result = forward(network, recorded[:, :1])

    spikes = result.outputs["n"][:, 0]
    after_reset = np.where(spikes, lif.v_reset, result.potentials["n"][:, 0])
    assert np.flatnonzero(spikes).tolist() == [460, 510, 710, 760]
    assert np.array_equal(spikes, recorded[:, 2])
    assert np.abs(after_reset - recorded[:, 1]).max() < 1e-6


def test_an_if_neuron_adds_up_and_starts_from_its_reset_value() -> None:
    result = forward(one_neuron(Neuron("if", threshold=1.0, v_reset=0.25)), column(0.5, 0.75, 0.5, 0.5))
    # 0.5 | 1.25 > 1: spike, to 0.25 | 0.75 | 1.25: spike
    assert result.potentials["n"].ravel().tolist() == [0.5, 1.25, 0.75, 1.25]
    assert result.outputs["n"].ravel().tolist() == [0, 1, 0, 1]


def test_a_neuron_that_resets_by_subtraction_keeps_the_rest() -> None:
    result = forward(one_neuron(Neuron("if", threshold=1.0, reset="subtract")), column(1.75, 0.5, 0))
    # 1.75: spike, 0.75 stays | 1.25: spike, 0.25 stays | 0.25
    assert result.potentials["n"].ravel().tolist() == [1.75, 1.25, 0.25]
    assert result.outputs["n"].ravel().tolist() == [1, 1, 0]


def test_subtraction_takes_the_threshold_less_the_reset_value() -> None:
    neuron = Neuron("if", threshold=1.0, v_reset=0.25, reset="subtract")
    assert forward(one_neuron(neuron), column(1.5, 0)).potentials["n"].ravel().tolist() == [1.5, 0.75]


def test_a_potential_equal_to_the_threshold_does_not_spike() -> None:
    result = forward(one_neuron(Neuron("if", threshold=1.0)), column(1.0, 0.125))
    assert result.outputs["n"].ravel().tolist() == [0, 1]


def test_a_lif_neuron_leaks_between_timesteps() -> None:
    neuron = Neuron("lif", decay=0.5, gain=2.0, offset=0.125, threshold=10.0)
    # 0.5 * 0 + 2 * 1 + 0.125 | 0.5 * 2.125 + 0.125 | 0.5 * 1.1875 + 0.125
    result = forward(one_neuron(neuron), column(1, 0, 0))
    assert result.potentials["n"].ravel().tolist() == [2.125, 1.1875, 0.71875]
    assert not result.outputs["n"].any()


def test_a_cubalif_neuron_filters_its_current_before_it_integrates() -> None:
    neuron = Neuron("cubalif", decay=0.5, threshold=1.5, syn_decay=0.5, syn_gain=2.0)
    # i: 2, 1, 0.5; u: 2 (spike, to 0), 1, 0.5 * 1 + 0.5
    result = forward(one_neuron(neuron), column(1, 0, 0))
    assert result.potentials["n"].ravel().tolist() == [2.0, 1.0, 1.0]
    assert result.outputs["n"].ravel().tolist() == [1, 0, 0]


def test_an_li_neuron_sends_its_potential_and_is_never_reset() -> None:
    result = forward(one_neuron(Neuron("li", decay=0.5, threshold=0.1)), column(4, 0, 0))
    assert result.outputs["n"].ravel().tolist() == [4.0, 2.0, 1.0]
    assert result.outputs["n"].dtype == np.float64


@given(decay=st.floats(0, 0.99), current=st.floats(-3, 3), n=st.integers(1, 40))
def test_a_constant_current_charges_a_leaky_integrator_as_the_geometric_series_says(
    decay: float, current: float, n: int
) -> None:
    u = forward(one_neuron(Neuron("li", decay=decay)), np.full((n, 1), current)).potentials["n"][-1, 0]
    assert u == pytest.approx(current * (1 - decay**n) / (1 - decay), rel=1e-9, abs=1e-12)


def test_every_neuron_and_every_channel_may_have_its_own_parameters() -> None:
    layer = Layer("d", Dense(4), (INPUT,), (1,), (2, 2), weight=np.ones((4, 1)))
    per_neuron = replace(layer, neuron=Neuron("li", gain=np.array([[1.0, 2], [3, 4]])))
    per_channel = replace(layer, neuron=Neuron("li", gain=np.array([1.0, 2])))
    for case, expected in ((per_neuron, [1, 2, 3, 4]), (per_channel, [1, 1, 2, 2])):
        assert forward(Network("n", (1,), (case,)), column(1)).outputs["d"].ravel().tolist() == expected


def test_a_recurrent_layer_sees_its_own_spike_one_timestep_later() -> None:
    layer = Layer("r", Dense(2), (INPUT,), (1,), (2,), Neuron("lif", decay=0.0, threshold=0.5),
                  weight=np.array([[1.0], [0.0]]), recurrent=True,
                  recurrent_weight=np.array([[0.0, 0.0], [1.0, 0.0]]))  # fmt: skip
    result = forward(Network("n", (1,), (layer,)), column(1, 0, 1, 0))
    assert result.outputs["r"].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]


def test_a_recurrent_readout_without_neurons_adds_its_last_result() -> None:
    network = one_neuron(None, recurrent=True, recurrent_weight=np.array([[0.5]]))
    assert forward(network, column(4, 0, 1)).outputs["n"].ravel().tolist() == [4.0, 2.0, 2.0]


@pytest.mark.parametrize(("delay", "expected"), [(0, [1, 2, 3]), (1, [0, 1, 2]), (3, [0, 0, 0]), (7, [0, 0, 0])])
def test_a_delay_shifts_the_inputs_and_begins_with_zeros(delay: int, expected: list[int]) -> None:
    assert forward(one_neuron(None, delay=delay), column(1, 2, 3)).outputs["n"].ravel().tolist() == expected


def test_several_inputs_are_concatenated_in_the_order_named() -> None:
    first = Layer("a", Dense(1), (INPUT,), (1,), (1,), weight=np.array([[2.0]]))
    both = Layer("b", Dense(1), ("a", INPUT), (2,), (1,), weight=np.array([[10.0, 1.0]]), bias=np.array([0.5]))
    assert forward(Network("n", (1,), (first, both)), column(3)).outputs["b"].tolist() == [[63.5]]


def test_a_dense_layer_over_all_timesteps_multiplies_once_in_time_major_order() -> None:
    layer = Layer("d", Dense(1, flatten_time=True), (INPUT,), (2,), (1,), weight=np.array([[1.0, 10, 100, 1000]]))
    result = forward(Network("n", (2,), (layer,)), np.array([[1, 2], [3, 4]]))
    assert result.outputs["d"].tolist() == [[4321.0]]


def test_a_layer_without_time_equals_a_matrix_product_at_every_timestep() -> None:
    rng = np.random.default_rng(3)
    weight, bias, x = rng.normal(size=(5, 6)), rng.normal(size=5), rng.normal(size=(7, 2, 3))
    layer = Layer("d", Dense(5), (INPUT,), (2, 3), (5,), weight=weight, bias=bias)
    result = forward(Network("n", (2, 3), (layer,)), x).outputs["d"]
    expected = [[sum(weight[o, i] * x[t].flat[i] for i in range(6)) + bias[o] for o in range(5)] for t in range(7)]
    np.testing.assert_allclose(result, expected, rtol=1e-12)


def sfcn(channels: int = 9, classes: int = 6) -> Network:
    """The HAR network of arXiv 2212.02233: the sensor sequence is the time axis."""
    lif = Neuron("lif", decay=0.75, threshold=0.5, reset="subtract")
    layers, before, width = [], INPUT, channels
    for k, n_out in enumerate((32, 64, 128)):
        conv = Conv(n_out, (8,), (1,), (4,), (1,), axis="time")
        pool = Pool("average", (2,), (2,), (1,), axis="time")
        layers.append(Layer(f"conv{k}", conv, (before,), (width,), (n_out,), lif))
        layers.append(Layer(f"pool{k}", pool, (f"conv{k}",), (n_out,), (n_out,)))
        before, width = f"pool{k}", n_out
    layers.append(Layer("dense", Dense(classes, flatten_time=True), (before,), (width,), (classes,)))
    return Network("sfcn", (channels,), tuple(layers))


@pytest.mark.parametrize(
    ("channels", "length", "classes", "conv", "pool", "n_flat"),
    [
        (9, 128, 6, (129, 66, 35), (65, 34, 18), 2304),
        (3, 151, 17, (152, 78, 41), (77, 40, 21), 2688),
        (6, 100, 6, (101, 52, 28), (51, 27, 15), 1920),
    ],
)
def test_the_har_network_has_the_published_shapes(
    channels: int, length: int, classes: int, conv: tuple[int, ...], pool: tuple[int, ...], n_flat: int
) -> None:
    network = initialise(sfcn(channels, classes), seed=0, n_timesteps=length)
    outputs = forward(network, np.random.default_rng(0).normal(size=(length, channels))).outputs
    assert tuple(len(outputs[f"conv{k}"]) for k in range(3)) == conv
    assert tuple(len(outputs[f"pool{k}"]) for k in range(3)) == pool
    assert network.layer("dense").weight is not None
    assert network.layer("dense").weight.shape == (classes, n_flat)
    assert outputs["dense"].shape == (1, classes)
    assert np.isin(outputs["pool0"], [0, 0.5, 1]).all()


def test_spikes_only_gives_the_same_spikes_and_no_potentials() -> None:
    network = initialise(sfcn(), seed=1, n_timesteps=128)
    x = np.random.default_rng(1).normal(size=(128, 9))
    full, short = forward(network, x), forward(network, x, spikes_only=True)
    assert short.potentials == {}
    assert set(full.potentials) == {"conv0", "conv1", "conv2"}
    assert all(np.array_equal(full.outputs[name], short.outputs[name]) for name in full.outputs)
    assert full.outputs["conv0"].dtype == np.uint8


def test_the_input_is_an_output_and_the_caller_keeps_its_array() -> None:
    x = np.array([[1], [0]], dtype=np.uint8)
    result = forward(one_neuron(Neuron("if")), x)
    assert result.outputs[INPUT].tolist() == [[1], [0]]
    assert result.outputs[INPUT].dtype == np.uint8
    assert not np.shares_memory(result.outputs[INPUT], x)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (column(1, np.nan), r"not finite at timestep 1, position \(0,\) \(nan\)"),
        (column(np.inf), "not finite at timestep 0"),
        (np.zeros((3, 2)), r"shape \(3, 2\); expected \(timesteps, 1\)"),
        (np.zeros((0, 1)), "at least one timestep"),
        (np.array([["a"]]), "expected real numbers"),
    ],
)
def test_a_wrong_input_is_refused(x: np.ndarray, message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        forward(one_neuron(Neuron("if")), x)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": None}, "layer 'n' has no weight"),
        ({"weight": np.ones((2, 1))}, r"weight has shape \(2, 1\), expected \(1, 1\)"),
        ({"weight": np.array([[np.nan]])}, "weight holds values that are not finite"),
        ({"bias": np.ones(2)}, r"bias has shape \(2,\), expected \(1,\)"),
        ({"recurrent": True}, "layer 'n' has no recurrent_weight"),
        ({"in_shape": (2,), "weight": np.ones((1, 2))}, r"shape \(1,\), expected \(2,\)"),
        ({"neuron": Neuron("lif", decay=np.ones(3))}, r"neuron parameter decay has shape \(3,\)"),
        ({"neuron": Neuron("lif", gain=np.nan)}, "neuron parameter gain is not finite"),
    ],
)
def test_a_layer_that_does_not_fit_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        forward(one_neuron(Neuron("if"), **changes), column(1))


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_neuron_that_fires_at_its_threshold_does_so_in_every_forward_pass(reset: str, compiled: bool) -> None:
    x = np.full((40, 1), 0.25)  # potentials meet 1 exactly, every fourth timestep
    for fires, first, n in (("at", 3, 10), ("above", 4, 8 if reset == "zero" else 9)):
        neuron = Neuron("if", reset=reset, fires=fires)  # type: ignore[arg-type]
        layer = Layer("n", Dense(1), ("input",), (1,), (1,), neuron, weight=np.ones((1, 1)))
        network = Network("net", (1,), (layer,))
        spikes = forward(network, x).outputs["n"].ravel()
        assert (int(np.flatnonzero(spikes)[0]), int(spikes.sum())) == (first, n)
        tape = run_batch(network, x[:, None], PlainProducts(matrices(network)), compiled=compiled)
        np.testing.assert_array_equal(tape.outputs["n"].ravel(), spikes)
