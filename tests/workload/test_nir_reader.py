"""The NIR reader on files that the tests write themselves with the nir library (the format's own writer)."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.snn.forward import forward
from archsim.workload import load_workload, nir_file
from archsim.workload.network import Conv, Dense, Layer, Network, Pool
from archsim.workload.nir_nodes import Node, flattened
from archsim.workload.nir_reader import from_nir

RNG = np.random.default_rng(0)
DT = 1e-3


def lif(n: int | tuple[int, ...], tau: float = 0.01, v_leak: float = 0.0, threshold: float = 0.2) -> nir.LIF:
    one = np.ones(n)
    return nir.LIF(tau=tau * one, r=2 * one, v_leak=v_leak * one, v_threshold=threshold * one)


@pytest.fixture(autouse=True)
def _same_numbers_whatever_ran_before() -> None:
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


def linear(n_out: int, n_in: int) -> nir.Linear:
    return nir.Linear(weight=RNG.normal(size=(n_out, n_in)))


def affine(n_out: int, n_in: int) -> nir.Affine:
    return nir.Affine(weight=RNG.normal(size=(n_out, n_in)), bias=RNG.normal(size=n_out))


def conv2d(weight: np.ndarray, padding: Any = 0, stride: int = 1, groups: int = 1, **other: Any) -> nir.Conv2d:
    padding = (padding, padding) if isinstance(padding, int) else padding
    return nir.Conv2d(
        input_shape=other.get("input_shape"),
        weight=weight,
        stride=(stride, stride),
        padding=padding,
        dilation=other.get("dilation", (1, 1)),
        groups=groups,
        bias=np.arange(weight.shape[0], dtype=float),
    )


def ends(n_in: Any, n_out: Any) -> dict[str, nir.NIRNode]:
    return {"input": nir.Input(np.atleast_1d(n_in)), "output": nir.Output(np.atleast_1d(n_out))}


def chain(*names: str) -> list[tuple[str, str]]:
    full = ["input", *names, "output"]
    return list(itertools.pairwise(full))


def graph_of(nodes: dict[str, nir.NIRNode], edges: list[tuple[str, str]], **options: Any) -> nir.NIRGraph:
    return nir.NIRGraph(nodes, edges, type_check=False, **options)


class _WithoutNone:
    """A graph that nir.write can write: it knows no None, though input shapes may be None."""

    def __init__(self, graph: nir.NIRGraph) -> None:
        self.graph = graph

    def to_dict(self) -> dict[str, Any]:
        def cleaned(tree: dict[str, Any]) -> dict[str, Any]:
            return {k: cleaned(v) if isinstance(v, dict) else v for k, v in tree.items() if v is not None}

        return cleaned(self.graph.to_dict())


def write(path: Path, graph: nir.NIRGraph) -> None:
    nir.write(path, _WithoutNone(graph))


class Writer:
    """Writes graphs to a folder and reads them back with the reader under test."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "net.nir"

    def read(self, nodes: dict[str, nir.NIRNode], edges: list[tuple[str, str]], **options: Any) -> Network:
        write(self.path, graph_of(nodes, edges))
        return from_nir(self.path, **{"dt": DT, "reset": "zero", **options})

    def edit(self, nodes: dict[str, nir.NIRNode], edges: list[tuple[str, str]]) -> h5py.File:
        write(self.path, graph_of(nodes, edges))
        return h5py.File(self.path, "r+")

    def again(self, **options: Any) -> Network:
        return from_nir(self.path, **{"dt": DT, "reset": "zero", **options})


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path)


# --- a plain interpreter of a Network, for what the layers mean ---------------------------------------------


def product(layer: Layer, x: np.ndarray) -> np.ndarray:
    op = layer.op
    if isinstance(op, Dense):
        y = layer.weight @ x.reshape(-1)
        return y if layer.bias is None else y + layer.bias
    padded = np.pad(x, [(0, 0), *((p, p) for p in op.padding)])
    out = np.zeros(layer.out_shape)
    for at in np.ndindex(*layer.out_shape):
        dilation = op.dilation if isinstance(op, Conv) else (1,) * len(op.kernel)
        window = tuple(
            slice(i * s, i * s + d * (k - 1) + 1, d)
            for i, s, d, k in zip(at[1:], op.stride, dilation, op.kernel, strict=True)
        )
        if isinstance(op, Pool):
            cut = padded[(at[0], *window)]
            out[at] = cut.sum() if op.kind == "sum" else cut.mean()
            continue
        per_group, n = op.n_out // op.groups, x.shape[0] // op.groups
        first = at[0] // per_group * n
        out[at] = (padded[(slice(first, first + n), *window)] * layer.weight[at[0]]).sum() + layer.bias[at[0]]
    return out


