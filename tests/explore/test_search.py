"""Searches: what they try depends on the study alone, and what is cut short goes on as it would have gone on."""

from __future__ import annotations

import contextlib
import json
import shutil

import numpy as np
import pytest
from explore_support import HerePool, one_by_one, write_study

from archsim.explore import read_study, run, search, searching
from archsim.explore.front import losses, nondominated
from archsim.explore.journal import Backend
from archsim.explore.space import configurations

SPACE = """
chip.crossbar.rows: [16, 32, 64, 128, 256]
chip.adc.resolution: {from: 4 bit, to: 8 bit, step: 1 bit}
chip.adc.columns_per_adc: [8, 16, 32, 64, 128]
chip.device.read_pulse: {from: 20 ns, to: 100 ns, step: 40 ns}
chip.execution.spike_format: [bitmap, aer]
"""
SAMPLERS = ("tpe", "nsga2", "nsga3", "random", "quasi_random")


def closed_form(job):
    """Three objectives in closed form, in place of a simulation: the front is known by enumeration."""
    chip = job.resolved.chip
    rows, share, bits = chip.crossbar.n_rows, chip.adc.n_columns_per_adc, chip.adc.resolution_bits
    metrics = dict.fromkeys(job.metrics, 1.0)
    penalty = 1.3 if chip.execution.spike_format == "aer" else 1.0
    metrics["latency_ps"] = penalty * (4e5 / rows + 900 * share + chip.device.read_pulse_ps / 10)
    metrics["area_um2"] = penalty * (40 * rows + 2.0**bits * 3e4 / share + 1e9 / chip.device.read_pulse_ps)
    return {"state": "done", "metrics": metrics, "error": None}


@pytest.fixture
def pool(monkeypatch):
    here = HerePool(one_by_one(closed_form))
    for module in (run, searching):
        monkeypatch.setattr(module, "pool_of", lambda *_: here)
    return here


def tried(found) -> list[str]:
    return [record["key"] for record in found.records]


