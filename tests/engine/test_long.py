"""Long runs: whatever is skipped or forgotten, the times are those of the whole graph, to the picosecond."""

from __future__ import annotations

import sys
from fractions import Fraction

import numpy as np
import pytest
from template_support import random_template, snn_template

from archsim.engine import run_tasks
from archsim.engine.long import check_memory, run_long
from archsim.errors import DeadlockError, EngineError
from archsim.taskgraph import Run, TaskGraph, TaskGraphBuilder, TaskTemplate
from archsim.trace import Trace

LENGTHS = (1, 2, 7, 40, 100, 1000)


def assert_equal(run, graph: TaskGraph, trace: Trace, n: int) -> None:
    """A long run came to what the whole graph came to."""
    done = trace.done_ps.reshape(n, -1).max(axis=1)
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.uses_ptr))
    busy, outlast = np.zeros((2, graph.n_resources), np.int64)
    np.add.at(busy, graph.uses_resource, graph.uses_units * graph.occupancy_ps[owner])
    over = np.maximum(0, (trace.start_ps + graph.occupancy_ps)[owner] - trace.makespan_ps)
    np.add.at(outlast, graph.uses_resource, graph.uses_units * over)
    assert run.makespan_ps == trace.makespan_ps
    assert run.n_tasks == graph.n_tasks
    assert run.first_done_ps.tolist() == done[:8].tolist()
    assert run.last_done_ps.tolist() == done[-8:].tolist()
    assert run.busy_ps.tolist() == busy.tolist()
    assert run.outlast_ps.tolist() == outlast.tolist()


@pytest.mark.parametrize("policy", ["fifo", "static"])
def test_a_homogeneous_network_is_periodic_at_once_and_exact(policy):
    template = snn_template()
    for n in LENGTHS:
        run, graph = run_long(template, n, policy), template.unroll(n)
        assert_equal(run, graph, run_tasks(graph, "compiled", policy), n)
        if n >= 100:
            assert run.jumps, run.way
            assert run.n_played < 60


@pytest.mark.parametrize("policy", ["fifo", "static"])
def test_sixty_networks_of_unlike_parts_are_exact(policy):
    found = 0
    for seed in range(60):
        template = snn_template(seed)
        for n in LENGTHS if seed % 10 == 0 else LENGTHS[:-1]:
            run, graph = run_long(template, n, policy), template.unroll(n)
            assert_equal(run, graph, run_tasks(graph, "compiled", policy), n)
        found += bool(run_long(template, 20_000, policy).jumps)
    assert found == 60


def test_random_templates_with_all_rules_are_exact_and_deadlock_where_the_whole_graph_does():
    jumps = deadlocks = 0
    for seed in range(150):
        template = random_template(seed, plain=seed % 3 == 0, loose=seed % 7 == 0)[0]
        policy = ("fifo", "static")[seed % 2]
        for n in (1, 2, 7, 40, 100):
            graph = template.unroll(n)
            try:
                trace = run_tasks(graph, "compiled", policy)
            except DeadlockError:
                deadlocks += 1
                with pytest.raises(DeadlockError):
                    run_long(template, n, policy)
                continue
            run = run_long(template, n, policy)
            jumps += len(run.jumps)
            assert_equal(run, graph, trace, n)
            assert_equal(run_long(template, n, policy, detect=False), graph, trace, n)
    assert jumps > 100
    assert deadlocks > 5


def test_a_stage_without_back_pressure_runs_ahead_and_no_state_comes_back():
    b = TaskGraphBuilder()
    fast = b.task(action="load", uses=[(b.resource("port"), 1)], occupancy_ps=10)
    slow = b.task(action="read", uses=[(b.resource("array"), 1)], occupancy_ps=17, after=[fast])
    template = TaskTemplate.of(b.build(), [(fast, fast, 1)])
    del slow
    for n in LENGTHS:
        run, graph = run_long(template, n), template.unroll(n)
        assert not run.jumps
        assert_equal(run, graph, run_tasks(graph, "compiled"), n)
    assert run.window_blocks > 300  # the lead grows by 7 ps of every 17


def test_lanes_of_different_rates_never_come_back_to_a_state():
    b = TaskGraphBuilder()
    lanes = [b.task(action="run", uses=[(b.resource(f"lane[{k}]"), 1)], occupancy_ps=10 + k) for k in range(2)]
    template = TaskTemplate.of(b.build(), [(lane, lane, 1) for lane in lanes])
    for n in LENGTHS:
        run, graph = run_long(template, n), template.unroll(n)
        assert not run.jumps
        assert_equal(run, graph, run_tasks(graph, "compiled"), n)


