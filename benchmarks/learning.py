"""One training step (BP through time) against snnTorch: the same network, weights, data and loss, one thread.

9 -> 128 -> 128 -> 128 -> 6 LIF neurons with reset by subtraction, 128 timesteps, cross-entropy on spike
counts, one step of SGD on weights and biases. archsim computes in double precision, snnTorch in single, its
default. snnTorch is timed in three ways:

- loop: as its tutorials write it, all layers timestep by timestep;
- same reset: the same with ``reset_delay=False``, which is archsim's equation of the neuron;
- hoisted: the products of a layer with all timesteps at once, then its neurons step by step.

First the gradients of both are compared, in double precision with the second form and with archsim's path
through the reset, which snnTorch then has too. Times are CPU times, medians of interleaved turns, garbage
collector off.

Run: ``python benchmarks/learning.py [BATCH …]`` (1 64 when none is given); snnTorch: ``pip install snntorch``.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from archsim.snn import initialise
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.learn.trainer import Recipe, train_step
from archsim.workload.network import INPUT, Dense, Layer, Network, Neuron

THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
SIZES = (9, 128, 128, 128, 6)
N_STEPS, DECAY, SLOPE = 128, 0.9, 25.0
RATE = 1e-6  # small: every repeat works on practically the same spikes
REPEATS, TURN_S = 9, 0.3
TARGETS = {1: 25.0, 64: 3.0}


def network(gain: float = 1.0, bias: float = 0.0) -> Network:
    """Dense layers of LIF neurons with random weights."""
    lif = Neuron("lif", decay=DECAY, threshold=1.0, reset="subtract")
    layers, before = [], INPUT
    for k, (n_in, n_out) in enumerate(pairwise(SIZES)):
        layers.append(Layer(f"{k}", Dense(n_out), (before,), (n_in,), (n_out,), lif, bias=np.full(n_out, bias)))
        before = f"{k}"
    return initialise(Network("wearable", SIZES[:1], tuple(layers)), seed=0, gain=gain)


def batch(n: int) -> tuple[Any, Any]:
    """Random currents (T, n, 9) and labels."""
    rng = np.random.default_rng(n)
    return rng.normal(0, 1.0, (N_STEPS, n, SIZES[0])), np.arange(n) % SIZES[-1]


def snntorch_net(net: Network, form: str, dtype: str) -> tuple[Any, Callable[[Any], Any]]:
    """The network in snnTorch: its module, and the function from input to spikes."""
    import snntorch
    import torch

    torch.set_num_threads(1)
    module = torch.nn.ModuleList()
    for layer in net.layers:
        linear = torch.nn.Linear(*reversed(layer.weight.shape))
        linear.weight.data, linear.bias.data = torch.tensor(layer.weight), torch.tensor(layer.bias)
        fire = snntorch.surrogate.fast_sigmoid(slope=SLOPE)
        neuron = snntorch.Leaky(DECAY, spike_grad=fire, reset_delay=form != "same reset")
        module.append(torch.nn.ModuleList([linear, neuron]))
    module.to(getattr(torch, dtype))
    for _, neuron in module:
        neuron.beta = torch.tensor(DECAY, dtype=getattr(torch, dtype))  # it was rounded to single precision
    double = dtype == "float64"  # its spikes come in single precision

    def loop(x: Any) -> Any:
        potentials = [neuron.reset_mem() for _, neuron in module]
        found = []
        for now in x:
            spikes = now
            for k, (linear, neuron) in enumerate(module):
                spikes, potentials[k] = neuron(linear(spikes.double() if double else spikes), potentials[k])
            found.append(spikes)
        return torch.stack(found)

    def hoisted(x: Any) -> Any:
        for linear, neuron in module:
            potential, found = neuron.reset_mem(), []
            for now in linear(x):
                spikes, potential = neuron(now, potential)
                found.append(spikes)
            x = torch.stack(found)
        return x

    return module, hoisted if form == "hoisted" else loop


def snntorch_step(net: Network, x: Any, labels: Any, form: str, dtype: str = "float32") -> tuple[Any, Any]:
    """A training step of snnTorch, and its module."""
    import torch

    module, run = snntorch_net(net, form, dtype)
    optimizer = torch.optim.SGD(module.parameters(), lr=RATE)
    x, labels = torch.tensor(x, dtype=getattr(torch, dtype)), torch.tensor(labels)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(run(x).sum(dim=0), labels)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step, module


def archsim_step(net: Network, x: Any, labels: Any) -> Callable[[], float]:
    """A training step of archsim."""
    products, recipe = PlainProducts.of(net), Recipe(SGD(RATE), surrogate=Surrogate("fast_sigmoid", 1 / SLOPE))

    def step() -> float:
        return train_step(net, x, labels, products, recipe).loss

    return step


def rates_of(net: Network) -> str:
    """Spikes per neuron and timestep of each layer, and the highest potential."""
    tape = run_batch(net, batch(4)[0], PlainProducts.of(net))
    rates = ", ".join(f"{tape.outputs[layer.name].mean():.3f}" for layer in net.layers)
    highest = max(u.max() for u in tape.potentials.values())
    return f"spikes per neuron and timestep {rates}; highest potential {highest:.2f}"


def compare_gradients() -> str:
    """Largest difference of the gradients of both, relative to the largest gradient of the layer.

    Weights are small enough to keep potentials below twice the threshold: above, snnTorch resets once more.
    """
    net = network(gain=0.13, bias=0.105)
    x, labels = batch(4)
    surrogate = Surrogate("fast_sigmoid", 1 / SLOPE)
    recipe = Recipe(SGD(RATE), surrogate=surrogate, reset_path=True)
    found = train_step(net, x, labels, PlainProducts.of(net), recipe)
    step, module = snntorch_step(net, x, labels, "same reset", "float64")
    loss = step()
    worst = 0.0
    for layer, (linear, _) in zip(net.layers, module, strict=True):
        right = linear.weight.grad.numpy()
        worst = max(worst, np.abs(found.gradients.weights[layer.name] - right).max() / np.abs(right).max())
    return (
        f"loss {found.loss:.9f} (archsim) {loss:.9f} (snnTorch), largest difference of a gradient {worst:.1e}; "
        f"{rates_of(net)}"
    )


def measure(steps: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Median CPU seconds of each, in interleaved turns of many steps, as training makes them."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    for _ in range(REPEATS):
        for name, step in steps.items():
            gc.collect()
            gc.disable()
            start, calls = time.process_time(), 0
            while not calls or time.process_time() - start < TURN_S:
                step()
                calls += 1
            seconds[name].append((time.process_time() - start) / calls)
            gc.enable()
    return {name: statistics.median(times) for name, times in seconds.items()}


def main() -> None:
    if any(os.environ.get(name) != value for name, value in THREADS.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | THREADS)
    net = network()
    forms = ("loop", "same reset", "hoisted")
    try:
        import snntorch
    except ImportError:
        print("snnTorch is not installed (pip install snntorch): archsim alone")
        forms = ()
    else:
        print(f"snnTorch {snntorch.__version__}: {compare_gradients()}")
    print(f"timed: {rates_of(net)}")
    print("batch  archsim ms" + "".join(f"  {form + ' ms':>14}  ratio" for form in forms))
    for n in [int(word) for word in sys.argv[1:]] or list(TARGETS):
        x, labels = batch(n)
        steps = {"archsim": archsim_step(net, x, labels)}
        steps |= {form: snntorch_step(net, x, labels, form)[0] for form in forms}
        found = measure(steps)
        cells = [f"{n:5d}  {found['archsim'] * 1e3:10.2f}"]
        cells += [f"{found[form] * 1e3:14.1f}  {found[form] / found['archsim']:5.1f}" for form in forms]
        target = f"   wanted {TARGETS[n]:g}" if n in TARGETS else ""
        print("  ".join(cells) + target)


if __name__ == "__main__":
    main()
