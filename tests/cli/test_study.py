"""The command: one small study from end to end, and what it says to wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from archsim.cli.app import app
from archsim.plot.study import study_accuracy, study_mechanisms, study_ratios
from archsim.study.dfa_vs_bp.page import PAGE, PICTURES, STUDY, TABLE

SMALL = """\
version: 1
name: small
network:
  input: [4]
  layers:
    - {name: fc1, kind: dense, outputs: 6, neuron: {kind: lif, leak: 0.9}}
    - {name: out, kind: dense, outputs: 3, neuron: {kind: lif, leak: 0.9}}
timesteps: 3
input_resolution: 1 bit
activity: {kind: random_input, rate: 0.5}
phases: [inference, bp, dfa]
"""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["study", "dfa-vs-bp", *map(str, arguments)])


@pytest.fixture(scope="module")
def files(root_dir: Path, tmp_path_factory) -> tuple[Path, Path]:
    workload = tmp_path_factory.mktemp("cli_study") / "small.yaml"
    workload.write_text(SMALL)
    return root_dir / "tests/chips/wearable_rram.yaml", workload


@pytest.fixture(scope="module")
def done(files, tmp_path_factory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("done") / "out"
    return folder, call(*files, "--quick", "--no-accuracy", "--workers", 2, "-o", folder)


def test_a_study_writes_tables_page_and_pictures(done):
    folder, result = done
    assert result.exit_code == 0, result.output
    names = {path.name for path in folder.iterdir()}
    wanted = {STUDY, TABLE, PAGE}
    assert names == {*wanted, PICTURES["ratios"], PICTURES["mechanisms"], "cache"}
    assert "published up to 64.1 % less energy" in result.stdout


def test_it_resumes_and_workers_make_no_difference(done, files):
    folder, _ = done
    before = json.loads((folder / STUDY).read_text())
    cache = sorted((folder / "cache").glob("*.json"))
    cache[0].unlink()
    times = {path: path.stat().st_mtime_ns for path in cache[1:]}
    result = call(*files, "--quick", "--no-accuracy", "--workers", 1, "-o", folder, "--json")
    assert json.loads(result.stdout) == before
    assert {path: path.stat().st_mtime_ns for path in cache[1:]} == times


def test_a_workload_that_does_not_learn_is_refused_with_a_way_out(files):
    result = call(*files, "--quick")
    assert result.exit_code == 2
    assert "--no-accuracy leaves that part out" in result.stderr


def test_swapped_files_are_told(files):
    result = call(*reversed(files), "--no-accuracy")
    assert result.exit_code == 2
    assert "swapped" in result.stderr


def test_the_deerrors_are_examples_that_are_there_in_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("--no-accuracy", "--set", "timesteps=0")
    assert result.exit_code == 2
    assert "timesteps: must be at least 1" in result.stderr  # of a workload that was found


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(files, tmp_path):
    (tmp_path / "file").write_text("")
    result = call(*files, "--no-accuracy", "-o", tmp_path / "file")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_the_base_can_be_changed(files):
    result = call(*files, "--quick", "--no-accuracy", "--set", "timesteps=0")
    assert result.exit_code == 2
    assert "timesteps" in result.stderr


ROWS = [
    {"name": "base", "settings": {}, "energy_saving_pct": 40.0, "area_saving_pct": 5.0, "speedup": 1.5},
    {"name": "n=4", "settings": {"n": 4}, "energy_saving_pct": 50.0, "area_saving_pct": 6.0, "speedup": 1.7},
    {"name": "n=4, k=x", "settings": {"n": 4, "k": "x"}, "energy_saving_pct": 60.0, "area_saving_pct": 7.0,
     "speedup": 2.7},
]  # fmt: skip


def test_ratios_are_drawn_by_factor_and_those_of_several_together(tmp_path):
    factors = [{"name": "n", "base": 2, "settings": [2, 4]}, {"name": "k", "base": "w", "settings": ["w", "x"]}]
    drawn = study_ratios(factors, ROWS, {"energy_saving_pct": 64.1, "speedup": 2.1}, tmp_path / "p.png")
    assert drawn["speedup"] == {"n": {"2": 1.5, "4": 1.7}, "k": {"w": 1.5}, "together": {"2": 2.7}}
    assert drawn["energy_saving_pct"]["n"] == {"2": 40.0, "4": 50.0}
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_mechanisms_that_bring_nothing_are_not_drawn(tmp_path):
    parts = {"reads": 30.0, "feedback": -10.0, "nothing": 0.0}
    titles = {name: name for name in parts}
    shares = {"base": {"energy_pj": parts, "latency_ps": {"reads": 2.0}, "area_um2": {}}}
    drawn = study_mechanisms(shares, titles, tmp_path / "p.png")
    assert drawn["energy_pj"] == {"base": {"reads": 30.0, "feedback": -10.0}}
    assert drawn["latency_ps"] == {"base": {"reads": 2.0}}


def test_accuracy_is_drawn_in_percent(tmp_path):
    def part(mean: float) -> dict[str, float | None]:
        return {"mean": mean, "half_width": None}

    levels = [
        {"level": "ideal cells", "spread_pct": s, "before": part(0.3), "bp": part(0.8), "dfa": part(0.7),
         "gain": part(-0.1)}
        for s in (0.0, 5.0)
    ]  # fmt: skip
    drawn = study_accuracy(levels, 7.55, tmp_path / "p.png")
    assert drawn["bp"] == pytest.approx([80, 80])
    assert drawn["gain"] == pytest.approx([-10, -10])
