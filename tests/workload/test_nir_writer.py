"""Networks written as NIR files and read back: the same layers, the same spikes."""

from __future__ import annotations

from dataclasses import replace

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learn_support import NETWORKS, batch_for

from archsim.errors import WorkloadError, WriteError
from archsim.snn import forward
from archsim.workload import load_workload
from archsim.workload.network import Dense, Layer, Network, Neuron
from archsim.workload.nir_reader import from_nir
from archsim.workload.nir_writer import nir_errors, write_nir

WRITABLE = [name for name, network in NETWORKS.items() if not nir_errors(network)]


@pytest.mark.parametrize("name", WRITABLE)
def test_a_network_reads_back_to_the_same_spikes(name, tmp_path):
    network = NETWORKS[name]
    write_nir(network, tmp_path / "net.nir")
    back = from_nir(tmp_path / "net.nir")
    assert back.names == network.names
    x = batch_for(network)[:, 0]
    here, there = forward(network, x), forward(back, x)
    for layer in network.layers:
        spikes = layer.neuron is None or layer.neuron.spikes
        compare = np.testing.assert_array_equal if spikes else np.testing.assert_allclose
        compare(there.outputs[layer.name], here.outputs[layer.name])
        assert back.layer(layer.name).out_shape == layer.out_shape


def test_most_kinds_of_networks_can_be_written():
    assert {"recurrent", "delays", "several inputs", "convolution in a plane"} <= set(WRITABLE)


@settings(max_examples=20, deadline=None)
@given(decay=st.floats(0.5, 0.999), gain=st.floats(0.01, 10))
def test_decay_and_gain_come_back_to_the_last_bit_or_the_next(decay, gain, tmp_path_factory):
    neuron = Neuron("lif", decay=decay, gain=gain, reset="subtract")
    layer = Layer("out", Dense(1), ("input",), (1,), (1,), neuron, weight=np.ones((1, 1)))
    path = tmp_path_factory.mktemp("nir") / "net.nir"
    write_nir(Network("net", (1,), (layer,)), path)
    back = from_nir(path).layer("out").neuron
    assert back.decay == pytest.approx(decay, rel=0, abs=1.2e-16)
    assert back.gain == pytest.approx(gain, rel=4e-16)
    assert back.reset == "subtract"


@pytest.mark.parametrize("decay", [0.0, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95])
def test_common_leaks_come_back_exactly(decay, tmp_path):
    layer = Layer("out", Dense(1), ("input",), (1,), (1,), Neuron("lif", decay=decay), weight=np.ones((1, 1)))
    write_nir(Network("net", (1,), (layer,)), tmp_path / "net.nir")
    assert from_nir(tmp_path / "net.nir").layer("out").neuron == layer.neuron


def test_the_nir_library_reads_the_file_too(tmp_path):
    write_nir(NETWORKS["recurrent"], tmp_path / "net.nir")
    graph = nir.read(tmp_path / "net.nir")
    neuron = NETWORKS["recurrent"].layers[0].neuron
    np.testing.assert_allclose(1 - 1 / graph.nodes["0"].tau, neuron.decay)
    assert ("0", "0_recurrent") in graph.edges
    assert ("0_recurrent", "0") in graph.edges


def test_a_written_network_is_a_workload(tmp_path):
    write_nir(NETWORKS["LIF, reset by subtraction"], tmp_path / "net.nir")
    work = load_workload(tmp_path / "net.nir", ["timesteps=5"])
    assert work.network.layers[0].neuron.reset == "subtract"


def test_what_nir_cannot_say_is_refused_with_every_layer_named(tmp_path):
    with pytest.raises(WorkloadError) as refused:
        write_nir(NETWORKS["convolution along time"], tmp_path / "net.nir")
    text = str(refused.value)
    assert "layer '0': NIR has no window along time" in text
    assert "layer '2': NIR has no product over all timesteps" in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weight": None}, "no weights"),
        ({"neuron": Neuron("lif", decay=1.0, offset=0.1)}, "decay of 1"),
        ({"neuron": Neuron("cubalif", decay=0.5, syn_decay=1.0)}, "syn_decay of 1"),
        ({"neuron": Neuron("lif", decay=0.5, threshold=np.inf)}, "infinite"),
        ({"neuron": Neuron("if", offset=0.1)}, "no offset"),
    ],
)
def test_a_layer_without_an_equal_in_nir_is_told_why(change, said):
    layer = Layer("out", Dense(1), ("input",), (2,), (1,), Neuron("if"), weight=np.ones((1, 2)))
    assert said in " ".join(nir_errors(Network("net", (2,), (replace(layer, **change),))))


def test_mixed_resets_and_names_that_clash_are_refused():
    one = Layer("a", Dense(1), ("input",), (1,), (1,), Neuron("if"), weight=np.ones((1, 1)))
    two = replace(one, name="a_weights", inputs=("a",), neuron=Neuron("if", reset="subtract"))
    text = " ".join(nir_errors(Network("net", (1,), (one, two))))
    assert "reset in different ways" in text
    assert "'a_weights'" in text


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(WriteError, match="cannot be written: No such file"):
        write_nir(NETWORKS["recurrent"], tmp_path / "none" / "net.nir")


def test_an_unknown_reset_in_the_metadata_is_refused(tmp_path):
    one = np.ones(1)
    lif = nir.LIF(tau=10 * one, r=one, v_leak=0 * one, v_threshold=one)
    graph = nir.NIRGraph.from_list(nir.Linear(np.ones((1, 1))), lif)
    graph.metadata = {"dt": 1.0, "reset": "perhaps"}
    nir.write(tmp_path / "net.nir", graph)
    with pytest.raises(WorkloadError, match="reset = 'perhaps'"):
        from_nir(tmp_path / "net.nir")


def test_firing_at_the_threshold_comes_back_and_files_have_one_way_for_all(tmp_path):
    at, above = Neuron("if", fires="at"), Neuron("if")
    first = Layer("a", Dense(1), ("input",), (1,), (1,), at, weight=np.ones((1, 1)))
    write_nir(Network("net", (1,), (first,)), tmp_path / "net.nir")
    back = from_nir(tmp_path / "net.nir")
    assert back.layer("a").neuron == at
    assert not any("fire" in note for note in back.notes)
    second = replace(first, name="b", inputs=("a",), neuron=above)
    assert nir_errors(Network("net", (1,), (first, second))) == [
        "some of its neurons fire at the threshold, some above it; a NIR file has one way for all"
    ]
