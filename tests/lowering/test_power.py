"""The cap on power: never exceeded, nothing lost, nobody stuck."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from archsim.components import Action, Charge
from archsim.engine import run_tasks
from archsim.errors import DeadlockError, DoesNotFitError
from archsim.lowering.power import cap_power
from archsim.metrics.power import power_steps
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.verify import verify


def peak_uw(graph: TaskGraph, actions: dict[str, Action], leakage_uw: float = 0.0) -> float:
    prices = np.array([actions[name].energy_pj for name in graph.action_names])
    trace = run_tasks(graph, "heap")
    verify(graph, trace)
    return float(power_steps(graph, trace, prices, leakage_uw)[1].max())


def reads(n: int) -> tuple[TaskGraph, dict[str, Action]]:
    b = TaskGraphBuilder()
    for k in range(n):
        b.task(action="read", uses=[(b.resource(f"crossbar[{k}]"), 1)], occupancy_ps=100_000)
    return b.build(), {"read": Action("read", (Charge("crossbar", 100.0),))}  # 1 mW each


@pytest.mark.parametrize(("cap_mw", "at_once"), [(1, 1), (2.5, 2), (3, 3), (7, 7), (9, 7)])
def test_seven_reads_of_1_mw_run_as_many_at_once_as_the_cap_allows(cap_mw: float, at_once: int):
    graph, prices = reads(7)
    capped, actions = cap_power(graph, prices, cap_mw * 1e3, 0.0)
    assert run_tasks(capped).makespan_ps == math.ceil(7 / at_once) * 100_000
    assert peak_uw(capped, actions) == pytest.approx(at_once * 1e3, rel=1e-12)


def test_leakage_is_taken_off_the_cap_first():
    graph, prices = reads(4)
    capped, actions = cap_power(graph, prices, 3000.0, 1500.0)  # room for one
    assert run_tasks(capped).makespan_ps == 400_000
    assert peak_uw(capped, actions, 1500.0) <= 3000.0


def test_leakage_above_the_cap_and_a_task_above_the_cap_are_refused_with_the_lever():
    graph, prices = reads(2)
    with pytest.raises(DoesNotFitError, match=r"power.max: needs 40 µW, has 30; leakage alone") as error:
        cap_power(graph, prices, 30.0, 40.0)
    assert (error.value.needed, error.value.available) == (40, 30)
    with pytest.raises(DoesNotFitError, match=r"power.max: needs 1100 µW, has 1050; a single read x1"):
        cap_power(graph, prices, 1050.0, 100.0)


def random_work(seed: int) -> tuple[TaskGraph, dict[str, Action]]:
    """Tasks shorter and longer than 1 ns, pipelined and cut-through, with and without units, space and energy."""
    rng = random.Random(seed)
    b = TaskGraphBuilder()
    units = [b.resource(f"unit{k}", rng.choice([1, 2])) for k in range(4)]
    room = b.resource("room", 3)
    for task in range(60):
        uses = [(r, 1) for r in rng.sample(units, rng.choice([0, 1, 1, 2]))]
        own = [(room, 1)] if rng.random() < 0.3 else []
        b.task(
            action=rng.choice("abc"), count=rng.randint(0, 3), uses=uses, reserves=own, frees=own,
            occupancy_ps=rng.choice([0, 300, 1000, 7000]), latency_ps=rng.choice([0, 300, 1000, 9000]),
            after={rng.randrange(max(0, task - 9), task)} if task else (), priority=rng.choice([0, 0, 1]),
        )  # fmt: skip
    prices = {
        name: Action(name, (Charge("adc", energy),)) for name, energy in zip("abc", (0.0, 1.7, 4.1), strict=True)
    }
    return b.build(), prices


@pytest.mark.parametrize("seed", range(25))
def test_on_random_work_the_cap_holds_the_energy_stays_and_nobody_is_stuck(seed: int):
    graph, prices = random_work(seed)
    for cap_uw in (12_400.0, 20_000.0, 60_000.0, 1e9):
        capped, actions = cap_power(graph, prices, cap_uw, 25.0)
        assert peak_uw(capped, actions, 25.0) <= cap_uw
        for name in ("a", "b", "c"):
            counts = [
                int(g.count[g.action == g.action_names.index(name)].sum()) if name in g.action_names else 0
                for g in (graph, capped)
            ]
            assert counts[0] == counts[1]


def test_a_task_that_waits_for_space_does_not_hold_up_those_who_would_free_it():
    """Standing in the line for power while waiting for space would be a deadlock."""

    def work(*power: int) -> TaskGraphBuilder:
        b = TaskGraphBuilder()
        room, *arrays = (b.resource(name) for name in ("room", "array[0]", "array[1]", "array[2]"))
        shares = [(b.resource("power", units), 1) for units in power]
        first = b.task(action="fill", uses=[(arrays[0], 1), *shares], reserves=[(room, 1)], occupancy_ps=1000)
        space = [(room, 1)]
        b.task(action="fill", uses=[(arrays[1], 1), *shares], reserves=space, frees=space, occupancy_ps=1000)
        b.task(action="drain", uses=[(arrays[2], 1), *shares], after=[first], frees=[(room, 1)], occupancy_ps=5000)
        return b

    with pytest.raises(DeadlockError):
        run_tasks(work(1).build())
    prices = {name: Action(name, (Charge("adc", 1.0),)) for name in ("fill", "drain")}
    capped, _ = cap_power(work().build(), prices, 1000.0, 0.0)
    assert run_tasks(capped).makespan_ps == 7000


@pytest.mark.parametrize("phase", ["inference", "dfa"])
def test_a_chip_under_a_cap_never_exceeds_it_and_does_the_same_work(lowered, phase: str):
    free = lowered("dense", phase, samples=1, batch=1)
    leakage = math.fsum(item.n * item.leakage_uw for item in free.parts.items())
    peak = peak_uw(free.graph, free.actions, leakage)
    energy = sum(free.actions[free.graph.action_names[a]].energy_pj * c for a, c in zip(
        free.graph.action, free.graph.count.tolist(), strict=True))  # fmt: skip
    times = [run_tasks(free.graph, "heap").makespan_ps]
    for share in (2.0, 0.7, 0.55):
        cap_uw = leakage + share * (peak - leakage)
        low = lowered("dense", phase, [f"power.max={cap_uw} uW"], samples=1, batch=1)
        assert peak_uw(low.graph, low.actions, leakage) <= cap_uw
        spent = sum(low.actions[low.graph.action_names[a]].energy_pj * c for a, c in zip(
            low.graph.action, low.graph.count.tolist(), strict=True))  # fmt: skip
        assert spent == pytest.approx(energy, rel=1e-12)
        times.append(run_tasks(low.graph, "heap").makespan_ps)
    assert times[-1] > times[0]
