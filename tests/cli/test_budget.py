"""archsim budget, as a user calls it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from archsim.cli.app import app

SHORT = ["--set", "timesteps=2", "--set", "samples=1", "--set", "batch=1"]
CALL = ["budget", "tests/chips/wearable_rram.yaml", "workloads/watch_mlp.yaml", *SHORT]


def call(*words: str):
    return CliRunner().invoke(app, list(words))


@pytest.fixture(autouse=True)
def _in_the_top_folder(root_dir, monkeypatch):
    monkeypatch.chdir(root_dir)


def test_a_saved_result_and_a_chip_give_the_same_budget(tmp_path):
    run = [
        "run",
        *CALL[1:],
        "--phase",
        "inference",
        "--phase",
        "dfa",
        "--engine",
        "compiled",
        "-o",
        str(tmp_path / "r"),
    ]
    assert call(*run).exit_code == 0
    use = ["--adaptations-per-day", "24", "--cell", "CR2450", "--limit", "20 mW", "--phase", "dfa", "--json"]
    saved, fresh = (json.loads(call(*words, *use).stdout) for words in (["budget", str(tmp_path / "r")], CALL))
    assert saved == fresh
    assert saved["adaptation"]["phase"] == "dfa"
    assert saved["average_within_limit"] is True
    assert saved["day"]["life_s"] == pytest.approx(5940 / (saved["day"]["average_power_uw"] * 1e-6))


def test_the_table_says_what_the_chip_and_the_cell_can_do():
    out = call(
        *CALL, "--capacity", "45 mAh", "--voltage", "3.6 V", "--limit", "1 mW", "--set", "power.max=15 mW"
    ).stdout
    assert "your cell (583.2 J) lasts" in out
    assert "limit 1 mW: the peak is above it" in out
    assert "the chip holds its power below 15 mW" in out


def test_what_was_taken_without_being_asked_for_is_said():
    out = call(*CALL).stdout
    assert "asleep: what the chip of" in out
    assert "the most of all runs; see --sleep" in out
    assert "asleep: what" not in call(*CALL, "--sleep", "1 uW").stdout


def test_the_rule_that_adapts_is_said_where_a_result_has_two(tmp_path):
    run = ["run", *CALL[1:], "--engine", "compiled", "-o", str(tmp_path / "r")]
    assert call(*run, "--phase", "bp", "--phase", "dfa").exit_code == 0
    use = ["budget", str(tmp_path / "r"), "--adaptations-per-day", "24"]
    refused = call(*use)
    assert refused.exit_code == 2
    assert "no run of the phase inference is there; run it too, or give 0" in " ".join(refused.output.split())
    said = "adaptation: bp, the first there is; --phase takes dfa"
    assert said in call(*use, "--inferences-per-second", "0").stdout
    assert said not in call(*use, "--inferences-per-second", "0", "--phase", "dfa").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cell", "aaa"], "--cell aaa: known are cr2032, cr2450; for another one give --capacity"),
        (["--capacity", "45 mAh"], "--capacity and --voltage describe a cell together; give both"),
        (["--capacity", "45", "--voltage", "3 V"], "--capacity: a charge needs a unit, e.g. '225 mAh'"),
        (["--sleep", "1 mA"], "--sleep: '1 mA' is a current; a power needs a unit"),
        (["--limit", "20"], "--limit: a power needs a unit"),
    ],
)
def test_a_wrong_option_ends_in_one_message(words: list[str], said: str):
    done = call(*CALL, *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not done.stdout
