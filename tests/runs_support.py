"""Random runs that end, and results of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import reject
from hypothesis import strategies as st

from archsim.components import Action, AreaItem, Charge
from archsim.engine import run_tasks
from archsim.errors import DeadlockError
from archsim.metrics import Result
from archsim.taskgraph import TaskGraph, TaskGraphBuilder

Claims = list[tuple[int, int]]


@st.composite
def graphs(draw: st.DrawFn) -> TaskGraph:
    """Graphs with ties, tasks of length zero, several resources per task, and space that outlives its task."""
    b = TaskGraphBuilder()
    capacity = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    units = [b.resource(f"unit{k}", c) for k, c in enumerate(capacity)]
    rooms = [b.resource(f"room{k}", 2) for k in range(2)]
    times = st.integers(0, draw(st.sampled_from([0, 1, 3, 1000])))
    held: list[tuple[int, tuple[int, int]]] = []  # space that a later task gives back
    for task in range(draw(st.integers(1, 25))):
        uses: Claims = [(r, draw(st.integers(1, capacity[r]))) for r in draw(st.sets(st.sampled_from(units)))]
        before = draw(st.sets(st.integers(0, task - 1), max_size=3)) if task else set()
        kind = draw(st.sampled_from(["plain", "plain", "own room", "takes room", "frees room"]))
        reserves: Claims = [(draw(st.sampled_from(rooms)), 1)] if kind in ("own room", "takes room") else []
        frees: Claims = reserves if kind == "own room" else []
        if kind == "takes room":
            held.append((task, reserves[0]))
        elif kind == "frees room" and held:
            owner, claim = held.pop(0)
            before, frees = before | {owner}, [claim]
        b.task(
            action=draw(st.sampled_from(["drive@1b", "drive@2b", "convert", "admit"])),
            count=draw(st.integers(0, 50)), uses=uses, reserves=reserves, frees=frees,
            occupancy_ps=draw(times), latency_ps=draw(times), after=before, priority=draw(st.integers(0, 1)),
            layer=draw(st.sampled_from(["", "fc1", "fc2"])), stage=draw(st.sampled_from(["forward", "update"])),
        )  # fmt: skip
    for owner, claim in held:
        b.task(action="admit", after=[owner], frees=[claim])
    return b.build()


def prices() -> dict[str, Action]:
    """Prices that are no neat binary fractions."""
    return {
        "drive@1b": Action("drive@1b", (Charge("drivers", 0.1),)),
        "drive@2b": Action("drive@2b", (Charge("drivers", 0.3),)),
        "convert": Action("convert", (Charge("adc", 2.7), Charge("sample_hold", 1e-7))),
        "admit": Action("admit", (Charge("flow_control", 0.0),)),
    }


def chip() -> tuple[AreaItem, ...]:
    """Ten crossbars in two tiles."""
    return (
        AreaItem("crossbar", "crossbar", 10, 100.1, 0.0, "s", "", 1),
        AreaItem("adc", "pe", 10, 33.3, 0.7, "s", "", 1),
        AreaItem("write_circuits", "crossbar", 10, 7.7, 0.1, "s", "", 1),
        AreaItem("history_buffer", "tile", 2, 1234.5, 12.3, "s", "", 1),
        AreaItem("tile_control", "tile", 2, 0.1, 0.0, "s", "", 1),
        AreaItem("global_buffer", "chip", 1, 4321.9, 45.6, "s", "", 1),
    )


CROSSBARS = {("fc1", "forward"): 3, ("fc2", "forward"): 1, ("fc2", "copy"): 1, ("fc2", "feedback"): 2}


@pytest.fixture(scope="session")
def random_graphs() -> st.SearchStrategy[TaskGraph]:
    """Random graphs; some of them deadlock."""
    return graphs()


@pytest.fixture(scope="session")
def evaluate() -> Callable[..., Result]:
    """(graph, policy) -> Result on the chip above; a run that deadlocks is no example."""

    def result_of(graph: TaskGraph, policy: str = "fifo") -> Result:
        try:
            trace = run_tasks(graph, engine="heap", policy=policy)
        except DeadlockError:
            reject()
        return Result.of(graph, trace, prices(), chip(), CROSSBARS, 10, 4, "bp", "net", {"seed": 0}, policy)

    return result_of