def run(network: Network, x: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs of every layer, (T, *shape)."""
    out: dict[str, np.ndarray] = {"input": x}
    for layer in network.layers:
        spikes = np.zeros((len(x), *layer.out_shape))
        u, i = np.zeros(layer.out_shape), np.zeros(layer.out_shape)
        for t in range(len(x)):
            past = t - layer.delay
            parts = [out[n][past] if past >= 0 else np.zeros_like(out[n][0]) for n in layer.inputs]
            joined = parts[0] if len(parts) == 1 else np.concatenate(parts)
            y = product(layer, joined.reshape(layer.in_shape))
            if layer.recurrent and t:
                y = y + layer.recurrent_weight @ spikes[t - 1]
            neuron = layer.neuron
            if neuron is None:
                spikes[t] = y
                continue
            i = neuron.syn_decay * i + neuron.syn_gain * y if neuron.kind.startswith("cuba") else y
            u = neuron.decay * u + neuron.gain * i + neuron.offset
            s = u > neuron.threshold
            spikes[t] = s if neuron.spikes else u
            if neuron.spikes:
                reset = u - neuron.threshold + neuron.v_reset if neuron.reset == "subtract" else neuron.v_reset
                u = np.where(s, reset, u)
        out[layer.name] = spikes
    return out


def run_nodes(
    nodes: dict[str, nir.NIRNode], edges: list[tuple[str, str]], order: list[str], x: np.ndarray
) -> dict[str, np.ndarray]:
    """The same by NIR's own equations, node for node; a node before its input in `order` sees the step before."""
    values: dict[str, Any] = {}
    v: dict[str, Any] = {}
    record: dict[str, list[Any]] = {n: [] for n in order}
    for step in x:
        values["input"] = step
        for name in order:
            node = nodes[name]
            y = sum(values[a] for a, b in edges if b == name and a in values)
            if isinstance(node, nir.Affine):
                y = node.weight @ np.atleast_1d(y) + node.bias if np.ndim(y) else node.bias
            elif isinstance(node, nir.Linear):
                y = node.weight @ y if np.ndim(y) else np.zeros(len(node.weight))
            elif isinstance(node, nir.Scale):
                y = node.scale * y
            elif isinstance(node, nir.LIF):
                old = v.get(name, np.zeros_like(node.tau))
                new = old + DT / node.tau * (node.v_leak - old + node.r * y)
                y = (new > node.v_threshold).astype(float)
                v[name] = np.where(y > 0, node.v_reset, new)
            values[name] = y
            record[name].append(y)
    return {n: np.array(r) for n, r in record.items()}


# --- neurons -------------------------------------------------------------------------------------------------


def test_lif_parameters_are_one_explicit_euler_step(writer: Writer) -> None:
    tau, r, leak = np.array([0.01, 0.02]), np.array([2.0, 3.0]), np.array([0.1, 0.2])
    node = nir.LIF(tau=tau, r=r, v_leak=leak, v_threshold=np.array([1.0, 1.5]), v_reset=np.array([-0.1, -0.2]))
    network = writer.read({**ends(2, 2), "fc": linear(2, 2), "n": node}, chain("fc", "n"))
    neuron = network.layers[0].neuron
    assert neuron is not None
    assert neuron.kind == "lif"
    np.testing.assert_allclose(neuron.decay, 1 - DT / tau)
    np.testing.assert_allclose(neuron.gain, r * DT / tau)
    np.testing.assert_allclose(neuron.offset, leak * DT / tau)
    np.testing.assert_array_equal(neuron.threshold, [1.0, 1.5])
    np.testing.assert_array_equal(neuron.v_reset, [-0.1, -0.2])


def test_cubalif_has_a_synapse_with_w_in(writer: Writer) -> None:
    one = np.ones(3)
    node = nir.CubaLIF(
        tau_syn=4e-3 * one, tau_mem=5e-3 * one, r=10 * one, v_leak=0 * one, v_threshold=one, w_in=2 * one
    )
    neuron = writer.read({**ends(3, 3), "fc": linear(3, 3), "n": node}, chain("fc", "n")).layers[0].neuron
    assert neuron is not None
    assert (neuron.kind, neuron.spikes) == ("cubalif", True)
    assert neuron.syn_decay == pytest.approx(0.75)
    assert neuron.syn_gain == pytest.approx(2 * 0.25)
    assert neuron.decay == pytest.approx(0.8)
    assert neuron.gain == pytest.approx(10 * 0.2)


@pytest.mark.parametrize(
    ("node", "kind", "decay", "gain", "spikes"),
    [
        (nir.IF(r=np.array([5.0]), v_threshold=np.array([1.0])), "if", 1.0, 5 * DT, True),
        (nir.I(r=np.array([5.0])), "li", 1.0, 5 * DT, False),
        (nir.LI(tau=np.array([0.01]), r=np.array([5.0]), v_leak=np.zeros(1)), "li", 0.9, 0.5, False),
        (
            nir.CubaLI(np.array([0.02]), np.array([0.01]), np.array([5.0]), np.zeros(1)), "cubali", 0.9, 0.5,
            False,
        ),
        (nir.Threshold(threshold=np.array([0.3])), "lif", 0.0, 1.0, True),
    ],
)  # fmt: skip
def test_every_other_neuron_has_its_equation(
    writer: Writer, node: nir.NIRNode, kind: str, decay: float, gain: float, spikes: bool
) -> None:
    neuron = writer.read({**ends(1, 1), "fc": linear(1, 1), "n": node}, chain("fc", "n")).layers[0].neuron
    assert neuron is not None
    assert (neuron.kind, neuron.spikes) == (kind, spikes)
    assert (neuron.decay, neuron.gain) == (pytest.approx(decay), pytest.approx(gain))


def test_an_if_neuron_with_dt_1_adds_its_input_and_fires_when_it_passes_the_threshold(writer: Writer) -> None:
    # input 0.0625, threshold 1: the first potential above 1 is 17 * 0.0625 (jeshraghian/snntorch #452)
    nodes = {**ends(1, 1), "fc": nir.Linear(np.ones((1, 1))), "n": nir.IF(r=np.ones(1), v_threshold=np.ones(1))}
    spikes = run(writer.read(nodes, chain("fc", "n"), dt=1.0), np.full((20, 1), 0.0625))["n"]
    assert np.flatnonzero(spikes).tolist() == [16]


def test_reset_is_an_option_and_stated_if_not_given(writer: Writer) -> None:
    nodes = {**ends(2, 2), "fc": linear(2, 2), "n": lif(2)}
    assert writer.read(nodes, chain("fc", "n"), reset="subtract").layers[0].neuron.reset == "subtract"  # type: ignore[union-attr]
    network = writer.read(nodes, chain("fc", "n"), reset=None, dt=None)
    assert network.layers[0].neuron.reset == "zero"  # type: ignore[union-attr]
    assert any("reset is not in the file" in n for n in network.notes)
    assert any("0.0001 s assumed" in n for n in network.notes)


def test_dt_comes_from_the_metadata_unless_it_is_given(writer: Writer) -> None:
    node = lif(2)
    node.metadata = {"dt": 2e-3}
    nodes = {**ends(2, 2), "fc": linear(2, 2), "n": node}
    assert writer.read(nodes, chain("fc", "n"), dt=None).layers[0].neuron.decay == pytest.approx(0.8)  # type: ignore[union-attr]
    assert writer.read(nodes, chain("fc", "n"), dt=1e-3).layers[0].neuron.decay == pytest.approx(0.9)  # type: ignore[union-attr]


def test_metadata_with_different_timesteps_is_refused(writer: Writer) -> None:
    a, b = lif(2), lif(2)
    a.metadata, b.metadata = {"dt": 2e-3}, {"dt": 1e-3}
    nodes = {**ends(2, 2), "f": linear(2, 2), "a": a, "g": linear(2, 2), "b": b}
    with pytest.raises(WorkloadError, match=r"different timesteps.*set dt"):
        writer.read(nodes, chain("f", "a", "g", "b"), dt=None)


def test_without_dt_an_if_neuron_and_a_very_long_time_constant_raise_a_doubt(writer: Writer) -> None:
    nodes = {**ends(2, 2), "fc": linear(2, 2), "n": nir.IF(r=np.ones(2), v_threshold=np.ones(2))}
    assert any(
        "exporters of IF neurons mean dt = 1 s" in n for n in writer.read(nodes, chain("fc", "n"), dt=None).notes
    )
    nodes["n"] = lif(2, tau=2.0)
    assert any("20000 timesteps" in n for n in writer.read(nodes, chain("fc", "n"), dt=None).notes)


def test_a_timestep_longer_than_a_time_constant_is_refused(writer: Writer) -> None:
    with pytest.raises(WorkloadError, match=r"LIF 'n': tau of 0.01 s is shorter than the timestep of 1 s"):
        writer.read({**ends(2, 2), "fc": linear(2, 2), "n": lif(2)}, chain("fc", "n"), dt=1.0)


@pytest.mark.parametrize("dt", [0, -1e-3, math.nan, math.inf, "1 ms", True])
def test_a_timestep_that_is_no_positive_number_is_refused(writer: Writer, dt: Any) -> None:
    with pytest.raises(WorkloadError, match="must be a positive number of seconds"):
        from_nir(writer.path, dt=dt)


def test_an_unknown_reset_is_refused(writer: Writer) -> None:
    with pytest.raises(WorkloadError, match="must be 'zero' or 'subtract'"):
        from_nir(writer.path, reset="none")  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(), (1,), (3,), (3, 4, 4), (1, 3, 4, 4), (3, 1, 1), (48,)])
