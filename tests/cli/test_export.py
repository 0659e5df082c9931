"""``archsim export``: a saved run as a file for another tool, or one message that says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import archsim
from archsim.cli.app import app
from archsim.report import write_results


@pytest.fixture(scope="module")
def folder(root_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    options = ["timesteps=2", "samples=1", "batch=1"]
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", options)
    folder = tmp_path_factory.mktemp("saved")
    write_results(folder, [archsim.simulate(chip, work, engine="heap", phase=p) for p in ("inference", "dfa")])
    return folder


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def test_a_saved_run_is_exported_in_every_format(folder: Path, tmp_path: Path) -> None:
    n_spans = archsim.load_result(folder, "dfa").spans().n_spans
    for name in ("a.json", "a.kanata", "a.vcd", "a.csv", "a.parquet"):
        answer = call(folder, "-o", tmp_path / name, "--phase", "dfa")
        assert answer.exit_code == 0, answer.output
        assert answer.stdout.startswith(f"{tmp_path / name}: ")
    assert f": {n_spans} spans of wearable_rram/watch_mlp, dfa" in answer.stdout
    slices = [e for e in json.loads((tmp_path / "a.json").read_text())["traceEvents"] if e["ph"] == "X"]
    assert len([e for e in slices if e.get("cat") != "critical path"]) == n_spans
    answer = call(folder, "-o", tmp_path / "trace", "--phase", "dfa", "--format", "perfetto")
    assert (tmp_path / "trace").read_bytes() == (tmp_path / "a.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "a.json"], "holds several runs (inference, dfa); say which phase"),
        (["-o", "a.json", "--phase", "bp"], "has no bp; there are: inference, dfa"),
        (["-o", "a.txt", "--phase", "dfa"], "the name does not tell the format"),
        (["-o", "none/a.csv", "--phase", "dfa"], "cannot be written: No such file or directory"),
    ],
)
def test_a_wrong_call_is_one_message_and_no_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = call(folder, *arguments)
    assert answer.exit_code == 2
    assert message in answer.stderr
    assert not list(tmp_path.iterdir())


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    answer = call(tmp_path, "-o", tmp_path / "a.json")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "a result is what archsim run -o writes" in answer.stderr
