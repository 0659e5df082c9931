"""Totals and breakdowns, against numbers worked out by hand."""

from __future__ import annotations

import dataclasses
import doctest
import json
import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.components import Action, AreaItem, Charge
from archsim.engine import run_tasks
from archsim.errors import EngineError
from archsim.metrics import BREAKDOWNS, Busiest, Result, action_of_name
from archsim.metrics.ledger import exact_sums
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.trace import Trace

PRICES = {
    "drive@1b": Action("drive@1b", (Charge("drivers", 0.25),)),
    "drive@2b": Action("drive@2b", (Charge("drivers", 0.5),)),
    "convert@4b": Action("convert@4b", (Charge("adc", 2.0), Charge("sample_hold", 0.125))),
    "program": Action("program", (Charge("write_circuits", 8.0),)),
}
CROSSBARS = {("fc1", "forward"): 4, ("fc2", "forward"): 2, ("fc2", "copy"): 1}
ITEMS = (
    AreaItem("crossbar", "crossbar", 8, 100.0, 0.0, "s", "", 1),
    AreaItem("adc", "pe", 8, 40.0, 50.0, "s", "", 1),
    AreaItem("write_circuits", "crossbar", 8, 10.0, 0.0, "s", "", 1),
    AreaItem("gradient_buffer", "tile", 2, 60.0, 100.0, "s", "", 1),
    AreaItem("chip_control", "chip", 1, 1000.0, 0.0, "s", "", 1),
)


def hand_made() -> TaskGraph:
    """Drive 0..10 ns (fc1) and 0..4 ns (fc2); two conversions on one ADC 10..30, 30..50 ns; program 50..70 ns."""
    b = TaskGraphBuilder()
    adc, write = b.resource("adc"), b.resource("write", 4)
    drive = b.task(action="drive@1b", count=8, occupancy_ps=10_000, layer="fc1", stage="forward")
    b.task(action="drive@2b", count=4, occupancy_ps=4_000, layer="fc2", stage="forward")
    for layer in ("fc1", "fc2"):
        done = b.task(
            action="convert@4b", count=16, uses=[(adc, 1)], occupancy_ps=20_000, after=[drive],
            layer=layer, stage="forward",
        )  # fmt: skip
    b.task(
        action="program", count=3, uses=[(write, 2)], occupancy_ps=20_000, after=[done],
        layer="fc2", stage="update",
    )  # fmt: skip
    return b.build()


@pytest.fixture
def result() -> Result:
    graph = hand_made()
    return Result.of(graph, run_tasks(graph), PRICES, ITEMS, CROSSBARS, 8, 7, "bp", "two layers", {"seed": 0})


def column(result: Result, by: str, what: str) -> dict[str, float]:
    return {name: part[what] for name, part in result.breakdown(by).items() if part[what]}


def test_totals_of_the_hand_made_run(result: Result):
    assert result.latency_ps == 70_000
    assert result.throughput_per_s == 7 / 70e-9
    # 8 x 0.25 + 4 x 0.5 + 32 x 2.125 + 3 x 8
    assert result.dynamic_energy_pj == 96.0
    # (8 x 50 + 2 x 100) uW x 70 ns
    assert result.leakage_energy_pj == pytest.approx(600e-6 * 70e-9 * 1e12, rel=1e-14)
    assert result.energy_pj == result.dynamic_energy_pj + result.leakage_energy_pj
    assert result.average_power_uw == pytest.approx((96.0 + 42.0) / 70e3 * 1e6)
    assert result.area_um2 == 8 * 150 + 2 * 60 + 1000
    assert result.busy_ps == 10_000 + 4_000 + 2 * 20_000 + 20_000


def test_energy_of_the_parts(result: Result):
    assert column(result, "component", "energy_pj") == pytest.approx(
        {"drivers": 4.0, "adc": 64.0 + 28.0, "sample_hold": 4.0, "write_circuits": 24.0, "gradient_buffer": 14.0}
    )
    assert column(result, "layer", "energy_pj") == pytest.approx(
        {"fc1": 2.0 + 34.0, "fc2": 2.0 + 34.0 + 24.0, "(leakage)": 42.0}
    )
    assert column(result, "stage", "energy_pj") == pytest.approx({"forward": 72, "update": 24, "(leakage)": 42})
    assert column(result, "action", "energy_pj") == pytest.approx(
        {"drive": 4.0, "convert": 68.0, "program": 24.0, "(leakage)": 42.0}
    )


