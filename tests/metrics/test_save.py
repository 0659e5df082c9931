"""Results are saved whole, and say what is no place for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archsim.engine import run_tasks
from archsim.errors import ArchsimError, WriteError
from archsim.metrics import Result
from archsim.report import load_result
from archsim.taskgraph import TaskGraphBuilder


def result_named(name: str) -> Result:
    graph = TaskGraphBuilder().build()
    return Result.of(graph, run_tasks(graph), {}, (), {}, 0, 1, "inference", name, {"chip": Path("a.yaml")})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_result_is_saved_in_a_new_folder_below_new_folders(tmp_path: Path):
    file = result_named("first").save(tmp_path / "runs" / "one")
    assert json.loads(file.read_text())["name"] == "first"
    assert json.loads(file.read_text())["provenance"] == {"chip": "a.yaml"}
    assert names(tmp_path) == ["runs"]
    assert names(tmp_path / "runs") == ["one"]


def test_an_earlier_result_is_replaced_and_other_files_stay(tmp_path: Path):
    result_named("first").save(tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    result_named("second").save(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "result.json").read_text())["name"] == "second"
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"
    assert names(tmp_path) == ["out"]


def test_a_folder_that_is_a_file_is_refused_by_name(tmp_path: Path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(WriteError, match="it is a file; name a folder"):
        result_named("first").save(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_writing_needs_a_folder_that_is_there(tmp_path: Path):
    with pytest.raises(WriteError, match=r"x/result\.json: cannot be written: No such file"):
        result_named("first").write(str(tmp_path / "x"))
    result_named("first").write(str(tmp_path))
    assert names(tmp_path) == ["result.json", "run_inference.npz"]


@pytest.mark.parametrize("phase", ["../../x", "a/b", "\0", "x" * 300])
def test_no_phase_decides_where_its_files_are(tmp_path: Path, phase: str):
    graph = TaskGraphBuilder().build()
    Result.of(graph, run_tasks(graph), {}, (), {}, 0, 1, phase, "net", {}).save(tmp_path / "out" / "r")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["r"]
    assert len(names(tmp_path / "out" / "r")) == 2


NO_PATHS = [None, 5, b"out", "", "a\0b", "~nobodyatall/r"]


@pytest.mark.parametrize("path", NO_PATHS)
def test_what_is_no_path_is_told(path):
    from archsim.export import export
    from archsim.plot import breakdown
    from archsim.report import result_folder

    result = result_named("first")
    for use in (
        result.save,
        result.write,
        lambda given: export(result, given, "csv"),
        lambda given: breakdown(result, given),
        lambda given: result_folder(given).__enter__(),
        load_result,
    ):
        with pytest.raises(ArchsimError, match=r"is no path|must be the path of a file"):
            use(path)
