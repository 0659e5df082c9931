"""Results are written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from archsim.engine import run_tasks
from archsim.errors import ArchsimError
from archsim.metrics import Result, fresh_folder
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


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interruption_leaves_everything_as_it_was(tmp_path: Path, error: type[BaseException], earlier: bool):
    if earlier:
        result_named("first").save(tmp_path / "out")
    with pytest.raises(error), fresh_folder(tmp_path / "out") as temporary:  # noqa: PT012
        result_named("second").write(temporary)
        raise error
    assert names(tmp_path) == (["out"] if earlier else [])
    if earlier:
        assert json.loads((tmp_path / "out" / "result.json").read_text())["name"] == "first"


def test_a_folder_that_is_a_file_is_refused_by_name(tmp_path: Path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ArchsimError, match="it is a file; give a folder"):
        result_named("first").save(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_below_a_file_is_refused(tmp_path: Path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ArchsimError, match=r"cannot write results to .*: Not a directory"):
        result_named("first").save(tmp_path / "out" / "one")
    assert names(tmp_path) == ["out"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_refused(tmp_path: Path):
    (tmp_path / "locked").mkdir(mode=0o500)
    for folder in (tmp_path / "locked", tmp_path / "locked" / "one"):
        with pytest.raises(ArchsimError, match="Permission denied; give a folder you may write to"):
            result_named("first").save(folder)
    assert names(tmp_path / "locked") == []


@pytest.mark.parametrize("step", ["mkdir", "rename", "write_text"])
@pytest.mark.parametrize(("number", "reason"), [(28, "No space left on device"), (13, "Permission denied")])
def test_a_disk_that_fails_at_any_step_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, reason: str
):
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, reason)

    with monkeypatch.context() as patch, pytest.raises(ArchsimError, match=reason):  # noqa: PT012
        patch.setattr(Path, step, fail)
        result_named("first").save(tmp_path / "runs" / "one")
    assert names(tmp_path) == []
