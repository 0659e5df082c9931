"""Templates: what is unrolled is what the builder would lay down, task by task."""

from __future__ import annotations

import numpy as np
import pytest
from template_support import laid_by_hand, random_template, same_columns

from archsim.engine import run_tasks
from archsim.errors import EngineError
from archsim.taskgraph import Run, TaskGraphBuilder, TaskTemplate


@pytest.mark.parametrize("compiled", [True, False])
def test_an_unrolled_template_is_the_graph_that_the_builder_lays_down(compiled):
    for seed in range(60):
        template, tasks, capacity, carried = random_template(seed)
        n = [1, 2, 7][seed % 3]
        same_columns(template.unroll(n, compiled=compiled), laid_by_hand(tasks, capacity, carried, n))


def test_both_ways_to_unroll_give_the_same_columns_for_blocks_that_differ():
    one, two = (random_template(seed)[0] for seed in (3, 4))
    template = TaskTemplate(
        one.tasks,
        np.array([0, 1, one.tasks.n_tasks]),
        np.zeros(one.tasks.n_tasks + 1, np.int64),
        np.zeros(0, np.int64),
        np.zeros(0, np.int64),
    )
    assert two.tasks.n_tasks
    order = [Run((0, 1), 3, timestep=5, sample=2), Run((1,), 2), Run((0,), 0)]
    same_columns(template.unroll(order), template.unroll(order, compiled=False))
    assert template.n_tasks(order) == template.unroll(order).n_tasks == int(template.times(order).sum())


def test_no_iterations_are_an_empty_graph():
    template = random_template(0)[0]
    assert template.unroll(0).n_tasks == 0
    assert template.bytes_per_task(0) == 0.0


def test_the_memory_per_task_that_is_stated_is_kept():
    for seed in range(40):
        template = random_template(seed)[0]
        stated = template.bytes_per_task(200)
        graph = template.unroll(200)
        # edges of the first iterations fall away; a pointer column has one entry more
        assert 0.9 * stated <= graph.n_bytes / graph.n_tasks <= stated + 200 / graph.n_tasks


def test_two_iterations_through_one_converter_follow_each_other():
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100)
    trace = run_tasks(TaskTemplate.of(b.build()).unroll(4))
    assert trace.done_ps.tolist() == [100, 200, 300, 400]


def test_wrong_edges_to_later_iterations_are_named_all_at_once():
    b = TaskGraphBuilder()
    b.task(action="read")
    with pytest.raises(EngineError, match=r"(?s)before=3.*lag=0"):
        TaskTemplate.of(b.build(), [(3, 0, 1), (0, 0, 0)])


def test_more_tasks_than_ids_are_refused():
    template = random_template(1)[0]
    with pytest.raises(EngineError, match="run_long"):
        template.unroll(2**31)


def test_an_order_of_blocks_that_do_not_exist_is_refused():
    template = random_template(1)[0]
    with pytest.raises(EngineError, match="blocks are numbered 0 to 0"):
        template.unroll([Run((1,), 1)])
