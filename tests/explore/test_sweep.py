"""Sweeps: each configuration once, whatever happens; results as `simulate` gives them."""

from __future__ import annotations

import json

import pytest
from explore_support import ROOT, TWO_BY_TWO, HerePool, write_study
from typer.testing import CliRunner

import archsim
from archsim.cli import app
from archsim.errors import ExploreError
from archsim.explore import run, sweep
from archsim.explore.log import RESULTS
from archsim.explore.measures import TOTALS


@pytest.fixture
def pool(monkeypatch):
    here = HerePool()
    monkeypatch.setattr(run, "pool_of", lambda *_: here)
    return here


def test_a_record_holds_what_simulate_gives(tmp_path, pool):
    more = f"record: [{', '.join(TOTALS)}, breakdown.component.adc.energy_pj, breakdown.layer.fc2.busy_ps]"
    found = sweep(write_study(tmp_path, TWO_BY_TWO, more), tmp_path / "out")
    assert len(found.records) == len(pool.keys) == 4
    for record in found.records:
        sets = [f"{path.removeprefix('chip.')}={value}" for path, value in record["parameters"].items()]
        chip = archsim.load_chip(ROOT / "arch_specs/wearable_rram.yaml", sets)
        short = ["timesteps=4", "samples=1", "batch=1"]
        work = archsim.load_workload(ROOT / "workloads/watch_mlp.yaml", short)
        result = archsim.simulate(chip, work, phase="inference")
        for metric, of in TOTALS.items():
            assert record["metrics"][metric] == of(result)
        adc = result.breakdown("component")["adc"]
        assert record["metrics"]["breakdown.component.adc.energy_pj"] == adc["energy_pj"]
        assert record["metrics"]["breakdown.layer.fc2.busy_ps"] == result.breakdown("layer")["fc2"]["busy_ps"]


def test_what_is_done_is_not_done_again(tmp_path, pool):
    path = write_study(tmp_path)
    first = sweep(path, tmp_path / "out")
    assert (first.n_new, len(pool.keys)) == (4, 4)
    log = tmp_path / "out" / RESULTS
    log.write_bytes(log.read_bytes()[:-40])  # the power fails while the last line is written
    second = sweep(path, tmp_path / "out")
    assert (second.n_new, len(pool.keys)) == (1, 5)
    assert [r["metrics"] for r in second.records] == [r["metrics"] for r in first.records]
    assert sweep(path, tmp_path / "out").n_new == 0


def test_two_ways_to_write_the_same_chip_are_evaluated_once(tmp_path, pool):
    found = sweep(write_study(tmp_path, "chip.device.read_pulse: [100 ns, 0.1 us, 50 ns]"), tmp_path / "out")
    assert len(found.records) == 3
    assert len(pool.keys) == 2
    assert found.records[0]["metrics"] == found.records[1]["metrics"]


def test_a_configuration_that_fails_is_recorded_and_the_rest_goes_on(tmp_path, pool):
    small = "{options: {one: [chip.tiles=1, chip.tile.pes=1, chip.pe.crossbars=1], auto: []}}"
    text = f"size: {small}\nchip.crossbar.columns: [64, 128]"
    found = sweep(write_study(tmp_path, text), tmp_path / "out")
    states = [(record["state"], record["error"]) for record in found.records]
    assert [state for state, _ in states] == ["failed", "failed", "failed", "done"]
    assert "parallel_cells" in states[0][1]
    assert "needs" in states[1][1]
    assert len(found.front) == 1
    assert sweep(write_study(tmp_path, text), tmp_path / "out").n_new == 0
    assert len(pool.keys) == 2


def test_phases_and_seeds_can_be_varied(tmp_path, pool):
    found = sweep(write_study(tmp_path, "phase: [inference, dfa]\nseed: [0, 1]"), tmp_path / "out")
    assert len({record["metrics"]["energy_pj"] for record in found.records}) == 4
    assert len(pool.keys) == 4


def test_the_folder_of_another_study_is_refused(tmp_path, pool):
    sweep(write_study(tmp_path), tmp_path / "out")
    with pytest.raises(ExploreError, match=r"holds another study: .*seed was 0, is 1"):
        sweep(write_study(tmp_path, more="seed: 1"), tmp_path / "out")
    other = write_study(tmp_path, "chip.crossbar.rows: [32]")
    other.write_text(other.read_text().replace("name: test", "name: more"))
    with pytest.raises(ExploreError, match=r"holds another study, test, not more\. Name another folder"):
        sweep(other, tmp_path / "out")
    assert len(pool.keys) == 4