def test_time_of_the_parts(result: Result):
    # critical path: drive 10, convert 20 (fc1), convert 20 (fc2), program 20 ns
    latency_ps = {"drivers": 10_000, "adc": 40_000, "write_circuits": 20_000}
    assert column(result, "component", "latency_ps") == latency_ps
    assert column(result, "layer", "latency_ps") == {"fc1": 30_000, "fc2": 40_000}
    assert column(result, "stage", "busy_ps") == {"forward": 54_000, "update": 20_000}
    assert column(result, "component", "busy_ps") == {"drivers": 14_000, "adc": 40_000, "write_circuits": 20_000}
    assert column(result, "action", "count") == {"drive": 12, "convert": 32, "program": 3}


def test_area_of_the_parts(result: Result):
    # a crossbar with its ADC and write circuits: 150; a tile's gradient buffer goes with its crossbars: 120 / 8
    per_crossbar = 150 + 15
    assert column(result, "layer", "area_um2") == pytest.approx(
        {"fc1": 4 * per_crossbar, "fc2": 3 * per_crossbar, "(unused)": per_crossbar, "(shared)": 1000}
    )
    assert column(result, "stage", "area_um2") == pytest.approx(
        {"forward": 6 * 140 + 1000, "backward": 140, "(unused)": 140, "update": 80, "learning": 120}
    )
    assert column(result, "action", "area_um2") == {
        "read": 800, "convert": 320, "program": 80, "outer": 120, "(control)": 1000,
    }  # fmt: skip


def test_utilisation_counts_units_and_the_busiest_resource_is_the_adc(result: Result):
    assert result.utilisation() == {"adc": 40 / 70, "write": (2 * 20) / (4 * 70)}
    assert result.busiest_resource == Busiest("adc", 40 / 70)


def test_throughput_of_a_part_is_what_its_busiest_resource_would_sustain(result: Result):
    rates = {name: part["throughput_per_s"] for name, part in result.breakdown("action").items()}
    # 7 samples in 40 ns of the adc; half of the write circuits' units for 20 ns
    assert rates["convert"] == pytest.approx(7 / 40e-9)
    assert rates["program"] == pytest.approx(7 / 10e-9)
    assert rates["drive"] == math.inf


def test_the_tail_of_an_occupancy_after_the_end_does_not_count_as_use():
    b = TaskGraphBuilder()
    link = b.resource("link")
    b.task(action="program", uses=[(link, 1)], occupancy_ps=100, latency_ps=10)
    graph = b.build()
    result = Result.of(graph, run_tasks(graph), PRICES, (), {}, 0, 1, "inference", "tail", {})
    assert result.utilisation() == {"link": 1.0}
    assert result.busy_ps == 100


def test_space_that_is_only_reserved_has_no_utilisation():
    b = TaskGraphBuilder()
    room = b.resource("room")
    b.task(action="program", reserves=[(room, 1)], frees=[(room, 1)], occupancy_ps=10)
    graph = b.build()
    result = Result.of(graph, run_tasks(graph), PRICES, (), {}, 0, 1, "inference", "room", {})
    assert result.utilisation() == {}
    assert result.busiest_resource == Busiest("(none)", 0.0)


def test_an_empty_run_costs_nothing_and_takes_no_time():
    graph = TaskGraphBuilder().build()
    result = Result.of(graph, run_tasks(graph), {}, ITEMS, {}, 8, 1, "inference", "nothing", {})
    assert (result.latency_ps, result.energy_pj, result.busy_ps) == (0, 0.0, 0)
    assert result.area_um2 == 2320
    assert result.throughput_per_s == math.inf
    assert result.to_dict()["totals"]["throughput_per_s"] is None


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(["fifo", "static"]), st.randoms(use_true_random=False))
def test_parts_sum_to_the_whole_bit_for_bit_in_every_order(
    random_graphs: st.SearchStrategy[TaskGraph], evaluate: Callable[..., Result], data: st.DataObject, policy: str,
    order: random.Random,
):  # fmt: skip
    result = evaluate(data.draw(random_graphs), policy)
    for by in BREAKDOWNS:
        parts = list(result.breakdown(by).values())
        order.shuffle(parts)
        for what in ("energy_pj", "area_um2", "busy_ps", "latency_ps"):
            total = 0
            for part in parts:
                total += part[what]
            assert total == getattr(result, what)
            assert all(part[what] >= 0 for part in parts)
        assert sum(part["count"] for part in parts) == int(result.graph.count.sum())
    assert all(0 <= share <= 1 for share in result.utilisation().values())


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_rounding_to_quanta_moves_no_figure_by_more_than_rounding_of_floats(
    random_graphs: st.SearchStrategy[TaskGraph], evaluate: Callable[..., Result], data: st.DataObject
):
    result = evaluate(data.draw(random_graphs))
    graph = result.graph
    exact = math.fsum(
        int(n) * result.actions[graph.action_names[a]].energy_pj
        for a, n in zip(graph.action, graph.count, strict=True)
    )
    assert result.dynamic_energy_pj == pytest.approx(exact, rel=1e-13, abs=result.energy_pj * 1e-13)
    assert result.area_um2 == pytest.approx(math.fsum(i.n * i.area_um2 for i in result.items), rel=1e-14)


