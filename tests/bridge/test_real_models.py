"""Models of the libraries themselves, trained for a few steps: recorded, run on a chip, shown on a page.

They run where the libraries are installed (CONTRIBUTING.md says how).
"""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

import archsim
from archsim.bridge import record
from archsim.cli.app import app
from archsim.snn.datasets import load_watch, normalise, sample_windows, with_recordings

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # torch and the libraries warn of each other


def each_step(model, x):
    return torch.stack([model(step) for step in x])


def trained(model, x, labels, run, n_steps=4):
    """A few steps of back-propagation on spike counts."""
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(n_steps):
        loss = torch.nn.functional.cross_entropy(run(model, x).sum(0), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def watch(n_samples, n_steps):
    """Windows of the recordings that seglearn ships, (timesteps, samples, 6), and their labels."""
    data = load_watch()
    data = with_recordings(data, normalise(data.recordings, range(len(data.recordings))))
    windows = sample_windows(data, n_samples, 0, length=n_steps, step=64)
    return torch.as_tensor(np.swapaxes(windows.values, 0, 1)).float(), torch.arange(n_samples) % 7


def runs_and_has_a_page(found, folder):
    """From memory and from files the same; the page is written."""
    chip = archsim.load_chip("wearable_rram")
    here = archsim.simulate(chip, found.workload(batch=1), phase="inference")
    file = found.save(folder / "mine", batch=1)
    done = CliRunner().invoke(app, ["run", "wearable_rram", str(file), "-o", str(folder / "run")])
    assert done.exit_code == 0, done.stderr
    assert archsim.load_result(folder / "run").latency_ps == here.latency_ps
    assert (folder / "run" / "report.html").stat().st_size > 10_000


def test_three_layers_of_snntorch_from_recording_to_page(tmp_path):
    snn = pytest.importorskip("snntorch")
    torch.manual_seed(0)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.lif1 = torch.nn.Linear(6, 32), snn.Leaky(beta=0.9)
            self.fc2, self.lif2 = torch.nn.Linear(32, 32), snn.Leaky(beta=0.8, reset_mechanism="zero")
            self.fc3, self.lif3 = torch.nn.Linear(32, 7), snn.Synaptic(alpha=0.7, beta=0.9)

        def forward(self, x):
            first, second, (synapse, third), out = None, None, (None, None), []
            first, second = self.lif1.init_leaky(), self.lif2.init_leaky()
            synapse, third = self.lif3.init_synaptic()
            for step in x:
                spikes, first = self.lif1(self.fc1(step), first)
                spikes, second = self.lif2(self.fc2(spikes), second)
                spikes, synapse, third = self.lif3(self.fc3(spikes), synapse, third)
                out.append(spikes)
            return torch.stack(out)

    x, labels = watch(6, 32)
    model = trained(Net(), x, labels, lambda net, given: net(given))
    found = record(model, [(x, labels)], samples=4, name="watch_snntorch")
    assert found.differences == ()
    assert found.network.names == ("lif1", "lif2", "lif3")
    with torch.no_grad():
        out = model(x[:, :4]).numpy()
    assert np.array_equal(np.swapaxes(found.activity.spikes["lif3"], 0, 1), out)
    assert all(found.activity.mean_rate(name) > 0 for name in found.network.names)
    runs_and_has_a_page(found, tmp_path)


def test_a_convolution_of_spikingjelly_from_recording_to_page(tmp_path):
    pytest.importorskip("spikingjelly")
    digits = pytest.importorskip("sklearn.datasets").load_digits()  # ships with scikit-learn
    from spikingjelly.activation_based import functional, layer, neuron, surrogate

    torch.manual_seed(0)
    fires = {"surrogate_function": surrogate.ATan()}
    model = torch.nn.Sequential(
        layer.Conv2d(1, 4, 3, padding=1, bias=False), layer.BatchNorm2d(4),
        neuron.IFNode(v_threshold=0.5, **fires), layer.AvgPool2d(2),
        layer.Conv2d(4, 8, 3), layer.BatchNorm2d(8), neuron.LIFNode(tau=2.0, v_reset=None, **fires),
        layer.Flatten(), layer.Linear(32, 10), neuron.LIFNode(tau=2.0, v_threshold=0.3, **fires),
    )  # fmt: skip
    functional.set_step_mode(model, "m")
    rng = np.random.default_rng(0)
    images = digits.images[:16, None] / 16
    x = torch.as_tensor(rng.random((8, *images.shape)) < images).float()

    def run(net, given):
        functional.reset_net(net)
        return net(given)

    trained(model, x, torch.as_tensor(digits.target[:16]), run)
    functional.reset_net(model)
    found = record(model, [x], samples=3, name="digits_spikingjelly", run=run)
    assert found.differences == ()
    assert [type(one.op).__name__ for one in found.network.layers] == ["Conv", "Pool", "Conv", "Dense"]
    assert found.input_bits == 1
    runs_and_has_a_page(found, tmp_path)


def test_sinabs_and_its_nir_graph():
    pytest.importorskip("sinabs")
    import sinabs.layers as sl
    from sinabs.activation import SingleSpike

    torch.manual_seed(0)
    fires = {"spike_fn": SingleSpike}
    model = torch.nn.Sequential(
        torch.nn.Linear(6, 16), sl.IAF(**fires), torch.nn.Linear(16, 4),
        sl.LIF(tau_mem=5.0, spike_threshold=torch.tensor(0.1), **fires),
    )  # fmt: skip
    found = record(model, [torch.rand(3, 20, 6)], samples=3, layout="batch_first")
    assert found.differences == ()
    assert found.notes == ("read through NIR, by sinabs",)
    assert found.activity.mean_rate("3") > 0


def test_norse_in_one_call_and_step_by_step():
    norse = pytest.importorskip("norse.torch")
    torch.manual_seed(0)
    parameters = norse.LIFParameters(v_th=torch.tensor(0.1))
    x = torch.rand(100, 3, 6) * 10
    many = norse.SequentialState(torch.nn.Linear(6, 16), norse.LIF(p=parameters))
    single = norse.SequentialState(many[0], norse.LIFCell(p=parameters))

    def run(model, given):
        state = None
        for step in given:
            _, state = model(step, state)

    one, other = record(many, [x], samples=3), record(single, [x], samples=3, run=run)
    assert one.differences == other.differences == ()
    assert np.array_equal(one.activity.spikes["1"], other.activity.spikes["1"])
    assert 0 < one.activity.mean_rate("1") < 1
