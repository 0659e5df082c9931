"""The critical path explains every picosecond of the makespan."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.engine import run_tasks
from archsim.errors import EngineError
from archsim.metrics import Result, Segment, critical_path
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.trace import Trace


def path_of(b: TaskGraphBuilder, policy: str = "fifo") -> list[tuple[int, int, int, str, str]]:
    graph = b.build()
    return [tuple(s) for s in critical_path(graph, run_tasks(graph, policy=policy), policy)]


def test_a_task_that_waits_for_a_result_follows_the_predecessor_that_was_last():
    b = TaskGraphBuilder()
    short, long = b.task(action="a", occupancy_ps=3), b.task(action="a", occupancy_ps=7)
    b.task(action="a", occupancy_ps=2, after=[short, long])
    assert path_of(b) == [(1, 0, 7, "begin", ""), (2, 7, 9, "dependency", "")]


def test_a_task_that_waits_for_a_unit_follows_the_task_that_gave_it_back():
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    for _ in range(3):
        b.task(action="a", uses=[(adc, 1)], occupancy_ps=10, latency_ps=25)
    # done at 45 = 2 x 10 + 25: the first two count until their occupancy ends
    assert path_of(b) == [
        (0, 0, 10, "begin", ""),
        (1, 10, 20, "resource", "adc"),
        (2, 20, 45, "resource", "adc"),
    ]


def test_cut_through_counts_the_head_until_the_next_hop_and_the_tail_where_the_link_is_awaited():
    b = TaskGraphBuilder()
    link = b.resource("link")
    head = b.task(action="hop", uses=[(link, 1)], occupancy_ps=100, latency_ps=10)
    b.task(action="hop", occupancy_ps=5, after=[head])
    b.task(action="hop", uses=[(link, 1)], occupancy_ps=100, latency_ps=10)
    assert path_of(b) == [(0, 0, 100, "begin", ""), (2, 100, 110, "resource", "link")]


def test_a_full_buffer_leads_to_the_consumer_that_emptied_it():
    b = TaskGraphBuilder()
    room = b.resource("room")
    first = b.task(action="produce", reserves=[(room, 1)], occupancy_ps=4)
    b.task(action="consume", after=[first], frees=[(room, 1)], occupancy_ps=9)
    second = b.task(action="produce", reserves=[(room, 1)], occupancy_ps=4)
    b.task(action="consume", after=[second], frees=[(room, 1)], occupancy_ps=9)
    assert path_of(b) == [
        (0, 0, 4, "begin", ""),
        (1, 4, 13, "dependency", ""),
        (2, 13, 17, "space", "room"),
        (3, 17, 26, "dependency", ""),
    ]


def test_a_task_held_up_by_the_line_alone_follows_the_task_ahead_and_its_cause():
    b = TaskGraphBuilder()
    adc, bus = b.resource("adc"), b.resource("bus")
    b.task(action="a", uses=[(bus, 1)], occupancy_ps=50)
    b.task(action="both", uses=[(adc, 1), (bus, 1)], occupancy_ps=0)  # ahead at the free adc, waits for the bus
    b.task(action="c", uses=[(adc, 1)], occupancy_ps=8, latency_ps=60, priority=1)
    path = path_of(b)
    assert path == [(0, 0, 50, "begin", ""), (1, 50, 50, "resource", "bus"), (2, 50, 110, "queue", "adc")]


def test_a_line_at_a_resource_with_units_to_spare_is_named_a_line():
    b = TaskGraphBuilder()
    adc, bus = b.resource("adc", 2), b.resource("bus")
    b.task(action="a", uses=[(bus, 1)], occupancy_ps=50)
    b.task(action="both", uses=[(adc, 1), (bus, 1)], occupancy_ps=5)
    b.task(action="c", uses=[(adc, 1)], occupancy_ps=8)
    assert path_of(b)[1:] == [(1, 50, 50, "resource", "bus"), (2, 50, 58, "queue", "adc")]


def test_a_task_behind_in_the_line_is_never_the_cause():
    b = TaskGraphBuilder()
    adc, bus, port = b.resource("adc", 3), b.resource("bus"), b.resource("port")
    b.task(action="a", uses=[(bus, 1)], occupancy_ps=50)
    b.task(action="behind", uses=[(adc, 1), (port, 1)], occupancy_ps=1, priority=5)  # also at 50 ps
    b.task(action="b", uses=[(port, 1)], occupancy_ps=50)
    b.task(action="ahead", uses=[(adc, 1), (bus, 1)], occupancy_ps=1)
    b.task(action="held up", uses=[(adc, 1)], occupancy_ps=9, priority=1)
    assert [(s[0], s[3]) for s in path_of(b)] == [(0, "begin"), (3, "resource"), (4, "queue")]


def test_space_freed_in_no_time_is_traced_to_the_task_before():
    b = TaskGraphBuilder()
    room = b.resource("room")
    first = b.task(action="produce", reserves=[(room, 1)], occupancy_ps=4)
    b.task(action="release", after=[first], frees=[(room, 1)])
    b.task(action="produce", reserves=[(room, 1)], frees=[(room, 1)], occupancy_ps=6)
    assert path_of(b) == [(0, 0, 4, "begin", ""), (1, 4, 4, "dependency", ""), (2, 4, 10, "space", "room")]


def test_zero_length_tasks_of_one_instant_are_walked_to_what_took_time():
    b = TaskGraphBuilder()
    task = b.task(action="a", occupancy_ps=5)
    for _ in range(3):
        task = b.task(action="admit", after=[task])
    b.task(action="a", occupancy_ps=1, after=[task])
    assert [(s[0], s[2] - s[1]) for s in path_of(b)] == [(0, 5), (1, 0), (2, 0), (3, 0), (4, 1)]


def test_an_empty_graph_has_an_empty_path():
    assert path_of(TaskGraphBuilder()) == []


def test_a_gap_in_a_trace_is_refused():
    b = TaskGraphBuilder()
    b.task(action="a", occupancy_ps=5)
    late = Trace(np.array([0]), np.array([7]), np.array([12]))
    with pytest.raises(EngineError, match=r"task 0 \(a\) starts at 7 ps, but nothing ends"):
        critical_path(b.build(), late)


def test_an_unfinished_trace_is_refused():
    b = TaskGraphBuilder()
    b.task(action="a", occupancy_ps=5)
    with pytest.raises(EngineError, match="never ran"):
        critical_path(b.build(), Trace(*(np.array([-1]) for _ in range(3))))


def claims(graph: TaskGraph, kind: str, task: int) -> set[str]:
    ptr, resource = getattr(graph, f"{kind}_ptr"), getattr(graph, f"{kind}_resource")
    return {graph.resource_names[r] for r in resource[ptr[task] : ptr[task + 1]]}


def is_cause(graph: TaskGraph, trace: Trace, cause: Segment, task: Segment, policy: str) -> bool:
    """Does the cause explain, by the rules' own words, why the task started just then?"""
    c, t, now = cause.task, task.task, task.start_ps
    if task.why == "dependency":
        before = graph.after_idx[graph.after_ptr[t] : graph.after_ptr[t + 1]]
        return c in before and trace.done_ps[c] == trace.ready_ps[t] == now
    needed = claims(graph, "uses", t) | claims(graph, "reserves", t)
    if trace.ready_ps[t] >= now or task.resource not in needed:
        return False
    if task.why == "resource":
        return trace.start_ps[c] + graph.occupancy_ps[c] == now and task.resource in claims(graph, "uses", c)
    if task.why == "space":
        return trace.done_ps[c] == now and task.resource in claims(graph, "frees", c)
    ahead = c < t if policy == "static" else (
        (graph.priority[c], trace.ready_ps[c]) <= (graph.priority[t], trace.ready_ps[t])
    )  # fmt: skip
    claimed = claims(graph, "uses", c) | claims(graph, "reserves", c)
    return ahead and trace.start_ps[c] == now and task.resource in claimed


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(["fifo", "static"]))
def test_on_random_graphs_the_path_has_no_gap_and_every_step_is_a_cause(
    random_graphs: st.SearchStrategy[TaskGraph], evaluate: Callable[..., Result], data: st.DataObject, policy: str
):
    graph = data.draw(random_graphs)
    result = evaluate(graph, policy)
    path = result.path
    assert path[0].start_ps == 0
    assert path[-1].end_ps == result.latency_ps == sum(s.length_ps for s in path)
    assert len({s.task for s in path}) == len(path)
    for earlier, later in pairwise(path):
        assert earlier.end_ps == later.start_ps
        assert is_cause(graph, result.trace, earlier, later, policy)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(0, 99), max_size=3)), min_size=1, max_size=30))
def test_without_resources_it_is_the_longest_path_of_the_graph(tasks: list[tuple[int, list[int]]]):
    b, longest = TaskGraphBuilder(), nx.DiGraph()
    for task, (latency, picks) in enumerate(tasks):
        before = {pick % task for pick in picks} if task else set()
        b.task(action="a", occupancy_ps=latency, after=before)
        longest.add_edge(("in", task), ("out", task), weight=latency)
        longest.add_edges_from(((("out", p), ("in", task)) for p in before), weight=0)
    path = path_of(b)
    assert sum(s[2] - s[1] for s in path) == nx.dag_longest_path_length(longest)
    assert sum(tasks[s[0]][0] for s in path) == nx.dag_longest_path_length(longest)