def test_sums_of_times_go_beyond_64_bits():
    big = np.full(4, 2**62, np.int64)
    assert exact_sums(np.array([0, 0, 0, 1]), big, 2) == [3 * 2**62, 2**62]


def test_a_part_that_is_off_by_the_last_bit_is_refused(result: Result):
    parts = {by: result.breakdown(by) for by in BREAKDOWNS}
    parts["stage"]["update"]["energy_pj"] = math.nextafter(parts["stage"]["update"]["energy_pj"], math.inf) + 2e-14
    wrong = dataclasses.replace(result, ledger=dataclasses.replace(result.ledger, parts=parts))
    with pytest.raises(EngineError, match="energy_pj by stage: the parts sum to"):
        wrong.check()


@pytest.mark.parametrize("what", ["energy_pj", "busy_ps", "latency_ps", "area_um2"])
@pytest.mark.parametrize("by", BREAKDOWNS)
def test_a_part_that_is_missing_is_refused(result: Result, by: str, what: str):
    parts = {key: result.breakdown(key) for key in BREAKDOWNS}
    largest = max(parts[by].values(), key=lambda part: part[what])
    largest[what] = 0
    with pytest.raises(EngineError, match=f"{what} by {by}"):
        dataclasses.replace(result, ledger=dataclasses.replace(result.ledger, parts=parts)).check()


def test_a_breakdown_is_a_copy(result: Result):
    result.breakdown("layer")["fc1"]["energy_pj"] = 0.0
    result.check()


def test_the_variant_of_an_action_ends_at_the_first_at():
    assert action_of_name("read@fc1@x,2b") == "read"


def test_an_unknown_breakdown_is_refused(result: Result):
    with pytest.raises(EngineError, match="'tile'; there are: component, layer, stage, action"):
        result.breakdown("tile")


def evaluate_with(**changes: object) -> Result:
    graph = hand_made()
    given: dict[str, object] = {
        "graph": graph, "trace": run_tasks(graph), "actions": PRICES, "items": ITEMS, "crossbars": CROSSBARS,
        "n_crossbars": 8, "n_samples": 1, "phase": "bp", "name": "net", "provenance": {},
    }  # fmt: skip
    return Result.of(**(given | changes))  # type: ignore[arg-type]


def program_at(energy_pj: float) -> dict[str, Action]:
    return {"program": Action("program", (Charge("adc", energy_pj),))}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"actions": {}}, "'drive@1b' has no price\naction 'drive@2b' has no price"),
        ({"actions": PRICES | program_at(math.nan)}, "'program' in 'adc' is nan"),
        ({"items": (AreaItem("adc", "pe", 1, -1.0, 0.0, "s", "", 1),)}, "area of 'adc' is -1.0"),
        ({"actions": PRICES | program_at(1e308)}, "beyond what a float holds"),
        ({"n_crossbars": 6}, "7 crossbars are in use, but the chip has 6"),
        ({"crossbars": {("fc1", "spare"): 1}}, "role 'spare' is unknown"),
        ({"crossbars": {("fc1", "copy"): -1}}, "-1 is negative"),
        ({"n_samples": 0}, "n_samples is 0"),
        ({"trace": Trace(*(np.zeros(1, np.int64) for _ in range(3)))}, "the trace has 1 tasks, its graph 5"),
        ({"trace": Trace(*(np.full(5, -1) for _ in range(3)))}, "never ran"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(changes: dict[str, object], message: str):
    with pytest.raises(EngineError, match=message):
        evaluate_with(**changes)


def test_the_dictionary_survives_json_unchanged(result: Result):
    data = result.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["totals"]["energy_pj"] == result.energy_pj
    assert data["breakdown"]["action"]["drive"]["throughput_per_s"] is None
    path = data["critical_path"]
    # the second conversion waited 20 ns for the ADC
    assert path["waiting_for_resources_ps"] == 20_000
    assert path["waiting_for_results_ps"] == 50_000
    assert path["share_of_component"]["adc"] == 40 / 70


def test_a_fresh_evaluation_gives_the_same_dictionary(result: Result):
    assert evaluate_with(n_samples=7, name="two layers", provenance={"seed": 0}).to_dict() == result.to_dict()


def test_the_examples_on_the_page_about_metrics_run(root_dir: Path):
    results = doctest.testfile(str(root_dir / "docs/models/metrics.md"), module_relative=False)
    assert results.failed == 0
    assert results.attempted > 10
