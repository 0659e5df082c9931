"""A schedule as a network: what may be later, and what stays as it is when the order stays."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from archsim.engine import run_tasks, start_order
from archsim.errors import DeadlockError, EngineError
from archsim.metrics import critical_path
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.trace import Trace
from archsim.whatif import Network, order_of, reordered, slack_ps
from archsim.whatif.plain import plain_earliest, plain_latest

POLICIES = ("fifo", "static")


def rebuilt(graph: TaskGraph, order: Sequence[int], late: dict[int, int]) -> tuple[TaskGraph, dict[int, int]]:
    """The graph task by task in another order, some tasks no earlier than given; and the new numbers."""
    b = TaskGraphBuilder()
    for name, units in zip(graph.resource_names, graph.capacity.tolist(), strict=True):
        b.resource(name, units)
    clocks = {task: b.task(action="clock", latency_ps=time) for task, time in late.items()}
    number: dict[int, int] = {}
    for task in order:
        rows = {}
        for kind in ("uses", "reserves", "frees"):
            row = slice(*getattr(graph, f"{kind}_ptr")[task : task + 2])
            resources, units = getattr(graph, f"{kind}_resource")[row], getattr(graph, f"{kind}_units")[row]
            rows[kind] = list(zip(resources.tolist(), units.tolist(), strict=True))
        before = graph.after_idx[graph.after_ptr[task] : graph.after_ptr[task + 1]].tolist()
        after = [number[p] for p in before] + ([clocks[task]] if task in clocks else [])
        number[task] = b.task(
            action="act", occupancy_ps=int(graph.occupancy_ps[task]), latency_ps=int(graph.latency_ps[task]),
            after=after, **rows,
        )  # fmt: skip
    return b.build(), number


def finished(graph: TaskGraph, policy: str) -> Trace | None:
    try:
        return run_tasks(graph, "heap", policy)
    except DeadlockError:
        return None


@pytest.mark.parametrize("policy", POLICIES)
def test_a_schedule_is_repeated_by_its_network_and_by_the_static_policy_in_its_order(
    make_random_graph: Callable[[int], TaskGraph], policy: str
):
    for seed in range(250):
        graph = make_random_graph(seed)
        trace = finished(graph, policy)
        if trace is None:
            continue
        order = order_of(graph, trace, policy)
        again = run_tasks(reordered(graph, order), "heap", "static")
        assert again.start_ps.tolist() == trace.start_ps[order].tolist()
        network = Network.of(graph, trace, policy)
        assert network.earliest(graph.occupancy_ps, graph.latency_ps).tolist() == trace.start_ps.tolist()


def test_the_order_of_starting_is_the_same_without_compiled_loops(make_random_graph: Callable[[int], TaskGraph]):
    from archsim.engine.dispatch import _in_order

    for seed in range(60):
        graph = make_random_graph(seed)
        for policy in POLICIES:
            if finished(graph, policy) is None:
                continue
            trace, order = start_order(graph, policy)
            plain_trace, plain = _in_order(graph, policy)
            assert trace.start_ps.tolist() == plain_trace.start_ps.tolist()
            assert sorted(order.tolist()) == list(range(graph.n_tasks))
            times = trace.start_ps[order]
            assert (np.diff(times) >= 0).all()
            assert sorted(plain.tolist(), key=lambda t: trace.start_ps[t]) == plain.tolist()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_task_may_start_later_by_its_slack(make_random_graph: Callable[[int], TaskGraph], policy: str):
    rng, checked = random.Random(3), 0
    for seed in range(250):
        graph = make_random_graph(seed)
        trace = finished(graph, policy)
        if trace is None:
            continue
        slack = slack_ps(graph, trace, policy)
        assert (slack >= 0).all()
        order = order_of(graph, trace, policy).tolist()
        for task in rng.sample(range(graph.n_tasks), min(3, graph.n_tasks)):
            by = int(slack[task])
            late, number = rebuilt(graph, order, {task: int(trace.start_ps[task]) + by})
            replay = run_tasks(late, "heap", "static")
            assert replay.makespan_ps == trace.makespan_ps
            assert replay.start_ps[number[task]] >= trace.start_ps[task] + by
            checked += by > 0
    assert checked > 50


def test_where_each_unit_is_the_only_one_the_critical_path_has_no_slack_and_more_than_the_slack_is_too_much():
    rng = random.Random(9)
    for _ in range(40):
        b = TaskGraphBuilder()
        units = [b.resource(f"unit{k}") for k in range(4)]
        for task in range(60):
            after = {rng.randrange(max(0, task - 12), task) for _ in range(2)} if task else set()
            b.task(action="a", uses=[(r, 1) for r in rng.sample(units, rng.randint(0, 2))], after=after,
                   occupancy_ps=(held := rng.randint(1, 90)), latency_ps=held + rng.choice([0, 30]))  # fmt: skip
        graph = b.build()
        trace = run_tasks(graph, "heap")
        slack = slack_ps(graph, trace)
        assert [int(slack[segment.task]) for segment in critical_path(graph, trace) if segment.length_ps] == [
            0 for segment in critical_path(graph, trace) if segment.length_ps
        ]
        order = order_of(graph, trace).tolist()
        for task in rng.sample(order, 3):
            late, _ = rebuilt(graph, order, {task: int(trace.start_ps[task] + slack[task]) + 1})
            assert run_tasks(late, "heap", "static").makespan_ps > trace.makespan_ps


def test_a_trace_of_another_policy_is_refused_with_the_task_that_tells():
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    b.task(action="convert", uses=[(adc, 1)], occupancy_ps=5, priority=1)
    b.task(action="convert", uses=[(adc, 1)], occupancy_ps=7)
    graph = b.build()
    with pytest.raises(EngineError, match=r"task 0 \(convert\) starts at 0 ps in the trace and at 7 ps when"):
        slack_ps(graph, run_tasks(graph, policy="static"), "fifo")


def test_the_compiled_passes_equal_the_plain_ones(make_random_graph: Callable[[int], TaskGraph]):
    compiled = pytest.importorskip("archsim.whatif.compiled")
    for seed in range(40):
        graph = make_random_graph(seed)
        trace = finished(graph, "fifo")
        if trace is None:
            continue
        network = Network.of(graph, trace)
        times = (graph.occupancy_ps, graph.latency_ps)
        ptr, edges = network._rows(network.behind)
        forward = (network.order, ptr, network.before[edges], network.kind[edges], *times)
        assert compiled.earliest(*forward).tolist() == plain_earliest(*forward).tolist()
        ptr, edges = network._rows(network.before)
        back = (network.order, ptr, network.behind[edges], network.kind[edges], *times, trace.makespan_ps)
        assert compiled.latest(*back).tolist() == plain_latest(*back).tolist()
