"""A run in a file is the run that was written, and no column of a damaged one gets past the reader."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archsim.components import Action, Charge
from archsim.engine import run_tasks
from archsim.errors import ArchsimError
from archsim.metrics import Result, read_run
from archsim.metrics.columns import check_run, check_texts
from archsim.metrics.run_file import write_run
from archsim.taskgraph import TaskGraphBuilder


@pytest.fixture(scope="module")
def result() -> Result:
    b = TaskGraphBuilder()
    adc, room = b.resource("adc"), b.resource("room", 4)
    first = b.task(action="convert", count=8, uses=[(adc, 1)], reserves=[(room, 3)], occupancy_ps=100, layer="fc1")
    b.task(action="convert", count=2, uses=[(adc, 1)], frees=[(room, 3)], occupancy_ps=70, after=[first])
    graph = b.build()
    prices = {"convert": Action("convert", (Charge("adc", 0.5),))}
    return Result.of(graph, run_tasks(graph), prices, (), {("fc1", "forward"): 1}, 2, 1, "bp", "two", {"seed": 0})


@pytest.fixture
def file(result: Result, tmp_path: Path) -> Path:
    write_run(result, tmp_path / "run_bp.npz")
    return tmp_path / "run_bp.npz"


def rewritten(file: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    with np.load(file) as found:
        columns = dict(found)
    labels = json.loads(columns.pop("labels").tobytes())
    change(columns, labels)
    np.savez(file, **columns, labels=np.frombuffer(json.dumps(labels).encode(), np.uint8))


def error(file: Path) -> str:
    with pytest.raises(ArchsimError) as caught:
        read_run(file)
    return str(caught.value).removeprefix(f"{file}: ").removeprefix("cannot be read as the run of a result: ")


def test_a_run_comes_back_as_it_was(result: Result, file: Path) -> None:
    assert read_run(file).to_dict() == result.to_dict()


def test_stages_of_a_file_of_format_1_were_called_phases(result: Result, file: Path) -> None:
    def as_before(columns: dict[str, Any], labels: dict[str, Any]) -> None:
        columns["phase"], labels["phase_names"] = columns.pop("stage"), labels.pop("stage_names")
        labels["format"] = "archsim run 1"

    rewritten(file, as_before)
    assert read_run(file).to_dict() == result.to_dict()


@pytest.mark.parametrize(("found", "said"), [
    ("archsim run 9", "written by another version ('archsim run 9'"), ("verse", "its format is 'verse', not"),
])  # fmt: skip
def test_another_format_is_refused_by_name(file: Path, found: str, said: str) -> None:
    rewritten(file, lambda _, labels: labels.update(format=found))
    assert said in error(file)


def test_a_missing_and_a_torn_file_are_one_message(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    assert error(file)
    file.unlink()
    assert "there is no such file" in error(file)


def test_a_column_of_another_length_is_refused(file: Path) -> None:
    rewritten(file, lambda columns, _: columns.update(layer=np.zeros(3, np.int64)))
    assert error(file).startswith("layer has shape (3,)")


@pytest.mark.parametrize(("name", "column", "said"), [
    ("count", [0.5, 1.0], "count: holds float64, not whole numbers"),
    ("count", [1], "count: has shape (1,), not (2,)"),
    ("layer", [0, 9], "layer: number 1 is 9; it must be from 0 to 1"),
    ("timestep", [-2, 0], "timestep: number 0 is -2"),
    ("latency_ps", [100, 71], "done_ps: is not start_ps + latency_ps everywhere"),
    ("after_ptr", [1, 1, 1], "after_ptr: must begin with 0 and not fall"),
    ("after_ptr", [0, 1, 0], "after_ptr: must begin with 0 and not fall"),
    ("after_idx", [1], "after_idx: a task waits for itself or a later one"),
    ("uses_units", [1, 2], "uses_units: more than the resource has"),
    ("frees_resource", [2], "frees_resource: number 0 is 2; it must be from 0 to 1"),
])  # fmt: skip
def test_what_no_builder_would_give_is_refused_by_its_column(
    result: Result, name: str, column: list[float], said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check_run(replace(result.graph, **{name: np.array(column)}), result.trace)


def test_a_task_that_starts_before_it_is_ready_is_refused(result: Result) -> None:
    with pytest.raises(ValueError, match="ready_ps: is after start_ps somewhere"):
        check_run(result.graph, replace(result.trace, ready_ps=result.trace.start_ps + 1))


@pytest.mark.parametrize(
    ("texts", "said"), [("a", "a list of texts"), ([1], "a list of texts"), (["a", "a"], "twice")]
)
def test_names_are_different_texts(texts: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_texts("layer_names", texts)
