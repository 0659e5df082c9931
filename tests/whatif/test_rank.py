"""What-if says what really happens when the graph is built that way and played out."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from fractions import Fraction

import numpy as np
import pytest

from archsim.components import Action, Charge
from archsim.engine import run_tasks
from archsim.errors import ArchsimError, DeadlockError
from archsim.metrics import critical_path
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.whatif import Change, Names, Network, Outcome, changed, what_if

POLICIES = ("fifo", "static")


def built_without(graph: TaskGraph, gone: Collection[int]) -> TaskGraph:
    """The graph task by task; who used one of these resources takes no time, and nobody takes any of it."""
    b = TaskGraphBuilder()
    for name, units in zip(graph.resource_names, graph.capacity.tolist(), strict=True):
        b.resource(name, units)
    for task in range(graph.n_tasks):
        claims: dict[str, list[tuple[int, int]]] = {}
        for kind in ("uses", "reserves", "frees"):
            row = range(*getattr(graph, f"{kind}_ptr")[task : task + 2].tolist())
            resource, units = getattr(graph, f"{kind}_resource"), getattr(graph, f"{kind}_units")
            claims[kind] = [(int(resource[k]), int(units[k])) for k in row]
        quick = any(r in gone for r, _ in claims["uses"])
        b.task(
            action="act", priority=int(graph.priority[task]),
            occupancy_ps=0 if quick else int(graph.occupancy_ps[task]),
            latency_ps=0 if quick else int(graph.latency_ps[task]),
            after=graph.after_idx[graph.after_ptr[task] : graph.after_ptr[task + 1]].tolist(),
            **{kind: [(r, u) for r, u in pairs if r not in gone] for kind, pairs in claims.items()},
        )  # fmt: skip
    return b.build()


def makespan(graph: TaskGraph, policy: str, engine: str = "simpy") -> int | None:
    try:
        return run_tasks(graph, engine, policy).makespan_ps
    except DeadlockError:
        return None


@pytest.mark.parametrize("policy", POLICIES)
def test_an_infinitely_fast_resource_brings_exactly_what_its_removal_brings(
    make_random_graph: Callable[[int], TaskGraph], policy: str
):
    compared = 0
    for seed in range(150):
        graph = make_random_graph(seed)
        base = makespan(graph, policy)
        used = [graph.resource_names[r] for r in np.unique(graph.uses_resource).tolist()]
        if base is None or not used:
            continue
        trace = run_tasks(graph, "heap", policy)
        for outcome in what_if(graph, trace, [Change("speedup", name, None) for name in used], policy=policy):
            gone = {graph.resource_names.index(change.pattern) for change in outcome.changes}
            assert outcome.base_ps == base
            assert outcome.latency_ps == makespan(built_without(graph, gone), policy)
            compared += 1
    assert compared > 200


def test_the_longest_way_through_the_present_schedule_predicts_that_gain_exactly():
    """Where each resource is a single unit, the network of the schedule says beforehand what a replay shows."""
    rng = random.Random(2)
    for _ in range(60):
        b = TaskGraphBuilder()
        units = [b.resource(f"unit{k}") for k in range(4)]
        for task in range(50):
            after = {rng.randrange(max(0, task - 12), task) for _ in range(2)} if task else set()
            b.task(action="a", uses=[(r, 1) for r in rng.sample(units, rng.randint(0, 2))], after=after,
                   occupancy_ps=rng.randint(0, 90), latency_ps=rng.randint(0, 90))  # fmt: skip
        graph = b.build()
        trace = run_tasks(graph, "heap")
        for r in units:
            outcome = what_if(graph, trace, [Change("speedup", graph.resource_names[r], None)])[0]
            quick = Names(graph).on(graph.resource_names[r])
            occupancy, latency = np.where(quick, 0, graph.occupancy_ps), np.where(quick, 0, graph.latency_ps)
            start = Network.of(graph, trace, without=frozenset({r})).earliest(occupancy, latency)
            assert outcome.same_order_ps == int((start + latency).max())
            assert outcome.same_order_ps <= trace.makespan_ps


def test_what_is_not_on_the_critical_path_brings_nothing_in_the_same_order():
    rng, seen = random.Random(4), 0
    for _ in range(40):
        b = TaskGraphBuilder()
        units = [b.resource(f"unit{k}", rng.choice([1, 2])) for k in range(5)]
        for task in range(30):
            after = {rng.randrange(max(0, task - 6), task)} if task else set()
            b.task(action="a", uses=[(rng.choice(units), 1)], after=after, occupancy_ps=rng.randint(1, 90))
        graph = b.build()
        trace = run_tasks(graph, "heap")
        on_path = {int(graph.uses_resource[graph.uses_ptr[s.task]]) for s in critical_path(graph, trace)}
        for r in set(units) - on_path:
            seen += 1
            outcome = what_if(graph, trace, [Change("speedup", graph.resource_names[r], None)])[0]
            assert outcome.same_order_ps == trace.makespan_ps
    assert seen > 5


def test_more_speed_and_more_units_never_harm_in_the_same_order(make_random_graph: Callable[[int], TaskGraph]):
    for seed in range(80):
        graph = make_random_graph(seed)
        if makespan(graph, "fifo", "heap") is None:
            continue
        for outcome in what_if(graph, run_tasks(graph, "heap")):
            assert outcome.same_order_ps is not None
            assert outcome.same_order_ps <= outcome.base_ps


def graham() -> TaskGraph:
    """Graham's example: nine tasks, three machines, 12 units of time; 13 when every task is shorter by one."""
    b = TaskGraphBuilder()
    machine = b.resource("machine", 3)
    before = {4: [3], 5: [3], 6: [3], 7: [3], 8: [0]}
    for task, time in enumerate([3, 2, 2, 2, 4, 4, 4, 4, 9]):
        b.task(
            action="a", uses=[(machine, 1)], occupancy_ps=time * 1000, after=before.get(task, []), priority=task
        )
    return b.build()