def test_neuron_parameters_may_be_0d_per_map_or_per_neuron(writer: Writer, shape: tuple[int, ...]) -> None:
    threshold = np.ones(shape) if math.prod(shape) == 1 else np.arange(1.0, math.prod(shape) + 1).reshape(shape)
    node = nir.IF(np.ones(shape)[()], threshold[()], np.zeros(shape)[()])
    nodes = {**ends((2, 4, 4), (3, 4, 4)), "c": conv2d(RNG.normal(size=(3, 2, 3, 3)), padding=1), "n": node}
    layer = writer.read(nodes, chain("c", "n")).layers[0]
    assert layer.neuron is not None
    flat = threshold.reshape(-1)
    per_neuron = np.repeat(flat, 48 // flat.size).reshape(3, 4, 4)
    np.testing.assert_array_equal(np.broadcast_to(layer.neuron.threshold, (3, 4, 4)), per_neuron)


def test_neuron_parameters_of_another_size_name_node_and_shapes(writer: Writer) -> None:
    with pytest.raises(WorkloadError, match=r"LIF 'n': r has shape \(5,\), but the node gets \(2,\)"):
        writer.read({**ends(2, 5), "fc": linear(2, 2), "n": lif(5)}, chain("fc", "n"))


# --- shapes and operations -----------------------------------------------------------------------------------


def test_a_convolutional_chain_has_shapes_that_propagate_without_input_shape(writer: Writer) -> None:
    nodes = {
        **ends((2, 10, 12), 4),
        "c": conv2d(RNG.normal(size=(3, 2, 3, 3)), stride=2, padding=1),
        "n": lif((3, 5, 6)),
        "p": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "flat": nir.Flatten(input_type=None, start_dim=1),
        "fc": affine(4, 18),
        "m": lif(4),
    }
    network = writer.read(nodes, chain("c", "n", "p", "flat", "fc", "m"))
    assert [(y.name, y.in_shape, y.out_shape) for y in network.layers] == [
        ("n", (2, 10, 12), (3, 5, 6)),
        ("p", (3, 5, 6), (3, 2, 3)),
        ("m", (3, 2, 3), (4,)),
    ]
    assert network.layers[1].op == Pool("sum", (2, 2), (2, 2), (0, 0))


def test_same_and_valid_padding_groups_and_dilation_are_kept(writer: Writer) -> None:
    nodes = {
        **ends((4, 9, 9), 1),
        "a": conv2d(RNG.normal(size=(8, 2, 3, 3)), padding="same", groups=2, dilation=(2, 2)),
        "n": lif((8, 9, 9)),
        "b": conv2d(RNG.normal(size=(2, 8, 3, 3)), padding="valid"),
        "m": lif((2, 7, 7)),
    }
    first, second = writer.read(nodes, chain("a", "n", "b", "m")).layers
    assert first.op == Conv(8, (3, 3), (1, 1), (2, 2), (2, 2), 2)
    assert first.out_shape == (8, 9, 9)
    assert isinstance(second.op, Conv)
    assert (second.op.padding, second.out_shape) == ((0, 0), (2, 7, 7))


@pytest.mark.parametrize(("kernel", "stride"), [(4, 1), (3, 2)])
def test_same_padding_that_is_not_symmetric_is_refused(writer: Writer, kernel: int, stride: int) -> None:
    node = conv2d(RNG.normal(size=(1, 1, kernel, kernel)), padding="same", stride=stride)
    with pytest.raises(WorkloadError, match="Conv2d 'c': padding 'same' needs stride 1"):
        writer.read({**ends((1, 9, 9), 1), "c": node, "n": lif((1, 9, 9))}, chain("c", "n"))


def test_conv1d_runs_along_the_axis_of_one_timestep(writer: Writer) -> None:
    node = nir.Conv1d(20, RNG.normal(size=(4, 2, 5)), 2, 0, 1, 1, np.zeros(4))
    layer = writer.read({**ends((2, 20), 1), "c": node, "n": lif((4, 8))}, chain("c", "n")).layers[0]
    assert layer.op == Conv(4, (5,), (2,), (0,), (1,), 1, "space")
    assert layer.out_shape == (4, 8)


def test_pooling_before_the_neurons_makes_the_convolution_a_layer_without_neurons(writer: Writer) -> None:
    nodes = {
        **ends((1, 6, 6), 1),
        "c": conv2d(RNG.normal(size=(2, 1, 3, 3))),
        "p": nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "n": lif((2, 2, 2)),
    }
    conv, pool = writer.read(nodes, chain("c", "p", "n")).layers
    assert (conv.name, conv.neuron, conv.out_shape) == ("c", None, (2, 4, 4))
    assert (pool.name, pool.inputs, pool.out_shape) == ("n", ("c",), (2, 2, 2))
    assert pool.neuron is not None
    assert isinstance(pool.op, Pool)
    assert pool.op.kind == "average"


def test_weights_at_the_end_are_a_layer_without_neurons(writer: Writer) -> None:
    nodes = {**ends(3, 2), "fc": linear(4, 3), "n": lif(4), "out": affine(2, 4)}
    last = writer.read(nodes, chain("fc", "n", "out")).layers[-1]
    assert (last.name, last.neuron, last.inputs) == ("out", None, ("n",))
    np.testing.assert_array_equal(last.weight, nodes["out"].weight)
    np.testing.assert_array_equal(last.bias, nodes["out"].bias)


def test_shapes_that_disagree_name_nodes_and_shapes(writer: Writer) -> None:
    nodes = {**ends(3, 2), "fc": linear(4, 3), "n": lif(4), "out": linear(2, 5)}
    with pytest.raises(WorkloadError, match=r"Linear 'out': weight has shape \(2, 5\), but its input has \(4,\)"):
        writer.read(nodes, chain("fc", "n", "out"))
    nodes = {**ends((3, 8, 8), 2), "c": conv2d(RNG.normal(size=(2, 4, 3, 3))), "n": lif((2, 6, 6))}
    with pytest.raises(WorkloadError, match=r"Conv2d 'c': its input has shape \(3, 8, 8\).*need \(4, height"):
        writer.read(nodes, chain("c", "n"))
    nodes = {**ends(3, 2), "a": linear(4, 3), "b": linear(5, 3), "n": lif(4)}
    with pytest.raises(WorkloadError, match=r"LIF 'n': its inputs have different shapes: a gives \(4,\), b gives"):
        writer.read(nodes, [("input", "a"), ("input", "b"), ("a", "n"), ("b", "n"), ("n", "output")])


def test_weights_stored_as_in_out_are_transposed_only_if_nothing_else_fits(writer: Writer) -> None:
    weight = RNG.normal(size=(3, 4))
    nodes = {**ends(3, 4), "fc": nir.Linear(weight), "n": lif(4)}
    network = writer.read(nodes, chain("fc", "n"))
    np.testing.assert_array_equal(network.layers[0].weight, weight.T)
    assert any("stored as (in, out)" in n for n in network.notes)
    square = RNG.normal(size=(4, 4))
    network = writer.read({**ends(4, 4), "fc": nir.Linear(square), "n": lif(4)}, chain("fc", "n"))
    np.testing.assert_array_equal(network.layers[0].weight, square)


@pytest.mark.parametrize("shape", [(256, 3), (1, 3), (1, 1, 3)])
def test_leading_axes_of_the_input_are_batch_or_time(writer: Writer, shape: tuple[int, ...]) -> None:
    network = writer.read({**ends(shape, 4), "fc": linear(4, 3), "n": lif(4)}, chain("fc", "n"))
    assert network.input_shape == (3,)
    assert any("batch or time" in n for n in network.notes)


# --- sums, folding, recurrence: the layers compute what NIR's equations say ----------------------------------


def drive(n: int, n_steps: int = 60) -> np.ndarray:
    return RNG.normal(size=(n_steps, n)) * 3


def test_linear_upon_linear_is_multiplied_into_one_matrix(writer: Writer) -> None:
    nodes = {**ends(3, 2), "a": affine(5, 3), "b": affine(2, 5), "n": lif(2)}
    edges = chain("a", "b", "n")
    network = writer.read(nodes, edges)
    assert len(network.layers) == 1
    assert any("multiplied into one matrix" in n for n in network.notes)
    x = drive(3)
    expected = run_nodes(nodes, edges, ["a", "b", "n"], x)["n"]
    assert expected.sum() > 5
    np.testing.assert_array_equal(run(network, x)["n"], expected)


def test_several_weighted_inputs_become_one_dense_with_several_inputs(writer: Writer) -> None:
    nodes = {**ends(3, 2), "a": affine(4, 3), "n": lif(4), "b": affine(2, 4), "skip": affine(2, 3), "m": lif(2)}
    edges = [*chain("a", "n", "b", "m"), ("input", "skip"), ("skip", "m")]
    network = writer.read(nodes, edges)
    assert set(network.layers[-1].inputs) == {"input", "n"}
    x = drive(3)
    expected = run_nodes(nodes, edges, ["a", "n", "b", "skip", "m"], x)["m"]
    assert expected.sum() > 5
    np.testing.assert_array_equal(run(network, x)["m"], expected)


def test_a_sum_of_spikes_into_one_matrix_becomes_the_matrix_twice(writer: Writer) -> None:
    nodes = {
        **ends(3, 2),
        "a": affine(4, 3),
        "n": lif(4),
        "b": affine(4, 3),
        "m": lif(4),
        "c": affine(2, 4),
        "o": lif(2),
    }
    edges = [
        ("input", "a"),
        ("a", "n"),
        ("input", "b"),
        ("b", "m"),
        ("n", "c"),
        ("m", "c"),
        ("c", "o"),
        ("o", "output"),
    ]
    network = writer.read(nodes, edges)
    last = network.layer("o")
    assert last.weight is not None
    np.testing.assert_array_equal(last.weight, np.hstack([nodes["c"].weight] * 2))
    assert any("its weights stand 2 times" in n for n in network.notes)
    x = drive(3)
    expected = run_nodes(nodes, edges, ["a", "n", "b", "m", "c", "o"], x)["o"]
    assert expected.sum() > 5
    np.testing.assert_array_equal(run(network, x)["o"], expected)


def test_scales_fold_into_the_weights_before_and_after_them(writer: Writer) -> None:
    nodes = {
        **ends(3, 2), "a": affine(4, 3), "s": nir.Scale(RNG.normal(size=4)), "n": lif(4),
        "z": nir.Scale(RNG.normal(size=4)), "b": affine(2, 4), "m": lif(2),
    }  # fmt: skip
    edges = chain("a", "s", "n", "z", "b", "m")
    network = writer.read(nodes, edges)
    assert network.names == ("n", "m")
    x = drive(3)
    expected = run_nodes(nodes, edges, ["a", "s", "n", "z", "b", "m"], x)["m"]
    assert expected.sum() > 5
    np.testing.assert_array_equal(run(network, x)["m"], expected)


def test_a_scale_per_channel_folds_into_convolutions_before_and_after_it(writer: Writer) -> None:
    factors = np.array([0.5, -2.0, 3.0, 1.5]).reshape(4, 1, 1)
    a, b = conv2d(RNG.normal(size=(4, 1, 3, 3)), padding=1), conv2d(RNG.normal(size=(6, 2, 3, 3)), groups=2)
    nodes = {**ends((1, 5, 5), 1), "a": a, "n": lif((4, 5, 5)), "b": b}
    plain = run(writer.read(nodes, chain("a", "n", "b")), x := RNG.normal(size=(9, 1, 5, 5)) * 3)
    nodes["z"] = nir.Scale(factors)
    before, after = chain("a", "z", "n", "b"), chain("a", "n", "z", "b")
    first = writer.read(nodes, before).layers[0]
    np.testing.assert_allclose(first.weight, a.weight * factors[:, None])
    np.testing.assert_allclose(first.bias, a.bias * factors.reshape(-1))
    scaled = writer.read(nodes, after)
    spikes = plain["n"] * factors  # what the second convolution gets
    np.testing.assert_allclose(
        run(scaled, x)["b"], [product(writer.read({**nodes}, chain("a", "n", "b")).layers[1], s) for s in spikes]
    )


def test_a_scale_that_differs_within_a_channel_cannot_enter_a_convolution(writer: Writer) -> None:
    nodes = {**ends((1, 5, 5), 1), "a": conv2d(np.ones((2, 1, 3, 3))), "z": nir.Scale(RNG.normal(size=(2, 3, 3))),
             "n": lif((2, 3, 3))}  # fmt: skip
    with pytest.raises(WorkloadError, match="Scale 'z': factors that differ within a channel"):
        writer.read(nodes, chain("a", "z", "n"))


def test_a_neuron_that_feeds_itself_through_weights_is_a_recurrent_layer(writer: Writer) -> None:
    nodes = {**ends(3, 2), "a": affine(4, 3), "n": lif(4), "rec": affine(4, 4), "b": affine(2, 4), "m": lif(2)}
    edges = [("rec", "n"), ("n", "rec"), *chain("a", "n", "b", "m")]
    layer = (network := writer.read(nodes, edges)).layers[0]
    assert layer.recurrent
    np.testing.assert_array_equal(layer.recurrent_weight, nodes["rec"].weight)
    np.testing.assert_array_equal(layer.bias, nodes["a"].bias + nodes["rec"].bias)
    x = drive(3)
    expected = run_nodes(nodes, edges, ["rec", "a", "n", "b", "m"], x)
    assert expected["n"].sum() > 10
    np.testing.assert_array_equal(run(network, x)["n"], expected["n"])
    np.testing.assert_array_equal(run(network, x)["m"], expected["m"])


def test_other_cycles_are_refused_by_the_names_of_their_nodes(writer: Writer) -> None:
    nodes = {**ends(3, 3), "a": linear(3, 3), "n": lif(3), "b": linear(3, 3), "m": lif(3), "back": linear(3, 3)}
    with pytest.raises(WorkloadError, match="cycle of b, back, m, n: only one neuron that feeds itself"):
        writer.read(nodes, [*chain("a", "n", "b", "m"), ("m", "back"), ("back", "n")])
    with pytest.raises(WorkloadError, match="cycle of a, b: only one neuron"):
        writer.read(nodes, [*chain("a", "b", "n"), ("b", "a")])


def test_a_delay_of_whole_timesteps_delays_the_layer(writer: Writer) -> None:
    nodes = {**ends(3, 2), "d": nir.Delay(np.full(3, 4e-3)), "a": linear(2, 3), "n": lif(2)}
    network = writer.read(nodes, chain("d", "a", "n"))
    assert network.layers[0].delay == 4
    x = drive(3)
    plain = run(writer.read(nodes, chain("a", "n")), x)["n"]
    np.testing.assert_array_equal(run(network, x)["n"][4:], plain[:-4])


@pytest.mark.parametrize("delay", [[2.5e-3] * 3, [1e-3, 2e-3, 3e-3], [-1e-3] * 3])
def test_any_other_delay_is_refused_with_its_times(writer: Writer, delay: list[float]) -> None:
    nodes = {**ends(3, 2), "d": nir.Delay(np.array(delay)), "a": linear(2, 3), "n": lif(2)}
    with pytest.raises(WorkloadError, match=r"Delay 'd': delay .* whole number of timesteps \(dt = 0.001 s\)"):
        writer.read(nodes, chain("d", "a", "n"))


def test_neurons_without_weights_between_get_an_identity_matrix_up_to_a_size(writer: Writer) -> None:
    nodes = {**ends(3, 3), "a": linear(3, 3), "n": lif(3), "m": lif(3)}
    network = writer.read(nodes, chain("a", "n", "m"))
    np.testing.assert_array_equal(network.layer("m").weight, np.eye(3))
    assert any("LIF 'm' gets 'n' without weights between" in note for note in network.notes)
    nodes |= {"input": nir.Input(np.array([5000])), "m": lif(5000), "output": nir.Output(np.array([5000]))}
    with pytest.raises(WorkloadError, match="LIF 'm' gets the 5000 values of 'input' without weights"):
        writer.read(nodes, chain("m"))


def test_a_convolution_upon_weights_is_refused_by_name(writer: Writer) -> None:
    nodes = {**ends((1, 9, 9), 1), "a": conv2d(np.ones((1, 1, 3, 3))), "b": conv2d(np.ones((1, 1, 3, 3)))}
    with pytest.raises(WorkloadError, match="Conv2d 'b' follows 'input' and 'a' without neurons between"):
        writer.read(nodes, chain("a", "b"))


# --- repairs ---------------------------------------------------------------------------------------------------


def test_nested_graphs_are_flattened_at_every_depth(writer: Writer) -> None:
    weights = {"a": affine(4, 3), "b": affine(2, 4)}
    deep = graph_of({**ends(4, 4), "n": lif(4), "rec": linear(4, 4)}, [*chain("n"), ("n", "rec"), ("rec", "n")])
    middle = graph_of({**ends(3, 4), "a": weights["a"], "deep": deep}, chain("a", "deep"))
    network = writer.read({**ends(3, 2), "mid": middle, "b": weights["b"], "m": lif(2)}, chain("mid", "b", "m"))
    assert network.names == ("mid.deep.n", "m")
    assert network.layers[0].recurrent
    assert {"nested graph 'mid' flattened", "nested graph 'mid.deep' flattened"} <= set(network.notes)


@pytest.mark.parametrize(
    ("nodes", "edges", "note"),
    [
        ({"a": linear(4, 3), "lif1": lif(4)}, [("input", "a"), ("a", "lif"), ("lif", "output")], "'lif1'"),
        ({"a": linear(4, 3), "n": lif(4)}, [("input", "a"), ("a", "n.input"), ("n.output", "output")], "'n'"),
        (
            {"a": linear(4, 3), "n.input": nir.Input(np.array([4])), "n.lif": lif(4),
             "n.output": nir.Output(np.array([4]))},
            [("input", "a"), ("a", "n"), ("n.input", "n.lif"), ("n.lif", "n.output"), ("n", "output")],
            "taken as 'n.input'",
        ),
        (
            {"a": linear(4, 3), "n.lif": lif(4), "n.rec": linear(4, 4)},
            [("input", "a"), ("a", "n"), ("n.lif", "n.rec"), ("n.rec", "n.lif"), ("n", "output")],
            "taken as 'n.lif'",
        ),
    ],
)  # fmt: skip
def test_edges_that_name_no_node_are_repaired_and_noted(
    writer: Writer, nodes: dict[str, nir.NIRNode], edges: list[tuple[str, str]], note: str
) -> None:
    network = writer.read({**ends(3, 4), **nodes}, edges)
    assert len(network.layers) == 1
    assert any(note in n for n in network.notes)


def test_an_edge_that_cannot_be_repaired_is_refused_with_the_names_there_are(writer: Writer) -> None:
    nodes = {**ends(3, 4), "a": linear(4, 3), "x": lif(4), "y": lif(4)}
    with pytest.raises(WorkloadError, match="edge a → n: no node is called 'n'; there are a, input, output, x, y"):
        writer.read(nodes, [("input", "a"), ("a", "n"), ("n", "output")])


def test_missing_input_and_output_nodes_are_added(writer: Writer) -> None:
    nodes = {"a": linear(4, 3), "n": lif(4), "rec": linear(4, 4), "b": linear(2, 4), "m": lif(2)}
    edges = [("a", "n"), ("n", "rec"), ("rec", "n"), ("n", "b"), ("b", "m")]
    for more in ([], [("input", "a"), ("m", "output")]):
        network = writer.read(nodes, edges + more)
        assert network.names == ("n", "m")
        assert network.input_shape == (3,)
        assert sum("was missing" in n for n in network.notes) == 2


def test_a_missing_input_shape_is_taken_from_the_first_convolution(writer: Writer) -> None:
    nodes = {"c": conv2d(RNG.normal(size=(3, 2, 3, 3)), input_shape=(8, 8)), "n": lif((3, 6, 6))}
    assert writer.read(nodes, [("c", "n")]).input_shape == (2, 8, 8)


def test_the_order_of_edges_does_not_matter(writer: Writer) -> None:
    nodes = {**ends(3, 2), "a": affine(4, 3), "n": lif(4), "b": affine(2, 4), "m": lif(2)}
    edges = chain("a", "n", "b", "m")
    first, second = writer.read(nodes, edges), writer.read(nodes, edges[::-1])
    assert first.names == second.names
    np.testing.assert_array_equal(first.layers[1].weight, second.layers[1].weight)


def test_an_edge_that_stands_twice_counts_once(writer: Writer) -> None:
    nodes = {**ends(3, 4), "a": linear(4, 3), "n": lif(4)}
    network = writer.read(nodes, [*chain("a", "n"), ("a", "n")])
    np.testing.assert_array_equal(network.layers[0].weight, nodes["a"].weight)
    assert any("stands twice" in n for n in network.notes)


def test_missing_v_reset_is_zero_and_noted(writer: Writer) -> None:
    with writer.edit({**ends(3, 4), "a": linear(4, 3), "n": lif(4)}, chain("a", "n")) as file:
        del file["node/nodes/n/v_reset"]
    network = writer.again()
    assert network.layers[0].neuron.v_reset == 0.0  # type: ignore[union-attr]
    assert "no v_reset, 0 assumed: LIF 'n'" in network.notes


def test_types_may_be_stored_as_fixed_length_bytes_or_arrays(writer: Writer) -> None:
    with writer.edit({**ends(3, 4), "a": linear(4, 3), "n": lif(4)}, chain("a", "n")) as file:
        for name, value in (("a", np.bytes_(b"Linear")), ("n", np.array([b"LIF"]))):
            del file[f"node/nodes/{name}/type"]
            file[f"node/nodes/{name}/type"] = value
    assert writer.again().names == ("n",)


def test_a_single_node_reads_as_a_graph(tmp_path: Path) -> None:
    nir.write(tmp_path / "one.nir", affine(4, 3))
    network = from_nir(tmp_path / "one.nir", dt=DT)
    assert (network.name, network.names, network.input_shape) == ("one", ("affine",), (3,))


def test_what_does_not_lie_between_input_and_output_is_left_out_and_noted(writer: Writer) -> None:
    nodes = {**ends(3, 4), "a": linear(4, 3), "n": lif(4), "probe": linear(1, 4)}
    network = writer.read(nodes, [*chain("a", "n"), ("n", "probe")])
    assert network.names == ("n",)
    assert "not between input and output, left out: probe" in network.notes


# --- refusals --------------------------------------------------------------------------------------------------


def test_a_missing_file_a_folder_an_empty_file_and_other_formats_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.nir").write_bytes(b"")
    (tmp_path / "torch.nir").write_bytes(b"PK\x03\x04" + b"\0" * 100)
    (tmp_path / "text.nir").write_text("nodes: []")
    with h5py.File(tmp_path / "other.nir", "w") as file:
        file["x"] = 1
    for name, message in (
        ("none.nir", "there is no such file"),
        ("", "is a folder"),
        ("empty.nir", "the file is empty"),
        ("torch.nir", "a zip archive, as torch.save writes"),
        ("text.nir", "no HDF5 signature"),
        ("other.nir", "without a NIR graph"),
    ):
        with pytest.raises(WorkloadError, match=message):
            from_nir(tmp_path / name)


def test_a_truncated_file_is_refused(writer: Writer) -> None:
    writer.read({**ends(3, 4), "a": linear(4, 3), "n": lif(4)}, chain("a", "n"))
    writer.path.write_bytes(writer.path.read_bytes()[:-500])
    with pytest.raises(WorkloadError, match="damaged or truncated"):
        writer.again()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nan_and_infinity_name_node_and_parameter(writer: Writer, bad: float) -> None:
    node = linear(4, 3)
    node.weight[1, 2] = bad
    with pytest.raises(WorkloadError, match=r"Linear 'a': weight holds NaN or infinity \(1 of 12 values\)"):
        writer.read({**ends(3, 4), "a": node, "n": lif(4)}, chain("a", "n"))


def test_all_unsupported_nodes_are_named_with_what_is_supported(writer: Writer) -> None:
    with writer.edit({**ends(3, 4), "a": linear(4, 3), "n": lif(4)}, chain("a", "n")) as file:
        for name in "an":
            del file[f"node/nodes/{name}/type"]
            file[f"node/nodes/{name}/type"] = f"Odd{name}"
    with pytest.raises(WorkloadError, match="unsupported: Odda 'a', Oddn 'n'; supported are Affine, AvgPool2d"):
        writer.again()


def test_an_empty_graph_and_one_without_a_path_are_refused(writer: Writer) -> None:
    with pytest.raises(WorkloadError, match="the graph is empty"):
        writer.read({}, [])
    with pytest.raises(WorkloadError, match=r"no path from input \(input\) to output \(output\)"):
        writer.read({**ends(3, 4), "a": linear(4, 3), "n": lif(4)}, [("input", "a"), ("n", "output")])
    with pytest.raises(WorkloadError, match="no layers"):
        writer.read(ends(3, 3), [("input", "output")])


def test_a_node_without_input_that_feeds_the_output_is_refused(writer: Writer) -> None:
    nodes = {**ends(3, 4), "a": linear(4, 3), "n": lif(4), "b": linear(4, 4)}
    with pytest.raises(WorkloadError, match="b: feeds the output but gets nothing from the input"):
        writer.read(nodes, [*chain("a", "n"), ("b", "n")])


def test_several_inputs_are_refused_by_name(writer: Writer) -> None:
    nodes = {**ends(3, 4), "other": nir.Input(np.array([3])), "a": linear(4, 3), "n": lif(4)}
    with pytest.raises(WorkloadError, match=r"several Input nodes \(input, other\)"):
        writer.read(nodes, [*chain("a", "n"), ("other", "a")])


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    path = tmp_path_factory.mktemp("fuzz") / "small.nir"
    inner = graph_of({**ends(2, 2), "n": lif(2), "rec": linear(2, 2)}, [*chain("n"), ("n", "rec"), ("rec", "n")])
    nodes = {
        **ends((1, 4, 4), 2), "c": conv2d(np.ones((1, 1, 3, 3)), padding="same"), "i": lif((1, 4, 4)),
        "f": nir.Flatten(None), "fc": affine(2, 16), "sub": inner,
    }  # fmt: skip
    write(path, graph_of(nodes, chain("c", "i", "f", "fc", "sub")))
    assert from_nir(path, dt=DT).names == ("i", "sub.n")
    return path, path.read_bytes()


def test_a_string_heap_that_hdf5_would_walk_for_ever_is_refused(small_file: tuple[Path, bytes]) -> None:
    path, content = small_file
    damaged = bytearray(content)
    last = content.index(b"GCOL") + 16
    while int.from_bytes(content[last : last + 2], "little"):
        last += 16 + (int.from_bytes(content[last + 8 : last + 16], "little") + 7) // 8 * 8
    damaged[last + 8 : last + 16] = bytes(8)  # the free space behind the strings now has no size
    (broken := path.with_name("heap.nir")).write_bytes(damaged)
    with pytest.raises(WorkloadError, match="its strings cannot be read"):
        from_nir(broken)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_damage_anywhere_gives_a_workload_error_or_a_network(small_file: tuple[Path, bytes], data: Any) -> None:
    path, content = small_file
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        damaged = damaged[: data.draw(st.integers(0, len(content)))]
    broken = path.with_name("broken.nir")
    broken.write_bytes(damaged)
    message = ""
    try:
        assert from_nir(broken, dt=DT).layers
    except WorkloadError as error:
        message = str(error)
    assert "\n" not in message


# --- files that are looked at before they are read --------------------------------------------------------------


@pytest.fixture
def plain(writer: Writer) -> Path:
    writer.read({**ends(3, 4), "a": linear(4, 3), "n": lif(4)}, chain("a", "n"))
    return writer.path


def with_weight(path: Path, **made: Any) -> None:
    with h5py.File(path, "r+") as file:
        del file["node/nodes/a/weight"]
        file["node/nodes/a"].create_dataset("weight", **made)


def test_a_compressed_weight_is_refused_by_what_it_would_unpack_to(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_weight(plain, data=np.zeros((2000, 1500), np.uint8), compression="gzip")  # 24 MB as float64
    assert plain.stat().st_size < 100_000
    monkeypatch.setattr(nir_file, "LARGEST_UNPACKED_BYTES", 20_000_000)
    with pytest.raises(WorkloadError, match="unpacked, with /node/nodes/a/weight, it has more than 20 MB"):
        from_nir(plain)


def test_data_in_other_files_are_not_followed(plain: Path, tmp_path: Path) -> None:
    with_weight(plain, shape=(4, 3), dtype="f8", external=[(str(tmp_path / "raw"), 0, 96)])
    with pytest.raises(WorkloadError, match="/node/nodes/a/weight keeps its data in another file"):
        from_nir(plain)
    with h5py.File(plain, "r+") as file:
        del file["node/nodes/a/weight"]
        layout = h5py.VirtualLayout((4, 3), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "w", (4, 3))
        file["node/nodes/a"].create_virtual_dataset("weight", layout)
    with pytest.raises(WorkloadError, match="/node/nodes/a/weight keeps its data in another file"):
        from_nir(plain)


def test_links_that_lead_to_one_group_in_a_million_ways_are_refused(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nir_file, "MAX_ITEMS", 2000)
    with h5py.File(plain, "r+") as file:
        group = file.create_group("deep")
        for _ in range(20):
            above = file.create_group(f"{group.name[1:]}x")
            above["a"], above["b"] = group, group
            group = above
    with pytest.raises(WorkloadError, match="holds more than 2000 groups and data sets"):
        from_nir(plain)


def test_a_user_block_before_the_file_is_passed_over(plain: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "block.nir", "w", userblock_size=1024) as file, h5py.File(plain) as source:
        for name in source:
            source.copy(name, file)
    assert from_nir(tmp_path / "block.nir", dt=DT).names == ("n",)


def test_a_file_that_is_open_for_writing_elsewhere_is_not_called_damaged(plain: Path) -> None:
    with h5py.File(plain, "r+"), pytest.raises(WorkloadError, match="is open for writing in another program"):
        read_in_another_process(plain)


def read_in_another_process(path: Path) -> None:
    """HDF5 locks files against other processes only."""
    code = "import sys; from archsim.workload import from_nir; from_nir(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    raise WorkloadError(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("kind", [0, 3.5, [b"LIF", b"LI"], np.zeros(0)])
def test_a_type_that_is_no_single_text_is_refused(plain: Path, kind: Any) -> None:
    with h5py.File(plain, "r+") as file:
        del file["node/nodes/n/type"]
        file["node/nodes/n/type"] = kind
    with pytest.raises(WorkloadError, match=r"node 'n' has a type of .*; one text is needed"):
        from_nir(plain)


# --- what one graph means ---------------------------------------------------------------------------------------


def test_a_neuron_called_input_is_not_taken_for_the_input(writer: Writer) -> None:
    nodes = {**ends(3, 2), "a": affine(4, 3), "n": lif(4), "b": affine(2, 4), "m": lif(2)}
    names = {"input": "x", "n": "input", "m": "output", "output": "y", "a": "a", "b": "b"}
    edges = chain("a", "n", "b", "m")
    plain = writer.read(nodes, edges)
    other = writer.read({names[k]: node for k, node in nodes.items()}, [(names[a], names[b]) for a, b in edges])
    assert other.names == ("input_layer", "output")
    assert any("node 'input' is called 'input_layer': the name of the network's own" in n for n in other.notes)
    x = drive(3)
    assert run(plain, x)["m"].sum() > 5
    np.testing.assert_array_equal(run(other, x)["output"], run(plain, x)["m"])


def test_two_users_of_one_node_with_a_scale_before_one_of_them_stay_apart(writer: Writer) -> None:
    nodes = {**ends((1, 4, 4), 2), "c": conv2d(np.ones((1, 1, 1, 1))), "z": nir.Scale(np.full((1, 1, 1), 3.0)),
             "f": linear(2, 4), "g": linear(2, 4), "n": lif(2)}  # fmt: skip
    for pool, neuron in (("p", "k"), ("q", "l")):
        nodes[pool] = nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))
        nodes[neuron] = lif((1, 2, 2))
    edges = [*chain("c", "p", "k", "f", "n"), ("c", "z"), ("z", "q"), ("q", "l"), ("l", "g"), ("g", "n")]
    network = writer.read(nodes, edges)
    assert [np.ravel(network.layer(name).weight).tolist() for name in "cz"] == [[1.0], [3.0]]
    assert [network.layer(name).inputs for name in "kl"] == [("c",), ("z",)]


