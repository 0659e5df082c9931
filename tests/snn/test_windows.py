"""Convolution, pooling and rows, against literal loops and numpy's own correlation."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.snn import forward, rows_of
from archsim.workload.network import INPUT, Conv, Dense, Layer, Network, Neuron, Pool, Shape, window_count


def literal_conv(x: np.ndarray, weight: np.ndarray, op: Conv) -> np.ndarray:
    """One timestep (C, *space), written as the definition: nested loops, padding by index tests."""
    space = x.shape[1:]
    out = tuple(window_count(*a) for a in zip(space, op.kernel, op.stride, op.padding, op.dilation, strict=True))
    y = np.zeros((op.n_out, *out))
    c_in, c_out = x.shape[0] // op.groups, op.n_out // op.groups
    for o, position in product(range(op.n_out), product(*map(range, out))):
        for c, tap in product(range(c_in), product(*map(range, op.kernel))):
            at = [
                p * s + k * d - pad
                for p, s, k, d, pad in zip(position, op.stride, tap, op.dilation, op.padding, strict=True)
            ]
            if all(0 <= a < n for a, n in zip(at, space, strict=True)):
                y[(o, *position)] += weight[(o, c, *tap)] * x[((o // c_out) * c_in + c, *at)]
    return y


def conv_layer(op: Conv, in_shape: Shape, seed: int = 0) -> Layer:
    weight = np.random.default_rng(seed).normal(size=(op.n_out, in_shape[0] // op.groups, *op.kernel))
    if op.axis == "time":
        out: Shape = ()
    else:
        sizes = zip(in_shape[1:], op.kernel, op.stride, op.padding, op.dilation, strict=True)
        out = tuple(window_count(*a) for a in sizes)
    return Layer("c", op, (INPUT,), in_shape, (op.n_out, *out), weight=weight)


def run(layer: Layer, x: np.ndarray) -> np.ndarray:
    return forward(Network("n", x.shape[1:], (layer,)), x).outputs[layer.name]


two = st.tuples(st.integers(1, 2), st.integers(1, 2))


@given(
    n_axes=st.integers(1, 2),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=two,
    groups=st.integers(1, 2),
    seed=st.integers(0, 99),
)
def test_convolution_in_space_equals_the_literal_loops(
    n_axes: int, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int, seed: int
) -> None:
    op = Conv(2 * groups, *(v[:n_axes] for v in (kernel, stride, padding, dilation)), groups=groups)
    x = np.random.default_rng(seed).normal(size=(2, 2 * groups, *(5, 6)[:n_axes]))
    layer = conv_layer(op, x.shape[1:], seed)
    assert layer.weight is not None
    expected = np.stack([literal_conv(step, layer.weight, op) for step in x])
    np.testing.assert_allclose(run(layer, x), expected, atol=1e-12)


def test_one_channel_convolution_equals_numpy_correlate() -> None:
    x, kernel = np.random.default_rng(1).normal(size=20), np.array([1.0, -2.0, 0.5, 3.0])
    space = replace(conv_layer(Conv(1, (4,), (1,), (0,), (1,)), (1, 20)), weight=kernel[None, None])
    time = replace(conv_layer(Conv(1, (4,), (1,), (0,), (1,), axis="time"), (1,)), weight=kernel[None, None])
    expected = np.correlate(x, kernel, mode="valid")
    np.testing.assert_allclose(run(space, x[None, None]).ravel(), expected, atol=1e-12)
    np.testing.assert_allclose(run(time, x[:, None]).ravel(), expected, atol=1e-12)


@given(
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 2),
    groups=st.integers(1, 2),
    delay=st.integers(0, 2),
)
def test_convolution_along_time_equals_convolution_in_space_over_the_transposed_sequence(
    kernel: int, stride: int, padding: int, dilation: int, groups: int, delay: int
) -> None:
    shape = ((kernel,), (stride,), (padding,), (dilation,))
    x = np.random.default_rng(2).normal(size=(9, 4))
    layer = replace(conv_layer(Conv(6, *shape, groups=groups, axis="time"), (4,)), delay=delay)
    late = np.concatenate([np.zeros((delay, 4)), x])[:9]
    assert layer.weight is not None
    expected = literal_conv(late.T, layer.weight, Conv(6, *shape, groups=groups))
    np.testing.assert_allclose(run(layer, x), expected.T, atol=1e-12)


def test_the_bias_of_a_convolution_is_one_per_channel() -> None:
    layer = conv_layer(Conv(2, (1,), (1,), (0,), (1,)), (1, 3))
    layer = replace(layer, weight=np.zeros((2, 1, 1)), bias=np.array([1.0, 2.0]))
    assert run(layer, np.zeros((1, 1, 3))).tolist() == [[[1, 1, 1], [2, 2, 2]]]


def literal_pool(x: np.ndarray, op: Pool) -> np.ndarray:
    """One map (*space), padded with zeros that count."""
    padded = np.pad(x, [(p, p) for p in op.padding])
    out = tuple(window_count(*a) for a in zip(x.shape, op.kernel, op.stride, op.padding, strict=True))
    y = np.zeros(out)
    for position in product(*map(range, out)):
        at = (slice(p * s, p * s + k) for p, s, k in zip(position, op.stride, op.kernel, strict=True))
        window = padded[tuple(at)]
        y[position] = {"sum": window.sum(), "max": window.max(), "average": window.sum() / window.size}[op.kind]
    return y


@given(
    kind=st.sampled_from(["average", "sum", "max"]),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 1), st.integers(0, 1)),
)
def test_pooling_in_space_equals_the_literal_loops(
    kind: str, kernel: Shape, stride: Shape, padding: Shape
) -> None:
    op = Pool(kind, kernel, stride, padding)  # type: ignore[arg-type]
    x = np.random.default_rng(4).normal(size=(2, 3, 4, 5))
    expected = np.array([[literal_pool(channel, op) for channel in step] for step in x])
    layer = Layer("p", op, (INPUT,), (3, 4, 5), expected.shape[1:])
    np.testing.assert_allclose(run(layer, x), expected, atol=1e-12)


@pytest.mark.parametrize("kind", ["average", "sum", "max"])
def test_pooling_along_time_keeps_the_map_and_takes_every_value_by_itself(kind: str) -> None:
    op = Pool(kind, (2,), (2,), (1,), axis="time")  # type: ignore[arg-type]
    x = np.random.default_rng(5).normal(size=(7, 2, 3))
    expected = np.stack([literal_pool(x[:, c, i], op) for c, i in product(range(2), range(3))], axis=1)
    assert run(Layer("p", op, (INPUT,), (2, 3), (2, 3)), x).tolist() == expected.reshape(4, 2, 3).tolist()


def test_summed_spikes_do_not_overflow_a_byte() -> None:
    layer = Layer("p", Pool("sum", (20, 20), (20, 20), (0, 0)), (INPUT,), (1, 20, 20), (1, 1, 1))
    assert run(layer, np.ones((1, 1, 20, 20), dtype=np.uint8)).ravel().tolist() == [400.0]


@given(
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    channels=st.integers(1, 3),
)
def test_rows_have_the_size_the_layer_states(
    size: Shape, kernel: Shape, stride: Shape, padding: Shape, channels: int
) -> None:
    layer = conv_layer(Conv(2, kernel, stride, padding, (1, 1)), (channels, *size))
    rows = rows_of(layer, {INPUT: np.ones((3, channels, *size), dtype=np.uint8)})
    assert rows.shape == (3, layer.n_positions, layer.n_rows())
    assert rows.dtype == np.uint8


def test_the_rows_of_a_convolution_are_channel_major() -> None:
    layer = conv_layer(Conv(1, (2, 2), (1, 1), (0, 0), (1, 1)), (2, 2, 3))
    rows = rows_of(layer, {INPUT: np.arange(12).reshape(1, 2, 2, 3)})
    assert rows[0].tolist() == [[0, 1, 3, 4, 6, 7, 9, 10], [1, 2, 4, 5, 7, 8, 10, 11]]


def test_the_rows_of_a_recurrent_layer_end_with_its_own_last_outputs() -> None:
    layer = Layer("r", Dense(2), (INPUT,), (1,), (2,), Neuron("if"), recurrent=True, delay=1)
    values = {INPUT: np.array([[5], [6], [7]]), "r": np.array([[1, 0], [0, 1], [1, 1]])}
    rows = rows_of(layer, values)
    assert rows[:, 0].tolist() == [[0, 0, 0], [5, 1, 0], [6, 0, 1]]
    assert rows.shape[2] == layer.n_rows()


def test_weights_times_rows_are_the_currents_of_a_recurrent_layer() -> None:
    rng = np.random.default_rng(6)
    layer = Layer("r", Dense(5), (INPUT,), (4,), (5,), Neuron("lif", decay=0.0, threshold=0.2), recurrent=True,
                  weight=rng.normal(size=(5, 4)), recurrent_weight=rng.normal(size=(5, 5)))  # fmt: skip
    result = forward(Network("n", (4,), (layer,)), rng.normal(size=(30, 4)))
    assert layer.weight is not None
    assert layer.recurrent_weight is not None
    matrix = np.concatenate([layer.weight, layer.recurrent_weight], axis=1)
    rows = rows_of(layer, result.outputs)[:, 0]
    assert result.outputs["r"].any()
    np.testing.assert_allclose(rows @ matrix.T, result.potentials["r"], atol=1e-12)


def test_all_timesteps_of_a_flattened_layer_are_one_row_vector_in_time_order() -> None:
    layer = Layer("d", Dense(1, flatten_time=True), (INPUT,), (2,), (1,))
    rows = rows_of(layer, {INPUT: np.array([[1, 2], [3, 4], [5, 6]])})
    assert rows.tolist() == [[[1, 2, 3, 4, 5, 6]]]
    assert rows.shape[2] == layer.n_rows(n_input_steps=3)


CONV = Conv(2, (3,), (1,), (0,), (1,))


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Layer("x", Pool("max", (2,), (2,), (0,)), (INPUT,), (1, 4), (1, 2)), (2, 1, 4), "drives no word lines"),
        (Layer("x", CONV, (INPUT,), (1, 4), (2, 2), recurrent=True), (2, 1, 4), "recurrent convolution"),
        (Layer("x", CONV, (INPUT,), (1, 2), (2, 1)), (2, 1, 2), "2 long .* shorter than its window of 3"),
        (Layer("x", CONV, (INPUT,), (1, 4, 4), (2, 2)), (2, 1, 4, 4), "windows run along 2 axes"),
        (Layer("x", replace(CONV, axis="time"), (INPUT,), (1, 4), (2,)), (5, 1, 4), "one value per channel"),
        (Layer("x", replace(CONV, stride=(0,)), (INPUT,), (1, 4), (2, 2)), (2, 1, 4), "stride is"),
        (Layer("x", Dense(1), (INPUT, "y"), (2,), (1,)), (2, 1), "no values of its input 'y'"),
        (Layer("x", Dense(1), (INPUT,), (2,), (1,)), (2, 1), r"shape \(1,\), expected \(2,\)"),
        (Layer("x", Dense(1), (INPUT,), (1,), (1,), recurrent=True), (2, 1), "no values of its own output"),
    ],
)
def test_rows_that_cannot_be_made_are_refused(layer: Layer, shape: Shape, message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        rows_of(layer, {INPUT: np.zeros(shape)})


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (replace(conv_layer(CONV, (1, 4)), out_shape=(2, 3)), "give 2 positions, its out_shape"),
        (replace(conv_layer(CONV, (1, 4)), op=replace(CONV, groups=2)), "cannot be divided into 2 groups"),
        (Layer("c", Pool("max", (2,), (2,), (0,)), (INPUT,), (1, 4), (1, 3)), r"gives shape \(1, 2\)"),
        (
            Layer("c", Pool("max", (2,), (2,), (0,)), (INPUT,), (1, 4), (1, 2), recurrent=True),
            "recurrent pooling is not supported",
        ),
    ],
)
def test_a_shape_that_the_operation_does_not_give_is_refused(layer: Layer, message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        run(layer, np.zeros((2, 1, 4)))


def test_inputs_of_different_maps_cannot_be_concatenated() -> None:
    pool = Layer("p", Pool("max", (2,), (2,), (0,)), (INPUT,), (1, 4), (1, 2))
    with pytest.raises(WorkloadError, match="differ in more than the first axis"):
        rows_of(
            replace(conv_layer(CONV, (2, 4)), inputs=(INPUT, "p")),
            {INPUT: np.zeros((2, 1, 4)), pool.name: np.zeros((2, 1, 2))},
        )
