"""The command ``learn``: one table of accuracy and hardware, and what it says about wrong calls."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from learning_support import CHIP_FILE, ROOT, WORK_FILE, assignments
from typer.testing import CliRunner

from archsim.cli.app import app
from archsim.cli.meter import Meter
from archsim.snn.learn.epochs import Progress

LASTING = "device.errors.endurance.cycles=1e6"


def call(*arguments):
    return CliRunner().invoke(app, ["learn", *(str(argument) for argument in arguments)])


def learned(*arguments, overrides=()):
    return call(CHIP_FILE, WORK_FILE, *assignments(*overrides), *arguments)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learn") / "run"
    result = learned("-o", folder, "--seeds", "2", overrides=(LASTING,))
    assert result.exit_code == 0, result.output
    return result, folder


def test_one_table_has_accuracy_and_hardware(finished):
    lines = finished[0].stdout.splitlines()
    assert lines[0] == "wearable_rram/watch_adapt: seeds 0 to 1 (mean ± 95 % interval)"
    head, *rows = lines[2:6]
    for title in (
        "before",
        "after",
        "ideal after",
        "first cell worn out",
        "latency/sample",
        "energy/sample",
        "area",
    ):
        assert title in head
    assert [row.split()[0] for row in rows] == ["bp", "dfa", "(none)"]
    assert re.search(r"0\.\d{3} ± \d\.\d{3}", rows[0])
    assert "years" in rows[0]
    assert "DFA minus BP after adaptation, by seed: " in finished[0].stdout


def test_the_folder_holds_every_finished_part(finished):
    names = {path.name for path in finished[1].iterdir()}
    parts = {f"seed_{seed}_{part}" for seed in (0, 1) for part in ("pretrained", "bp", "dfa")}
    assert {f"{part}.{end}" for part in parts for end in ("npz", "nir")} <= names
    assert {"learning.json", "report.md", "hardware_bp.npz", "hardware_dfa.npz", "hardware_inference.npz"} <= names
    assert (finished[1] / "report.md").read_text().startswith("# wearable_rram/watch_adapt: seeds 0 to 1")


def test_resume_prints_the_same_and_json_is_what_was_saved(finished):
    again = learned("-o", finished[1], "--seeds", "2", "--resume", overrides=(LASTING,))
    assert again.stdout == finished[0].stdout
    data = learned("-o", finished[1], "--seeds", "2", "--resume", "--json", overrides=(LASTING,))
    assert json.loads(data.stdout) == json.loads((finished[1] / "learning.json").read_text())
    assert json.loads(data.stdout)["format"] == "archsim learning 1"


def test_nothing_but_the_result_is_printed_where_there_is_no_terminal(finished):
    assert finished[0].stderr == f"written to {finished[1]}\n"


def test_without_an_endurance_it_says_why_there_are_no_years():
    result = learned("--rule", "dfa")
    assert result.exit_code == 0, result.output
    assert "not known" in result.stdout
    assert "No years until cells wear out: device.errors.endurance.cycles is not set." in result.stdout
    assert "DFA minus BP" not in result.stdout


def test_no_rule_shows_the_drop_only():
    result = learned("--rule", "none")
    assert result.exit_code == 0, result.output
    assert "(none)" in result.stdout
    assert "recovered" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--resume",), "--resume needs -o"),
        (("-o", ROOT / "workloads"), "holds files that are no learning run"),
        (("--set", "learning.data.set=hhar"), "Phones_accelerometer.csv"),
        (("--set", "network.input=[9]"), "network.input is (9,)"),
        (("--set", "schedule=three_level"), "one update old"),
    ],
)
def test_a_wrong_call_ends_with_2_and_one_message(arguments, said):
    result = learned(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_a_finished_folder_is_not_written_over(finished):
    result = learned("-o", finished[1], overrides=(LASTING,))
    assert result.exit_code == 2
    assert "go on with it by --resume, or name another folder" in result.stderr


def test_divergence_ends_with_2(tmp_path, monkeypatch):
    import archsim.snn.learn.trainer as trainer

    score = trainer.score  # what a file may say keeps within what learning can hold, so the loss is made infinite
    monkeypatch.setattr(trainer, "score", lambda *given: replace(score(*given), value=float("inf")))
    result = learned("-o", tmp_path / "run")
    assert result.exit_code == 2
    assert "error: seed 0, pre-training: learning diverged at step 0: the loss is inf" in result.stderr


def test_ctrl_c_says_where_the_finished_parts_are(tmp_path, monkeypatch):
    from archsim.learn import learn

    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setitem(learn.__globals__, "adapt", interrupted)
    result = learned("-o", tmp_path / "run")
    assert result.exit_code == 130
    assert f"what is finished stays in {tmp_path / 'run'}; go on with --resume" in result.stderr


def test_the_meter_says_how_long_it_still_takes(monkeypatch):
    now, told = iter([0.0, 0.0, 10.0]), []
    monkeypatch.setattr("archsim.cli.meter.time.monotonic", lambda: next(now))
    monkeypatch.setattr("archsim.cli.meter.show", lambda *said: told.append(said))
    meter = Meter()
    meter.tell("seed 0: pre-training", None)
    meter.tell("seed 0: pre-training", Progress(0, 25, 100, 1.5))
    assert told == [
        ("seed 0: pre-training ...", None), ("seed 0: pre-training 25 %, loss 1.5, 30 s left", 0.25),
    ]  # fmt: skip
