"""The study of optimizers: small and whole, from the command to the page."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from archsim.cli import app
from archsim.plot.optimizers import study_optimizers
from archsim.study.optimizers import RATES
from archsim.study.optimizers_page import NAMES, PAGE, PICTURE, STUDY, TABLE, page

SMALL = [
    "--set", "network.layers.0.outputs=8", "--set", "network.layers.1.outputs=8", "--set", "timesteps=8",
    "--set", "learning.data.step=128", "--set", "learning.data.decimation=16", "--set", "samples=1",
    "--set", "batch=1",
]  # fmt: skip


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["study", "optimizers", *map(str, arguments)])


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("optimizers") / "out"
    return folder, call("--quick", "--seeds", 1, "--workers", 2, *SMALL, "-o", folder)


@pytest.fixture(scope="module")
def study(done) -> dict:
    return json.loads((done[0] / STUDY).read_text())


@pytest.mark.slow
def test_every_optimizer_stands_there_with_both_rules(done, study):
    folder, result = done
    assert result.exit_code == 0, result.output
    assert {path.name for path in folder.iterdir()} == {STUDY, TABLE, PAGE, PICTURE, "cache"}
    assert [(line["optimizer"], line["rule"]) for line in study["lines"]] == [
        (kind, rule) for kind in RATES for rule in ("bp", "dfa")
    ]
    with (folder / TABLE).open() as file:
        assert [row["optimizer"] for row in csv.DictReader(file)] == [line["optimizer"] for line in study["lines"]]


@pytest.mark.slow
def test_state_takes_memory_and_its_traffic_energy(study):
    lines = {(line["optimizer"], line["rule"]): line for line in study["lines"]}
    for rule in ("bp", "dfa"):
        states = [lines[kind, rule]["n_states"] for kind in ("sgd", "momentum", "adam", "sink")]
        assert states == [1, 2, 3, 1]  # the residual is one of them
        energies = [lines[kind, rule]["update_energy_pj"] for kind in ("sgd", "momentum", "adam")]
        assert energies == sorted(energies)
        assert energies[0] < energies[-1]
        sizes = [lines[kind, rule]["gradient_buffer_bytes"] for kind in ("sgd", "momentum", "adam")]
        assert sizes == sorted(sizes)


@pytest.mark.slow
def test_rates_are_the_best_means_of_the_other_task(study):
    for of_kind in study["tuning"]["rates"].values():
        for found in of_kind.values():
            assert found["means"][str(found["rate"])] == max(found["means"].values())
    assert study["tuning"]["split"] != "right_to_left"
    assert not set(study["tuning"]["seeds"]) & set(study["provenance"]["seeds"])


@pytest.mark.slow
def test_what_is_done_is_not_done_again(done):
    folder, _ = done
    before = {path: path.stat().st_mtime_ns for path in (folder / "cache").glob("*.json")}
    assert call("--quick", "--seeds", 1, *SMALL, "-o", folder).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in (folder / "cache").glob("*.json")} == before


@pytest.mark.slow
def test_the_page_says_what_the_record_says_and_that_it_was_quick(study):
    text = page(study, "archsim study optimizers")
    assert "No figures to cite" in text
    for line in study["lines"]:
        assert f"{100 * line['after']['mean']:.1f}" in text


@pytest.mark.slow
def test_the_picture_draws_the_record(study, tmp_path):
    drawn = study_optimizers(study["lines"], NAMES, tmp_path / "x.png")
    assert drawn["energy_pj"]["bp"] == [line["energy_pj"] for line in study["lines"] if line["rule"] == "bp"]


def test_a_workload_without_a_story_is_refused():
    result = call("arch_specs/wearable_rram.yaml", "workloads/watch_mlp.yaml", "--quick")
    assert result.exit_code == 2
    assert "learning.data" in result.stderr


def test_an_answer_names_those_that_are_not_clearly_behind():
    from archsim.study.optimizers_page import _findings

    after = {"sgd": (0.5, 0.6), "momentum": (0.80, 0.90), "adam": (0.79, 0.92), "sink": (0.61, 0.71)}
    lines = [
        {
            "optimizer": kind, "rule": rule, "energy_pj": 1.0, "latency_ps": 1, "area_um2": 1.0,
            "after": {"mean": sum(values) / 2, "half_width": None},
        }
        for kind, values in after.items() for rule in ("bp", "dfa")
    ]  # fmt: skip
    runs = [
        {"optimizer": kind, "rule": rule, "seed": seed, "after": value}
        for kind, values in after.items() for rule in ("bp", "dfa") for seed, value in enumerate(values)
    ]  # fmt: skip
    found = _findings({"lines": lines, "runs": runs})
    assert "Adam reaches most, 85.5 %, not clearly more than momentum (85.0 %)" in found[0]
    assert "SGD" not in found[0].partition("without state")[0]
