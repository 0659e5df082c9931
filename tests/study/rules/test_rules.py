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
from archsim.study import Base
from archsim.study.crossings import PUBLISHED, PUBLISHED_ACCURACY
from archsim.study.rules import CONTENDERS, Case, Cross, Question, differences, means, to_reach
from archsim.study.rules.cells import coarse, deep
from archsim.study.rules.contenders import chosen
from archsim.study.rules.judge import FIGURES, holm, savings
from archsim.study.rules.page import same_path_rows
from archsim.study.rules.published import answers, brought_by, pairs_of, probability, saving_lines
from archsim.study.rules.run import _meetings
from archsim.study.rules.tables import Curve, accuracy_grids, clear_rows, curves, turn_rows, where_of

CELL = {
    "depth": 2,
    "bits": 8,
    "quantiser": "vector_maximum",
    "passes": 1,
    "case": "-",
    "rates": "own",
    "rate": 0.01,
}
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


def table_runs() -> list[dict]:
    """BP and one kind of DFA at two depths and two numbers of bits: DFA is better where it is deep and coarse."""
    after = {(2, 8): (0.8, 0.7), (2, 2): (0.7, 0.69), (6, 8): (0.6, 0.58), (6, 2): (0.3, 0.6)}
    return [
        {**run(name, seed, value + jitter), "depth": depth, "bits": bits}
        for (depth, bits), values in after.items()
        for name, value in zip(("BP", "DFA as shipped"), values, strict=True)
        for seed, jitter in enumerate((0.0, 0.001 * depth + (0.001 if name == "BP" else 0.0)))
    ]


def test_the_page_has_a_table_of_accuracies_for_each_depth_with_bits_as_columns():
    runs = table_runs()
    shallow, deep_ = accuracy_grids(means(runs), differences(runs))
    assert shallow.columns == ("quantiser", "rule", "8 bit", "2 bit")
    assert [row[:2] for row in shallow.rows] == [["vector_maximum", "BP"], ["vector_maximum", "DFA as shipped"]]
    assert shallow.rows[0][2].startswith("80.2 ± ")
    assert deep_.rows[1][3].strip("*").startswith("60.3 (+29.9 ± ")


def test_the_depth_at_which_dfa_passes_bp_lies_between_the_depths_that_were_run():
    runs = table_runs()
    fine, coarse_ = turn_rows(curves(differences(runs), ["DFA as shipped"]))
    assert fine[2:4] == ["8", "none: always below BP"]
    # -1.05 points at 2 layers and +29.95 at 6
    assert coarse_[2:4] == ["2", f"{2 + 4 * 1.05 / (1.05 + 29.95):.1f}"]
    (counted,) = clear_rows(differences(runs))
    assert counted[:2] == ["DFA as shipped", "4"]
    assert counted[4].endswith("(6 hidden layers, 2 bit vector_maximum, 1 pass)")


def test_dfa_is_also_compared_with_bp_on_the_same_path_through_time():
    names = ["BP, read-out's path", "DFA, read-out's path, product", "DFA as shipped"]
    contenders = [{"name": one.name, "rule": one.rule, "choices": one.choices} for one in chosen(names)]
    after = {"BP": 0.5, names[0]: 0.7, names[1]: 0.72, names[2]: 0.4}
    runs = [run(name, seed, value + 0.01 * seed) for name, value in after.items() for seed in (0, 1)]
    (row,) = same_path_rows({"contenders": contenders, "runs": runs})
    assert row[0] == names[1]
    assert row[2] == "2"
    assert row[3].strip("*").startswith("+2.0 ± ")


def test_savings_of_energy_are_paired_by_seed_and_leave_out_what_was_not_priced():
    runs = [run("BP", 0, 0.9, energy_pj=4.0), run("BP", 1, 0.9, energy_pj=2.0), run("DRTP", 0, 0.9, energy_pj=3.0),
            run("DRTP", 1, 0.9, energy_pj=1.0), run("DRTP", 2, 0.9, energy_pj=1.0)]  # fmt: skip
    ((key, found),) = savings(runs).items()
    assert key[-1] == "DRTP"
    assert (found.mean, found.n) == (37.5, 2)


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


def priced(contender: str, after: float, energy_pj: float, factors: list[float], **shares: float) -> dict:
    parts = {"energy_pj": {"component": shares}}
    return run(contender, 0, after, energy_pj=energy_pj, prices={"energy_pj": factors}, parts=parts)


def test_the_probability_of_a_published_figure_counts_draws_of_prices_that_both_rules_share():
    contenders = [{"name": one.name, "rule": one.rule} for one in chosen(["DFA as shipped"])]
    bp = priced("BP", 0.9, 100.0, [1.0, 2.0, 1.0, 1.0], write_circuits=0.5, adc=0.5)
    dfa = priced("DFA as shipped", 0.9, 40.0, [1.0, 1.0, 0.8, 0.5], write_circuits=0.25, adc=0.75)
    (pair,) = pairs_of([bp, dfa], contenders)
    # savings of the draws: 60, 80, 68 and 80 %
    assert probability(pair, PUBLISHED[0]) == 0.75
    brought = {part["component"]: part["points"] for part in brought_by(pair, "energy_saving_pct")}
    assert brought == pytest.approx({"write_circuits": 40.0, "adc": 20.0})
    assert probability(pair, PUBLISHED_ACCURACY) == 0.0


