"""A deadlock says who waits for what, held by whom, and what would break it."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pytest

from archsim.engine import run_tasks
from archsim.errors import DeadlockError
from archsim.taskgraph import TaskGraphBuilder


def two_transfers_that_cross():
    """Each holds one buffer and wants the other's."""
    b = TaskGraphBuilder()
    left, right = b.resource("left.buffer"), b.resource("right.buffer")
    a = b.task(action="receive", reserves=[(left, 1)], occupancy_ps=10, layer="fc1")
    c = b.task(action="receive", reserves=[(right, 1)], occupancy_ps=20, layer="fc2")
    b.task(action="send", after=[a], reserves=[(right, 1)], frees=[(left, 1), (right, 1)], layer="fc1")
    b.task(action="send", after=[c], reserves=[(left, 1)], frees=[(left, 1), (right, 1)], layer="fc2")
    return b.build()


def test_a_deadlock_names_tasks_resources_and_the_capacity_that_breaks_it(engine):
    graph = two_transfers_that_cross()
    with pytest.raises(DeadlockError) as caught:
        run_tasks(graph, engine=engine)
    error = caught.value
    assert set(error.cycle) == {2, 3}
    assert error.trace.start_ps.tolist() == [0, 0, -1, -1]
    assert error.trace.ready_ps.tolist() == [0, 0, 10, 20]
    assert error.trace.done_ps.tolist() == [10, 20, -1, -1]
    assert str(error) == (
        "deadlock at 20 ps: 2 of 4 tasks never start. These wait for each other:\n"
        "  task 2 (send [layer fc1]) needs 1 of 'right.buffer' (capacity 1, free 0); "
        "task 3 would give some back\n"
        "  task 3 (send [layer fc2]) needs 1 of 'left.buffer' (capacity 1, free 0); "
        "task 2 would give some back\n"
        "It would go on if you raised the capacity of 'right.buffer' from 1 to 2 "
        "or the capacity of 'left.buffer' from 1 to 2."
    )


@pytest.mark.parametrize("resource", [0, 1])
def test_the_capacity_that_the_message_names_does_break_the_deadlock(run, resource):
    graph = two_transfers_that_cross()
    capacity = graph.capacity.copy()
    capacity[resource] = 2
    assert run(replace(graph, capacity=capacity)).makespan_ps == 20


def test_a_producer_that_fills_the_buffer_its_consumer_waits_behind_is_a_cycle(engine):
    """The consumer of the first item needs a second item, for which there is no slot."""
    b = TaskGraphBuilder()
    slots = b.resource("slots", 1)
    first = b.task(action="produce", reserves=[(slots, 1)], occupancy_ps=5)
    second = b.task(action="produce", reserves=[(slots, 1)], occupancy_ps=5, after=[first])
    b.task(action="pool", frees=[(slots, 2)], after=[first, second])
    with pytest.raises(DeadlockError, match="'slots' from 1 to 2") as caught:
        run_tasks(b.build(), engine=engine)
    assert set(caught.value.cycle) == {1, 2}


def test_a_task_that_wants_more_than_there_is_has_no_cycle(engine):
    b = TaskGraphBuilder()
    buffer = b.resource("buffer", 4)
    b.task(action="store", uses=[(buffer, 5)], occupancy_ps=1)
    with pytest.raises(DeadlockError, match="more than there is") as caught:
        run_tasks(b.build(), engine=engine)
    assert caught.value.cycle == ()
    assert "'buffer' from 4 to at least 5" in str(caught.value)


def test_units_that_nobody_gives_back_have_no_cycle(engine):
    b = TaskGraphBuilder()
    buffer = b.resource("buffer", 4)
    b.task(action="store", reserves=[(buffer, 3)])
    b.task(action="store", reserves=[(buffer, 3)])
    with pytest.raises(DeadlockError, match="no unfinished task frees any") as caught:
        run_tasks(b.build(), engine=engine)
    assert caught.value.cycle == ()
    assert "from 4 to 6" in str(caught.value)


def test_a_long_cycle_is_shortened_in_the_message_only(engine):
    b = TaskGraphBuilder()
    slots = b.resource("slots", 1)
    b.task(action="fill", reserves=[(slots, 1)])
    last = b.task(action="again", reserves=[(slots, 1)])
    for _ in range(50):
        last = b.task(action="pass on", after=[last])
    b.task(action="drain", after=[last], frees=[(slots, 2)])
    with pytest.raises(DeadlockError, match=r"… 44 more …") as caught:
        run_tasks(b.build(), engine=engine)
    assert len(caught.value.cycle) == 52


def test_in_a_cycle_each_task_waits_for_the_next(make_random_graph, schedule_of):
    n_cycles = 0
    for seed in range(500):
        graph = make_random_graph(seed)
        (_, start, _), error = schedule_of(graph, "heap", "fifo")
        if error is None or not error.cycle:
            continue
        n_cycles += 1
        nodes = graph.to_networkx()
        for task, other in zip(error.cycle, np.roll(error.cycle, -1).tolist(), strict=True):
            assert start[task] == start[other] == -1
            wanted = {*nodes.nodes[task]["uses"], *nodes.nodes[task]["reserves"]}
            held_up = wanted & {*nodes.nodes[other]["uses"], *nodes.nodes[other]["reserves"],
                                *nodes.nodes[other]["frees"]}  # fmt: skip
            assert nodes.has_edge(other, task) or held_up
    assert n_cycles > 20


def test_tasks_that_wait_for_each_others_end_are_a_cycle_without_a_capacity_to_raise(engine):
    """The builder cannot make such a graph; whoever fills the columns by hand can."""
    b = TaskGraphBuilder()
    first = b.task(action="a")
    b.task(action="b", after=[first])
    graph = replace(b.build(), after_ptr=np.array([0, 1, 2]), after_idx=np.array([1, 0], np.int32))
    with pytest.raises(DeadlockError, match="No capacity helps") as caught:
        run_tasks(graph, engine=engine)
    assert set(caught.value.cycle) == {0, 1}


def test_ten_thousand_stuck_tasks_are_explained_within_seconds(engine):
    b = TaskGraphBuilder()
    slots = b.resource("slots", 1)
    last = b.task(action="fill", reserves=[(slots, 1)])
    for _ in range(10_000):
        last = b.task(action="again", reserves=[(slots, 1)], after=[last])
    b.task(action="drain", frees=[(slots, 10_001)], after=[last])
    with pytest.raises(DeadlockError) as caught:
        run_tasks(b.build(), engine=engine)
    assert len(caught.value.cycle) == 10_001


def test_the_examples_of_the_page_on_the_engine_run(root_dir):
    results = doctest.testfile(str(root_dir / "docs/models/engine.md"), module_relative=False)
    assert results.attempted > 15
    assert results.failed == 0
