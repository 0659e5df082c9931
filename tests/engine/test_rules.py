"""The rules of the engine, one by one, on every engine."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from calls_support import calls_of

from archsim.engine import run_tasks
from archsim.errors import EngineError
from archsim.taskgraph import TaskGraphBuilder


def starts(trace):
    return trace.start_ps.tolist()


def test_two_tasks_on_one_adc_run_one_after_the_other(run):
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    for _ in range(2):
        b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
    trace = run(b.build())
    assert starts(trace) == [0, 100]
    assert trace.done_ps.tolist() == [100, 200]
    assert trace.makespan_ps == 200


def test_two_tasks_on_a_bank_of_two_adcs_run_together(run):
    b = TaskGraphBuilder()
    adc = b.resource("adcs", 2)
    for _ in range(3):
        b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
    assert starts(run(b.build())) == [0, 0, 100]


def test_a_pipelined_part_takes_the_next_task_before_the_first_is_done(run):
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    first = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10, latency_ps=50)
    b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10, latency_ps=50)
    b.task(action="add", after=[first])
    assert starts(run(b.build())) == [0, 10, 50]


def test_the_head_of_a_packet_goes_on_while_its_tail_holds_the_link(run):
    b = TaskGraphBuilder()
    first, second = b.resource("link[0]"), b.resource("link[1]")
    a = b.task(action="hop", uses=[(first, 1)], occupancy_ps=80, latency_ps=5)
    b.task(action="hop", uses=[(second, 1)], occupancy_ps=80, latency_ps=5, after=[a])
    b.task(action="hop", uses=[(first, 1)], occupancy_ps=80, latency_ps=5)
    assert starts(run(b.build())) == [0, 5, 80]


def test_a_smaller_priority_number_goes_first(run):
    b = TaskGraphBuilder()
    r = b.resource("link")
    for priority in (2, 0, 1, -1):
        b.task(action="send", uses=[(r, 1)], occupancy_ps=10, priority=priority)
    assert starts(run(b.build())) == [30, 10, 20, 0]


def test_who_became_ready_earlier_goes_first_whatever_its_number(run):
    b = TaskGraphBuilder()
    r = b.resource("link")
    late = b.task(action="wait", latency_ps=7)
    early = b.task(action="wait", latency_ps=3)
    b.task(action="first", uses=[(r, 1)], occupancy_ps=10)
    b.task(action="late", uses=[(r, 1)], occupancy_ps=10, after=[late])
    b.task(action="early", uses=[(r, 1)], occupancy_ps=10, after=[early])
    assert starts(run(b.build()))[2:] == [0, 20, 10]


def test_who_becomes_ready_in_a_later_round_of_the_same_instant_stands_behind(run):
    """Task 1 waits for a task of length zero: round 1 of instant 0. Task 2 is ready in round 0."""
    b = TaskGraphBuilder()
    r = b.resource("link")
    blink = b.task(action="nothing")
    b.task(action="behind", uses=[(r, 1)], occupancy_ps=10, after=[blink])
    b.task(action="ahead", uses=[(r, 1)], occupancy_ps=10)
    b.task(action="ahead", uses=[(r, 1)], occupancy_ps=10)
    assert starts(run(b.build())) == [0, 20, 0, 10]


def test_a_task_of_length_zero_holds_its_units_until_the_next_round_of_the_same_instant(run):
    b = TaskGraphBuilder()
    r = b.resource("port")
    for _ in range(3):
        b.task(action="blink", uses=[(r, 1)])
    assert starts(run(b.build())) == [0, 0, 0]


def test_nobody_overtakes_a_task_that_waits_for_more_units(run):
    b = TaskGraphBuilder()
    buffer = b.resource("buffer", 4)
    b.task(action="small", uses=[(buffer, 2)], occupancy_ps=10)
    b.task(action="big", uses=[(buffer, 4)], occupancy_ps=10)
    b.task(action="small", uses=[(buffer, 1)], occupancy_ps=10)
    assert starts(run(b.build())) == [0, 10, 20]


def test_a_task_that_waits_at_one_resource_holds_up_the_line_of_its_other(run):
    b = TaskGraphBuilder()
    bus, adc = b.resource("bus"), b.resource("adc")
    b.task(action="send", uses=[(bus, 1)], occupancy_ps=10)
    b.task(action="both", uses=[(bus, 1), (adc, 1)], occupancy_ps=10)
    b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10)
    assert starts(run(b.build())) == [0, 10, 20]


def test_what_a_task_uses_and_reserves_of_one_resource_adds_up(run):
    b = TaskGraphBuilder()
    buffer = b.resource("buffer", 3)
    b.task(action="hold", uses=[(buffer, 2)], occupancy_ps=10)
    b.task(action="both", uses=[(buffer, 1)], reserves=[(buffer, 1)], frees=[(buffer, 1)], occupancy_ps=10)
    assert starts(run(b.build())) == [0, 10]


def test_a_full_buffer_holds_the_producer_back(run):
    b = TaskGraphBuilder()
    slots = b.resource("slots", 1)
    chain = []
    for _ in range(3):
        produce = b.task(action="produce", reserves=[(slots, 1)], occupancy_ps=10)
        chain.append(b.task(action="consume", frees=[(slots, 1)], occupancy_ps=30, after=[produce]))
    assert starts(run(b.build())) == [0, 10, 40, 50, 80, 90]


def test_freed_units_come_back_when_the_task_is_done_not_when_its_occupancy_ends(run):
    b = TaskGraphBuilder()
    slots, port = b.resource("slots", 1), b.resource("port")
    b.task(action="a", uses=[(port, 1)], reserves=[(slots, 1)], frees=[(slots, 1)],
           occupancy_ps=5, latency_ps=50)  # fmt: skip
    b.task(action="b", reserves=[(slots, 1)], frees=[(slots, 1)])
    assert starts(run(b.build())) == [0, 50]


def test_under_static_policy_a_resource_serves_in_task_id_order(run):
    b = TaskGraphBuilder()
    r = b.resource("link")
    wait = b.task(action="wait", latency_ps=50)
    b.task(action="late", uses=[(r, 1)], occupancy_ps=10, after=[wait], priority=5)
    b.task(action="early", uses=[(r, 1)], occupancy_ps=10)
    graph = b.build()
    assert starts(run(graph, policy="static")) == [0, 50, 60]
    assert starts(run(graph, policy="fifo")) == [0, 50, 0]


def test_labels_and_counts_do_not_move_a_task(make_random_graph, schedule_of, engine):
    graph = make_random_graph(3)
    other = replace(graph, count=graph.count + 7, timestep=graph.timestep + 3, layer_names=("x",))
    assert schedule_of(graph, engine, "fifo")[0] == schedule_of(other, engine, "fifo")[0]


def test_a_graph_without_tasks_ends_at_once(run):
    assert run(TaskGraphBuilder().build()).makespan_ps == 0


def test_times_stay_exact_beyond_what_a_float_can_hold(run):
    b = TaskGraphBuilder()
    first = b.task(action="wait", latency_ps=2**60)
    b.task(action="wait", latency_ps=1, after=[first])
    assert run(b.build()).makespan_ps == 2**60 + 1


def test_a_time_beyond_64_bits_is_an_error(engine):
    b = TaskGraphBuilder()
    first = b.task(action="wait", latency_ps=2**63 - 1)
    b.task(action="wait", latency_ps=1, after=[first])
    with pytest.raises(EngineError, match=r"2\*\*63 ps"):
        run_tasks(b.build(), engine=engine)


def test_an_unknown_engine_or_policy_is_refused_with_the_list_of_known_ones():
    graph = TaskGraphBuilder().build()
    with pytest.raises(EngineError, match=r"'warp'.*simpy, heap, compiled"):
        run_tasks(graph, engine="warp")
    with pytest.raises(EngineError, match=r"'lifo'.*fifo, static"):
        run_tasks(graph, policy="lifo")


def test_what_a_run_costs_grows_with_its_tasks_and_no_faster(run):
    def graph_of(n):
        b = TaskGraphBuilder()
        parts = [b.resource(f"part[{k}]", 1 + k % 3) for k in range(100)]
        rng = np.random.default_rng(1)
        part, length = rng.integers(0, 100, n).tolist(), rng.integers(0, 50, n).tolist()
        for i in range(n):
            b.task(action="work", uses=[(parts[part[i]], 1)], occupancy_ps=length[i],
                   after=range(max(0, i - 150), max(0, i - 148)))  # fmt: skip
        return b.build()

    small, large = graph_of(1_000), graph_of(10_000)
    run(small)  # whatever is done once
    assert calls_of(lambda: run(large)) < 12 * calls_of(lambda: run(small))
    assert large.n_bytes < 200 * large.n_tasks


def test_memory_of_a_run_is_a_few_hundred_bytes_per_task(engine):
    b = TaskGraphBuilder()
    part = b.resource("part", 4)
    for i in range(20_000):
        b.task(action="work", uses=[(part, 1)], occupancy_ps=i % 7, after=[i - 9] if i > 8 else [])
    graph = b.build()
    tracemalloc.start()
    run_tasks(graph, engine=engine)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / graph.n_tasks < 2_000  # 1 GB for 100,000 tasks would be 10,000
