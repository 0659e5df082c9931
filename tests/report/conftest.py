"""A result of two tasks whose figures can be told by heart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from runs_support import evaluate, random_graphs  # noqa: F401  # fixtures

from archsim.components import Action, AreaItem, Charge
from archsim.engine import run_tasks
from archsim.metrics import Result
from archsim.taskgraph import TaskGraphBuilder


@pytest.fixture
def result() -> Result:
    """Two conversions of 1 ns and 4 pJ on one ADC."""
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    for timestep in range(2):
        b.task(
            action="convert", count=8, uses=[(adc, 1)], occupancy_ps=1000, layer="fc1",
            timestep=timestep, sample=0, stage="forward",
        )  # fmt: skip
    graph = b.build()
    prices = {"convert": Action("convert", (Charge("adc", 0.5),))}
    made = {
        "seed": 3,
        "engine": "simpy",
        "phase": "inference",
        "inputs_sha256": "abc",
        "versions": {"archsim": "1"},
    }
    return Result.of(graph, run_tasks(graph), prices, (), {}, 0, 1, "inference", "chip/net", made)


@pytest.fixture
def named() -> Callable[[str], Result]:
    """A run in which everything that can have a name has the given one."""

    def made(name: str) -> Result:
        b = TaskGraphBuilder()
        unit, space = b.resource(f"tile[0].{name}", 2), b.resource(name, 4)
        for timestep in range(4):
            b.task(
                action=name, count=2, uses=[(unit, 1)], reserves=[(space, 1)], frees=[(space, 1)],
                occupancy_ps=500, latency_ps=700, layer=name, timestep=timestep, sample=0, stage=name,
            )  # fmt: skip
        graph = b.build()
        price = {name: Action(name, (Charge(name, 0.5),))}
        items = (AreaItem(name, "tile", 2, 10.0, 1.0, name, name, 1),)
        provenance = {"seed": 0, "phase": name, "chip": {"name": name}, "workload": {name: name}}
        return Result.of(graph, run_tasks(graph), price, items, {}, 0, 1, name, name, provenance)

    return made
