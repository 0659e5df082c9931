"""
Your PyTorch network on a chip
==============================

A network of snnTorch, trained for a few steps, goes on a chip with the spikes that really flow in it. The same
works for SpikingJelly, norse and sinabs.
"""

import matplotlib.pyplot as plt
import numpy as np
import snntorch as snn
import torch

import archsim
from archsim.snn.data import load_data

# %%
# Windows of a smart watch, time first as snnTorch has it, and a network of three layers. Nothing in it knows of
# archsim.

data = load_data("watch", "random_windows", decimation=4)
x = torch.as_tensor(data.train.inputs[:, ::40]).float()
labels = torch.as_tensor(data.train.labels[::40])


class Net(torch.nn.Module):
    """6 - 64 - 64 - 7, leaky neurons."""

    def __init__(self):
        super().__init__()
        self.fc1, self.lif1 = torch.nn.Linear(6, 64), snn.Leaky(beta=0.9)
        self.fc2, self.lif2 = torch.nn.Linear(64, 64), snn.Leaky(beta=0.9)
        self.fc3, self.lif3 = torch.nn.Linear(64, 7), snn.Leaky(beta=0.9)

    def forward(self, x):
        """Spikes of the last layer, step by step."""
        first, second, third = self.lif1.init_leaky(), self.lif2.init_leaky(), self.lif3.init_leaky()
        out = []
        for step in x:
            spikes, first = self.lif1(self.fc1(step), first)
            spikes, second = self.lif2(self.fc2(spikes), second)
            spikes, third = self.lif3(self.fc3(spikes), third)
            out.append(spikes)
        return torch.stack(out)


torch.manual_seed(0)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for _ in range(20):
    loss = torch.nn.functional.cross_entropy(net(x).sum(0), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.2f}")

# %%
# Recorded: weights, shapes, neurons, and the spikes of four windows. archsim's own forward pass gives the same
# ones; if it did not, `differences` would say in which layer, and why.

found = archsim.bridge.record(net, [(x, labels)], samples=4, name="watch_snntorch")
print(found.network.names, found.notes)
print("the same spikes" if not found.differences else "\n".join(map(str, found.differences)))

figure, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True)
for axis, name in zip(axes, found.network.names, strict=True):
    time, neuron = np.nonzero(found.activity.spikes[name][0])
    axis.plot(time, neuron, ".", markersize=2)
    axis.set_title(f"{name}: {found.activity.mean_rate(name):.1%} active")
    axis.set_xlabel("timestep")
axes[0].set_ylabel("neuron")
figure.tight_layout()

# %%
# On a chip: latency, energy and area of these windows, and which parts they are spent on.

chip = archsim.load_chip("wearable_rram")
result = archsim.simulate(chip, found.workload(batch=1), phase="inference", engine="compiled")
print(f"{result.latency_ps / 1e6:.1f} µs, {result.energy_pj / 1e3:.1f} nJ for {result.n_samples} windows")
parts = result.breakdown("component")
for name in sorted(parts, key=lambda name: -parts[name]["energy_pj"])[:5]:
    print(f"{name:20} {parts[name]['energy_pj'] / result.energy_pj:.1%} of the energy")

# %%
# `found.save("mine")` writes a workload file with the network and its activity, for the command line, studies and
# advice.
