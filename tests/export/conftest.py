"""Runs with everything that exports must get right: units, buffers, parts of a nanosecond, odd names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from export_support import ODD

import archsim
from archsim.components import Action, Charge
from archsim.engine import run_tasks
from archsim.metrics import Result
from archsim.taskgraph import TaskGraphBuilder


@pytest.fixture(scope="session")
def odd() -> Result:
    """Every odd name as a layer, an action, a stage and a resource; times in picoseconds; buffers."""
    b = TaskGraphBuilder()
    adcs = b.resource("tile[3].adc", 2)
    space = b.resource("tile[3].buffer.space[a b]", 64)
    prices = {}
    before: list[int] = []
    for i, name in enumerate(ODD):
        own = b.resource(f"tile[{i % 3}].{name}" if i % 2 else name)
        prices[name] = Action(name, (Charge("adc", 0.5),))
        labels = {"action": name, "layer": name, "stage": name, "sample": i % 2}
        first = b.task(uses=[(own, 1), (adcs, 1 + i % 2)], reserves=[(space, 3)], occupancy_ps=1003 + i,
                       timestep=i // 2, after=before, count=i, **labels)  # fmt: skip
        quick = b.task(uses=[(own, 1)], occupancy_ps=0, after=[first], timestep=-1, **labels)
        for part in range(4):
            b.task(uses=[(adcs, 1)], occupancy_ps=250 + part, after=[quick], timestep=i // 2 + 1, **labels)
        b.task(frees=[(space, 3)], occupancy_ps=333, after=[quick], timestep=i // 2, **labels)
        before = [first] if i % 4 == 0 else []
    graph = b.build()
    return Result.of(graph, run_tasks(graph), prices, (), {}, 0, 1, "inference", ODD[1], {"seed": 3})


@pytest.fixture(scope="session")
def dfa(root_dir: Path) -> Result:
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    options = ["timesteps=4", "samples=2", "batch=2"]
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", options)
    return archsim.simulate(chip, work, engine="heap", phase="dfa")


@pytest.fixture(scope="session")
def nothing(odd: Result) -> Result:
    """A run without tasks."""
    graph = TaskGraphBuilder().build()
    empty = Result.of(graph, run_tasks(graph), {}, (), {}, 0, 1, "inference", "nothing", {})
    return replace(empty, provenance=odd.provenance)
