"""Windows against loops written out, and against the numbers themselves."""

from __future__ import annotations

import itertools
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.mapping import Dataflow
from archsim.workload import INPUT, Conv, Dense, Layer, Network, Pool
from archsim.workload.network import window_count

ONE = (1,)
axis = st.tuples(  # length, kernel, stride, padding, dilation of a window that fits
    st.integers(1, 7), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)
).filter(lambda a: window_count(*a) >= 1)


def space_network(axes) -> Network:
    """A convolution of a convolution: the second with the windows given."""
    lengths, kernel, stride, padding, dilation = (tuple(part) for part in zip(*axes, strict=True))
    ones = (1,) * len(axes)
    first = Layer("a", Conv(1, ones, ones, (0,) * len(axes), ones), (INPUT,), (1, *lengths), (1, *lengths))
    counts = tuple(window_count(*a) for a in axes)
    second = Layer("b", Conv(1, kernel, stride, padding, dilation), ("a",), (1, *lengths), (1, *counts))
    return Network("n", (1, *lengths), (first, second))


def literal_positions(axes, output: int) -> set[int]:
    """Input positions, row by row, that one output position reads."""
    counts = [window_count(*a) for a in axes]
    where = np.unravel_index(output, counts)
    taps = []
    for (length, kernel, stride, padding, dilation), o in zip(axes, where, strict=True):
        taken = [int(o) * stride - padding + k * dilation for k in range(kernel)]
        taps.append([i for i in taken if 0 <= i < length])
    lengths = [a[0] for a in axes]
    return {int(np.ravel_multi_index(t, lengths)) for t in itertools.product(*taps)}


def literal_rows(axes, output: int) -> list[int]:
    """Rows of the input (its first axis) that one output position reads, padding included."""
    _, kernel, stride, padding, dilation = axes[0]
    row = output // prod(window_count(*a) for a in axes[1:])
    return [row * stride - padding + k * dilation for k in range(kernel)]