def test_a_delay_behind_a_bias_is_refused_since_a_layer_cannot_delay_its_bias(writer: Writer) -> None:
    nodes = {**ends(3, 4), "a": affine(4, 3), "d": nir.Delay(np.full(4, DT)), "n": lif(4)}
    with pytest.raises(WorkloadError, match="Delay 'd' delays the bias of 'a' too"):
        writer.read(nodes, chain("a", "d", "n"))


def test_a_skip_past_a_convolution_is_part_of_its_kernel(writer: Writer) -> None:
    nodes = {**ends((2, 5, 5), 1), "a": conv2d(RNG.normal(size=(2, 2, 3, 3)), padding=1), "n": lif((2, 5, 5)),
             "b": conv2d(RNG.normal(size=(2, 2, 3, 3)), padding=1), "m": lif((2, 5, 5))}  # fmt: skip
    edges = [*chain("a", "n", "b", "m"), ("n", "m")]
    weight = writer.read(nodes, edges).layer("m").weight
    assert weight is not None
    added = weight - nodes["b"].weight
    np.testing.assert_allclose(added[:, :, 1, 1], np.eye(2), atol=1e-12)
    assert np.count_nonzero(added) == 2
    nodes["b"] = conv2d(RNG.normal(size=(2, 2, 3, 3)), padding=1, stride=2)
    nodes["m"] = lif((2, 3, 3))
    with pytest.raises(WorkloadError, match="LIF 'm': its inputs have different shapes"):
        writer.read(nodes, edges)


