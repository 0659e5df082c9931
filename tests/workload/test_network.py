"""A network's shapes, order and rates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.workload import INPUT, Conv, Dense, Layer, Network, Neuron, Pool
from archsim.workload.network import window_count


def dense(name: str, *inputs: str, n_out: int = 2, **more) -> Layer:
    return Layer(name, Dense(n_out), inputs or (INPUT,), (2,), (n_out,), **more)


@given(
    length=st.integers(1, 30),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 4),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 3),
)
def test_the_window_count_is_how_often_a_window_can_be_set_down(length, kernel, stride, padding, dilation):
    last_tap = dilation * (kernel - 1)
    starts = [s for s in range(0, length + 2 * padding, stride) if s + last_tap < length + 2 * padding]
    assert max(0, window_count(length, kernel, stride, padding, dilation)) == len(starts)


def test_rows_and_columns_of_a_convolution_are_those_of_im2col():
    conv = Layer("c", Conv(6, (3, 2), (1, 1), (0, 0), (1, 1), groups=2), (INPUT,), (4, 8, 8), (6, 6, 7))
    assert (conv.n_rows(), conv.n_columns, conv.n_positions) == (4 * 3 * 2, 6, 42)
    assert (conv.n_in, conv.n_neurons) == (256, 252)


def test_a_convolution_along_time_makes_one_product_in_a_timestep():
    conv = Layer("c", Conv(6, (3,), (1,), (0,), (1,), axis="time"), (INPUT,), (4,), (6,))
    assert (conv.n_rows(), conv.n_columns, conv.n_positions) == (12, 6, 1)


def test_recurrent_rows_come_on_top_and_flattened_time_multiplies():
    assert dense("a", n_out=5, recurrent=True).n_rows() == 2 + 5
    flat = Layer("f", Dense(3, flatten_time=True), (INPUT,), (4,), (3,))
    assert (flat.n_rows(10), flat.n_columns) == (40, 3)


def test_pooling_has_no_weights():
    pool = Layer("p", Pool("max", (2,), (2,), (0,)), (INPUT,), (1, 4), (1, 2))
    network = Network("n", (1, 4), (pool, Layer("out", Dense(2), ("p",), (1, 2), (2,))))
    assert not pool.has_weights
    assert [layer.name for layer in network.weighted] == ["out"]


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ((), "network 'n' has no layers"),
        ((dense("a"), dense("a", "a")), "layer 'a': two layers have this name"),
        ((dense("a", "b"), dense("b", "a")), "layer 'a': no earlier layer is called b"),
        ((dense(INPUT),), "layer 'input': this name is reserved"),
    ],
)
def test_a_network_out_of_order_is_refused(layers, said):
    with pytest.raises(WorkloadError, match=said):
        Network("n", (2,), layers)


def test_consumers_and_names_keep_the_order():
    network = Network("n", (2,), (dense("a"), dense("b", "a"), dense("c", "a")))
    assert network.names == ("a", "b", "c")
    assert [layer.name for layer in network.consumers("a")] == ["b", "c"]
    assert [layer.name for layer in network.consumers(INPUT)] == ["a"]


def test_windows_along_time_change_the_rate_and_a_window_that_is_too_long_is_refused():
    pool = Layer("p", Pool("average", (3,), (2,), (0,), axis="time"), (INPUT,), (2,), (2,))
    network = Network("n", (2,), (pool, dense("out", "p")))
    assert network.steps(9) == {INPUT: 9, "p": 4, "out": 4}
    assert network.input_steps(network.layer("out"), 9) == 4
    with pytest.raises(WorkloadError, match="layer 'p': its input is shorter than its window along time"):
        network.steps(2)


def test_inputs_of_different_rates_are_refused():
    pool = Layer("p", Pool("average", (2,), (2,), (0,), axis="time"), (INPUT,), (2,), (2,))
    network = Network("n", (2,), (pool, dense("out", "p", INPUT)))
    with pytest.raises(WorkloadError, match="layer 'out': its inputs have different numbers of timesteps"):
        network.steps(8)


@pytest.mark.parametrize(("kind", "spikes"), [("if", True), ("lif", True), ("cubalif", True), ("li", False)])
def test_leaky_integrators_send_no_spikes(kind, spikes):
    assert Neuron(kind).spikes is spikes
