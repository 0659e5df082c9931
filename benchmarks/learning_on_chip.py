"""One step of learning through noisy arrays against the same step in ideal arithmetic, and against snnTorch's.

The network of ``workloads/watch_adapt.yaml`` (6 -> 128 -> 128 -> 7, 32 timesteps), trained on right arms, learns
from recorded windows of left arms on ``arch_specs/wearable_rram.yaml``, or a chip file that is given, by each rule
and at each batch:

- ideal: plain products in double precision, sparse spikes added up row by row;
- programmed: weights on cells with programming errors, converters switched off;
- ADC: those cells, and converters as the chip has them;
- read noise: cells whose conductance differs from read to read, converters switched off;
- read noise + ADC: both;
- snnTorch ideal: BP of the same network in snnTorch (single precision, its default), with autograd, where it is
  installed (``pip install snntorch``).

A step is forward, backward and the optimizer's; weights stay nearly as they are (SGD, a tiny rate), so that every
repeat works on the same spikes, and programming cells anew is no part of it. With ``--loop N`` it is: mean of N
batches of an adaptation with Adam, whole steps written to the cells. Times are CPU times of one thread, the least
of interleaved turns, and their ratios to the ideal step.

Run: ``python benchmarks/learning_on_chip.py [--rules bp,dfa] [--batches 1,8] [--loop N] [--profile NAME] [CHIP]``
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import os
import pstats
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from archsim import load_chip, load_workload
from archsim.registry import RULES
from archsim.snn.learn.adaptation import program
from archsim.snn.learn.calibration import typical_errors
from archsim.snn.learn.epochs import train_epochs
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.pretraining import data_of, pretrain, recipe_of
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.trainer import train_step
from archsim.snn.learn.writing import ThresholdWriting

THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
SHORT = ("learning.pretrain.epochs=3",)
PROGRAMMED = "device.errors.programming={kind: constant, sigma: 0.03}"
NOISE = "device.errors.read_noise={kind: proportional, sigma: 0.03}"
NO_ADC = "ideal.converters=true"
CHIPS: dict[str, tuple[str, ...]] = {
    "programmed": (PROGRAMMED, NO_ADC),
    "ADC": (PROGRAMMED,),
    "read noise": (PROGRAMMED, NOISE, NO_ADC),
    "read noise + ADC": (PROGRAMMED, NOISE),
}
RATE, REPEATS, TURN_S = 1e-9, 9, 0.1
Step = Callable[[], Any]


class Unwritten(ThresholdWriting):
    """Products of a chip whose cells stay as they are."""

    def update(self, key: str, delta: Any) -> None:
        """Nothing is written."""


class Case:
    """The trained network, its data, and how a rule learns from them."""

    def __init__(self, chip_file: str, rule: str) -> None:
        self.chip_file, self.rule = chip_file, rule
        self.work = load_workload("workloads/watch_adapt.yaml", SHORT)
        self.data = data_of(self.work, seed=0)
        self.start = pretrain(self.work, self.data, seed=0).network

    def recipe(self) -> Any:
        """With the optimizer of the adaptation."""
        assert self.work.learning.adapt is not None
        return recipe_of(self.work, self.work.learning.adapt.optimizer, self.rule, self.start, 0)

    def on_chip(self, name: str) -> tuple[Any, Any]:
        """Products of a chip, and a recipe that reads its arrays."""
        chip, learned = load_chip(self.chip_file, CHIPS[name]), RULES[self.rule]()
        products = program(chip, self.work, self.start, self.data, 0, backward=learned.reads_transposed)
        recipe, every = learned.on_arrays(products, self.recipe()), len(self.data.train) // 16
        typical = self.data.train.inputs[:, ::every], self.data.train.labels[::every]
        products.meet(typical_errors(self.start, *typical, recipe), len(typical[1]))
        return products, recipe

    def windows(self, n: int) -> tuple[Any, Any]:
        """So many windows of the other arm."""
        assert self.data.adapt is not None
        return self.data.adapt.inputs[:, :n], self.data.adapt.labels[:n]


def steps_of(case: Case, n_batch: int) -> dict[str, Step]:
    """A step of each kind, by name."""
    given = case.windows(n_batch)

    def step(products: Any, recipe: Any) -> Step:
        slow = replace(recipe, optimizer=SGD(RATE))
        return lambda: train_step(case.start, *given, products, slow)

    found = {"ideal": step(PlainProducts.of(case.start), case.recipe())}
    for name in CHIPS:
        products, recipe = case.on_chip(name)
        found[name] = step(Unwritten(products, threshold=0.0, residual=False), recipe)
    return found | (snntorch_step(case, *given) if case.rule == "bp" else {})


def loops_of(case: Case, n_batch: int, n_steps: int) -> dict[str, Step]:
    """So many steps of an adaptation of each kind, cells written, by name."""
    given = case.windows(n_batch * n_steps)

    def loop(made: Callable[[], tuple[Any, Any]]) -> Step:
        how = {"n_epochs": 1, "batch": n_batch, "seed": 0, "shuffle": False}
        return lambda: train_epochs(case.start, *given, *made(), **how)

    def written(name: str) -> tuple[Any, Any]:
        products, recipe = case.on_chip(name)
        return ThresholdWriting(products, threshold=0.0, residual=True), recipe

    found = {"ideal": loop(lambda: (PlainProducts.of(case.start), case.recipe()))}
    return found | {name: loop(lambda name=name: written(name)) for name in CHIPS}


def snntorch_step(case: Case, x: Any, labels: Any) -> dict[str, Step]:
    """BP of the same network in snnTorch; none where it is not installed."""
    try:
        import snntorch
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(1)
    module = torch.nn.ModuleList()
    for layer in case.start.layers:
        linear = torch.nn.Linear(*reversed(layer.weight.shape), bias=False)
        linear.weight.data = torch.tensor(layer.weight, dtype=torch.float32)
        reset = "subtract" if layer.neuron.spikes else "none"
        neuron = snntorch.Leaky(float(layer.neuron.decay), reset_mechanism=reset)
        module.append(torch.nn.ModuleList([linear, neuron]))
    optimizer = torch.optim.SGD(module.parameters(), lr=RATE)
    inputs, wanted = torch.tensor(x, dtype=torch.float32), torch.tensor(labels)

    def step() -> None:
        optimizer.zero_grad()
        potentials, loss = [neuron.reset_mem() for _, neuron in module], 0.0
        for now in inputs:
            spikes = now
            for k, (linear, neuron) in enumerate(module):
                spikes, potentials[k] = neuron(linear(spikes), potentials[k])
            loss = loss + torch.nn.functional.cross_entropy(potentials[-1], wanted)
        (loss / len(inputs)).backward()
        optimizer.step()

    return {"snnTorch ideal": step}


def measure(steps: dict[str, Step]) -> dict[str, float]:
    """Least CPU seconds of each, in interleaved turns."""
    best = dict.fromkeys(steps, float("inf"))
    for step in steps.values():
        step()
    for _ in range(REPEATS):
        for name, step in steps.items():
            gc.collect()
            start, calls = time.process_time(), 0
            while not calls or time.process_time() - start < TURN_S:
                step()
                calls += 1
            best[name] = min(best[name], (time.process_time() - start) / calls)
    return best


def profile(step: Step, n: int = 200) -> None:
    """Where the time of a step goes."""
    watch = cProfile.Profile()
    watch.enable()
    for _ in range(n):
        step()
    watch.disable()
    pstats.Stats(watch).sort_stats("tottime").print_stats(16)


def main() -> None:
    if any(os.environ.get(name) != value for name, value in THREADS.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | THREADS)
    parser = argparse.ArgumentParser()
    parser.add_argument("--rules", default="bp,dfa")
    parser.add_argument("--batches", default="1,8")
    parser.add_argument("--loop", type=int, default=0)
    parser.add_argument("--profile", choices=["ideal", *CHIPS])
    parser.add_argument("chip", nargs="?", default="arch_specs/wearable_rram.yaml")
    given = parser.parse_args()
    print("rule batch" + "".join(f"  {name:>17}" for name in ("ideal", *CHIPS, "snnTorch ideal")))
    for rule in given.rules.split(","):
        case = Case(given.chip, rule)
        for n_batch in map(int, given.batches.split(",")):
            steps = loops_of(case, n_batch, given.loop) if given.loop else steps_of(case, n_batch)
            if given.profile:
                profile(steps[given.profile], 1 if given.loop else 200)
                continue
            found = {name: seconds / max(given.loop, 1) for name, seconds in measure(steps).items()}
            cells = [f"{seconds * 1e3:7.2f} ms {seconds / found['ideal']:5.1f}x" for seconds in found.values()]
            print(f"{rule:4s} {n_batch:5d}" + "".join(f"  {cell:>17}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
