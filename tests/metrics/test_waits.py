"""Why tasks wait: causes, who held what, and sums that add up."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim import compiling
from archsim.engine import run_tasks
from archsim.errors import EngineError
from archsim.metrics import CAUSES, GROUPINGS, Result, Waits, blocking, critical, path_shares, waits
from archsim.metrics.tour import plain_tour
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.trace import Trace

module = importlib.import_module("archsim.metrics.waits")


@pytest.fixture(autouse=True, scope="module")
def compiled_at_once():
    """Whatever is kept from earlier runs: small graphs go through the compiled loops, too."""
    compiling.ask()


def causes(b: TaskGraphBuilder) -> list[tuple[int, str, int, int]]:
    graph = b.build()
    found = waits(graph, run_tasks(graph))
    names = [CAUSES[c] for c in found.cause]
    return list(zip(found.wait_ps.tolist(), names, found.resource.tolist(), found.holder.tolist(), strict=True))


def test_a_wait_for_a_unit_names_the_resource_that_was_short_not_the_one_with_units_to_spare():
    b = TaskGraphBuilder()
    bus, adc = b.resource("bus", 2), b.resource("adc")
    b.task(action="a", uses=[(bus, 1)], occupancy_ps=10)  # ends when the adc does, but a bus was free all along
    b.task(action="b", uses=[(adc, 1)], occupancy_ps=10)
    b.task(action="c", uses=[(bus, 1), (adc, 1)], occupancy_ps=5)
    assert causes(b)[2] == (10, "resource", adc, 1)


def test_space_units_and_line_are_told_apart():
    b = TaskGraphBuilder()
    room, adc, bus = b.resource("room"), b.resource("adc", 2), b.resource("bus")
    filled = b.task(action="fill", reserves=[(room, 1)], occupancy_ps=4)
    b.task(action="drain", after=[filled], frees=[(room, 1)], occupancy_ps=9)
    b.task(action="fill", reserves=[(room, 1)], frees=[(room, 1)], occupancy_ps=1)
    b.task(action="hold", uses=[(bus, 1)], occupancy_ps=50)
    b.task(action="both", uses=[(adc, 1), (bus, 1)], occupancy_ps=5)
    b.task(action="behind", uses=[(adc, 1)], occupancy_ps=5)
    assert causes(b) == [
        (0, "begin", -1, -1),
        (0, "dependency", -1, 0),
        (13, "space", room, 1),
        (0, "begin", -1, -1),
        (50, "resource", bus, 3),
        (50, "queue", adc, 4),
    ]


def test_a_wait_says_itself_in_words_and_no_wait_says_nothing():
    b = TaskGraphBuilder()
    adc = b.resource("tile[0].adc")
    for layer in ("fc1", "fc2"):
        b.task(action="convert", uses=[(adc, 1)], occupancy_ps=7, layer=layer)
    graph = b.build()
    found = waits(graph, run_tasks(graph))
    assert found.text(graph, 0) == ""
    assert found.text(graph, 1) == "waited 7 ps for units of tile[0].adc, behind task 0 (convert [layer fc1])"


def test_of_nine_in_a_line_the_last_waited_for_each_of_the_others():
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    for k in range(9):
        b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10 + k, layer=f"fc{k}")
    graph = b.build()
    trace = run_tasks(graph)
    pairs = blocking(graph, trace, waits(graph, trace), "layer").pairs()
    assert sorted((ran, ps) for who, ran, ps in pairs if who == "fc8") == [(f"fc{k}", 10 + k) for k in range(8)]


def test_times_so_long_that_time_and_resource_do_not_fit_into_one_number_are_understood():
    b = TaskGraphBuilder()
    resources = [b.resource(f"r{k}") for k in range(40)]
    for _ in range(2):
        b.task(action="a", uses=[(resources[39], 1)], occupancy_ps=2**60)
    assert causes(b)[1] == (2**60, "resource", 39, 0)


def walked(trace: Trace, found: Waits, task: int) -> dict[int, int]:
    """Whom a task waited for, instant by instant, by the words of the docstring."""
    meanwhile: dict[int, int] = {}
    end, ready = int(trace.start_ps[task]), int(trace.ready_ps[task])
    here = int(found.holder[task])
    while end > ready:
        begin = max(ready, int(trace.start_ps[here]))
        meanwhile[here] = meanwhile.get(here, 0) + end - begin
        end, here = begin, int(found.holder[here])
    return meanwhile


@settings(max_examples=80, deadline=None)
@given(st.data(), st.sampled_from(["fifo", "static"]))
def test_on_random_graphs_shares_sum_to_the_makespan_and_blocking_to_the_waiting_time(
    random_graphs: st.SearchStrategy[TaskGraph], evaluate: Callable[..., Result], data: st.DataObject, policy: str
):
    result = evaluate(data.draw(random_graphs), policy)
    graph, trace = result.graph, result.trace
    found = waits(graph, trace, policy)
    total = int((trace.start_ps - trace.ready_ps).sum())
    for by in GROUPINGS:
        assert sum(path_shares(graph, result.path, by, result.actions).values()) == result.latency_ps
        matrix = blocking(graph, trace, found, by, result.actions)
        assert int(matrix.wait_ps.sum()) == total
        assert (matrix.wait_ps >= 0).all()
    assert sum(path_shares(graph, result.path, "cause").values()) == result.latency_ps
    expected: dict[tuple[str, str], int] = {}
    for task in range(graph.n_tasks):
        for other, ps in walked(trace, found, task).items():
            names = [graph.layer_names[graph.layer[t]] or "(none)" for t in (task, other)]
            expected[names[0], names[1]] = expected.get((names[0], names[1]), 0) + ps
    pairs = {(who, ran): ps for who, ran, ps in blocking(graph, trace, found, "layer").pairs()}
    assert pairs == {key: ps for key, ps in expected.items() if ps}


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_the_compiled_tour_equals_the_plain_one(
    random_graphs: st.SearchStrategy[TaskGraph], evaluate: Callable[..., Result], data: st.DataObject
):
    compiled = pytest.importorskip("archsim.metrics.compiled")
    result = evaluate(data.draw(random_graphs))
    holder, n = waits(result.graph, result.trace).holder, result.graph.n_tasks
    n_roots = int((holder < 0).sum())
    ptr = n_roots + np.concatenate([[0], np.cumsum(np.bincount(holder[holder >= 0], minlength=n))])
    given_ = (result.trace.start_ps, result.trace.ready_ps, np.argsort(holder, kind="stable"), ptr, n_roots)
    for plain, fast in zip(plain_tour(*given_), compiled.tour(*given_), strict=True):
        assert plain.tolist() == fast.tolist()


@settings(max_examples=80, deadline=None)
@given(st.data(), st.sampled_from(["fifo", "static"]))
def test_the_compiled_search_equals_the_plain_one(
    random_graphs: st.SearchStrategy[TaskGraph], evaluate: Callable[..., Result], data: st.DataObject, policy: str
):
    pytest.importorskip("numba")
    result = evaluate(data.draw(random_graphs), policy)
    graph, trace = result.graph, result.trace
    search = module._Search(graph, trace, policy == "fifo")
    plain, fast = search.plain(), module.quick_waits(graph, trace, policy == "fifo")
    assert [column.tolist() for column in fast] == [column.tolist() for column in plain]
    unknown = (plain.cause == 0) & (trace.start_ps > 0)
    lost = module.circles(trace.start_ps, plain.holder, unknown)
    assert lost.tolist() == module.plain_circles(trace.start_ps, plain.holder, unknown).tolist()
    last = int(trace.done_ps.argmax()) if graph.n_tasks else -1
    holder = waits(graph, trace, policy).holder
    if graph.n_tasks:
        way = critical.plain_way(trace.start_ps, holder, last)
        assert critical._way(trace.start_ps, holder, last).tolist() == way.tolist()


def test_the_compiled_search_equals_the_plain_one_where_hundreds_wait_and_start_at_one_instant():
    pytest.importorskip("numba")
    rng = np.random.default_rng(3)
    for policy in ("fifo", "static"):
        b = TaskGraphBuilder()
        resources = [b.resource(f"r{k}", 400) for k in range(3)]
        first = b.task(action="a", uses=[(r, 400) for r in resources], occupancy_ps=5)
        for _ in range(600):
            uses = [(r, int(rng.integers(1, 9))) for r in resources if rng.random() < 0.5]
            b.task(action="a", uses=uses, occupancy_ps=int(rng.integers(0, 3)), priority=int(rng.integers(-2, 2)),
                   after=[first] if rng.random() < 0.5 else [])  # fmt: skip
        graph = b.build()
        trace = run_tasks(graph, "heap", policy)
        plain = module._Search(graph, trace, policy == "fifo").plain()
        fast = module.quick_waits(graph, trace, policy == "fifo")
        assert [column.tolist() for column in fast] == [column.tolist() for column in plain]


def test_times_near_64_bits_are_left_to_the_plain_search():
    b = TaskGraphBuilder()
    b.task(action="a", uses=[(b.resource("r"), 1)], occupancy_ps=2**62)
    assert module.quick_waits(b.build(), run_tasks(b.build()), True) is None


def test_following_the_holders_never_leads_in_a_circle_on_graphs_full_of_tasks_without_length():
    rng = np.random.default_rng(5)
    for _ in range(60):
        b = TaskGraphBuilder()
        resources = [b.resource(f"r{k}", int(rng.integers(1, 3))) for k in range(3)]
        for task in range(40):
            after = {int(rng.integers(0, task)) for _ in range(2)} if task else set()
            uses = [(r, 1) for r in resources if rng.random() < 0.4]
            b.task(action="a", uses=uses, occupancy_ps=int(rng.integers(0, 2)), latency_ps=int(rng.integers(0, 2)),
                   after=after, priority=int(rng.integers(0, 2)))  # fmt: skip
        graph = b.build()
        for policy in ("fifo", "static"):
            holder = waits(graph, run_tasks(graph, "heap", policy), policy).holder
            for start in range(graph.n_tasks):
                task, steps = start, 0
                while holder[task] >= 0:
                    task, steps = int(holder[task]), steps + 1
                    assert steps <= graph.n_tasks


@pytest.mark.parametrize(("by", "said"), [
    ("component", "by='component' needs to know which component does each action; give the prices, too"),
    ("layers", "by='layers': there is no such grouping; did you mean 'layer'?; there are: component, layer"),
])  # fmt: skip
def test_a_grouping_that_cannot_be_is_refused_in_one_sentence(by, said, evaluate):
    b = TaskGraphBuilder()
    b.task(action="admit", occupancy_ps=5)
    result = evaluate(b.build(), "fifo")
    with pytest.raises(EngineError) as caught:
        path_shares(result.graph, result.path, by)
    assert str(caught.value).startswith(said)
