"""Spans: every use of a resource once, on a unit that nobody else holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.engine import run_tasks
from archsim.errors import EngineError
from archsim.metrics import Spans
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.trace import Trace


def spans_of(graph: TaskGraph) -> Spans:
    return Spans.of(graph, run_tasks(graph))


def adcs(capacity: int, *tasks: tuple[int, int]) -> TaskGraph:
    """Tasks of (units, occupancy) on one resource."""
    b = TaskGraphBuilder()
    adc = b.resource("adc", capacity)
    for units, occupancy_ps in tasks:
        b.task(action="convert", uses=[(adc, units)], occupancy_ps=occupancy_ps)
    return b.build()


def test_tasks_at_the_same_time_stand_on_lanes_of_their_own_from_the_lowest():
    spans = spans_of(adcs(3, (1, 300), (1, 100), (1, 200), (1, 50)))
    assert spans.task.tolist() == [0, 1, 3, 2]
    assert spans.unit.tolist() == [0, 1, 1, 2]
    assert spans.lane.tolist() == [0, 1, 1, 2]
    assert spans.lane_names() == ["adc #0", "adc #1", "adc #2"]
    assert spans.wait_ps.tolist() == [0, 0, 100, 0]


def test_a_task_of_several_units_stands_on_its_lowest_and_others_keep_clear_of_all():
    spans = spans_of(adcs(5, (2, 100), (2, 300), (1, 300), (3, 100)))
    by_task = dict(zip(spans.task.tolist(), spans.unit.tolist(), strict=True))
    assert by_task == {0: 0, 1: 2, 2: 4, 3: 0}


def test_what_takes_no_time_has_a_span_and_holds_nothing():
    b = TaskGraphBuilder()
    bus = b.resource("bus")
    first = b.task(action="move", uses=[(bus, 1)], occupancy_ps=100)
    second = b.task(action="move", uses=[(bus, 1)], occupancy_ps=0, after=[first])
    b.task(action="move", uses=[(bus, 1)], occupancy_ps=100, after=[second])
    spans = spans_of(b.build())
    assert spans.unit.tolist() == [0, 0, 0]
    assert spans.start_ps.tolist() == [0, 100, 100]
    assert spans.end_ps.tolist() == [100, 100, 200]


def test_a_task_without_resources_has_no_span_and_a_graph_without_tasks_none_at_all():
    b = TaskGraphBuilder()
    assert spans_of(b.build()).n_spans == 0
    b.task(action="wait", occupancy_ps=5)
    assert (spans_of(b.build()).n_spans, spans_of(b.build()).n_lanes) == (0, 0)


def test_an_unfinished_run_and_an_impossible_trace_are_refused():
    graph = adcs(1, (1, 100), (1, 100))
    with pytest.raises(EngineError, match="only a finished run"):
        Spans.of(graph, Trace(*(np.array([0, -1]) for _ in range(3))))
    with pytest.raises(EngineError, match="more are held at once"):
        Spans.of(graph, Trace(*(np.array([0, 50]) for _ in range(3))))


tasks = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6), st.integers(0, 3)), max_size=40)


@given(tasks)
@settings(max_examples=80, deadline=None)
def test_no_two_spans_hold_the_same_unit_at_once(drawn: list[tuple[int, int, int]]):
    """Against a plain set of free units, instant by instant."""
    b = TaskGraphBuilder()
    numbers = [b.resource("a", 4), b.resource("b", 7)]
    made: list[int] = []
    for units, occupancy_ps, back in drawn:
        after = [made[-back]] if 0 < back <= len(made) else []
        uses = [(number, units) for number in numbers[: 1 + units % 2]]
        made.append(b.task(action="x", uses=uses, occupancy_ps=occupancy_ps, after=after))
    graph = b.build()
    trace = run_tasks(graph)
    spans = Spans.of(graph, trace)
    assert spans.n_spans == len(graph.uses_resource)
    for r in numbers:
        rows = [i for i in range(spans.n_spans) if spans.resource[i] == r]
        rows.sort(key=lambda i: (spans.start_ps[i], spans.end_ps[i] > spans.start_ps[i], spans.task[i]))
        held: dict[int, set[int]] = {}
        for i in rows:
            now = spans.start_ps[i]
            held = {j: units for j, units in held.items() if spans.end_ps[j] > now}
            free = sorted(set(range(int(graph.capacity[r]))) - set().union(*held.values()))
            assert spans.unit[i] == free[0]
            if spans.end_ps[i] > now:
                held[i] = set(free[: spans.n_units[i]])
    for lane in range(spans.n_lanes):
        mine = spans.lane == lane
        assert (spans.end_ps[mine][:-1] <= spans.start_ps[mine][1:]).all()


def test_spans_are_a_data_frame_in_words():
    pytest.importorskip("pandas")
    frame = spans_of(adcs(2, (1, 100), (2, 50))).frame()
    assert frame.resource.tolist() == ["adc", "adc"]
    assert frame.action.tolist() == ["convert", "convert"]
    assert (frame.end_ps - frame.start_ps).tolist() == [100, 50]
