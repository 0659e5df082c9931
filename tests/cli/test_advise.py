"""archsim advise, as a user calls it; and activity in what run and map print."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import archsim
from archsim.cli.app import app

CHIP, WORK = "tests/chips/wearable_rram.yaml", "workloads/watch_mlp.yaml"
SHORT = ["--set", "timesteps=2", "--set", "samples=1", "--set", "batch=1"]
FEW = ["--move", "columns_per_adc", "--move", "few_rows"]


@pytest.fixture
def call(root_dir, monkeypatch):
    monkeypatch.chdir(root_dir)

    def invoke(command: str, *more: str):
        return CliRunner().invoke(app, [command, CHIP, WORK, *SHORT, *more])

    return invoke


def test_advise_ranks_moves_and_tells_the_rest(call):
    told = call("advise", *FEW, "--top", "1")
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[0] == (
        "wearable_rram/watch_mlp, inference: the best for latency_ps first; changes from the design as it is"
    )
    assert lines[1].split()[:2] == ["move", "latency"]
    assert "--set adc.columns_per_adc=" in lines[2]
    assert "more moves; --top shows more" in told.stdout
    assert "change nothing here: " in told.stdout


def test_advise_gives_everything_as_json(call):
    found = json.loads(call("advise", *FEW, "--json", "--goal", "area", "--budget", "latency<1s").stdout)
    assert found["advice_goal"] == "area_um2"
    assert found["advice_budgets"] == ["latency<1s"]
    areas = [row["figures"]["area_um2"] for row in found["advice"]]
    assert areas == sorted(areas)
    for row in found["advice"]:
        base = found["base"]["area_um2"]
        assert row["delta_area_frac"] == (row["figures"]["area_um2"] - base) / base


def test_the_result_folder_holds_the_advice(call, tmp_path):
    folder = tmp_path / "advised"
    assert call("advise", "--move", "columns_per_adc", "-o", str(folder)).exit_code == 0
    record = json.loads((folder / "result.json").read_text())["results"]["inference"]
    assert [row["set"] for row in record["advice"]] == [
        ["adc.columns_per_adc=32"], ["adc.columns_per_adc=128"],
    ]  # fmt: skip
    report = (folder / "report.md").read_text()
    assert "### inference: advice" in report
    assert "adc.columns_per_adc=32" in report
    result = archsim.load_result(folder, "inference")
    assert result.advice["advice"] == record["advice"]
    assert result.to_dict()["advice"] == record["advice"]


@pytest.mark.parametrize(("more", "said"), [
    (["--goal", "speed"], "--goal speed: there is no such figure"),
    (["--budget", "area"], "write it as FIGURE<VALUE"),
    (["--move", "adc"], "no move is called adc"),
    (["--set", "crossbar.rows=0"], "crossbar.rows"),
])  # fmt: skip
def test_a_wrong_call_is_told_in_words(call, more, said):
    told = call("advise", *more)
    assert told.exit_code == 2
    assert said in told.stderr


def test_run_and_map_show_the_activity_and_what_looks_wrong(call):
    silent = ["--set", "network.layers.1.neuron.threshold=500"]
    for command, more in (("run", ["--phase", "inference", "--engine", "compiled"]), ("map", [])):
        told = call(command, *more, *silent).stdout
        assert "firing rate  sparsity  active rows per read" in told
        assert "warning: fc2 never fires: its potential reaches" in told
        assert "warning: out: its array is never read: fc2 sends nothing" in told


def test_map_gives_the_activity_as_json_and_goes_without_data(call, tmp_path):
    found = json.loads(call("map", "--json").stdout)
    assert [row["layer"] for row in found["activity"]] == ["input", "fc1", "fc2", "out"]
    missing = ["--set", f"activity={{kind: measured, file: {tmp_path}/none.npz}}"]
    told = call("map", "--json", *missing)
    assert told.exit_code == 0
    assert "activity" not in json.loads(told.stdout)
    assert "note: the activity is not shown: " in told.stderr