@pytest.mark.parametrize(
    ("stated", "start", "end", "shape"),
    [
        ((2, 4, 4), 0, -1, (32,)), ((1, 2, 4, 4), 1, -1, (32,)), ((0, 0, 0, 0), 1, -1, (32,)),
        (None, 1, -1, (32,)),
        ((2, 4, 4), 1, 2, (2, 16)), ((2, 4, 4), 0, 1, (8, 4)), ((1, 2, 4, 4), -2, -1, (2, 16)),
        ((2, 4, 4), 1, 1, (2, 4, 4)),
    ],
)  # fmt: skip
def test_flatten_counts_its_dimensions_over_the_axes_that_it_states(
    stated: Any, start: int, end: int, shape: tuple[int, ...]
) -> None:
    params = {"start_dim": np.array(start), "end_dim": np.array(end)}
    params |= {} if stated is None else {"input_type": np.array(stated)}
    assert flattened(Node("f", "Flatten", params), (2, 4, 4)) == shape


def test_a_flatten_of_some_axes_is_noted_before_weights_and_refused_before_windows(writer: Writer) -> None:
    flat = nir.Flatten({"input": np.array([2, 4, 4])}, 1, -1)
    nodes = {**ends((2, 4, 4), 3), "f": flat, "a": linear(3, 32), "n": lif(3)}
    network = writer.read(nodes, chain("f", "a", "n"))
    assert "Linear 'a' gets shape (2, 16) from a Flatten, and its weights take all 32 values" in network.notes
    nodes |= {"a": nir.Conv1d(16, np.ones((3, 2, 3)), 1, 0, 1, 1, np.zeros(3)), "n": lif((3, 14))}
    with pytest.raises(WorkloadError, match=r"Conv1d 'a' gets 'input' of shape \(2, 4, 4\) as \(2, 16\)"):
        writer.read(nodes, chain("f", "a", "n"))
    flat.start_dim, flat.end_dim = 2, 1
    with pytest.raises(WorkloadError, match="Flatten 'f': dimensions 2 to 1 of 3 cannot be flattened"):
        writer.read(nodes, chain("f", "a", "n"))


