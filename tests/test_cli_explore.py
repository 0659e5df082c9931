"""``archsim explore --uncertain``: tables, JSON, files, refusals."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from archsim.cli import app

CHIPS = ["arch_specs/wearable_rram.yaml", "arch_specs/neurram_130nm.yaml"]
SMALL = ["--set", "timesteps=4", "--set", "network.width=8", "--set", "samples=1", "--set", "batch=1"]


def run(*args: str):
    return CliRunner().invoke(app, ["explore", *args, "--workload", "workloads/watch_shape.yaml", *SMALL])


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


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        ([CHIPS[0], CHIPS[0], "--uncertain", "10"], "stands there twice"),
        ([CHIPS[0], "--uncertain", "10", "--sobol", "12"], "power of two"),
        (["workloads/watch_mlp.yaml", "--uncertain", "10"], "is a workload, not a chip"),
    ],
)
def test_mistakes_end_in_one_message(args, fault):
    said = run(*args)
    assert said.exit_code == 2
    assert fault in said.stderr
    assert "Traceback" not in said.output