@given(axes=st.lists(axis, min_size=1, max_size=2), burst=st.integers(1, 5), n_times=st.integers(1, 3))
def test_a_burst_needs_the_whole_rows_that_its_windows_touch(axes, burst, n_times):
    network = space_network(axes)
    flow = Dataflow(network, n_times, burst)
    layer = network.layer("b")
    n_source = flow.n_bursts("a")
    width = prod(a[0] for a in axes[1:])
    for step in range(flow.n_steps("b")):
        t, part = divmod(step, flow.n_bursts("b"))
        outputs = range(part * burst, min((part + 1) * burst, flow.n_positions("b")))
        touched = set().union(*(literal_positions(axes, o) for o in outputs))
        needs = flow.needs(layer, step, "a")
        assert {t * n_source + p // burst for p in touched} <= set(needs)
        assert needs == sorted(set(needs))
        rows = [r for o in outputs for r in literal_rows(axes, o)]
        first, last = max(min(rows), 0), min(max(rows), axes[0][0] - 1)
        if first <= last:  # whole rows, and nothing beyond the first and the last
            positions = range(first * width, (last + 1) * width)
            assert needs == sorted({t * n_source + p // burst for p in positions})


@given(axes=st.lists(axis, min_size=1, max_size=1), n_times=st.integers(1, 2))
def test_along_one_axis_without_gaps_a_position_needs_exactly_its_window(axes, n_times):
    length, kernel, stride, padding, _ = axes[0]
    axes = [(length, kernel, stride, padding, 1)]
    if window_count(*axes[0]) < 1:
        return
    network = space_network(axes)
    flow = Dataflow(network, n_times, 1)
    for step in range(flow.n_steps("b")):
        t, position = divmod(step, flow.n_positions("b"))
        exact = sorted(t * length + p for p in literal_positions(axes, position))
        if exact:  # a window in the padding alone waits for the input's border
            assert flow.needs(network.layer("b"), step, "a") == exact


def time_network(kernel: int, stride: int, padding: int, dilation: int, delay: int) -> Network:
    op = Conv(1, (kernel,), (stride,), (padding,), (dilation,), axis="time")
    return Network("n", (2,), (Layer("a", op, (INPUT,), (2,), (1,), delay=delay),))


@given(window=axis, n_times=st.integers(1, 12), delay=st.integers(0, 3))
def test_along_time_a_step_needs_the_timesteps_of_its_window(window, n_times, delay):
    _, kernel, stride, padding, dilation = window
    if window_count(n_times, kernel, stride, padding, dilation) < 1:
        return
    network = time_network(kernel, stride, padding, dilation, delay)
    flow = Dataflow(network, n_times, 1)
    assert flow.n_steps("a") == (n_times + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    for t in range(flow.n_steps("a")):
        delayed = [t * stride - padding + k * dilation for k in range(kernel)]
        needed = [s - delay for s in delayed if 0 <= s < n_times and s >= delay]
        assert flow.needs(network.layers[0], t, INPUT) == needed


@settings(max_examples=30)
@given(
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
    padding=st.integers(0, 1),
    dilation=st.integers(1, 2),
    delay=st.integers(0, 2),
    data=st.data(),
)
def test_no_input_outside_the_needed_timesteps_changes_an_output(kernel, stride, padding, dilation, delay, data):
    """The values themselves, from the functional forward pass: a receptive field by brute force."""
    from archsim.snn import forward

    n_times = 8
    network = time_network(kernel, stride, padding, dilation, delay)
    layer = network.layers[0]
    weights = np.arange(1, 1 + 2 * kernel, dtype=float).reshape(1, 2, kernel)
    network = Network("n", (2,), (Layer("a", layer.op, (INPUT,), (2,), (1,), weight=weights, delay=delay),))
    flow = Dataflow(network, n_times, 1)
    poked = data.draw(st.integers(0, n_times - 1))
    still, poke = np.zeros((n_times, 2)), np.zeros((n_times, 2))
    poke[poked] = 1.0
    changed = (forward(network, poke).outputs["a"] != forward(network, still).outputs["a"]).ravel()
    reads = [poked in flow.needs(network.layers[0], t, INPUT) for t in range(flow.n_steps("a"))]
    assert changed.tolist() == reads


def test_a_dense_layer_needs_all_bursts_of_every_input_it_concatenates():
    ones, pads = (1, 1), (0, 0)
    a = Layer("a", Conv(2, ones, ones, pads, ones), (INPUT,), (1, 3, 3), (2, 3, 3))
    b = Layer("b", Conv(1, ones, ones, pads, ones), ("a",), (2, 3, 3), (1, 3, 3))
    out = Layer("out", Dense(4), ("a", "b"), (27,), (4,))
    flow = Dataflow(Network("n", (1, 3, 3), (a, b, out)), 2, 2)
    assert flow.needs(out, 1, "a") == [5, 6, 7, 8, 9]
    assert flow.needs(out, 1, "b") == [5, 6, 7, 8, 9]


def test_a_dense_layer_over_all_time_needs_everything():
    a = Layer("a", Dense(2), (INPUT,), (3,), (2,))
    out = Layer("out", Dense(1, flatten_time=True), ("a",), (2,), (1,))
    flow = Dataflow(Network("n", (3,), (a, out)), 5, 1)
    assert flow.needs(out, 0, "a") == [0, 1, 2, 3, 4]
    assert flow.live_steps(out, "a") == 5


def test_a_recurrent_layer_needs_its_own_timestep_before_and_none_at_first():
    a = Layer("a", Dense(2), (INPUT,), (3,), (2,), recurrent=True)
    flow = Dataflow(Network("n", (3,), (a,)), 4, 1)
    assert [flow.needs(a, t, "a") for t in range(4)] == [[], [0], [1], [2]]


def test_a_delay_moves_what_is_needed_and_nothing_else():
    a = Layer("a", Dense(2), (INPUT,), (3,), (2,), delay=2, recurrent=True)
    flow = Dataflow(Network("n", (3,), (a,)), 4, 1)
    assert [flow.needs(a, t, INPUT) for t in range(4)] == [[], [], [0], [1]]
    assert [flow.needs(a, t, "a") for t in range(4)] == [[], [0], [1], [2]]


@given(window=axis, n_times=st.integers(1, 12), delay=st.integers(0, 2))
def test_the_buffer_holds_what_has_come_and_is_not_yet_used_for_the_last_time(window, n_times, delay):
    _, kernel, stride, padding, dilation = window
    if window_count(n_times, kernel, stride, padding, dilation) < 1:
        return
    network = time_network(kernel, stride, padding, dilation, delay)
    flow, layer = Dataflow(network, n_times, 1), network.layers[0]
    needs = [set(flow.needs(layer, t, INPUT)) for t in range(flow.n_steps("a"))]
    ever, most, held, come = set().union(*needs), 1, set(), -1
    for t, now in enumerate(needs):
        arriving = {s for s in ever if come < s <= max(now, default=-1)}
        held, come = held | arriving, max([come, *now])
        most = max(most, len(held))
        held -= {s for s in now if not any(s in later for later in needs[t + 1 :])}
    assert flow.live_steps(layer, INPUT) == most


@pytest.mark.parametrize(
    ("kernel", "padding", "delay", "newest"),
    [(3, 1, 0, 5), (3, 2, 0, 4), (5, 2, 0, 6), (3, 1, 2, 3), (1, 0, 0, 4)],
)
def test_a_window_with_padding_looks_ahead(kernel, padding, delay, newest):
    op = Conv(1, (kernel,), ONE, (padding,), ONE, axis="time")
    layers = (Layer("a", Dense(1), (INPUT,), (1,), (1,)), Layer("b", op, ("a",), (1,), (1,), delay=delay))
    flow = Dataflow(Network("n", (1,), layers), 9, 1)
    needed = flow._newest_needed(4)
    assert needed["a"] == newest == max(flow.needs(layers[1], 4, "a"))
    assert needed[INPUT] == newest


def sfcn() -> Network:
    """The shapes of DFA-SIM's SFCN on UCI-HAR: three convolutions of 8 along time, each pooled by two."""
    layers, before, channels = [], INPUT, 9
    for i, n_out in enumerate((32, 64, 128), start=1):
        op = Conv(n_out, (8,), ONE, (4,), ONE, axis="time")
        layers.append(Layer(f"conv{i}", op, (before,), (channels,), (n_out,)))
        pool = Pool("average", (2,), (2,), (1,), axis="time")
        layers.append(Layer(f"pool{i}", pool, (f"conv{i}",), (n_out,), (n_out,)))
        before, channels = f"pool{i}", n_out
    layers.append(Layer("out", Dense(6, flatten_time=True), (before,), (128,), (6,)))
    return Network("ucihar_sfcn", (9,), tuple(layers))


def test_the_published_sfcn_runs_at_its_published_lengths_and_each_pooling_halves_the_rate():
    steps = Dataflow(sfcn(), 128, 1).timesteps
    assert [steps[f"conv{i}"] for i in (1, 2, 3)] == [129, 66, 35]
    assert [steps[f"pool{i}"] for i in (1, 2, 3)] == [65, 34, 18]
    assert steps["out"] == 1


def test_the_published_sfcn_needs_line_buffers_of_eight_steps():
    network = sfcn()
    flow = Dataflow(network, 128, 1)
    convolutions = {"conv1": INPUT, "conv2": "pool1", "conv3": "pool2"}
    assert [flow.live_steps(network.layer(name), source) for name, source in convolutions.items()] == [8] * 3
    assert [flow.live_steps(network.layer(f"pool{i}"), f"conv{i}") for i in (1, 2, 3)] == [2] * 3
    assert [network.layer(n).n_rows(flow.timesteps["pool3"]) for n in ("conv1", "conv2", "conv3", "out")] == [
        72,
        256,
        512,
        2304,
    ]
