"""The study of optimizers: small and whole, from the script to the page."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from optimizers import NAMES, PAGE, PICTURE, RECORD, TABLE, findings, main, page, table_csv
from optimizers_picture import draw

from archsim.errors import ExploreError

SMALL = [
    "--set", "network.layers.0.outputs=8", "--set", "network.layers.1.outputs=8", "--set", "timesteps=8",
    "--set", "learning.data.step=128", "--set", "learning.data.decimation=16", "--set", "samples=1",
    "--set", "batch=1", "--set", "learning.adapt.windows=64",
]  # fmt: skip


def call(*arguments: object) -> None:
    main(list(map(str, arguments)))


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("optimizers") / "out"
    call("--quick", "--seeds", 1, "--workers", 2, *SMALL, "-o", folder, "--cache", folder / "cache")
    return folder


@pytest.fixture(scope="module")
def study(done) -> dict:
    return json.loads((done / RECORD).read_text())


@pytest.mark.slow
def test_every_optimizer_stands_there_with_both_rules(done, study):
    assert {path.name for path in done.iterdir()} == {RECORD, TABLE, PAGE, PICTURE, "cache"}
    assert [(line["optimizer"], line["rule"]) for line in study["lines"]] == [
        (kind, rule) for kind in NAMES for rule in ("bp", "dfa")
    ]
    with (done / TABLE).open() as file:
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
def test_what_is_done_is_not_done_again(done, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in (done / "cache").glob("*.json")}
    assert before
    call("--quick", "--seeds", 1, *SMALL, "-o", tmp_path, "--cache", done / "cache")
    assert {path: path.stat().st_mtime_ns for path in (done / "cache").glob("*.json")} == before
    assert (tmp_path / RECORD).read_text() == (done / RECORD).read_text()


@pytest.mark.slow
def test_the_page_says_what_the_record_says_and_that_it_was_quick(study):
    text = page(study, "a command")
    assert "No figures to cite" in text
    for line in study["lines"]:
        assert f"{100 * line['after']['mean']:.1f}" in text


@pytest.mark.slow
def test_the_picture_draws_the_record(study, tmp_path):
    drawn = draw(study["lines"], NAMES, tmp_path / "x.png")
    assert drawn["energy_pj"]["bp"] == [line["energy_pj"] for line in study["lines"] if line["rule"] == "bp"]


def test_a_workload_that_does_not_learn_is_refused():
    with pytest.raises(ExploreError, match=r"learning\.data"):
        call("tests/chips/wearable_rram.yaml", "workloads/watch_mlp.yaml", "--quick")


def test_no_seeds_are_refused():
    with pytest.raises(ExploreError, match="1 or more seeds"):
        call("--seeds", 0)


def test_the_page_in_the_docs_says_what_its_record_says(root_dir):
    place = root_dir / "docs" / "studies" / "optimizers"
    study, text = json.loads((place / RECORD).read_text()), (place / PAGE).read_text()
    assert page(study, text.split("`")[1]) == text
    assert table_csv(study) == (place / TABLE).read_text()


def test_an_answer_names_those_that_are_not_clearly_behind():
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
    study = {"lines": lines, "runs": runs}
    (found, _) = findings(study)
    assert found["best"]["optimizer"] == "adam"
    assert [line["optimizer"] for line in found["near"]] == ["momentum"]
    assert found["stateless"]["optimizer"] == "sink"
