"""A saved result comes back as it was, or with one message that says why not."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import archsim
from archsim.errors import ArchsimError
from archsim.metrics import Result
from archsim.report import load_result, read_results, write_results
from archsim.taskgraph import TaskGraph


@pytest.fixture(scope="module")
def runs(root_dir: Path) -> list[Result]:
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    work = archsim.load_workload(
        root_dir / "workloads" / "watch_mlp.yaml", ["timesteps=3", "samples=1", "batch=1"]
    )
    return [archsim.simulate(chip, work, engine="heap", phase=phase) for phase in ("inference", "dfa")]


@pytest.fixture(scope="module")
def saved(runs: list[Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    write_results(folder, runs)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "out"))


def test_a_loaded_result_is_the_saved_one_to_the_last_bit(runs: list[Result], saved: Path) -> None:
    for run in runs:
        again = load_result(saved, run.phase)
        assert json.dumps(again.to_dict()) == json.dumps(run.to_dict())
        for field in fields(TaskGraph):
            column, other = getattr(run.graph, field.name), getattr(again.graph, field.name)
            assert np.array_equal(column, other), field.name
            assert not isinstance(column, np.ndarray) or column.dtype == other.dtype, field.name
        assert np.array_equal(again.trace.start_ps, run.trace.start_ps)
        assert again.path == run.path
        assert again.policy == run.policy


def test_what_result_save_wrote_is_loaded_without_naming_the_phase(runs: list[Result], tmp_path: Path) -> None:
    file = runs[1].save(tmp_path / "one")
    for place in (file, file.parent):
        assert load_result(place).breakdown("layer") == runs[1].breakdown("layer")


def test_names_of_any_kind_come_back(result: Result, tmp_path: Path) -> None:
    names = ("<script>alert(1)</script>", 'a"b\nc\x00', "😀", "x" * 500)
    graph = replace(result.graph, layer_names=(names[0],), action_names=result.graph.action_names)
    crossbars = {(names[1], "copy"): 1, (names[2], "forward"): 1}
    odd = Result.of(
        graph, result.trace, result.actions, (), crossbars, 2, 1, names[3], names[2], {"seed": names[1]}
    )
    odd.save(tmp_path / "odd")
    again = load_result(tmp_path / "odd")
    assert again.to_dict() == odd.to_dict()
    assert again.graph.layer_names == graph.layer_names


def error(folder: Path, phase: str | None = "dfa") -> str:
    with pytest.raises(ArchsimError) as caught:
        load_result(folder, phase)
    return str(caught.value)


def test_several_runs_need_a_phase_and_an_unknown_one_is_refused(saved: Path) -> None:
    assert "holds several runs (inference, dfa); say which phase" in error(saved, None)
    assert "has no bp; there are: inference, dfa" in error(saved, "bp")


def test_a_missing_or_torn_run_is_one_clear_error(folder: Path) -> None:
    file = folder / "run_dfa.npz"
    content = file.read_bytes()
    for torn in (b"", b"PK", content[: len(content) // 2], content[:-30], content[:99] + b"?" + content[100:]):
        file.write_bytes(torn)
        assert error(folder).startswith(f"{file}: cannot be read as the run of a result")
    file.unlink()
    assert error(folder).startswith(f"{file}: there is no such file; archsim run -o")


def rewritten(file: Path, labels: dict[str, object] | None = None, **columns: object) -> None:
    with np.load(file) as found:
        content = dict(found)
    known = json.loads(content["labels"].tobytes())
    content["labels"] = np.frombuffer(json.dumps(known | (labels or {})).encode(), np.uint8)
    np.savez(file, **(content | columns))  # type: ignore[arg-type]


def test_a_run_of_another_version_or_of_another_result_is_refused(folder: Path) -> None:
    file = folder / "run_dfa.npz"
    shutil.copy(folder / "run_inference.npz", file)
    assert "does not belong to result.json beside it: n_tasks, latency_ps, energy_pj" in error(folder)
    rewritten(file, {"format": "archsim run 99"})
    assert "written by another version ('archsim run 99'" in error(folder)
    rewritten(file, {"format": "poetry"})
    assert "cannot be read as the run of a result" in error(folder)


def test_a_result_of_before_in_which_stages_were_phases_is_read_as_it_was(
    runs: list[Result], folder: Path
) -> None:
    with np.load(folder / "run_dfa.npz") as found:
        content = {"phase" if name == "stage" else name: column for name, column in found.items()}
    labels = json.loads(content["labels"].tobytes()) | {"format": "archsim run 1"}
    labels["phase_names"] = labels.pop("stage_names")
    np.savez(folder / "run_dfa.npz", **content | {"labels": np.frombuffer(json.dumps(labels).encode(), np.uint8)})
    saved = json.loads((folder / "result.json").read_text()) | {"format": "archsim result 1"}
    for record in saved["results"].values():
        record["breakdown"]["phase"] = record["breakdown"].pop("stage")
    (folder / "result.json").write_text(json.dumps(saved))
    assert load_result(folder, "dfa").to_dict() == runs[1].to_dict()
    assert read_results(folder).results["dfa"]["breakdown"] == runs[1].to_dict()["breakdown"]


def test_columns_that_do_not_fit_together_are_refused(folder: Path) -> None:
    file = folder / "run_dfa.npz"
    rewritten(file, action=np.arange(3, dtype=np.int32))
    assert "cannot be read as the run of a result: action has shape (3,)" in error(folder)
