"""Graphs that do not repeat say why; those that do are laid down for any length that fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from archsim.errors import EngineError
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.taskgraph.recurrence import find_recurrence

LENGTHS = (4, 5, 7)
Work = Callable[[int, int], dict[str, Any]]


def chain(n: int, of: Work = lambda *_: {}, capacity: int = 1, n_samples: int = 1) -> TaskGraph:
    """A task for each timestep of each sample, each after the one before."""
    b = TaskGraphBuilder()
    unit, before = b.resource("unit", capacity=capacity), []
    for sample in range(n_samples):
        for t in range(n):
            labels = {"action": "run", "occupancy_ps": 5, "timestep": t, "sample": sample, **of(n, t)}
            before = [b.task(uses=[(unit, 1)], after=before, **labels)]
    return b.build()


WHY: dict[str, tuple[Callable[[int], TaskGraph], str]] = {
    "other actions": (
        lambda n: chain(n, lambda n, _: {"action": f"run{n}"}), "action names depend on the number of timesteps"),
    "more units": (
        lambda n: chain(n, capacity=n), "the capacity of 'unit' depends on the number of timesteps"),
    "a gap": (
        lambda n: chain(n, lambda _, t: {"timestep": 2 * t}), "some timestep has no tasks of its own"),
    "more samples": (
        lambda n: chain(n, n_samples=n), "the number of samples depends on the number of timesteps"),
    "other times": (
        lambda n: chain(n, lambda _, t: {"occupancy_ps": t * t}), "timesteps of sample 0 do not repeat every 1"),
    "other times with the length": (
        lambda n: chain(n, lambda m, _: {"occupancy_ps": m}), "timesteps of sample 0 do not repeat every 1"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "said"), WHY.values(), ids=WHY)
def test_a_graph_that_does_not_repeat_says_why(make: Callable[[int], TaskGraph], said: str) -> None:
    assert find_recurrence({n: make(n) for n in LENGTHS}, 1) == (None, said)


def test_work_that_alternates_is_laid_down_for_lengths_of_its_cycle() -> None:
    def alternating(_: int, t: int) -> dict[str, Any]:
        return {"occupancy_ps": 5 + t % 2}

    found, why = find_recurrence({n: chain(n, alternating) for n in (4, 6, 8)}, 2)
    assert found is not None, why
    made = found.template.unroll(found.order(100))
    assert made.occupancy_ps.tolist() == chain(100, alternating).occupancy_ps.tolist()
    with pytest.raises(EngineError, match="101 timesteps are not 4 and a multiple of 2 more"):
        found.order(101)