@pytest.mark.usefixtures("pool")
def test_a_study_of_which_all_configurations_fail_ends_in_an_error(tmp_path):
    # names of actions are known in a run only
    path = write_study(tmp_path, more="record: [breakdown.action.reed.energy_pj]")
    asked = CliRunner().invoke(app, ["sweep", str(path), "-o", str(tmp_path / "out")])
    assert asked.exit_code == 2
    assert "all 4 configurations failed; the first: breakdown.action.reed" in asked.output
    assert "4 failed" in asked.output


@pytest.mark.usefixtures("pool")
def test_a_study_begun_by_another_version_is_refused(tmp_path):
    path = write_study(tmp_path)
    sweep(path, tmp_path / "out")
    about = tmp_path / "out" / "study.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "model": "0.0.1+abc"}))
    with pytest.raises(ExploreError, match=r"begun by archsim 0\.0\.1"):
        sweep(path, tmp_path / "out")
    about.write_text(json.dumps({"format": "archsim explore 0"}))
    with pytest.raises(ExploreError, match="format 'archsim explore 0' is not read"):
        sweep(path, tmp_path / "out")


def test_an_older_version_and_another_study_are_both_named(tmp_path, pool):
    sweep(write_study(tmp_path), tmp_path / "out")
    about = tmp_path / "out" / "study.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "model": "0.0.1+abc"}))
    with pytest.raises(ExploreError, match=r"begun by archsim 0\.0\.1.* another study, too: seed was 0, is 1"):
        sweep(write_study(tmp_path, more="seed: 1"), tmp_path / "out")
    assert len(pool.keys) == 4


def unknown(about: dict, *path: str) -> dict:
    """What a version would have written that did not know one of the keys of a study."""
    inner = about["study"]
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return {**about, "sha256": "of something else"}


@pytest.mark.parametrize("path", [("phase",), ("search", "population"), ("learning",)], ids=".".join)
def test_a_key_that_was_not_known_yet_has_its_default(tmp_path, pool, path):
    study = write_study(tmp_path)
    study.write_text(study.read_text().replace("phase: inference\n", ""))
    sweep(study, tmp_path / "out")
    about = tmp_path / "out" / "study.json"
    older = unknown(json.loads(about.read_text()), *path)
    about.write_text(json.dumps(older))
    assert sweep(study, tmp_path / "out").n_new == 0
    about.write_text(json.dumps({**older, "model": "0.0.1+abc"}))
    with pytest.raises(ExploreError, match=r"begun by archsim 0\.0\.1\+abc.*figures\. Name another folder"):
        sweep(study, tmp_path / "out")
    assert len(pool.keys) == 4


@pytest.mark.usefixtures("pool")
def test_a_number_written_in_another_way_is_no_other_study(tmp_path):
    study = write_study(tmp_path)
    given = study.read_text()
    study.write_text(given.replace("set: [", "set: [workload.weights.gain=2, "))
    sweep(study, tmp_path / "out")
    study.write_text(given.replace("set: [", "set: [workload.weights.gain=2.0, "))
    assert sweep(study, tmp_path / "out").n_new == 0


def test_a_folder_in_which_another_process_just_begins_or_was_killed_is_no_foreign_one(tmp_path, pool):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("folder.lock", "study.yaml", ".study.json.4711.part"):
        (out / name).touch()
    assert len(sweep(write_study(tmp_path), out).records) == len(pool.keys) == 4
    assert not (out / ".study.json.4711.part").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path, pool):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    with pytest.raises(ExploreError, match=r"holds files that are no study of archsim \(thesis.tex\)"):
        sweep(write_study(tmp_path), tmp_path / "out")
    assert pool.keys == []


def test_a_grid_refuses_a_continuous_range(tmp_path):
    with pytest.raises(ExploreError, match="a grid needs step or points"):
        sweep(write_study(tmp_path, "chip.device.read_pulse: {from: 10 ns, to: 20 ns}"), tmp_path / "out")
