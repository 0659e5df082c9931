"""Power over time: its integral is the energy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.components import Action, AreaItem, Charge
from archsim.engine import run_tasks
from archsim.metrics import Result, power_over_time
from archsim.taskgraph import TaskGraph, TaskGraphBuilder

PRICES = {"a": Action("a", (Charge("adc", 1.0),))}


def result_of(b: TaskGraphBuilder, leakage_uw: float = 0.0) -> Result:
    graph = b.build()
    items = (AreaItem("adc", "chip", 1, 1.0, leakage_uw, "s", "", 1),)
    return Result.of(graph, run_tasks(graph), PRICES, items, {}, 0, 1, "inference", "net", {})


def test_two_overlapping_tasks_add_up_while_both_run():
    b = TaskGraphBuilder()
    b.task(action="a", count=4, occupancy_ps=4000)  # 4 pJ over 4 ns: 1 mW
    b.task(action="a", count=6, occupancy_ps=1000, latency_ps=2000)  # 6 pJ over 2 ns: 3 mW
    result = result_of(b, leakage_uw=5.0)
    edges_ps, power_uw = power_over_time(result)
    assert edges_ps.tolist() == [0, 2000, 4000]
    assert power_uw.tolist() == pytest.approx([4005.0, 1005.0], rel=1e-12)
    assert result.peak_power_uw == pytest.approx(4005.0, rel=1e-12)
    assert result.average_power_uw == pytest.approx(10.0 / 4000 * 1e6 + 5.0, rel=1e-12)


def test_a_short_task_spends_its_energy_over_one_nanosecond():
    b = TaskGraphBuilder()
    b.task(action="a", occupancy_ps=1)
    b.task(action="a", count=0, occupancy_ps=5000)
    edges_ps, power_uw = power_over_time(result_of(b))
    assert edges_ps.tolist() == [0, 1000, 5000]
    assert power_uw.tolist() == pytest.approx([1000.0, 0.0])


def test_what_would_reach_beyond_the_end_is_spent_before_it():
    b = TaskGraphBuilder()
    first = b.task(action="a", count=0, occupancy_ps=5000)
    b.task(action="a", occupancy_ps=9000, latency_ps=0, after=[first])
    edges_ps, power_uw = power_over_time(result_of(b))
    assert edges_ps.tolist() == [0, 4000, 5000]
    assert power_uw.tolist() == pytest.approx([0.0, 1000.0])


def test_a_run_that_takes_no_time_is_averaged_over_one_nanosecond():
    b = TaskGraphBuilder()
    b.task(action="a", count=3)
    result = result_of(b)
    assert result.peak_power_uw == result.average_power_uw == pytest.approx(3000.0)


def test_an_empty_run_draws_the_leakage():
    assert power_over_time(result_of(TaskGraphBuilder(), 7.0))[1].tolist() == [7.0]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_integral_of_the_power_is_the_energy_and_the_peak_is_no_less_than_the_average(
    random_graphs: st.SearchStrategy[TaskGraph], evaluate: Callable[..., Result], data: st.DataObject
):
    result = evaluate(data.draw(random_graphs))
    edges_ps, power_uw = power_over_time(result)
    assert edges_ps[0] == 0
    assert edges_ps[-1] == (result.latency_ps or 1000)
    assert (np.diff(edges_ps) > 0).all()
    assert (power_uw >= result.leakage_uw).all()
    energy_pj = float((power_uw * np.diff(edges_ps)).sum()) * 1e-6
    # a run of no time leaks nothing; its step of 1 ns does
    leaked_pj = 0.0 if result.latency_ps else result.leakage_uw * 1000 * 1e-6
    assert energy_pj - leaked_pj == pytest.approx(result.energy_pj, rel=1e-9, abs=1e-12)
    assert result.peak_power_uw >= result.average_power_uw