def test_a_cycle_that_runs_through_the_ports_of_a_nested_graph_is_recurrent(writer: Writer) -> None:
    inner = graph_of({**ends(4, 4), "n": lif(4)}, chain("n"))
    nodes = {**ends(3, 4), "a": affine(4, 3), "sub": inner, "rec": linear(4, 4)}
    layer = writer.read(nodes, [*chain("a", "sub"), ("sub", "rec"), ("rec", "sub")]).layers[0]
    np.testing.assert_array_equal(layer.recurrent_weight, nodes["rec"].weight)
    nodes["b"] = linear(4, 4)
    two = [("a", "sub"), ("sub", "rec"), ("rec", "sub"), ("input", "a"), ("sub", "output")]
    assert writer.read(nodes, two).layers[0].recurrent
    flat = {**ends(3, 4), "a": affine(4, 3), "p": nir.Scale(np.ones(4)), "n": lif(4), "rec": linear(4, 4)}
    edges = [*chain("a", "p", "n"), ("n", "rec"), ("rec", "p"), ("p", "output")]
    with pytest.raises(WorkloadError, match="Scale 'p' adds the output of LIF 'n' to what enters its"):
        writer.read(flat, edges)


def test_a_neuron_that_feeds_itself_directly_has_the_identity_as_recurrent_weights(writer: Writer) -> None:
    layer = writer.read({**ends(3, 3), "a": linear(3, 3), "n": lif(3)}, [*chain("a", "n"), ("n", "n")]).layers[0]
    np.testing.assert_array_equal(layer.recurrent_weight, np.eye(3))


