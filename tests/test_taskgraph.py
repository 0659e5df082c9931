"""The waist: task graphs are columns, built task by task."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from calls_support import calls_of

from archsim.errors import EngineError
from archsim.taskgraph import TaskGraphBuilder, memory
from archsim.trace import Trace


@pytest.fixture
def b():
    builder = TaskGraphBuilder()
    builder.resource("adc", 2)
    builder.resource("buffer", 64)
    builder.task(action="read", occupancy_ps=10)
    return builder


def row(graph, name, task):
    ptr = getattr(graph, f"{name}_ptr")
    part = slice(ptr[task], ptr[task + 1])
    columns = ["idx"] if name == "after" else ["resource", "units"]
    return [getattr(graph, f"{name}_{column}")[part].tolist() for column in columns]


def test_what_goes_in_stands_in_the_columns(b):
    task = b.task(action="convert", count=8, uses=[(0, 1)], reserves=[(1, 4)], frees=[(1, 3)], occupancy_ps=100,
                  latency_ps=120, after=[0], priority=-2, stage="forward", layer="fc1", timestep=3,
                  sample=0)  # fmt: skip
    g = b.build()
    assert (task, g.n_tasks, g.n_resources) == (1, 2, 2)
    assert g.resource_names == ("adc", "buffer")
    assert g.capacity.tolist() == [2, 64]
    assert row(g, "uses", 1) == [[0], [1]]
    assert row(g, "reserves", 1) == [[1], [4]]
    assert row(g, "frees", 1) == [[1], [3]]
    assert row(g, "after", 1) == [[0]]
    assert (g.occupancy_ps[1], g.latency_ps[1], g.priority[1], g.count[1]) == (100, 120, -2, 8)
    assert g.action_names[g.action[1]] == "convert"
    assert (g.timestep.tolist(), g.sample.tolist()) == ([-1, 3], [-1, 0])
    assert g.occupancy_ps.dtype == g.latency_ps.dtype == g.capacity.dtype == np.int64
    assert g.count.dtype == np.int32
    assert (g.priority.dtype, g.timestep.dtype) == (np.int32, np.int8)
    assert g.action.dtype == g.stage.dtype == g.layer.dtype == np.int8  # few names need few bits


def test_latency_is_the_occupancy_unless_given(b):
    b.task(action="a", occupancy_ps=7)
    b.task(action="b", occupancy_ps=7, latency_ps=0)
    assert b.build().latency_ps.tolist() == [10, 7, 0]


def test_a_resource_named_twice_counts_with_the_sum_and_a_task_named_twice_once(b):
    b.task(action="a", uses=[(1, 3), (0, 1), (1, 5)], after=[0, 0])
    b.task(action="b", uses=[(0, 1)], after=[1, 0])
    g = b.build()
    assert row(g, "uses", 1) == [[0, 1], [1, 8]]
    assert row(g, "uses", 2) == [[0], [1]]
    assert row(g, "after", 1) == [[0]]
    assert row(g, "after", 2) == [[0, 1]]


def test_a_label_can_be_read(b):
    b.task(action="convert", count=8, layer="fc1", timestep=3, sample=0, stage="forward")
    g = b.build()
    assert g.label(0) == "read"
    assert g.label(1) == "convert x8 [layer fc1, timestep 3, sample 0, forward]"


def test_networkx_shows_the_same_graph_in_words(b):
    b.task(action="convert", uses=[(0, 1)], frees=[(1, 2)], after=[0], layer="fc1")
    graph = b.build().to_networkx()
    assert list(graph.edges) == [(0, 1)]
    assert graph.nodes[1]["uses"] == {"adc": 1}
    assert graph.nodes[1]["frees"] == {"buffer": 2}
    assert graph.nodes[1]["label"] == "convert [layer fc1]"


def test_a_graph_cannot_be_changed(b):
    g = b.build()
    with pytest.raises(FrozenInstanceError):
        g.priority = g.count
    with pytest.raises(ValueError, match="read-only"):
        g.occupancy_ps[0] = 3


def test_building_goes_on_without_touching_an_earlier_graph(b):
    first = b.build()
    b.task(action="more")
    assert (first.n_tasks, b.build().n_tasks) == (1, 2)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"occupancy_ps": -1}, "occupancy_ps -1 must be 0 or more"),
        ({"latency_ps": -5}, "latency_ps -5 must be 0 or more"),
        ({"count": -1}, "count -1 must be 0 or more"),
        ({"occupancy_ps": 2**63}, "occupancy_ps 9223372036854775808 must be below"),
        ({"priority": 2**31}, "priority 2147483648 must be below"),
        ({"after": [1]}, "after 1 names a task that does not exist yet"),
        ({"after": [-1]}, "after -1 is no task id"),
        ({"uses": [(2, 1)]}, r"uses: resource 2 is unknown \(there are 2"),
        ({"reserves": [(-1, 1)]}, "reserves: resource -1 is unknown"),
        ({"frees": [(0, 0)]}, "frees: units 0 must be 1 or more"),
    ],
)
def test_a_number_out_of_range_is_refused_by_name(b, error, message):
    with pytest.raises(EngineError, match=f"task 1 \\(convert\\): .*{message}"):
        b.task(**{"action": "convert", **error})


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"occupancy_ps": 1.5}, "occupancy_ps 1.5 must be a whole number"),
        ({"latency_ps": "7"}, "latency_ps '7' must be a whole number"),
        ({"count": None}, "count None must be a whole number"),
        ({"priority": 0.0}, "priority 0.0 must be a whole number"),
        ({"after": [0.0]}, "after 0.0 must be a task id"),
        ({"after": 0}, "after 0 must be a list of task ids"),
        ({"uses": [(0, 1.0)]}, "uses: units 1.0 must be a whole number"),
        ({"uses": [("adc", 1)]}, "uses: resource 'adc' must be a number"),
        ({"uses": [0]}, r"uses \[0\] must be a list of \(resource, units\)"),
        ({"action": 3}, "action 3 must be text"),
        ({"layer": ["fc"]}, r"layer \['fc'\] must be text"),
    ],
)
def test_an_argument_of_the_wrong_type_is_refused_by_name(b, error, message):
    with pytest.raises(ValueError, match=message):
        b.task(**{"action": "convert", **error})


def test_all_errors_of_a_task_are_named_at_once(b):
    with pytest.raises(EngineError) as caught:
        b.task(action="convert", occupancy_ps=-1, latency_ps=-2, after=[9], uses=[(7, 0)])
    assert str(caught.value).count(";") == 4


def test_a_refused_task_leaves_no_trace_in_the_builder(b):
    before = b.build()
    with pytest.raises(EngineError):
        b.task(action="new", uses=[(0, 1), (1, 0)], frees=[(1, 1)], after=[0, 0], occupancy_ps=3)
    with pytest.raises(ValueError, match="sample"):
        b.task(action="new", uses=[(0, 1)], after=[0], occupancy_ps=3, sample="x")
    assert b.task(action="good", uses=[(0, 2)], after=[0]) == 1
    g = b.build()
    assert (before.n_tasks, g.n_tasks) == (1, 2)
    assert row(g, "uses", 1) == [[0], [2]]
    assert row(g, "frees", 1) == [[], []]
    assert len(g.timestep) == len(g.sample) == len(g.count) == 2


@pytest.mark.parametrize(("name", "capacity"), [("adc", 1), ("new", -1), ("new", 2**63)])
def test_a_resource_needs_a_new_name_and_a_capacity_in_range(b, name, capacity):
    with pytest.raises(EngineError, match=f"resource '{name}'"):
        b.resource(name, capacity)


@pytest.mark.parametrize(("name", "capacity"), [(3, 1), ("new", 1.0), ("new", "2")])
def test_a_resource_needs_text_and_a_whole_number(b, name, capacity):
    with pytest.raises(ValueError, match="resource"):
        b.resource(name, capacity)


def test_numpy_numbers_are_whole_numbers_too(b):
    b.task(action="a", count=np.int64(3), uses=[(np.int32(0), np.int64(1))], occupancy_ps=np.int64(5),
           after=np.array([0]))  # fmt: skip
    assert b.build().count.tolist() == [1, 3]


def test_an_empty_builder_gives_an_empty_graph():
    g = TaskGraphBuilder().build()
    assert (g.n_tasks, g.n_resources) == (0, 0)


def test_a_task_costs_a_few_calls_and_a_hundred_bytes():
    b = TaskGraphBuilder()
    parts = [b.resource(f"part[{k}]") for k in range(10)]
    n = 20_000

    def lay_down() -> None:
        for i in range(n):
            b.task(action="convert", count=8, uses=[(parts[i % 10], 1)], occupancy_ps=100,
                   after=(i - 2, i - 1) if i > 1 else (), layer="fc1", timestep=i)  # fmt: skip

    assert calls_of(lay_down) < 100 * n
    assert b.build().n_bytes / n < 120


def test_the_makespan_is_when_the_last_task_is_done_and_0_if_none_ran():
    never = np.array([-1, -1])
    assert Trace(never, never, never).makespan_ps == 0
    assert Trace(never, never, np.array([4, 9])).makespan_ps == 9
    assert Trace(np.array([]), np.array([]), np.array([])).makespan_ps == 0


def test_a_column_that_repeats_one_number_takes_the_memory_of_that_number():
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    for i in range(1_000):
        b.task(action="convert", uses=[(adc, 1)], occupancy_ps=100, after=[i - 1] if i else [], timestep=i)
    g = b.build()
    assert g.priority.strides == g.uses_units.strides == g.count.strides == g.reserves_ptr.strides == (0,)
    assert g.latency_ps is g.occupancy_ps
    assert g.priority.tolist() == [0] * 1_000
    assert g.reserves_ptr.tolist() == [0] * 1_001
    # lengths: 8 bytes each; two columns of pointers, after and resource: 4 each; timestep: 2
    varying = 1_000 * 8 + 2 * 1_001 * 4 + 999 * 4 + 1_000 * 4 + 1_000 * 2
    assert varying < g.n_bytes < varying + 200


def test_a_column_with_one_other_number_is_kept_in_full():
    b = TaskGraphBuilder()
    for i in range(10):
        b.task(action="wait", occupancy_ps=5, latency_ps=5 + (i == 9), priority=-(i == 9))
    g = b.build()
    assert g.priority.tolist() == [0] * 9 + [-1]
    assert g.latency_ps.tolist() == [5] * 9 + [6]
    assert g.occupancy_ps.tolist() == [5] * 10
    assert not g.priority.flags.writeable


@pytest.mark.parametrize(("times", "said"), [
    ([1], r"has shape \(1,\); needed is \(2,\)"), ([1.5, 2.0], "has type float64"), ([3, -1], "of task 1 is -1"),
])  # fmt: skip
def test_times_of_another_shape_type_or_sign_are_refused(times: list[float], said: str) -> None:
    b = TaskGraphBuilder()
    b.task(action="a")
    b.task(action="b")
    with pytest.raises(EngineError, match=f"occupancy_ps {said}"):
        b.build().with_services(times)


@pytest.mark.parametrize(("files", "left"), [
    ({"memory.max": "100", "memory.current": "30"}, 70),
    ({"memory.max": "max", "memory.current": "30"}, None),
    ({"memory/memory.limit_in_bytes": "50", "memory/memory.usage_in_bytes": "80"}, 0),
])  # fmt: skip
def test_a_control_group_limits_what_is_available(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], left: int | None
) -> None:
    for name, text in files.items():
        file = tmp_path / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(memory, "Path", lambda text: tmp_path / text.lstrip("/"))
    assert memory._of_the_container() == left
    machine = memory._of_the_machine()  # no /proc here: of the system's pages
    assert machine is not None
    assert memory.available_bytes() == (machine if left is None else left)


def test_a_limit_that_is_no_number_of_bytes_is_refused() -> None:
    for wrong in (0, "2GB", True, float("nan")):
        with pytest.raises(EngineError, match="max_memory is"):
            memory.check_limit(wrong)


def test_freed_memory_of_a_large_graph_goes_back_to_the_system() -> None:
    memory.give_back(0)
    memory.give_back(memory.LARGE_TASKS)
