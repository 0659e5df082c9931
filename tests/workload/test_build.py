"""From layers in a file to shapes; a second opinion from the functional forward pass."""

from __future__ import annotations

from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.snn import forward, initialise
from archsim.workload import Conv, Pool
from archsim.workload.build import network_of
from archsim.workload.models import LayersModel


def build(shape: list[int], *layers: dict[str, object]):
    return network_of("net", LayersModel.model_validate({"input": shape, "layers": list(layers)}))


def conv(name="c", kind="conv2d", channels=4, kernel: object = 3, **more) -> dict[str, object]:
    return {"name": name, "kind": kind, "channels": channels, "kernel": kernel, **more}


def dense(name: str, outputs: int = 3, **more) -> dict[str, object]:
    return {"name": name, "kind": "dense", "outputs": outputs, **more}


@settings(max_examples=60, deadline=None)
@given(
    extent=st.integers(3, 9),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    groups=st.integers(1, 2),
    kind=st.sampled_from(["conv1d", "conv2d"]),
)
def test_the_shape_of_a_convolution_is_pytorchs_formula_and_what_the_forward_pass_gives(
    extent, kernel, stride, padding, dilation, groups, kind
):
    axes = int(kind[4])
    out = floor((extent + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1)
    item = conv(
        kind=kind, channels=4, kernel=kernel, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    if out < 1:
        with pytest.raises(WorkloadError, match="is larger than its input"):
            build([2, *[extent] * axes], item)
        return
    network = build([2, *[extent] * axes], item)
    assert network.layers[0].out_shape == (4, *[out] * axes)
    values = forward(initialise(network, 0), np.ones((2, *network.input_shape))).outputs["c"]
    assert values.shape == (2, 4, *[out] * axes)


def test_a_pooling_steps_by_its_kernel_unless_told_otherwise():
    pool = {"name": "p", "kind": "sum_pool", "kernel": 2}
    assert build([3, 8, 6], pool).layers[0].out_shape == (3, 4, 3)
    op = build([3, 8, 6], pool | {"stride": 1, "padding": [1, 0]}).layers[0].op
    assert op == Pool("sum", (2, 2), (1, 1), (1, 0))


def test_a_convolution_along_time_leaves_the_timestep_to_the_network():
    network = build([9], conv(kind="conv1d", channels=32, kernel=8, padding=4, axis="time"))
    assert network.layers[0].op == Conv(32, (8,), (1,), (4,), (1,), 1, "time")
    assert network.layers[0].out_shape == (32,)
    assert network.steps(128)["c"] == 129


def test_inputs_deerror_to_the_layer_before_and_are_concatenated():
    a, b = conv("a", padding=1), conv("b", channels=5, padding=1, inputs=["a", "input"])
    network = build([2, 6, 6], a, b, dense("d"), dense("e", inputs=["d", "a"]))
    assert [layer.inputs for layer in network.layers] == [("input",), ("a", "input"), ("b",), ("d", "a")]
    assert [layer.in_shape for layer in network.layers] == [(2, 6, 6), (6, 6, 6), (5, 6, 6), (3 + 4 * 36,)]


def test_neurons_take_their_names_for_the_decay():
    neuron = {"kind": "cubalif", "leak": 0.9, "synapse_leak": 0.5, "threshold": 2.0, "reset": "subtract"}
    layer = build([2], {"name": "r", "kind": "recurrent", "outputs": 3, "neuron": neuron}).layers[0]
    assert layer.recurrent
    assert layer.neuron is not None
    assert (layer.neuron.decay, layer.neuron.syn_decay, layer.neuron.threshold) == (0.9, 0.5, 2.0)
    assert layer.neuron.reset == "subtract"


@pytest.mark.parametrize(
    ("shape", "layers", "said"),
    [
        ([3], [conv()], "layer 'c': a conv2d along space cannot take an input of shape (3,)"),
        ([3, 8], [conv()], "layer 'c': a conv2d along space cannot take an input of shape (3, 8)"),
        ([3, 2, 2], [conv()], "layer 'c': its window (3, 3) is larger than its input (3, 2, 2)"),
        ([3, 8, 8], [conv(groups=3)], "layer 'c': groups 3 must divide input and output channels"),
        ([3, 8], [conv(kind="conv1d", kernel=[2, 2])], "layer 'c': kernel has 2 numbers for 1 axes"),
        ([3], [conv(axis="time")], "layer 'c': a convolution along time is a conv1d"),
        ([3, 8], [conv(kind="conv1d", axis="time")], "a window along time takes (channels,), not (3, 8)"),
        ([3], [dense("input")], "layer 'input': this name is reserved (the name of the network's own input)"),
        ([3], [dense("a"), dense("a")], "layer 'a': this is the name of an earlier layer"),
        ([3], [dense("a", inputs=["b", "z"]), dense("b")], "unknown input 'b', 'z'; known here: input"),
        (
            [2, 6, 6],
            [conv("a"), conv("b", inputs=["input", "a"])],
            "layer 'b': its inputs differ in length or height and width: (2, 6, 6), (4, 4, 4)",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(shape, layers, said):
    with pytest.raises(WorkloadError) as caught:
        build(shape, *layers)
    assert said in str(caught.value)


def test_all_wrong_layers_are_told_at_once_and_those_behind_them_not():
    wrong = [conv("a"), dense("b", inputs=["a"]), dense("c", inputs=["q"]), dense("d", inputs=["b", "c"])]
    with pytest.raises(WorkloadError) as caught:
        build([3], *wrong)
    assert str(caught.value).splitlines() == [
        "net: layer 'a': a conv2d along space cannot take an input of shape (3,)",
        "net: layer 'c': unknown input 'q'; known here: input, a, b",
    ]
