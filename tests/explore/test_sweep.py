"""Sweeps: each configuration once, whatever happens; results as `simulate` gives them."""

from __future__ import annotations

import json
import re

import pytest
from explore_support import ROOT, TWO_BY_TWO, HerePool, one_by_one, write_study
from learning_support import SHORT as SHORT_LEARNING
from typer.testing import CliRunner

import archsim
from archsim.cli.app import app
from archsim.errors import ExploreError
from archsim.explore import evaluator, read_results, run, sweep
from archsim.explore.evaluate import evaluate, failed
from archsim.explore.identity import digest_of
from archsim.explore.log import RESULTS
from archsim.explore.summary import summary, summary_record
from archsim.registry import METRICS
from archsim.snn.measure import measure


@pytest.fixture
def pool(monkeypatch):
    here = HerePool()
    monkeypatch.setattr(run, "pool_of", lambda *_: here)
    return here


def test_a_record_holds_what_simulate_gives(tmp_path, pool):
    more = f"record: [{', '.join(METRICS)}, breakdown.component.adc.energy_pj, breakdown.layer.fc2.busy_ps]"
    found = sweep(write_study(tmp_path, TWO_BY_TWO, more), tmp_path / "out")
    assert len(found.records) == len(pool.keys) == 4
    for record in found.records:
        sets = [f"{path.removeprefix('chip.')}={value}" for path, value in record["parameters"].items()]
        chip = archsim.load_chip(ROOT / "tests/chips/wearable_rram.yaml", sets)
        short = ["timesteps=4", "samples=1", "batch=1"]
        work = archsim.load_workload(ROOT / "workloads/watch_mlp.yaml", short)
        result = archsim.simulate(chip, work, phase="inference")
        for metric, kind in METRICS.items():
            assert record["metrics"][metric] == kind.of(result)
        adc = result.breakdown("component")["adc"]
        assert record["metrics"]["breakdown.component.adc.energy_pj"] == adc["energy_pj"]
        assert record["metrics"]["breakdown.layer.fc2.busy_ps"] == result.breakdown("layer")["fc2"]["busy_ps"]


LEARNING = [f"workload.{one}" for one in SHORT_LEARNING] + ["workload.learning.adapt.passes=1"]


def test_the_bits_of_converters_count_in_accuracy_until_the_chip_calls_them_ideal(tmp_path, pool):
    """The same network, data and cells: only what the columns are converted to differs."""
    parameters = "chip.adc.resolution: [2 bit, 8 bit]\nchip.ideal.converters: [false, true]"
    path = write_study(tmp_path, parameters, objectives="{accuracy_before: maximize, energy_pj: minimize}")
    text = path.read_text().replace("watch_mlp", "watch_adapt").replace("phase: inference", "phase: dfa")
    text = text.replace("tests/chips", "arch_specs")  # whose converters may have two bits
    path.write_text(re.sub("set: .*", f"set: {json.dumps(LEARNING)}", text))
    found = sweep(path, tmp_path / "out")
    assert len(pool.keys) == 4
    assert [record["error"] for record in found.records] == [None] * 4
    of = {tuple(record["parameters"].values()): record["metrics"] for record in found.records}
    bits, off = ("2 bit", "8 bit"), {of[n, True]["accuracy_before"] for n in ("2 bit", "8 bit")}
    assert len(off) == 1
    assert of["2 bit", False]["accuracy_before"] < of["8 bit", False]["accuracy_before"]
    for is_ideal in (False, True):  # what is not counted in accuracy is priced all the same
        few, many = (of[n, is_ideal]["energy_pj"] for n in bits)
        assert of["2 bit", True]["energy_pj"] == few < many
    said = summary_record(found)["errors"]["converters"]
    assert all(f"{n}, range calibrated once to 99.9 %" in said for n in bits)
    assert "ideal: switched off" in said
    assert f"converters ({said})" in summary(found)


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


def interrupting(**why):
    """Evaluates all but read pulses of 100 ns."""

    def function(job):
        if job.resolved.chip.device.read_pulse_ps == 100_000:
            return failed("it was interrupted", why)
        return evaluate([job])[0]

    return one_by_one(function)


PULSES = "chip.device.read_pulse: [50 ns, 100 ns]"


def test_what_its_limit_stopped_is_tried_again_once_the_limit_is_longer(tmp_path, pool):
    pool.function = interrupting(limit_s=1.0)
    limited = write_study(tmp_path, PULSES, "time_limit: 1 s")
    assert [r["state"] for r in sweep(limited, tmp_path / "out").records] == ["done", "failed"]
    pool.function = evaluate
    assert sweep(limited, tmp_path / "out").n_new == 0
    found = sweep(write_study(tmp_path, PULSES, "time_limit: 2 s"), tmp_path / "out")
    assert (found.n_new, [r["state"] for r in found.records]) == (1, ["done", "done"])
    assert sweep(limited, tmp_path / "out").n_new == 0
    assert [r["state"] for r in read_results(tmp_path / "out").records] == ["done", "done"]


