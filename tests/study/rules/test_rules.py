"""Learning rules on one chip: statistics by hand, published figures, and a small study from command to page."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

import archsim
from archsim.cli.app import app
from archsim.errors import ExploreError
from archsim.study.rules import CONTENDERS, differences, means, to_reach
from archsim.study.rules.cells import coarse, deep
from archsim.study.rules.contenders import chosen
from archsim.study.rules.judge import FIGURES, holm
from archsim.study.rules.published import answers

CELL = {"depth": 2, "bits": 8, "quantiser": "vector_maximum", "passes": 1, "rates": "own", "rate": 0.01}
SMALL = [
    "--set", "learning.data.step=128", "--set", "learning.data.decimation=16", "--set", "timesteps=8",
    "--set", "learning.pretrain.epochs=1", "--set", "network.layers.0.outputs=8",
    "--set", "learning.adapt.simulated=4",
]  # fmt: skip


def run(contender: str, seed: int, after: float, **more: float) -> dict:
    figures = dict.fromkeys(FIGURES, 1.0) | {"after": after} | more
    return {"contender": contender, "seed": seed, **CELL, **figures}


def test_differences_are_paired_by_seed_and_tested_as_scipy_does():
    bp, dfa = [0.9, 0.7, 0.8, 0.6], [0.85, 0.66, 0.73, 0.55]
    runs = [run("BP", s, a) for s, a in enumerate(bp)] + [run("DRTP", s, a) for s, a in enumerate(dfa)]
    (found,) = differences(runs)
    theirs = stats.ttest_rel(dfa, bp)
    low, high = theirs.confidence_interval(0.95)
    assert found["p"] == pytest.approx(theirs.pvalue)
    assert found["difference"]["mean"] == pytest.approx((low + high) / 2)
    assert found["difference"]["half_width"] == pytest.approx((high - low) / 2)
    assert found["clear"]


def test_one_pair_is_never_clear():
    (found,) = differences([run("BP", 0, 0.9), run("DRTP", 0, 0.1)])
    assert not found["clear"]


def test_holm_refuses_no_more_than_it_may_and_no_less_than_bonferroni():
    rng = np.random.default_rng(0)
    for _ in range(200):
        p = rng.random(rng.integers(1, 12)) ** 3
        found = holm(p.tolist())
        assert all(refused for refused, value in zip(found, p, strict=True) if value <= 0.05 / len(p))
        assert not any(refused for refused, value in zip(found, p, strict=True) if value > 0.05)


def test_means_are_of_the_seeds_of_one_cell():
    lines = means([run("BP", 0, 0.9), run("BP", 1, 0.7), {**run("BP", 0, 0.1), "depth": 4}])
    assert [(line["depth"], line["n"], line["after"]["mean"]) for line in lines] == [(2, 2, 0.8), (4, 1, 0.1)]


def test_a_target_that_no_number_of_passes_reaches_is_told():
    lines = means([{**run("BP", 0, 0.5), "passes": 1}, {**run("BP", 0, 0.6), "passes": 2}])
    assert to_reach(lines, 0.7) is None
    assert to_reach(lines, 0.4) == {"passes": 1.0, "energy_pj": 1.0, "latency_ps": 1.0, "cells_written": 1.0}


def test_the_pair_that_comes_nearest_to_a_published_figure_is_named():
    contenders = [{"name": one.name, "rule": one.rule} for one in chosen(["DFA as shipped", "DRTP"])]
    runs = [
        run("BP", 0, 0.9, energy_pj=10.0), run("DFA as shipped", 0, 0.8, energy_pj=3.0),
        run("DRTP", 0, 0.9, energy_pj=1.0),
    ]  # fmt: skip
    energy, area, time, accuracy = answers(runs, contenders)
    assert energy["dfa"] == "DFA as shipped"
    assert energy["reached"]
    assert energy["found"]["mean"] == pytest.approx(70)
    assert energy["accuracy_gain_pct"]["mean"] == pytest.approx(-10)
    assert not area["reached"]
    assert not time["reached"]
    assert not accuracy["reached"]


def test_unknown_contenders_quantisers_and_networks_are_refused_by_name():
    with pytest.raises(ExploreError, match=r"no contender is called DRPT.*did you mean 'DRTP'"):
        chosen(["DRPT"])
    with pytest.raises(ExploreError, match="no quantiser is called coarse; there are: vector_maximum"):
        coarse(8, "coarse")
    with pytest.raises(ExploreError, match="chains of dense layers only"):
        deep(archsim.load_workload("workloads/watch_sfcn.yaml"), 3)


def test_every_contender_names_its_choices_and_no_two_are_alike():
    assert len({one.name for one in CONTENDERS}) == len({(one.rule, one.choices) for one in CONTENDERS})


@pytest.mark.slow
def test_a_small_study_writes_record_table_page_and_pictures_and_resumes(tmp_path, root_dir, monkeypatch):
    monkeypatch.chdir(root_dir)
    command = ["study", "rules", "--rule", "DFA as shipped", *SMALL, "--rates", "0.005,0.01", "--seeds", "1",
               "--workers", "1", "-o", str(tmp_path / "out"), "--json"]  # fmt: skip
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.stderr
    study = json.loads(first.stdout)
    assert {run["contender"] for run in study["runs"]} == {"BP", "DFA as shipped"}
    with (tmp_path / "out" / "rules.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(study["lines"])
    names = {path.name for path in (tmp_path / "out").iterdir()} - {"cache"}
    assert names == {"rules.json", "rules.csv", "rules.md", "rules_errors.png", "rules_energy.png"}
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "cache").iterdir()}
    again = CliRunner().invoke(app, command)
    assert json.loads(again.stdout)["runs"] == study["runs"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "cache").iterdir()} == kept


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--depths", "two"], "--depths two: must be numbers from 1 on"),
        (["--rates", "0"], "--rates 0: must be numbers above 0"),
        (["--rule", "nobody"], "no contender is called nobody"),
    ],
)
def test_wrong_options_end_in_one_message(option, said, root_dir, monkeypatch):
    monkeypatch.chdir(root_dir)
    found = CliRunner().invoke(app, ["study", "rules", *option])
    assert found.exit_code == 2
    assert said in " ".join(found.stderr.split())
