"""Files of a study's folder that somebody has changed, with good checksums: nothing of them is believed unseen."""

from __future__ import annotations

import json
import os

import pytest
from explore_support import HerePool, one_by_one, write_study

from archsim.errors import ExploreError
from archsim.explore import read_study, run, search, searching, sweep
from archsim.explore.identity import digest_of
from archsim.explore.journal import mend
from archsim.explore.log import RESULTS, ResultLog, checksum
from archsim.explore.report import report
from archsim.explore.results import notes_on, read_results
from archsim.explore.summary import summary


def closed_form(job):
    return {"state": "done", "metrics": dict.fromkeys(job.metrics, 1.0), "error": None}


@pytest.fixture
def pool(monkeypatch):
    here = HerePool(one_by_one(closed_form))
    for module in (run, searching):
        monkeypatch.setattr(module, "pool_of", lambda *_: here)
    return here


@pytest.fixture
def swept(tmp_path, pool):
    """The study's file and its folder, four configurations done."""
    path = write_study(tmp_path)
    sweep(path, tmp_path / "out")
    assert len(pool.keys) == 4
    return path, tmp_path / "out"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metrics": {"latency_ps": "x"}}, "metrics.latency_ps: must be a number"),
        ({"metrics": {}}, "metrics.latency_ps: missing"),
        ({"metrics": 5}, "metrics: must be a mapping; got 5"),
        ({"state": "won"}, "state: must be one of done, cheap, pruned, failed; got 'won'"),
        ({"parameters": {"chip.tiles": 4}}, "parameters.chip.tiles: is no parameter of the study"),
        ({"parameters": {"chip.crossbar.rows": 65}}, "parameters.chip.crossbar.rows: 65 is none of its values"),
        ({"parameters": {"chip.crossbar.rows": True}}, "parameters.chip.crossbar.rows: True is none of"),
        ({"seed": 2**80}, "seed: is a whole number of 25 digits"),
        ({"seed": -1}, "seed: must be at least 0"),
        ({"done": None}, "done: must be a mapping"),
        ({"interrupted": 3}, "interrupted: must be a mapping"),
    ],
)
def test_a_forged_record_is_left_out_and_told_by_its_field_and_done_again(swept, pool, change, said):
    path, out = swept
    first, *rest = (out / RESULTS).read_text().splitlines(keepends=True)
    forged = {**json.loads(first), **change}
    (out / RESULTS).write_text(json.dumps({**forged, "sha256": checksum(forged)}) + "\n" + "".join(rest))
    found = read_results(out)
    assert len(found.records) == 3
    assert any(f"1 line of results.jsonl cut off or damaged (line 1: {said}" in note for note in notes_on(found))
    assert sweep(path, out).n_new == 1
    assert len(pool.keys) == 5


def test_a_record_with_nan_or_nested_deep_is_left_out(swept):
    _, out = swept
    first, *rest = (out / RESULTS).read_text().splitlines(keepends=True)
    damaged = [first.replace('"seed":0', '"seed":NaN'), '{"key": ' * 5000 + "1" + "}" * 5000 + "\n"]
    (out / RESULTS).write_text("".join([*damaged, *rest]))
    found = read_results(out)
    assert len(found.records) == 3
    assert list(found.damaged) == [
        "line 1: seed: is nan; a finite number is needed", "line 2: is nested deeper than 100 levels"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"objectives": 5}, "objectives: must be a mapping; got 5"),
        ({"objectives": {"luck": "minimize"}}, "objectives.luck: "),
        ({"parameters": {"chip.crossbar.rows": {"values": []}}}, "parameters.chip.crossbar.rows"),
        ({"parameters": {"canteen": {"values": [1, 2]}}}, "parameters.canteen: "),
        ({"files": {"chip": 1, "workload": {}}}, "study.files.chip: must be a mapping; got 1"),
        ({"sweep": 3}, "study.sweep: must be a mapping"),
        ({"sweep": {}}, "study.sweep.kind: missing; needs a text"),
    ],
)
def test_a_forged_study_is_refused_by_its_field(swept, change, said):
    _, out = swept
    about = json.loads((out / "study.json").read_text())
    study = {**about["study"], **change}
    (out / "study.json").write_text(json.dumps({**about, "study": study, "sha256": digest_of(study)}))
    with pytest.raises(ExploreError) as caught:
        read_results(out)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{}", "line 3: op_code: is none of Optuna's"),
        ('{"op_code": 99}', "line 3: op_code: is none of Optuna's"),
        ('{"op_code": true}', "line 3: op_code: is none of Optuna's"),
        ('{"op_code": 5, "worker_id": "x", "trial_id": 0}', "line 3: param_name: missing"),
        ('{"op_code": 6, "worker_id": "x", "trial_id": 0, "state": 1, "values": ["a"]}', "line 3: values.0: must"),
        ('{"op_code": 5, "worker_id": "x", "trial_id": 0, "param_name": "luck", "param_value_internal": 0, '
         '"distribution": "{}"}', "KeyError"),
        ('{"op_code": 5, "worker_id": "x", "trial_id": 0, "param_name": "chip.crossbar.rows", '
         '"param_value_internal": 7, "distribution": "{\\"name\\": \\"IntDistribution\\", \\"attributes\\": '
         '{\\"log\\": false, \\"step\\": 1, \\"low\\": 0, \\"high\\": 9}}"}', "trial 0: chip.crossbar"),
    ],
)  # fmt: skip
def test_nonsense_in_a_journal_is_refused_by_line_and_field(tmp_path, pool, line, said):
    path, out = write_study(tmp_path, more="search: {sampler: random, trials: 4, batch: 2}"), tmp_path / "out"
    search(path, out)
    n = len(pool.keys)
    lines = (out / "journal.jsonl").read_text().splitlines()
    (out / "journal.jsonl").write_text("\n".join([*lines[:2], line, *lines[3:]]) + "\n")
    with pytest.raises(ExploreError, match=f"no search of this study has written .*({said})"):
        search(path, out)
    (out / "journal.jsonl").unlink()  # as the message says
    search(path, out)
    assert len(pool.keys) == n


def test_a_pipe_in_place_of_a_journal_or_a_log_is_refused_and_not_waited_for(tmp_path):
    for name in ("journal.jsonl", "results.jsonl"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(ExploreError, match=r"journal\.jsonl: cannot be read: not a regular file"):
        mend(tmp_path / "journal.jsonl")
    with pytest.raises(ExploreError, match=r"results\.jsonl: cannot be read: not a regular file"):
        ResultLog(tmp_path / "results.jsonl").read()


def test_a_record_that_holds_a_metric_more_than_the_others_is_shown_by_those_that_all_have(swept, tmp_path):
    path, out = swept
    first, *rest = (out / RESULTS).read_text().splitlines(keepends=True)
    more = json.loads(first)
    more["metrics"] = {"extra": 1.0, **more["metrics"]}
    (out / RESULTS).write_text(json.dumps({**more, "sha256": checksum(more)}) + "\n" + "".join(rest))
    found = sweep(path, out)
    assert found.n_new == 0
    assert "extra" not in summary(found)
    assert report(found, tmp_path / "page").exists()


def test_a_key_that_is_no_text_is_an_error_of_the_study_file(tmp_path):
    file = write_study(tmp_path)
    file.write_text(file.read_text() + '\n"\\ud83d\\ude00": 1\n')
    with pytest.raises(ExploreError, match=r"study\.yaml:1:1: must be a valid string"):
        read_study(file)
