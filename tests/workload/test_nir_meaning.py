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
        if layer.neuron is not None:
            np.testing.assert_allclose(values, by_name[layer.name].reshape(len(x), -1), rtol=1e-9, atol=1e-12)
            n_spikes += int(values.sum()) if layer.neuron.spikes else 0
        else:  # weights or pooling by themselves: their node, or the sum that the output is
            meant = [*ends, by_name[layer.name]] if layer.name in by_name else ends
            meant = [m.reshape(len(x), -1) for m in meant]
            assert any(m.shape == values.shape and np.allclose(m, values, rtol=1e-9, atol=1e-12) for m in meant)
    return n_spikes


taken = {"right": 0, "refused": 0, "spikes": 0}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=seeds, reset=st.sampled_from(["zero", "subtract"]), fires=st.sampled_from(["above", "at"]))
def test_a_random_graph_is_read_right_or_refused(file: Path, seed: int, reset: str, fires: str) -> None:
    graph = support.random_graph(seed)
    try:
        network = read(graph, file, reset=reset, fires=fires)
    except WorkloadError as error:
        assert "\n" not in str(error)
        taken["refused"] += 1
        return
    taken["right"] += 1
    taken["spikes"] += check(graph, network, seed, reset, fires)
