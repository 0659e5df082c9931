"""``archsim uncertainty``: tables, JSON, files, refusals."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from archsim.cli.app import app

CHIPS = ["tests/chips/wearable_rram.yaml", "arch_specs/neurram_130nm.yaml"]
SMALL = ["--set", "timesteps=4", "--set", "network.width=8", "--set", "samples=1", "--set", "batch=1"]


def run(*args: str):
    return CliRunner().invoke(app, ["uncertainty", *args, "--workload", "workloads/watch_shape.yaml", *SMALL])


def test_tables_say_error_bars_and_who_beats_whom():
    said = run(*CHIPS, "--uncertain", "100")
    assert said.exit_code == 0, said.output
    assert "probability" in said.output
    assert "whole ranking holds" in said.output
    assert "adc.area" in said.output


def test_files_hold_numbers_and_where_they_come_from(tmp_path):
    said = run(CHIPS[0], "--uncertain", "50", "--sobol", "8", "--json", "-o", str(tmp_path / "out"))
    assert said.exit_code == 0, said.output
    record = json.loads((tmp_path / "out" / "uncertainty.json").read_text())
    assert record == json.loads(said.stdout)
    assert record["draws"] == 50
    assert record["provenance"][0]["seed"] == 0
    low, high = record["metrics"]["energy_pj"]["interval_90"][0]
    assert low < record["metrics"]["energy_pj"]["listed"][0] < high
    assert (tmp_path / "out" / "error_bars.png").read_bytes()[:4] == b"\x89PNG"


def test_other_metrics_are_shown_where_they_are_named_and_all_are_in_the_file(tmp_path):
    shown = ("--metric", "leakage_uw", "--metric", "throughput_per_s", "--metric", "energy_delay_pj_ps")
    said = run(*CHIPS, "--uncertain", "20", *shown, "-o", str(tmp_path / "out"))
    assert said.exit_code == 0, said.output
    assert "leakage_uw" in said.output
    assert "throughput_per_s" in said.output
    assert "area_um2" not in said.output
    record = json.loads(run(CHIPS[0], "--uncertain", "20", "--json").stdout)
    assert {"latency_ps", "energy_per_sample_pj", "energy_delay_pj_ps"} <= set(record["metrics"])


def test_the_front_of_a_study_brings_its_workload(tmp_path):
    folder = str(tmp_path / "tiny")
    assert CliRunner().invoke(app, ["sweep", "workloads/studies/tiny.yaml", "-o", folder]).exit_code == 0
    said = CliRunner().invoke(app, ["uncertainty", folder, "--uncertain", "20", "--json"])
    assert said.exit_code == 0, said.output
    tables = CliRunner().invoke(app, ["uncertainty", folder, "--uncertain", "20"]).stdout
    assert tables.splitlines()[0].split() == ["chip", "chip.crossbar.rows", "chip.adc.columns_per_adc"]
    record = json.loads(said.stdout)
    rows = [json.loads(line) for line in (tmp_path / "tiny" / "results.jsonl").read_text().splitlines()]
    least = min(row["metrics"]["area_um2"] for row in rows)
    at = next(i for i, name in enumerate(record["chips"]) if "least area_um2" in name)
    assert record["metrics"]["area_um2"]["listed"][at] == pytest.approx(least)
    mixed = CliRunner().invoke(app, ["uncertainty", folder, CHIPS[0], "--uncertain", "20"])
    assert mixed.exit_code == 2
    assert "name studies alone" in " ".join(mixed.stderr.split())
    alone = CliRunner().invoke(app, ["uncertainty", CHIPS[0], "--uncertain", "20"])
    assert alone.exit_code == 2
    assert "--workload WORKLOAD is missing" in " ".join(alone.stderr.split())


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["nowhere", "--uncertain", "10"], "nowhere: there is no such file or folder"),
        ([CHIPS[0], "--uncertain", "10", "--metric", "latency"], "did you mean 'latency_ps'?"),
        ([CHIPS[0], CHIPS[0], "--uncertain", "10"], "stands there twice"),
        ([CHIPS[0], "--uncertain", "10", "--sobol", "12"], "power of two"),
        (["workloads/watch_mlp.yaml", "--uncertain", "10"], "is a workload, not a chip"),
    ],
)
def test_mistakes_end_in_one_message(args, error):
    said = run(*args)
    assert said.exit_code == 2
    assert error in said.stderr
    assert "Traceback" not in said.output


def test_phases_of_one_chip_are_compared_and_each_conclusion_says_what_carries_it():
    said = run(CHIPS[0], "--uncertain", "50", "--phase", "bp", "--phase", "dfa", "--json")
    assert said.exit_code == 0, said.output
    record = json.loads(said.stdout)
    assert record["chips"] == ["wearable_rram bp", "wearable_rram dfa"]
    energy = next(one for one in record["conclusions"] if one["metric"] == "energy_pj")
    assert (energy["less"], energy["more"]) == ("wearable_rram dfa", "wearable_rram bp")
    assert energy["ratio_90"][0] < energy["ratio"] < energy["ratio_90"][1]
    assert energy["carrier"].endswith((".energy", ".leakage", ".time"))
    tables = run(CHIPS[0], "--uncertain", "50", "--phase", "bp", "--phase", "dfa").output
    assert "carried by" in tables