def test_what_lost_its_worker_is_tried_again_once_in_each_run(tmp_path, pool):
    path = write_study(tmp_path, PULSES)
    pool.function = interrupting(worker="ended")
    assert [r["state"] for r in sweep(path, tmp_path / "out").records] == ["done", "failed"]
    assert sweep(path, tmp_path / "out").n_new == 1
    pool.function = evaluate
    found = sweep(path, tmp_path / "out")
    assert (found.n_new, [r["state"] for r in found.records]) == (1, ["done", "done"])
    assert sweep(path, tmp_path / "out").n_new == 0
    assert len(pool.keys) == 4


def test_a_file_that_the_workload_names_counts_by_what_it_holds(tmp_path, pool):
    work = archsim.load_workload(ROOT / "workloads/watch_mlp.yaml", ["timesteps=2", "samples=1", "batch=1"])
    text = (ROOT / "workloads/watch_mlp.yaml").read_text()
    workload = tmp_path / "work.yaml"
    workload.write_text(re.sub(r"(?ms)^activity:.*?(?=^\S)", "activity: {kind: measured, file: act.npz}\n", text))
    path = write_study(tmp_path, PULSES)
    path.write_text(
        re.sub("workload: .*", f"workload: {workload}", path.read_text()).replace("timesteps=4", "timesteps=2")
    )
    energies = []
    for seed in (0, 5):
        measure(work, seed)[1].save(tmp_path / "act.npz")
        found = sweep(path, tmp_path / "out")
        assert found.n_new == 2
        assert sweep(path, tmp_path / "out").n_new == 0
        energies.append(found.records[0]["metrics"]["energy_pj"])
    assert energies[0] != energies[1]
    assert len(pool.keys) == 4


def test_more_configurations_than_a_block_are_made_ready_while_others_run(tmp_path, pool, monkeypatch):
    monkeypatch.setattr(evaluator, "BLOCK", 3)
    path = write_study(tmp_path, "chip.device.read_pulse: {from: 20 ns, to: 90 ns, step: 10 ns}")
    found = sweep(path, tmp_path / "blocks")
    assert len(found.records) == found.n_new == len(pool.keys) == 8
    monkeypatch.setattr(evaluator, "BLOCK", 100)
    at_once = sweep(path, tmp_path / "at_once")
    assert [r["metrics"] for r in found.records] == [r["metrics"] for r in at_once.records]
    assert [r["parameters"] for r in found.records] == [r["parameters"] for r in at_once.records]


def test_a_damaged_line_is_told_and_done_again(tmp_path, pool):
    path, out = write_study(tmp_path), tmp_path / "out"
    sweep(path, out)
    lines = (out / RESULTS).read_text().splitlines(keepends=True)
    (out / RESULTS).write_text("".join([lines[0], lines[1].replace("energy", "enervy"), *lines[2:]]))
    said = CliRunner().invoke(app, ["report", str(out)])
    assert said.exit_code == 0
    assert "1 line of results.jsonl cut off or damaged" in said.stderr
    found = sweep(path, out)
    assert (found.n_new, found.n_damaged, len(pool.keys)) == (1, 1, 5)


def test_a_study_of_another_version_is_shown_with_a_warning(tmp_path, pool):
    path, out = write_study(tmp_path), tmp_path / "out"
    sweep(path, out)
    assert len(pool.keys) == 4
    about = json.loads((out / "study.json").read_text())
    (out / "study.json").write_text(json.dumps({**about, "model": "0.0.1+old"}))
    said = CliRunner().invoke(app, ["report", str(out)])
    assert said.exit_code == 0
    assert "made by archsim 0.0.1+old; this is" in said.stderr
    assert "may give other figures" in next((out / "front").glob("*.workload.yaml")).read_text()
    assert "may give other figures" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"study": None}, "is damaged: study: must be a mapping"),
        ({"workload_folder": 3, "model": None}, "is damaged: model: must be a text.*; workload_folder: must be"),
        ({"sha256": "0"}, "is damaged: study is not what sha256 is of"),
    ],
)
def test_a_damaged_folder_is_told(tmp_path, pool, change, said):
    path, out = write_study(tmp_path), tmp_path / "out"
    sweep(path, out)
    assert len(pool.keys) == 4
    about = json.loads((out / "study.json").read_text())
    (out / "study.json").write_text(json.dumps({**about, **change}))
    for call in (lambda: sweep(path, out), lambda: read_results(out)):
        with pytest.raises(ExploreError, match=said):
            call()


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
    path = write_study(tmp_path, more="record: [breakdown.action.normalise.energy_pj]")
    asked = CliRunner().invoke(app, ["sweep", str(path), "-o", str(tmp_path / "out")])
    assert asked.exit_code == 2
    assert "all 4 configurations failed; the first: breakdown.action.normalise" in asked.output
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
    return {**about, "sha256": digest_of(about["study"])}


@pytest.mark.parametrize("path", [("phase",), ("search", "population"), ("learning",)], ids=".".join)
def test_a_key_that_was_not_known_yet_has_its_deerror(tmp_path, pool, path):
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
