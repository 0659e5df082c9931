"""Low fidelity first: the best share is evaluated in full, whoever works and whatever was interrupted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from explore_support import HerePool, one_by_one, write_study

from archsim.errors import ExploreError
from archsim.explore import read_results, read_study, run, search, searching, sweep
from archsim.explore.front import most_promising

SPACE = """
chip.crossbar.rows: [32, 64, 128]
chip.adc.columns_per_adc: [16, 64]
chip.tile.neuron_unit.lanes: [1, 8]
"""
LOOK = "fidelity: {set: [workload.timesteps=2], keep: 0.25}"


@pytest.fixture
def pool(monkeypatch):
    here = HerePool()
    for module in (run, searching):
        monkeypatch.setattr(module, "pool_of", lambda *_: here)
    return here


def kept(records):
    return [(r["key"], r["state"], r["parameters"], r["metrics"]) for r in records]


def lines(folder):
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def test_the_best_share_is_evaluated_in_full_and_the_front_is_among_it(tmp_path, pool):
    whole = sweep(write_study(tmp_path, SPACE), tmp_path / "whole")
    n_whole = len(pool.keys)
    found = sweep(write_study(tmp_path, SPACE, LOOK), tmp_path / "out")
    states = [record["state"] for record in found.records]
    n_full = states.count("done")
    assert 3 <= n_full < len(states) == 12
    assert states.count("cheap") == 12 - n_full
    assert len(pool.keys) - n_whole == found.n_new == 12 + n_full
    # twice the timesteps change the figures, not who beats whom
    assert [r["parameters"] for r in found.front] == [r["parameters"] for r in whole.front]
    assert [r["metrics"] for r in found.front] == [r["metrics"] for r in whole.front]
    full = {repr(r["parameters"]): r["metrics"]["latency_ps"] for r in whole.records}
    for record in found.records:
        is_less = record["metrics"]["latency_ps"] < full[repr(record["parameters"])]
        assert is_less is (record["state"] == "cheap")


def test_a_first_look_goes_on_where_it_stopped(tmp_path, pool):
    path = write_study(tmp_path, SPACE, LOOK)
    whole = sweep(path, tmp_path / "out")
    log = tmp_path / "out" / "results.jsonl"
    content, n = log.read_bytes(), len(pool.keys)
    rng = np.random.default_rng(3)
    for size in rng.integers(len(content), size=3):
        log.write_bytes(content[:size])
        again = sweep(path, tmp_path / "out")
        assert kept(again.records) == kept(whole.records)
        assert again.n_new == n - content[:size].count(b"\n")
    assert sweep(path, tmp_path / "out").n_new == 0


def test_two_workers_keep_what_one_keeps(tmp_path):
    path = write_study(tmp_path, SPACE, LOOK)
    one, two = (sweep(path, tmp_path / str(n), workers=n) for n in (1, 2))
    assert kept(one.records) == kept(two.records)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_search_looks_batch_by_batch_and_a_torn_one_ends_as_the_undisturbed(tmp_path, pool, sampler):
    space = SPACE + "chip.device.read_pulse: {from: 10 ns, to: 100 ns, step: 10 ns}"
    more = f"{LOOK}\nsearch: {{sampler: {sampler}, trials: 24, batch: 8, population: 8}}"
    path = write_study(tmp_path, space, more)
    whole = search(path, tmp_path / "out")
    states = [record["state"] for record in whole.records]
    assert len(states) >= 24
    assert 0 < states.count("done") < states.count("cheap") + states.count("done") == len(states)
    for part in (0.4, 0.8):
        torn = tmp_path / f"torn{part}"
        torn.mkdir()
        for name, share in (
            ("study.json", 1),
            ("study.yaml", 1),
            ("journal.jsonl", part),
            ("results.jsonl", part),
        ):
            content = (tmp_path / "out" / name).read_bytes()
            (torn / name).write_bytes(content[: int(share * len(content))])
        assert kept(search(path, torn).records) == kept(whole.records)
    assert len(pool.keys) > 24


def test_results_are_read_back_once_each(tmp_path, pool):
    found = sweep(write_study(tmp_path, SPACE, LOOK), tmp_path / "out")
    read = read_results(tmp_path / "out")
    assert len(lines(tmp_path / "out")) == len(pool.keys) > len(read.records) == 12
    assert sorted(map(repr, kept(read.records))) == sorted(map(repr, kept(found.records)))


def test_a_front_goes_on_whole_and_what_breaks_a_bound_comes_last(tmp_path):
    study = read_study(write_study(tmp_path, SPACE, f"{LOOK}\nconstraints: {{latency_ps: {{at_most: 10 ps}}}}"))

    def record(key, latency_ps, area_um2, state="cheap"):
        return {"key": key, "state": state, "metrics": {"latency_ps": latency_ps, "area_um2": area_um2}}

    front = [record("a", 1, 3), record("b", 2, 2), record("c", 3, 1)]
    rest = [record("d", 4, 4), record("e", 11, 0.5), record("f", None, None, "failed"), record("a", 1, 3)]
    assert most_promising(study, [*front, *rest], 0.2) == [0, 1, 2]
    assert most_promising(study, [*front, *rest], 0.8) == [0, 1, 2, 3]
    assert most_promising(study, [*front, *rest], 0.9) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{set: [chip.crossbar.rows=8]}", r"fidelity\.set\.0: write it as workload\.PATH=value"),
        ("{set: [workload.timestep=2]}", r"fidelity\.set\.0: .*timestep"),
        ("{set: [workload.timesteps=2], keep: 1}", r"fidelity\.keep: .*less than 1"),
        ("{set: []}", r"fidelity\.set"),
        ("{set: [workload.timesteps=2, workload.timesteps=1]}", r"fidelity\.set\.1: .* stands there twice"),
        ("{set: [workload.timesteps=4]}", r"fidelity\.set\.0: .* is what the study says already"),
    ],
)
def test_a_first_look_that_makes_no_sense_is_refused(tmp_path, wrong, said):
    with pytest.raises(ExploreError, match=said):
        read_study(write_study(tmp_path, SPACE, f"fidelity: {wrong}"))


def test_a_first_look_that_sets_a_parameter_is_refused(tmp_path):
    look = "fidelity: {set: [workload.timesteps=1]}"
    with pytest.raises(ExploreError, match=r"workload\.timesteps is a parameter"):
        read_study(write_study(tmp_path, "workload.timesteps: [2, 3]", look))


def test_a_first_look_at_accuracy_keeps_the_most_accurate(tmp_path, monkeypatch):
    def learned(job):
        rows, n = job.resolved.chip.crossbar.n_rows, job.resolved.work.n_timesteps
        metrics = dict.fromkeys(job.metrics, 1.0) | {"accuracy": 0.5 + rows / 1000 - 1 / (100 * n)}
        return {"state": "done", "metrics": metrics, "error": None}

    here = HerePool(one_by_one(learned))
    monkeypatch.setattr(run, "pool_of", lambda *_: here)
    path = write_study(tmp_path, "chip.crossbar.rows: [16, 32, 64, 128]", LOOK, objectives="{accuracy: maximize}")
    path.write_text(path.read_text().replace("watch_mlp", "watch_adapt"))
    found = sweep(path, tmp_path / "out")
    assert [record["state"] for record in found.records] == ["cheap", "cheap", "cheap", "done"]
    assert found.front[0]["parameters"] == {"chip.crossbar.rows": 128}
