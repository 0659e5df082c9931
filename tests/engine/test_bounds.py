"""No schedule undercuts the bounds; and where a closed form is known, they meet it."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.upper_bound import upper_bound

import archsim
from archsim.engine import run_tasks
from archsim.engine.bounds import lower_bound
from archsim.errors import EngineError
from archsim.taskgraph import TaskGraphBuilder
from archsim.verify import verify


def test_no_task_starts_and_no_run_ends_before_its_bound(make_random_graph, make_plain_graph, schedule_of):
    ratios = []
    for seed in range(300):
        for make in make_random_graph, make_plain_graph:
            graph = make(seed)
            bound = lower_bound(graph)
            for policy in "fifo", "static":
                (_, start, done), error = schedule_of(graph, "compiled", policy)
                started = np.array(start) >= 0
                assert (np.array(start)[started] >= bound.start_ps[started]).all(), f"seed {seed}"
                if error is None:
                    assert max(done) >= bound.makespan_ps, f"seed {seed}"
                    ratios.append(bound.makespan_ps / max(done) if max(done) else 1)
    assert np.mean(ratios) > 0.7  # a bound of 0 would be certified too


def test_the_compiled_loop_gives_the_bounds_of_the_plain_one(make_random_graph, make_plain_graph):
    pytest.importorskip("numba")
    for seed in range(300):
        for make in make_random_graph, make_plain_graph:
            graph = make(seed)
            one, other = lower_bound(graph), lower_bound(graph, compiled=False)
            assert one.start_ps.tolist() == other.start_ps.tolist()
            assert (one.makespan_ps, one.reason) == (other.makespan_ps, other.reason)


@pytest.mark.parametrize(("capacity", "last"), [(1, 90), (2, 50), (3, 40), (9, 20)])
def test_predecessors_on_one_resource_follow_each_other(capacity, last):
    """8 conversions of 10 ps that cannot begin before 10 ps: 10 + 10·ceil(8 / c) at best."""
    b = TaskGraphBuilder()
    adc = b.resource("adc", capacity)
    read = b.task(action="read", latency_ps=10)
    columns = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10, after=[read]) for _ in range(8)]
    add = b.task(action="add", after=columns, latency_ps=4)
    graph = b.build()
    bound = lower_bound(graph)
    exact = run_tasks(graph).start_ps[add]
    assert bound.start_ps[add] <= exact == last
    # the quotient is rounded up to whole picoseconds, not to whole conversions
    assert bound.start_ps[add] == max(20, 10 + -(-80 // capacity))


def test_the_pipelined_end_of_the_last_predecessor_counts():
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    columns = [b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10, latency_ps=25) for _ in range(4)]
    add = b.task(action="add", after=columns)
    assert lower_bound(b.build()).start_ps[add] == 4 * 10 + 15 == run_tasks(b.build()).start_ps[add]


def test_the_work_on_one_resource_bounds_a_run_without_joins():
    b = TaskGraphBuilder()
    link = b.resource("link")
    for _ in range(50):
        first = b.task(action="drive", latency_ps=3)
        sent = b.task(action="send", uses=[(link, 1)], occupancy_ps=10, after=[first])
        b.task(action="arrive", latency_ps=7, after=[sent])
    bound = lower_bound(b.build())
    assert (bound.makespan_ps, bound.reason) == (3 + 50 * 10 + 7, "link")
    assert run_tasks(b.build()).makespan_ps == bound.makespan_ps


def test_a_chain_is_bounded_by_its_path():
    b = TaskGraphBuilder()
    last = []
    for length in 5, 7, 11:
        last = [b.task(action="work", latency_ps=length, after=last)]
    bound = lower_bound(b.build())
    assert (bound.makespan_ps, bound.reason, bound.start_ps.tolist()) == (23, "path", [0, 5, 12])


@pytest.mark.parametrize("compiled", [True, False])
def test_a_path_beyond_64_bits_is_an_error(compiled):
    b = TaskGraphBuilder()
    first = b.task(action="wait", latency_ps=2**63 - 1)
    b.task(action="wait", latency_ps=1, after=[first])
    with pytest.raises(EngineError, match=r"longer than 2\*\*63 ps"):
        lower_bound(b.build(), compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False])
def test_huge_work_is_left_out_and_the_bound_stays_true(compiled):
    b = TaskGraphBuilder()
    r = b.resource("r", 2**63 - 1)
    held = [b.task(action="a", uses=[(r, 2**62)], occupancy_ps=2**40) for _ in range(3)]
    b.task(action="b", after=held)
    graph = b.build()
    assert lower_bound(graph, compiled=compiled).makespan_ps == 2**40 <= run_tasks(graph).makespan_ps


def test_a_graph_without_tasks_takes_no_time():
    assert lower_bound(TaskGraphBuilder().build()).makespan_ps == 0


@pytest.mark.parametrize("phase", ["inference", "bp", "dfa"])
def test_the_schedule_of_a_real_chip_keeps_within_its_bound(root_dir, phase):
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    options = ["timesteps=6", "samples=1", "batch=1"]
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", options)
    result = archsim.simulate(chip, work, engine="heap", seed=0, phase=phase)
    bound = lower_bound(result.graph)
    verify(result.graph, result.trace, bound=bound)
    assert bound.makespan_ps > 0.3 * result.trace.makespan_ps  # the plain critical path alone reaches 0.36 to 0.67


@pytest.mark.parametrize("policy", ["fifo", "static"])
def test_no_run_without_buffers_ends_after_its_upper_bound(policy, make_random_graph, make_plain_graph):
    ratios = []
    for seed in range(400):
        for make in make_random_graph, make_plain_graph:
            graph = make(seed)
            try:
                bound = upper_bound(graph, policy)
            except EngineError:
                continue
            makespan = run_tasks(graph, engine="heap", policy=policy).makespan_ps
            assert makespan <= bound, f"seed {seed}"
            assert bound == upper_bound(graph, policy, compiled=False)
            ratios.append(makespan / bound if bound else 1)
    assert len(ratios) > 400
    assert np.mean(ratios) > 0.3


def test_one_machine_that_is_never_idle_meets_its_upper_bound_and_a_bank_nearly():
    for capacity, expected in (1, 800), (2, 500), (4, 300):
        b = TaskGraphBuilder()
        adc = b.resource("adc", capacity)
        for _ in range(8):
            b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
        assert upper_bound(b.build()) == expected == min(800, 100 + 800 // capacity)
        assert run_tasks(b.build()).makespan_ps == 800 // capacity


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"reserves": [(0, 1)]}, "no upper bound where something is reserved or freed"),
        ({"uses": [(0, 3)]}, "task 0 uses more of 'r' than there is"),
    ],
)
def test_where_a_run_need_not_end_there_is_no_upper_bound(claims, message):
    b = TaskGraphBuilder()
    b.resource("r", 2)
    b.task(action="a", **claims)
    with pytest.raises(EngineError, match=message):
        upper_bound(b.build())
