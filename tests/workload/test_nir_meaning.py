"""A NIR file means one network: what is read computes what its graph says, whatever its nodes are called."""

from __future__ import annotations

from pathlib import Path

import nir
import nir_support as support
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.snn.forward import forward
from archsim.workload.network import Network
from archsim.workload.nir_reader import from_nir

seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("meaning") / "net.nir"


def read(graph: support.RandomGraph, file: Path, **options: str) -> Network:
    nested = graph.nested()
    plain = nested.to_dict()
    _drop_none(plain)
    nested.to_dict = lambda: plain  # nir.write knows no None
    nir.write(file, nested)
    return from_nir(file, dt=support.DT, **{"reset": "zero", "fires": "above", **options})  # type: ignore[arg-type]


def _drop_none(tree: dict) -> None:
    for key, value in list(tree.items()):
        if value is None:
            del tree[key]
        elif isinstance(value, dict):
            _drop_none(value)


def check(graph: support.RandomGraph, network: Network, seed: int, reset: str, fires: str) -> int:
    """Compare all layers with the nodes they stand for; how many spikes there were."""
    x = np.random.default_rng(seed).normal(size=(12, *graph.shape)) * 2
    expected = support.literal(graph, x, reset, fires)
    paths = {n: n for n in graph.nodes}
    paths |= {n: f"{group}.{n}" for group, members in graph.groups.items() for n in members}
    got, n_spikes = forward(network, x).outputs, 0
    by_name = {path: expected[name] for name, path in paths.items()}
    ends = [expected[n] for n, node in graph.nodes.items() if isinstance(node, nir.Output)]
    for layer in network.layers:
        values = got[layer.name].reshape(len(x), -1)
        if network.consumers(layer.name) and layer.neuron is None:
            continue  # a part of a sum, perhaps; what takes it is compared
        if layer.neuron is not None:
            np.testing.assert_allclose(values, by_name[layer.name].reshape(len(x), -1), rtol=1e-9, atol=1e-12)
            n_spikes += int(values.sum()) if layer.neuron.spikes else 0
        else:
            meant = [end.reshape(len(x), -1) for end in ends]
            assert any(m.shape == values.shape and np.allclose(m, values, rtol=1e-9, atol=1e-12) for m in meant)
    return n_spikes


def test_random_graphs_are_read_right_or_refused(file: Path) -> None:
    n_right, n_spikes, n_graphs = 0, 0, 120
    for seed in range(n_graphs):
        graph = support.random_graph(seed)
        reset, fires = ("zero", "subtract")[seed % 2], ("above", "at")[seed // 2 % 2]
        try:
            network = read(graph, file, reset=reset, fires=fires)
        except WorkloadError:
            continue
        try:
            n_spikes += check(graph, network, seed, reset, fires)
        except AssertionError as error:
            raise AssertionError(f"support.random_graph({seed}), reset {reset}, fires {fires}: {error}") from error
        n_right += 1
    assert n_right > n_graphs / 2
    assert n_spikes > 20 * n_graphs


NAMES = (
    *("input", "output", "input_layer", "input_layer1", "output_layer", "in", "out", "node", "nodes", "edges"),
    *("(leakage)", "(unused)", "(none)", "(shared)", "(not followed)", "(anything)", "a.copy", "a", "a.b"),
    *("a.b.input", "type", " ", " blank ", "'quoted'", '"double"', "back\\slash", "ü 神経 🧠", "x" * 300, "1"),
    *("01", "-", "=", "#", ".."),
)


def renamed(graph: support.RandomGraph, seed: int) -> tuple[support.RandomGraph, dict[str, str]]:
    """The graph under other names; members of nested graphs may be called as nodes outside."""
    rng = np.random.default_rng(seed)
    group_of = {n: group for group, members in graph.groups.items() for n in members}
    outside = [n for n in graph.names if n not in group_of]
    names = dict(zip(outside, map(str, rng.permutation(NAMES)), strict=False))
    for group, members in graph.groups.items():
        own = map(str, rng.permutation(NAMES))
        names |= {n: f"{name}{support.APART}{group}" for n, name in zip(members, own, strict=False)}
    return graph.renamed(names), names


@settings(max_examples=80, deadline=None, derandomize=True)
@given(seed=seeds, names=seeds)
def test_a_network_is_the_same_under_any_names_of_its_nodes(file: Path, seed: int, names: int) -> None:
    graph = support.random_graph(seed)
    other, _ = renamed(graph, names)
    try:
        network = read(graph, file)
    except WorkloadError:
        with pytest.raises(WorkloadError):
            read(other, file)
        return
    again = read(other, file)
    assert len(again.names) == len(network.names)
    x = np.random.default_rng(seed).normal(size=(12, *graph.shape)) * 2
    before, after = forward(network, x).outputs, forward(again, x).outputs
    for one, two in zip(network.names, again.names, strict=True):
        np.testing.assert_array_equal(before[one], after[two])
