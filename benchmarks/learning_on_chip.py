"""One step of learning through noisy arrays against the same step in ideal arithmetic: watch_adapt, one thread.

The network of ``workloads/watch_adapt.yaml`` (6 -> 128 -> 128 -> 7, 32 timesteps) learns from recorded windows on
``arch_specs/wearable_rram.yaml``, or a chip file that is given, by each rule and at each batch:

- ideal: plain products in double precision, sparse spikes added up row by row;
- programmed: weights on cells with programming errors, converters switched off;
- ADC: converters as the chip has them;
- read noise: cells whose conductance differs from read to read, converters switched off;
- read noise + ADC.

A step is forward, backward and the optimizer's; weights change as in ideal arithmetic (SGD, a tiny rate), so that
every repeat works on the same spikes, and programming cells anew is no part of it. Times are CPU times, the
least of interleaved turns, and their ratios to the ideal step.

Run: ``python benchmarks/learning_on_chip.py [--rules bp,dfa] [--batches 1,8] [--profile NAME] [CHIP]``
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
from typing import Any

from archsim import load_chip, load_workload
from archsim.registry import RULES
from archsim.snn.learn.adaptation import program
from archsim.snn.learn.calibration import typical_errors
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.pretraining import data_of, pretrain, recipe_of
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.trainer import train_step

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
WANTED = {"programmed": 1.5, "read noise + ADC": 4.0}
RATE, REPEATS, TURN_S = 1e-9, 9, 0.1
Step = Callable[[], Any]


class Unwritten:
    """Products of a chip whose cells stay as they are: programming them is no part of the step."""

    def __init__(self, on_chip: Any) -> None:
        self.forward, self.backward, self.begin, self.read = (
            on_chip.forward, on_chip.backward, on_chip.begin, on_chip.read
        )  # fmt: skip

    def update(self, key: str, delta: Any) -> None:
        """Nothing is written."""


def steps_of(chip_file: str, rule: str, n_batch: int) -> dict[str, Step]:
    """A step of each kind, by name."""
    work = load_workload("workloads/watch_adapt.yaml", SHORT)
    data = data_of(work, seed=0)
    start = pretrain(work, data, seed=0).network
    assert data.adapt is not None
    x, labels = data.adapt.inputs[:, :n_batch], data.adapt.labels[:n_batch]
    every = len(data.train) // 16
    typical = data.train.inputs[:, ::every], data.train.labels[::every]
    learned = RULES[rule]()

    def recipe() -> Any:
        return recipe_of(work, None, rule, start, 0) if False else _recipe(work, rule, start)

    found: dict[str, Step] = {}
    plain, ideal = PlainProducts.of(start), recipe()
    found["ideal"] = lambda: train_step(start, x, labels, plain, ideal)
    for name, overrides in CHIPS.items():
        on_chip = program(load_chip(chip_file, overrides), work, start, data, 0, backward=learned.reads_transposed)
        on_arrays = learned.on_arrays(on_chip, recipe())
        on_chip.meet(typical_errors(start, *typical, on_arrays), len(typical[1]))
        products = Unwritten(on_chip)
        found[name] = lambda p=products, r=on_arrays: train_step(start, x, labels, p, r)
    return found


def _recipe(work: Any, rule: str, start: Any) -> Any:
    from dataclasses import replace

    made = recipe_of(work, work.learning.adapt.optimizer, rule, start, 0)
    return replace(made, optimizer=SGD(RATE))


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
    parser.add_argument("--profile", choices=["ideal", *CHIPS])
    parser.add_argument("chip", nargs="?", default="arch_specs/wearable_rram.yaml")
    given = parser.parse_args()
    print("rule batch" + "".join(f"  {name:>24}" for name in ("ideal", *CHIPS)))
    for rule in given.rules.split(","):
        for n_batch in map(int, given.batches.split(",")):
            steps = steps_of(given.chip, rule, n_batch)
            if given.profile:
                profile(steps[given.profile])
                continue
            found = measure(steps)
            cells = [f"{found[name] * 1e3:10.2f} ms {found[name] / found['ideal']:8.2f}x" for name in found]
            print(f"{rule:4s} {n_batch:5d}" + "".join(f"  {cell:>24}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