def test_the_saving_is_linear_in_the_share_of_a_component():
    contenders = [{"name": one.name, "rule": one.rule} for one in chosen(["DFA as shipped"])]
    bp = priced("BP", 0.9, 100.0, [1.0], write_circuits=0.5, adc=0.5)
    dfa = priced("DFA as shipped", 0.9, 40.0, [1.0], write_circuits=0.25, adc=0.75)
    (line,) = saving_lines(pairs_of([bp, dfa], contenders), ["write_circuits"])
    assert (line.without, line.alone) == pytest.approx((40.0, 80.0))
    assert line.at(line.share) == pytest.approx(60.0)
    # with writes at a price 3 times as high: BP 150 + 50, DFA 30 + 30
    assert line.at(0.75) == pytest.approx(100 * (1 - (30 + 30) / (150 + 50)))
    assert line.reaches(64.1) == pytest.approx((64.1 - 40) / 40)
    assert line.reaches(90) is None


def test_crosses_meet_each_contender_once_with_the_most_seeds_and_only_the_first_shares_a_rate(root_dir):
    base = Base(root_dir / "arch_specs/wearable_rram.yaml", root_dir / "workloads/watch_adapt.yaml")
    crosses = (Cross(), Cross(depths=(2, 4), contenders=("BP",), n_seeds=10, n_priced=0))
    question = Question(base, chosen(["DRTP"]), crosses)
    found = _meetings(question, question.contenders, base.load()[1])
    assert [(one.contender.name, one.cell.settings["depth"], *one[2:]) for one in found] == [
        ("BP", 2, ("own", "shared"), 10, 3), ("DRTP", 2, ("own", "shared"), 3, 3), ("BP", 4, ("own",), 10, 0)
    ]  # fmt: skip
    details = [[question.detail(one, seed) for seed in (0, 1)] for one in found]
    assert details == [["parts", "price"], ["price", "price"], ["accuracy", "accuracy"]]
    with pytest.raises(ExploreError, match="OTTT: in a cross, but not among the study's contenders"):
        _meetings(Question(base, (), (Cross(contenders=("OTTT",)),)), question.contenders, base.load()[1])
    with pytest.raises(ExploreError, match="depths, bits, passes and seeds must be 1 or more"):
        list(Cross(bits=(0,)).cells(base.load()[1]))


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
    command = ["study", "rules", "--rule", "DFA as shipped", *SMALL, "--rates", "0.005,0.01", "--seeds", "2",
               "--priced", "1", "--workers", "1", "-o", str(tmp_path / "out"), "--json"]  # fmt: skip
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.stderr
    study = json.loads(first.stdout)
    assert {run["contender"] for run in study["runs"]} == {"BP", "DFA as shipped"}
    assert {(run["seed"], "energy_pj" in run, "prices" in run) for run in study["runs"]} == {
        (0, True, True), (1, False, False)
    }  # fmt: skip
    assert all((line["after"]["n"], line["energy_pj"]["n"]) == (2, 1) for line in study["lines"])
    with (tmp_path / "out" / "rules.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(study["lines"])
    names = {path.name for path in (tmp_path / "out").iterdir()} - {"cache"}
    assert names == {
        "rules.json",
        "rules.csv",
        "rules.md",
        "rules_errors.png",
        "rules_depth.png",
        "rules_energy.png",
        "rules_shares.png",
    }
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


def test_a_case_sets_anything_else_in_both_files(root_dir):
    base = Base(root_dir / "arch_specs/wearable_rram.yaml", root_dir / "workloads/watch_adapt.yaml")
    noise = "device.errors.read_noise={kind: constant, sigma: 0.01}"
    noisy = Case("noisy, few", (noise,), ("learning.adapt.windows=64",))
    (cell,) = Cross(cases=(noisy,)).cells(base.load()[1])
    chip, work = base.load(cell)
    assert chip.device.errors.read_noise is not None
    assert work.learning.adapt.n_windows == 64
    assert cell.settings["case"] == "noisy, few"
    assert where_of({**cell.settings}) == "2 hidden layers, 8 bit vector_maximum, 1 pass, noisy, few"


@pytest.mark.parametrize(
    ("means", "said"),
    [
        ([-4, -1, 3], "4.5"), ([-4, 0, 3], "4.0"), ([0, 0, 3], "none: never below BP"),
        ([0, -2, 0], "none: never above BP"), ([1, 2, 3], "none: always above BP"), ([0, 0, 0], "none: as BP"),
    ],
)  # fmt: skip
def test_a_curve_that_meets_zero_does_not_pass_it(means, said):
    points = [(depth, float(mean), 1.0) for depth, mean in zip((2, 4, 6), means, strict=True)]
    [row] = turn_rows([Curve("DRTP", 2, "fixed", points)])
    assert row[3] == said