def test_where_fifo_is_misleading_the_answer_of_the_same_order_ranks_and_both_are_shown():
    graph = graham()
    trace = run_tasks(graph)
    assert trace.makespan_ps == 12_000  # R. L. Graham, SIAM J. Appl. Math. 17 (1969), figures 1 and 3
    (outcome,) = what_if(graph, trace, [Change("capacity", "machine", Fraction(4, 3))])
    assert outcome.latency_ps == 15_000
    assert outcome.same_order_ps is not None
    assert outcome.same_order_ps <= 12_000
    assert outcome.is_anomaly
    assert outcome.gain_ps == 12_000 - outcome.same_order_ps


def test_the_largest_gain_comes_first_and_all_together_is_tried_too():
    b = TaskGraphBuilder()
    adc, bus = b.resource("tile[0].pe[0].adc"), b.resource("tile[0].bus")
    for _ in range(10):
        task = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
        b.task(action="send", uses=[(bus, 1)], occupancy_ps=30, after=[task])
    graph = b.build()
    changes = [
        Change.parse("speedup", "bus=2"),
        Change.parse("speedup", "adc=2"),
        Change.parse("capacity", "tile.*.adc=2"),
    ]
    found = [(str(outcome), outcome.gain_ps) for outcome in what_if(graph, run_tasks(graph), changes)]
    assert found == [
        ("bus 2x faster and adc 2x faster and tile.*.adc capacity x2", 750),
        ("adc 2x faster", 500),
        ("tile.*.adc capacity x2", 470),
        ("bus 2x faster", 15),
    ]


def test_a_larger_buffer_is_worth_what_it_saves_in_waiting():
    b = TaskGraphBuilder()
    room, other = (
        b.resource("tile[0].input_buffer.space[fc1]", 1),
        b.resource("tile[0].output_buffer.space[fc1]", 8),
    )
    for _ in range(4):
        filled = b.task(action="fill", reserves=[(room, 1), (other, 1)], occupancy_ps=10)
        b.task(action="drain", after=[filled], frees=[(room, 1), (other, 1)], occupancy_ps=10)
    graph = b.build()
    changes = [Change.parse("capacity", "input_buffer.space=2"), Change.parse("capacity", "output_buffer.space=2")]
    gains = {str(outcome): outcome.gain_ps for outcome in what_if(graph, run_tasks(graph), changes)}
    assert gains["input_buffer.space capacity x2"] == 40
    assert gains["output_buffer.space capacity x2"] == 0
    tried = {str(outcome): outcome.gain_ps for outcome in what_if(graph, run_tasks(graph))}
    assert tried["tile[0].input_buffer.space[fc1] capacity x2"] == 40
    assert "tile[0].output_buffer.space[fc1] capacity x2" not in tried  # nobody waited for it


