"""snnTorch (Eshraghian et al., Proc. IEEE 2023): spikes and gradients of the same network, weights and inputs.

Leaky neurons that subtract the threshold at once (``reset_delay=False``), its fast sigmoid as surrogate (slope
1 / width), cross entropy of the spike counts, double precision; gradients pass through the reset. Weights are
small enough for no potential to lie above the threshold after its reset: there snnTorch resets otherwise.
Where snnTorch is not installed, what it gave is read from ``recorded/spikes.json``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from archsim.snn import initialise
from archsim.snn.learn.gradients import back_propagate
from archsim.snn.learn.losses import score
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.surrogates import Surrogate
from archsim.workload import Dense, Layer, Network, Neuron
from peers.compared import Compared, Line
from peers.runs import recorded

LABELS, N_STEPS, WIDTH, LEAK, GAIN = [0, 2, 1, 4], 25, 0.5, 0.9, 0.6
SIZES = (6, 20, 5)


def network() -> Network:
    """6-20-5 LIF."""
    lif = Neuron("lif", decay=LEAK, threshold=1.0, reset="subtract")
    layers = tuple(
        Layer(name, Dense(out), (before,), (n,), (out,), lif)
        for name, before, n, out in (("hidden", "input", *SIZES[:2]), ("out", "hidden", *SIZES[1:]))
    )
    return initialise(Network("lif", SIZES[:1], layers), seed=3, gain=GAIN, n_timesteps=N_STEPS)


def inputs() -> Any:
    """(timesteps, batch, channels)."""
    return np.random.default_rng(1).random((N_STEPS, len(LABELS), SIZES[0]))


def ours() -> dict[str, Any]:
    """Spikes (timesteps, batch, neurons), loss, gradients."""
    net, products = network(), PlainProducts.of(network())
    tape = run_batch(net, inputs(), products)
    scored = score("count_cross_entropy", tape.outputs["out"], np.array(LABELS))
    found = back_propagate(net, tape, scored.error, products, Surrogate("fast_sigmoid", WIDTH), reset_path=True)
    spikes = {name: np.asarray(tape.outputs[name]) for name in net.names}
    return {"spikes": spikes, "loss": scored.value, "gradients": found.weights}


def theirs() -> dict[str, Any] | None:
    """The same of snnTorch; None where it is not installed."""
    try:
        import snntorch
        import torch
    except ImportError:
        return None
    leaky = {"beta": LEAK, "threshold": 1.0, "reset_delay": False}
    slope = snntorch.surrogate.fast_sigmoid(slope=1 / WIDTH)
    neurons = [snntorch.Leaky(**leaky, spike_grad=slope).double() for _ in range(2)]
    weights = [torch.tensor(layer.weight, requires_grad=True) for layer in network().layers]
    state = [neuron.init_leaky() for neuron in neurons]
    spikes: list[list[Any]] = [[], []]
    for x in torch.tensor(inputs()):
        for k in range(2):
            x, state[k] = neurons[k](torch.nn.functional.linear(x.double(), weights[k]), state[k])
            spikes[k].append(x)
    loss = torch.nn.functional.cross_entropy(torch.stack(spikes[1]).sum(0), torch.tensor(LABELS))
    loss.backward()
    names = network().names
    return {
        "version": snntorch.__version__,
        "spikes": {n: torch.stack(s).detach().int().tolist() for n, s in zip(names, spikes, strict=True)},
        "loss": loss.item(),
        "gradients": {n: w.grad.tolist() for n, w in zip(names, weights, strict=True)},
    }


def compared() -> Compared:
    """Every spike and every gradient."""
    here, there = ours(), theirs() or recorded("spikes")
    spikes, gradients = [], [Line("loss", here["loss"], there["loss"])]
    for name, found in here["spikes"].items():
        expected = np.array(there["spikes"][name])
        spikes.append(Line(f"spikes of layer {name}", float(found.sum()), float(expected.sum())))
        same = float((found == expected).sum())
        spikes.append(Line(f"  neurons and timesteps alike, layer {name}", same, float(expected.size)))
    for name, found in here["gradients"].items():
        expected = np.array(there["gradients"][name])
        worst = np.unravel_index(np.abs(found - expected).argmax(), found.shape)
        norms = [float(np.linalg.norm(gradient)) for gradient in (found, expected)]
        gradients.append(Line(f"gradient of layer {name}, norm", *norms))
        gradients.append(Line("  the weight that is furthest off", float(found[worst]), float(expected[worst])))
    return Compared(
        "spikes", "spikes and gradients", f"snnTorch {there['version']}",
        [("Spikes", spikes), ("Gradients", gradients)],
        "a reset one timestep late, snnTorch's own default, is not offered",
    )  # fmt: skip