def test_firing_at_the_threshold_is_an_option_a_metadata_and_else_a_note(writer: Writer) -> None:
    # 16 inputs of 1/16 meet a threshold of 1 exactly
    nodes = {**ends(1, 1), "fc": nir.Linear(np.ones((1, 1))), "n": nir.IF(r=np.ones(1), v_threshold=np.ones(1))}
    x = np.full((20, 1), 0.0625)
    for fires, first in (("above", 16), ("at", 15), (None, 16)):
        network = writer.read(nodes, chain("fc", "n"), dt=1.0, fires=fires)
        assert np.flatnonzero(forward(network, x).outputs["n"])[0] == first
        assert any("sinabs or SpikingJelly fire at it" in note for note in network.notes) == (fires is None)
    with pytest.raises(WorkloadError, match="fires is 'below', must be 'above' or 'at'"):
        from_nir(writer.path, fires="below")  # type: ignore[arg-type]


def test_every_assumption_about_the_input_is_told_until_it_is_set(writer: Writer) -> None:
    writer.read({**ends(3, 4), "a": linear(4, 3), "n": lif(4)}, chain("a", "n"))

    def told(*sets: str) -> tuple[bool, ...]:
        notes = load_workload(writer.path, ["network.dt=1 ms", *sets]).network.notes
        starts = ("timesteps are not", "input is not", "reset is not", "neurons fire above", "dt is not")
        return tuple(any(note.startswith(start) for note in notes) for start in starts)

    assert told() == (True, True, True, True, False)
    assert told("timesteps=5") == (False, True, True, True, False)
    assert told("activity.rate=0.2") == (True, False, True, True, False)
    assert told("network.reset=zero", "network.fires=above", "timesteps = 5") == (False, True, False, False, False)
