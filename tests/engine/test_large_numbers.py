"""Times, units and sums of them near 64 bits: right, or refused; never wrapped."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.upper_bound import upper_bound

from archsim.engine import run_many, run_tasks
from archsim.engine.bounds import lower_bound
from archsim.engine.long import run_long
from archsim.errors import EngineError
from archsim.taskgraph import Run, TaskGraphBuilder, TaskTemplate
from archsim.taskgraph.whole import products, sums_by

LONG_PS = 5 * 10**18  # below 2**63


def one_after_the_other(n, occupancy_ps, latency_ps=None, units=1):
    b = TaskGraphBuilder()
    adc = b.resource("adc", units)
    for _ in range(n):
        b.task(action="convert", uses=[(adc, units)], occupancy_ps=occupancy_ps, latency_ps=latency_ps)
    return b.build()


def test_a_time_that_fits_into_64_bits_is_taken_everywhere(run):
    graph = one_after_the_other(1, LONG_PS)
    assert run(graph).makespan_ps == lower_bound(graph).makespan_ps == upper_bound(graph) == LONG_PS
    assert run_many(graph, np.array([[LONG_PS]])).busy_ps.tolist() == [[LONG_PS]]
    repeated = run_long(TaskTemplate.of(graph), 1)
    assert repeated.makespan_ps == repeated.busy_ps[0] == LONG_PS


def test_a_run_past_64_bits_is_refused_and_its_bound_is_not(run):
    graph = one_after_the_other(2, LONG_PS)
    with pytest.raises(EngineError, match=r"64 bits|below 2"):
        run(graph)
    assert upper_bound(graph) == 2 * LONG_PS


def test_what_is_held_past_64_bits_is_right_where_nobody_waits_for_it(run):
    assert run(one_after_the_other(2, 6 * 10**18, latency_ps=1)).done_ps.tolist() == [1, 6 * 10**18 + 1]


def test_busy_time_past_64_bits_is_refused_with_its_size():
    graph = one_after_the_other(1, 2, units=2**62)
    assert run_tasks(graph).makespan_ps == 2
    with pytest.raises(EngineError, match=f"busy time of a resource, in ps times units: {2**63} does not fit"):
        run_many(graph, np.array([[2]]))
    with pytest.raises(EngineError, match=f"busy time of a resource, in ps times units: {2**63} does not fit"):
        run_long(TaskTemplate.of(graph), 1)


@pytest.mark.parametrize("kind", ["uses", "reserves", "frees"])
def test_units_of_one_resource_named_twice_past_64_bits_are_refused(kind):
    b = TaskGraphBuilder()
    adc = b.resource("adc", 2**63 - 1)
    b.task(action="convert", **{kind: [(adc, 2**62), (adc, 2**62 - 1)]})
    assert getattr(b.build(), f"{kind}_units").tolist() == [2**63 - 1]
    b.task(action="convert", **{kind: [(adc, 2**62), (adc, 2**62)]})
    with pytest.raises(EngineError, match=rf"task 1: units of resource 'adc', .* in all: {2**63} does not fit"):
        b.build()


@pytest.mark.parametrize("order", [2.5, None, "3", float("nan"), [2], [Run((0,), 1.5)]])
def test_an_order_that_is_no_whole_number_is_refused(order):
    with pytest.raises(EngineError, match="must be a whole number of iterations, or a list of Run"):
        run_long(TaskTemplate.of(one_after_the_other(1, 5)), order)


def test_a_whole_number_of_numpy_is_an_order():
    assert run_long(TaskTemplate.of(one_after_the_other(1, 5)), np.int64(3)).makespan_ps == 15


@pytest.mark.parametrize("limit", [float("nan"), "1 GB", True, 0, -5])
def test_a_limit_on_memory_that_is_none_is_refused(engine, limit):
    graph = one_after_the_other(1, 5)
    for refused in (
        lambda: run_tasks(graph, engine=engine, max_memory=limit),
        lambda: run_long(TaskTemplate.of(graph), 2, max_memory_bytes=limit),
    ):
        with pytest.raises(EngineError, match="it must be a number, 1 or more"):
            refused()


WHOLE = st.integers(0, 2**63 - 1) | st.integers(0, 9)


@given(st.lists(st.tuples(st.integers(0, 2), WHOLE, WHOLE), max_size=6))
def test_sums_of_products_are_those_of_pythons_integers(rows):
    index, a, b = (np.array([row[k] for row in rows], np.int64) for k in range(3))
    expected = [sum(x * y for k, x, y in rows if k == n) for n in range(3)]
    assert sums_by(index, products(a, b), 3).tolist() == expected
