"""A model becomes a network with its spikes: on modules that look like those of the libraries, without torch."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch_support
from torch_support import GRU, BatchNorm1d, IFNode, Leaky, Linear, Module, Sequential, Tensor

import archsim
from archsim.bridge import record
from archsim.errors import ArchsimError, DoesNotFitError, WorkloadError


@pytest.fixture(autouse=True)
def _torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", torch_support)


def each_step(model, x):
    return [model(step) for step in x]


def weights(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 1, shape)


def spikes_in(n_steps=20, n_samples=3, n=4):
    return Tensor(np.random.default_rng(1).random((n_steps, n_samples, n)) < 0.5)


def recorded(*modules, **more):
    return record(Sequential(*modules), [(spikes_in(), None)], **{"samples": 3, "run": each_step, **more})


def test_spikes_and_weights_are_those_of_the_model_and_equal_archsims_own():
    first, second = Linear(weights(6, 4), weights(6, seed=1)), Linear(weights(2, 6, seed=2))
    found = recorded(first, Leaky(0.9), second, Leaky(0.7, threshold=0.5))
    assert found.differences == ()
    assert found.network.names == ("1", "3")
    assert np.array_equal(found.network.layer("1").weight, first.weight.values)
    assert found.input_bits == 1
    assert np.array_equal(found.activity.spikes["input"], np.swapaxes(spikes_in().values, 0, 1))
    assert 0 < found.activity.mean_rate("3") < 1


def test_a_reset_one_timestep_later_is_the_same_neuron_with_another_reset():
    """u[t] = beta u[t-1] + x[t] - s[t-1] threshold, by hand: 0.6, 1.14 (fires), 0.626, 1.1634 (fires)."""
    model = Sequential(Linear([[1.0]]), Leaky(0.9))
    found = record(model, [Tensor(np.full((4, 1, 1), 0.6))], samples=1, run=each_step)
    assert found.activity.spikes["1"].ravel().tolist() == [0, 1, 0, 1]
    assert found.differences == ()


def test_neurons_that_fire_at_their_threshold_do_so_here():
    model = Sequential(Linear([[0.5]]), IFNode(1.0))
    found = record(model, [Tensor(np.ones((4, 1, 1)))], samples=1, run=each_step)
    assert found.activity.spikes["1"].ravel().tolist() == [0, 1, 0, 1]
    assert found.differences == ()


def test_normalisation_is_folded_into_the_weights():
    norm = BatchNorm1d([0.1, -0.2], [0.5, 2.0], [1.5, -1.0], [0.2, 0.3])
    found = recorded(Linear(weights(2, 4)), norm, Leaky(0.9))
    assert len(found.network.layers) == 1
    assert found.differences == ()
    assert found.network.layers[0].bias is not None


def test_what_is_not_supported_is_told_at_once_and_before_anything_runs():
    class Refuses(Module):
        def forward(self, _x):
            raise AssertionError("it must not run")

    model = Refuses(fc=Linear(weights(2, 4)), gru=GRU(), lif=Leaky(0.9, inhibition=True), other=Module())
    with pytest.raises(WorkloadError) as raised:
        record(model, [spikes_in()])
    lines = str(raised.value).splitlines()
    assert [line.split(" ")[1] for line in lines] == ["gru", "lif", "other"]
    assert "model: lif (snntorch.Leaky): inhibition" in lines


def test_a_function_between_modules_is_told():
    class WithFunction(Sequential):
        def forward(self, x):
            spikes = self.children["1"](self.children["0"](x))
            return self.children["3"](self.children["2"](Tensor(np.tanh(spikes.values))))

    model = WithFunction(Linear(weights(4, 4)), Leaky(0.9), Linear(weights(2, 4)), Leaky(0.9))
    with pytest.raises(WorkloadError, match="2 takes what no module gives; a function stands before it"):
        record(model, [spikes_in()], run=each_step)


def test_layers_that_compute_otherwise_are_told_one_by_one():
    class Other(Leaky):
        """Fires at its threshold, which no Leaky does."""

        def forward(self, x):
            self.mem = self.beta * self.mem + x.values
            fired = self.mem >= self.threshold
            self.mem = self.mem - fired * self.threshold / self.beta
            return Tensor(fired)

    model = Sequential(Linear([[0.5]]), Other(0.5, threshold=0.75), Linear([[1.0]]), Leaky(0.9))
    found = record(model, [Tensor(np.ones((6, 1, 1)))], samples=1, run=each_step)
    first, second = found.differences
    assert (first.layer, second.layer) == ("1", "3")
    assert first.of_its_own == first.n_spikes > 0
    assert second.of_its_own == 0
    assert str(second).endswith("all of it comes from layers before")


def test_more_than_one_spike_in_a_timestep_is_no_spike():
    class Many(IFNode):
        def forward(self, x):
            self.v = self.v + x.values
            n = np.floor(np.maximum(self.v, 0) / self.v_threshold)
            self.v = self.v - n * self.v_threshold
            return Tensor(n)

    with pytest.raises(WorkloadError, match="are neither 0 nor 1"):
        record(Sequential(Linear([[2.5]]), Many()), [Tensor(np.ones((4, 1, 1)))], samples=1, run=each_step)


def test_the_model_is_left_as_it_was():
    model = Sequential(Linear(weights(2, 4)), Leaky(0.9))
    record(model, [spikes_in()], samples=2, run=each_step)
    assert all(module.training for module in model.modules())
    assert not any(module.hooks for module in model.children.values())


def test_a_recording_runs_on_a_chip_from_memory_and_from_files(tmp_path):
    found = recorded(Linear(weights(6, 4)), Leaky(0.9), Linear(weights(2, 6)), Leaky(0.7), name="mine")
    chip = archsim.load_chip("wearable_rram")
    here = archsim.simulate(chip, found.workload(), phase="inference")
    file = found.save(tmp_path / "mine")
    there = archsim.simulate(chip, archsim.load_workload(file), phase="inference")
    assert (here.latency_ps, here.energy_pj) == (there.latency_ps, there.energy_pj)
    assert here.n_samples == 3
    assert here.provenance["inputs_sha256"] != there.provenance["inputs_sha256"]


def test_a_network_that_finds_no_room_is_told_when_it_is_recorded():
    with pytest.raises(DoesNotFitError):
        recorded(
            Linear(weights(600, 4)), Leaky(0.9), Linear(weights(600, 600)), Leaky(0.9),
            chip=archsim.load_chip("wearable_rram", ["tiles=1"]),
        )  # fmt: skip


def test_wrong_arguments_are_archsims_errors():
    with pytest.raises(ArchsimError) as raised:
        record(5, [], samples=0, layout="sideways", run=3)
    assert len(str(raised.value).splitlines()) == 4
    with pytest.raises(WorkloadError, match=r"gives 3 samples; 9 are to be recorded"):
        recorded(Linear(weights(2, 4)), Leaky(0.9), samples=9)
    with pytest.raises(WorkloadError, match="there are no spiking neurons in it; known are norse: LIF"):
        recorded(Linear(weights(2, 4)))