def test_times_are_divided_exactly_and_rounded_once():
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    for time in (0, 1, 2, 3, 100, 10**17 + 1):
        b.task(action="convert", uses=[(adc, 1)], occupancy_ps=time, latency_ps=time + 1)
    graph = b.build()
    for factor in (Fraction(2), Fraction(3), Fraction(1, 3), Fraction(7, 5)):
        found = changed(graph, [Change("speedup", "adc", factor)], Names(graph))
        exact = [Fraction(time) / factor for time in graph.occupancy_ps.tolist()]
        assert found.occupancy_ps.tolist() == [(2 * x + 1).__floor__() // 2 for x in exact]
    assert graph.capacity.tolist() == [1]


def names() -> TaskGraph:
    b = TaskGraphBuilder()
    for tile in range(2):
        for part in ("bus", "pe[0].adc", "pe[1].adc", "input_buffer.space[a.b]@tile[1]"):
            b.resource(f"tile[{tile}].{part}", 4)
    b.task(action="a", uses=[(1, 3)], reserves=[(3, 1)], frees=[(3, 1)])
    return b.build()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("adc", [1, 2, 5, 6]),
        ("tile.*.adc", [1, 2, 5, 6]),
        ("tile[1].*.adc", [5, 6]),
        ("tile[0].pe[1].adc", [2]),
        ("*.bus", [0, 4]),
        ("input_buffer.space", [3, 7]),
        ("tile[?].bus", [0, 4]),
        ("ADC", []),
    ],
)
def test_a_pattern_means_whole_names_names_without_indices_and_kinds(pattern: str, found: list[int]):
    assert Names(names()).resources(pattern) == found


def test_unknown_names_are_refused_all_at_once_with_near_ones():
    graph = names()
    changes = [
        Change.parse("capacity", "tile.*.acd=2"),
        Change.parse("speedup", "busses=2"),
        Change.parse("capacity", "xyz=2"),
    ]
    with pytest.raises(ArchsimError) as error:
        what_if(graph, run_tasks(graph), changes)
    assert str(error.value).splitlines() == [
        "--capacity tile.*.acd: no resource has this name; did you mean adc?",
        "--speedup busses: no resource or component has this name; did you mean bus?",
        "--capacity xyz: no resource has this name; there are: adc, bus",
    ]


def test_space_has_no_time_and_too_few_units_are_told_with_the_resource():
    graph = names()
    with pytest.raises(ArchsimError, match="no task spends time on it; space is changed by --capacity"):
        changed(graph, [Change.parse("speedup", "input_buffer.space=2")], Names(graph))
    with pytest.raises(
        ArchsimError, match=r"tile\[0\].pe\[0\].adc: would have 2 units, but a task takes 3 at once"
    ):
        changed(graph, [Change.parse("capacity", "adc=0.5")], Names(graph))


@pytest.mark.parametrize("text", ["adc", "adc=", "=2", "adc=two", "adc=0", "adc=-1", "adc=nan", "adc=1/0"])
def test_a_change_written_otherwise_is_refused_with_an_example(text: str):
    with pytest.raises(ArchsimError, match=r"write NAME=FACTOR, for instance adc=2|must be above zero"):
        Change.parse("speedup", text)


def test_a_deadlock_is_an_outcome_not_an_end():
    outcome = Outcome((Change("capacity", "room", Fraction(2)),), 10, None, 8)
    assert outcome.is_anomaly
    assert outcome.gain_ps == 2


def test_a_component_is_its_tasks_and_a_resource_is_all_who_hold_it():
    b = TaskGraphBuilder()
    array, adc = b.resource("tile[0].crossbar"), b.resource("tile[0].adc")
    b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
    # an array's task that holds converters too
    b.task(action="verify", uses=[(array, 1), (adc, 1)], occupancy_ps=300)
    graph = b.build()
    prices = {
        "convert": Action("convert", (Charge("adc", 1.0),)),
        "verify": Action("verify", (Charge("crossbar", 1.0),)),
    }
    meant = Names(graph, prices)
    assert changed(graph, [Change("speedup", "adc", Fraction(2))], meant).occupancy_ps.tolist() == [50, 300]
    assert changed(graph, [Change("speedup", "*.adc", Fraction(2))], meant).occupancy_ps.tolist() == [50, 150]
    quick = changed(graph, [Change("speedup", "adc", None)], meant)
    assert (quick.occupancy_ps.tolist(), quick.uses_resource.tolist()) == ([0, 300], [array, adc])
    tried = [str(outcome) for outcome in what_if(graph, run_tasks(graph), actions=prices)]
    assert {"adc 2x faster", "*.adc 2x faster", "crossbar 2x faster", "adc capacity x2"} <= set(tried)
    assert "*.crossbar 2x faster" not in tried  # the same task as the component's
