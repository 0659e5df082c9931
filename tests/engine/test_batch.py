"""Many service tables over one graph give what each of them gives alone."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

import archsim
from archsim.engine import run_many, run_tasks
from archsim.errors import DeadlockError, EngineError
from archsim.taskgraph import TaskGraphBuilder

FIRST = os.environ.get("ARCHSIM_NIGHTLY")  # as in test_equality
SEEDS = range(120) if FIRST is None else range(int(FIRST), int(FIRST) + 3_000)


def alone(graph, policy, occupancy, latency):
    """Makespan, busy times and deadlock of one configuration, by the heap engine and plain sums."""
    graph = graph.with_services(occupancy, latency)
    try:
        trace, stuck = run_tasks(graph, engine="heap", policy=policy), False
    except DeadlockError as error:
        trace, stuck = error.trace, True
    busy = [0] * graph.n_resources
    for task in range(graph.n_tasks):
        for k in range(graph.uses_ptr[task], graph.uses_ptr[task + 1]):
            if trace.start_ps[task] >= 0:
                busy[graph.uses_resource[k]] += int(graph.uses_units[k]) * int(occupancy[task])
    return (-1 if stuck else trace.makespan_ps), busy, stuck


def as_lists(runs):
    return list(zip(runs.makespan_ps.tolist(), runs.busy_ps.tolist(), runs.deadlocked.tolist(), strict=True))


def times(rng, n_configs, width):
    """Short ones with ties and zeros, long ones, few and many: each configuration may need another kernel."""
    longest = rng.choice([1, 3, 1000, 2**40], (n_configs, 1))
    return rng.integers(rng.integers(0, 2, (n_configs, 1)), longest, (n_configs, width), endpoint=True)


@pytest.mark.parametrize("policy", ["fifo", "static"])
def test_every_configuration_of_random_graphs_is_as_if_it_ran_alone(policy, make_random_graph, make_plain_graph):
    stuck = 0
    for seed in SEEDS:
        graph = (make_random_graph, make_plain_graph)[seed % 2](seed)
        rng, n = np.random.default_rng(seed), graph.n_tasks
        occupancy = times(rng, 5, n)
        latency = occupancy if seed % 4 < 2 else times(rng, 5, n)
        services = occupancy if seed % 4 < 2 else (occupancy, latency)
        expected = [alone(graph, policy, o, t) for o, t in zip(occupancy, latency, strict=True)]
        assert as_lists(run_many(graph, services, policy, workers=2)) == expected, f"seed {seed}"
        stuck += sum(row[2] for row in expected)
    assert stuck > 20


@pytest.mark.parametrize("policy", ["fifo", "static"])
def test_a_table_by_class_is_the_table_by_task_that_it_stands_for(policy, make_random_graph, make_plain_graph):
    for seed in range(120):
        graph = (make_random_graph, make_plain_graph)[seed % 2](seed)
        rng = np.random.default_rng(seed)
        classes = rng.integers(0, 4, graph.n_tasks)
        occupancy, latency = times(rng, 4, 5), times(rng, 4, 5)
        by_class = run_many(graph, (occupancy, latency), policy, classes)
        by_task = run_many(graph, (occupancy[:, classes], latency[:, classes]), policy, workers=1)
        assert as_lists(by_class) == as_lists(by_task), f"seed {seed}"


def test_the_number_of_workers_changes_nothing(make_plain_graph):
    graph = make_plain_graph(3)
    services = times(np.random.default_rng(0), 40, graph.n_tasks)
    results = [as_lists(run_many(graph, services, workers=workers)) for workers in (1, 2, 7, None)]
    assert all(result == results[0] for result in results)


def test_without_numba_the_heap_engine_gives_the_same(monkeypatch, make_random_graph):
    graphs = [make_random_graph(seed) for seed in range(20)]
    tables = [times(np.random.default_rng(1), 3, graph.n_tasks) for graph in graphs]
    expected = [as_lists(run_many(graph, table)) for graph, table in zip(graphs, tables, strict=True)]
    monkeypatch.setitem(sys.modules, "archsim.engine.kernels.single", None)
    assert [as_lists(run_many(graph, table)) for graph, table in zip(graphs, tables, strict=True)] == expected


def converter():
    """Two conversions on one converter."""
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    for _ in range(2):
        b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10)
    return b.build()


@pytest.mark.parametrize(
    ("services", "options", "message"),
    [
        ([[1, 2, 3]], {}, r"services has shape \(1, 3\); needed is \(n_configs, 2\), one time per task"),
        ([1, 2], {}, r"services has shape \(2,\)"),
        (5, {}, r"services has shape \(\)"),
        ((), {}, "one table, or a tuple of two"),
        ([[1, 2], [3, -4]], {}, r"services of configuration 1, task 1 is -4; it must be 0 or more"),
        ([[1.5, 2]], {}, "services has type float64; needed are whole numbers"),
        (([[1, 2]], [[1, 2], [3, 4]]), {}, r"one shape; they have \(1, 2\) and \(2, 2\)"),
        (([[1, 2]],) * 3, {}, "one table, or a tuple of two"),
        ([[1]], {"classes": [0, 1]}, r"classes go from 0 to 1, but services has times for 1 \(0 and up\)"),
        ([[1]], {"classes": [-1, 0]}, "classes go from -1 to 0"),
        ([[1]], {"classes": [0]}, r"classes has shape \(1,\); needed is \(2,\)"),
        ([[1, 2]], {"policy": "lifo"}, "policy is 'lifo'; allowed are fifo, static"),
        ([[1, 2]], {"workers": 0}, "workers is 0; it must be 1 or more"),
        ([[1, 2], [2**62, 2**62]], {}, r"configuration 1: (the run lasts|busy time of a resource)"),
    ],
)
def test_what_makes_no_sense_is_refused(services, options, message):
    with pytest.raises(EngineError, match=message):
        run_many(converter(), services, **options)


@pytest.mark.parametrize(
    ("occupancy", "message"),
    [
        ([1], r"occupancy_ps has shape \(1,\); needed is \(2,\)"),
        ([1.0, 2.0], "whole numbers"),
        ([3, -1], "occupancy_ps of task 1 is -1"),
    ],
)
def test_services_that_do_not_fit_a_graph_are_refused(occupancy, message):
    with pytest.raises(EngineError, match=message):
        converter().with_services(occupancy)


def test_a_graph_with_other_services_shares_all_else_and_leaves_the_first_as_it_was():
    graph = converter()
    other = graph.with_services([5, 7])
    assert (other.occupancy_ps.tolist(), other.latency_ps.tolist()) == ([5, 7], [5, 7])
    assert graph.latency_ps.tolist() == [10, 10]
    assert other.uses_resource is graph.uses_resource
    assert not other.latency_ps.flags.writeable


def test_no_configurations_and_no_tasks_are_answered_with_nothing():
    assert archsim.run_many(converter(), np.zeros((0, 2), int)).busy_ps.shape == (0, 1)
    runs = archsim.run_many(TaskGraphBuilder().build(), np.zeros((3, 0), int))
    assert runs.makespan_ps.tolist() == [0, 0, 0]
