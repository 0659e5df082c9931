"""Compile what the tests will need, on one core each: ``python tests/warm.py engines`` and ``… numbers``.

`make test` runs both beside the type checker, so that its two workers do not compile the same kernels twice. What
is forgotten here is compiled by the first test that needs it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import archsim
from archsim import TaskGraphBuilder, run_tasks
from archsim.crossbar import CrossbarArray, column_currents, effective_conductance
from archsim.engine import run_many
from archsim.engine.bounds import lower_bound
from archsim.engine.long import run_long
from archsim.learn import learn
from archsim.metrics import blocking, waits
from archsim.spec import ArraySpec
from archsim.taskgraph import TaskGraph, TaskTemplate
from archsim.whatif import Change, what_if

ROOT = Path(__file__).resolve().parent.parent
CHIP = ROOT / "tests/chips/wearable_rram.yaml"
SHORT = ["timesteps=2", "samples=1", "batch=1"]


def chain() -> TaskGraph:
    """Tasks on one resource each."""
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    task = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=5)
    b.task(action="convert", uses=[(adc, 1)], occupancy_ps=5, after=[task])
    return b.build()


def engines() -> None:
    """Both policies, one resource and all rules, windows, bounds, walks through a trace."""
    run_long(TaskTemplate.of(chain()), 3)
    for policy in ("fifo", "static"):
        run_tasks(chain(), engine="compiled", policy=policy)
    run_many(chain(), np.array([[2, 2]]))
    lower_bound(chain())
    work = archsim.load_workload(ROOT / "workloads/watch_mlp.yaml", SHORT)
    result = archsim.simulate(archsim.load_chip(CHIP), work, engine="compiled", phase="dfa")
    result.breakdown("component")
    graph, trace = result.graph, result.trace
    blocking(graph, trace, waits(graph, trace), "layer")
    what_if(graph, trace, [Change.parse("speedup", "adc=2")])


def numbers() -> None:
    """Products of arrays, wires, learning."""
    weights, spikes = np.random.default_rng(0).normal(size=(40, 12)), np.ones((3, 40), int)
    programmed = {"programming": {"kind": "constant", "sigma": 0.03}}
    noisy = programmed | {"read_noise": {"kind": "proportional", "sigma": 0.03}}
    for more in ({}, {"errors": programmed}, {"errors": noisy}):
        for readout in ({"kind": "adc", "resolution": "6 bit"}, {"kind": "adc", "resolution": "4 bit"}):
            spec = ArraySpec(rows=32, columns=32, levels=4, readout=readout, **more)
            CrossbarArray(spec, weights, seed=0).mvm(spikes)
    cells = np.full((16, 16), 1e-5)
    column_currents(cells, np.ones((2, 16)), 1.0, 1.0)
    effective_conductance(cells, 1.0, 1.0)
    short = [*SHORT, "network.layers.0.outputs=16", "learning.pretrain.epochs=1", "learning.adapt.passes=1"]
    short += ["learning.data.step=128", "learning.data.decimation=16", "timesteps=8"]
    learn(archsim.load_chip(CHIP), archsim.load_workload(ROOT / "workloads/watch_adapt.yaml", short), seeds=1)


if __name__ == "__main__":
    {"engines": engines, "numbers": numbers}[sys.argv[1]]()