@pytest.mark.parametrize("policy", ["fifo", "static"])
def test_times_that_change_with_the_timestep_roll_on_and_are_exact(policy):
    template = snn_template(2)
    class_of = {"read": 0, "convert": 1}
    actions = [template.tasks.action_names[k] for k in template.tasks.action]
    kinds = np.array([class_of.get(name, -1) for name in actions], np.int32)
    rng = np.random.default_rng(5)
    for n in (1, 7, 40, 300):
        times = rng.integers(1, 200, (n, 2))
        run = run_long(template, n, policy, services_ps=times, service=kinds)
        graph, step = template.unroll(n), np.repeat(np.arange(n), template.tasks.n_tasks)
        kind = np.tile(kinds, n)
        take = times[step, np.maximum(kind, 0)]
        played = TaskGraph(**{
            **vars(graph),
            "occupancy_ps": np.where(kind >= 0, take, graph.occupancy_ps),
            "latency_ps": np.where(kind >= 0, take, graph.latency_ps),
        })  # fmt: skip
        assert not run.jumps
        assert_equal(run, played, run_tasks(played, "compiled", policy), n)


def test_blocks_that_differ_are_played_in_order_with_a_jump_in_each_run():
    parts = [snn_template(seed, layers=2) for seed in (1, 2)]
    tasks = parts[0].tasks
    both = TaskGraph(**{
        **vars(tasks),
        **{
            name: np.concatenate([getattr(part.tasks, name) for part in parts])
            for name in ("occupancy_ps", "latency_ps", "priority", "action", "count", "stage", "layer", "timestep",
                         "sample", "uses_resource", "uses_units", "reserves_resource", "reserves_units",
                         "frees_resource", "frees_units")
        },
        **{
            name: np.concatenate([getattr(tasks, name), getattr(tasks, name)[1:] + getattr(tasks, name)[-1]])
            for name in ("uses_ptr", "reserves_ptr", "frees_ptr")
        },
        "after_ptr": np.zeros(2 * tasks.n_tasks + 1, np.int64),
    })  # fmt: skip
    template = TaskTemplate(
        both,
        np.array([0, tasks.n_tasks, 2 * tasks.n_tasks]),
        np.concatenate([parts[0].after_ptr, parts[0].after_ptr[1:] + parts[0].after_ptr[-1]]),
        np.concatenate([part.after_lag for part in parts]),
        np.concatenate([part.after_task for part in parts]),
    )
    order = [Run((0,), 400), Run((1, 0, 0), 200), Run((1,), 3), Run((0, 1), 150)]
    run, graph = run_long(template, order), template.unroll(order)
    assert_equal(run, graph, run_tasks(graph, "compiled"), run.n_blocks)
    assert len(run.jumps) == 3
    assert all(jump.period % size == 0 for jump, size in zip(run.jumps, (1, 3, 2), strict=True))


def test_a_million_timesteps_take_no_more_memory_than_a_thousand():
    template = snn_template()
    short, long = run_long(template, 1000), run_long(template, 1_000_000)
    assert long.n_bytes == short.n_bytes
    assert long.n_played < 60
    rate = long.jumps[0].rate_per_ps
    assert Fraction(long.n_blocks - 1000, long.makespan_ps - short.makespan_ps) == rate


def test_without_compiled_loops_the_whole_graph_is_played_to_the_same_figures(monkeypatch):
    template = snn_template(3)
    rolled = run_long(template, 60)
    monkeypatch.setitem(sys.modules, "archsim.engine.kernels.window", None)
    full = run_long(template, 60)
    for name in ("makespan_ps", "n_tasks", "n_blocks"):
        assert getattr(full, name) == getattr(rolled, name)
    for name in ("first_done_ps", "last_done_ps", "busy_ps", "outlast_ps"):
        assert getattr(full, name).tolist() == getattr(rolled, name).tolist()
    with pytest.raises(EngineError, match="needs numba"):
        run_long(template, 10**9)


def test_a_window_that_would_be_too_large_is_refused_with_both_figures_and_a_way_out():
    b = TaskGraphBuilder()
    b.task(action="load", uses=[(b.resource("port"), 1)], occupancy_ps=10)
    with pytest.raises(EngineError, match=r"(?s)window.*of memory, 1 MB are allowed.*fewer timesteps"):
        run_long(TaskTemplate.of(b.build()), 10**8, max_memory_bytes=1_000_000)


def test_memory_that_is_allowed_by_deerror_is_a_share_of_what_is_free():
    with pytest.raises(EngineError, match=r"1e\+03 TB of memory.*half of what is free"):
        check_memory("a graph of 10 tasks", 1e15, None, "take fewer")


def test_an_impossible_order_of_arguments_is_refused_at_once():
    template = snn_template(1)
    with pytest.raises(EngineError, match=r"(?s)services_ps has shape \(2, 1\).*service has shape \(1,\)"):
        run_long(template, 3, services_ps=np.ones((2, 1), int), service=np.zeros(1, int))
    with pytest.raises(EngineError, match="policy is"):
        run_long(template, 3, "lifo")


def test_no_iterations_take_no_time():
    run = run_long(snn_template(), 0)
    assert (run.makespan_ps, run.n_tasks, run.first_done_ps.tolist()) == (0, 0, [])


def test_what_is_no_template_is_refused():
    with pytest.raises(EngineError, match="template is None; it must be a TaskTemplate, as"):
        run_long(None, 3)
