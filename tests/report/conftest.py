"""A result of two tasks whose figures can be told by heart."""

from __future__ import annotations

import pytest

from archsim.components import Action, Charge
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
            timestep=timestep, sample=0, phase="forward",
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