def settings(sampler: str, trials: int = 40) -> str:
    return f"search: {{sampler: {sampler}, trials: {trials}, batch: 8, population: 8}}"


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_search_tries_the_same_every_time_and_each_once(tmp_path, pool, sampler):
    path = write_study(tmp_path, SPACE, settings(sampler))
    first = search(path, tmp_path / "one")
    n = len(pool.keys)
    assert 40 <= n < 48
    assert len(set(tried(first))) == len(tried(first)) == n
    assert tried(search(path, tmp_path / "two")) == tried(first)
    assert len(pool.keys) == 2 * n
    assert search(path, tmp_path / "one").n_new == 0
    assert len(pool.keys) == 2 * n


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_search_with_a_torn_journal_and_log_ends_as_the_undisturbed_one(tmp_path, sampler):
    path = write_study(tmp_path, SPACE, settings(sampler))
    whole = search(path, tmp_path / "whole")
    journal = (tmp_path / "whole" / "journal.jsonl").read_bytes()
    results = (tmp_path / "whole" / "results.jsonl").read_bytes()
    rng = np.random.default_rng(7)
    for i in range(4):
        torn = tmp_path / f"torn{i}"
        torn.mkdir()
        for name in ("study.json", "study.yaml"):
            (torn / name).write_bytes((tmp_path / "whole" / name).read_bytes())
        (torn / "journal.jsonl").write_bytes(journal[: rng.integers(len(journal))])
        (torn / "results.jsonl").write_bytes(results[: rng.integers(len(results))])
        cut = (torn / "results.jsonl").read_bytes()
        n_known = cut.count(b"\n")
        found = search(path, torn)
        assert tried(found) == tried(whole)
        assert found.n_new == len(tried(whole)) - n_known
        lines = (torn / "results.jsonl").read_text().splitlines()
        if not cut.endswith(b"\n") and cut:  # the last one is done again, even where only its end was missing
            del lines[n_known]
        keys = [json.loads(line)["key"] for line in lines if line.endswith("}") and "sha256" in line]
        assert sorted(keys) == sorted(set(keys))


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_journal_that_ends_anywhere_in_a_batch_tells_how_to_go_on(tmp_path, sampler):
    path = write_study(tmp_path, SPACE, settings(sampler))
    whole = search(path, tmp_path / "whole")
    lines = (tmp_path / "whole" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for i in range(len(lines) // 3, len(lines), 13):  # while some are told, some asked for, some neither
        torn = tmp_path / f"torn{i}"
        shutil.copytree(tmp_path / "whole", torn)
        (torn / "journal.jsonl").write_bytes(b"".join(lines[:i]))
        found = search(path, torn)
        assert tried(found) == tried(whole)
        assert found.n_new == 0


@pytest.mark.usefixtures("pool")
def test_the_next_batch_is_asked_for_before_the_last_one_is_told(tmp_path):
    search(write_study(tmp_path, SPACE, settings("nsga2")), tmp_path / "out")
    operations = [json.loads(line) for line in (tmp_path / "out" / "journal.jsonl").read_text().splitlines()]
    asked = [i for i, operation in enumerate(operations) if operation["op_code"] == 4]
    told = [i for i, operation in enumerate(operations) if operation["op_code"] == 6]
    for batch in range(len(asked) // 8 - 1):
        assert asked[8 * (batch + 2) - 1] < told[8 * batch]
        if batch:
            assert told[8 * batch - 1] < asked[8 * (batch + 1)]


def test_operations_of_a_round_get_into_the_journal_at_once_or_not_at_all(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"op_code":0}\n{"op_co')  # whoever wrote it was killed
    backend, other = Backend(str(path)), Backend(str(path))
    with backend.together():
        assert list(backend.read_logs(0)) == [{"op_code": 0}]
        backend.append_logs([{"op_code": 1}, {"op_code": (2, 3)}])
        assert list(backend.read_logs(1)) == [{"op_code": 1}, {"op_code": [2, 3]}]
        assert list(backend.read_logs(2)) == [{"op_code": [2, 3]}]
        assert list(other.read_logs(0)) == [{"op_code": 0}]
    assert list(backend.read_logs(3)) == []
    other.append_logs([{"op_code": 4}])
    assert [log["op_code"] for log in other.read_logs(0)] == [0, 1, [2, 3], 4]
    assert list(backend.read_logs(3)) == [{"op_code": 4}]
    with contextlib.suppress(KeyboardInterrupt), backend.together():
        backend.append_logs([{"op_code": 5}])
        raise KeyboardInterrupt
    assert [log["op_code"] for log in Backend(str(path)).read_logs(0)] == [0, 1, [2, 3], 4]


def test_more_trials_go_on_from_what_is_known(tmp_path, pool):
    short = search(write_study(tmp_path, SPACE, settings("tpe", 24)), tmp_path / "out")
    longer = search(write_study(tmp_path, SPACE, settings("tpe", 40)), tmp_path / "out")
    assert tried(longer)[: len(tried(short))] == tried(short)
    assert longer.n_new == len(tried(longer)) - len(tried(short)) > 0
    assert len(pool.keys) == len(tried(longer)) >= 40


def test_a_space_that_is_exhausted_ends_the_search(tmp_path, pool):
    path = write_study(tmp_path, "chip.crossbar.rows: [64, 128]\nchip.pe.crossbars: [2, 4]", settings("tpe", 40))
    assert len(search(path, tmp_path / "out").records) == len(pool.keys) == 4


def test_conditional_parameters_are_asked_for_only_where_they_count(tmp_path, pool):
    text = (
        "chip.execution.feedback: [copy, transposable]\n"
        "chip.crossbar.transpose: "
        "{values: [duplicated, shared], when: {chip.execution.feedback: [transposable]}}\n"
        "chip.crossbar.rows: [32, 64, 128, 256]"
    )
    found = search(write_study(tmp_path, text, settings("tpe", 12)), tmp_path / "out")
    for record in found.records:
        is_copy = record["parameters"]["chip.execution.feedback"] == "copy"
        assert ("chip.crossbar.transpose" in record["parameters"]) is not is_copy
    assert len(pool.keys) == len(found.records) - sum(record["state"] == "failed" for record in found.records)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_constraints_keep_the_front_and_draw_the_search(tmp_path, pool, sampler):
    more = "constraints: {area_um2: {at_most: 0.03 mm2}}\n" + settings(sampler, 80)
    found = search(write_study(tmp_path, SPACE, more), tmp_path / "out")
    areas = [record["metrics"]["area_um2"] for record in found.records]
    assert found.front
    assert all(record["metrics"]["area_um2"] <= 3e4 for record in found.front)
    if sampler == "tpe":  # NSGA-II needs more generations for that
        early, late = (np.mean([area <= 3e4 for area in part]) for part in (areas[:20], areas[-20:]))
        assert late > early
    assert len(pool.keys) >= 80


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_search_comes_close_to_the_exhaustive_front(tmp_path, pool, sampler):
    import moocore

    path = write_study(tmp_path, SPACE, settings(sampler, 150))
    study = read_study(path)
    every = [{"metrics": closed_form(_job(study, item))["metrics"]} for item in configurations(study)]
    points = losses(study, every)
    reference = points.max(axis=0)
    best = moocore.hypervolume(points[nondominated(points)], ref=reference)
    found = moocore.hypervolume(losses(study, search(path, tmp_path / "out").records), ref=reference)
    assert found / best > 0.99
    assert len(pool.keys) < 160 < len(every)


def _job(study, parameters):
    from types import SimpleNamespace

    return SimpleNamespace(resolved=study.resolve(parameters), metrics=())


def test_a_configuration_that_fails_does_not_end_a_search(tmp_path, pool):
    def breaks(job):
        if job.resolved.chip.crossbar.n_rows > 100:
            return {"state": "failed", "metrics": {}, "error": "too large"}
        return closed_form(job)

    pool.function = one_by_one(breaks)
    found = search(write_study(tmp_path, SPACE, settings("nsga2", 48)), tmp_path / "out")
    states = [record["state"] for record in found.records]
    assert states.count("failed") > 0
    assert states[24:].count("failed") < states[:24].count("failed")


def test_the_journal_holds_parameters_in_their_own_values(tmp_path):
    """So that optuna-dashboard shows 64 and 128, not 0 and 1."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    study = {
        "version": 1, "name": "values", "chip": "wearable_rram", "workload": "watch_shape",
        "set": ["workload.timesteps=2", "workload.samples=1", "workload.batch=1"],
        "parameters": {
            "chip.crossbar.rows": [64, 128, 256], "chip.adc.resolution": ["5 bit", "6 bit"],
            "chip.tile.pes": [1, 2, 3],
        },
        "objectives": {"energy_pj": "minimize"}, "search": {"trials": 4, "batch": 2},
    }  # fmt: skip
    found = search(study, tmp_path)
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "journal.jsonl")))
    trials = optuna.load_study(study_name="values", storage=storage).trials
    assert len(trials) >= 4
    for trial in trials:
        of = trial.params
        assert of["chip.crossbar.rows"] in (64, 128, 256)
        assert of["chip.adc.resolution"] in (5, 6)
        assert of["chip.tile.pes"] in (1, 2, 3)
        told = trial.user_attrs["parameters"]
        assert told == {**of, "chip.adc.resolution": f"{of['chip.adc.resolution']} bit"}
    assert {record["parameters"]["chip.crossbar.rows"] for record in found.records} <= {64, 128, 256}
