"""
Your PyTorch SNN on a chip
==========================

A spiking model of snnTorch, trained for a few steps, with the spikes that really flow in it. SpikingJelly, norse and
sinabs work alike. torch is yours: archsim takes the model as it is.
"""

import matplotlib.pyplot as plt
import snntorch
import torch

import archsim

torch.manual_seed(0)

# %%
# A model that sums up its spikes over time. Its input: two kinds of patterns, eight lines, 20 timesteps.


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = torch.nn.Linear(8, 32)
        self.lif1 = snntorch.Leaky(beta=0.9)
        self.fc2 = torch.nn.Linear(32, 2)
        self.lif2 = snntorch.Leaky(beta=0.9)

    def forward(self, x):
        first, second, found = self.lif1.init_leaky(), self.lif2.init_leaky(), []
        for step in x:  # timesteps first
            spikes, first = self.lif1(self.fc1(step), first)
            spikes, second = self.lif2(self.fc2(spikes), second)
            found.append(spikes)
        return torch.stack(found)


labels = torch.arange(64) % 2
rates = torch.where(labels[:, None] == (torch.arange(8) >= 4)[None, :].long(), 0.6, 0.1)
x = (torch.rand(20, 64, 8) < rates).float()
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for _ in range(30):
    loss = torch.nn.functional.cross_entropy(model(x).sum(0), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("loss", round(loss.item(), 3))

# %%
# Recorded on its own data: weights, neurons, and the spikes of four samples. archsim's own forward pass gives the same
# spikes; where it does not, ``differences`` says in which layer, and why.

found = archsim.bridge.record(model, [(x, labels)], samples=4)
print("differences:", found.differences or "none")
work = found.workload()

# %%
# From here it is a workload like any other.

result = archsim.simulate(archsim.load_chip("wearable_rram"), work, phase="inference")
print(f"{result.latency_ps / 1e6:.2f} us and {result.energy_pj / 1e3:.2f} nJ for {result.n_samples} samples")
layers = result.breakdown("layer")
plt.bar(list(layers), [part["energy_pj"] / 1e3 for part in layers.values()])
plt.ylabel("energy in nJ")
plt.tight_layout()
