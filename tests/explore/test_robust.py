"""Whatever is killed, whoever works: every finished evaluation is there, none twice, and the set is the same."""

from __future__ import annotations

import contextlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from explore_support import HerePool, deadly, sleepy, write_study

from archsim.errors import ExploreError
from archsim.explore import read_study, search, sweep
from archsim.explore.folder import open_folder
from archsim.explore.workers import LocalPool

# how often each study is killed; with more than usual, scripts and deadly configurations run on Dask too
N_KILLS = int(os.environ.get("ARCHSIM_KILLS", "2"))
SCHEDULERS = [None, "local"] if N_KILLS > 2 else [None]
SPACE = "chip.crossbar.rows: [32, 64, 128]\nchip.device.read_pulse: {from: 10 ns, to: 100 ns, step: 10 ns}"


def lines(folder: Path) -> list[dict]:
    """Whole lines of a log."""
    found = []
    for line in (folder / "results.jsonl").read_text(errors="replace").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def figures(records) -> dict[str, tuple]:
    return {r["key"]: (r["state"], r["metrics"]) for r in records}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    path = write_study(folder, SPACE)
    return path, sweep(path, folder / "out", workers=1)


def begun(path: Path, folder: Path, *more: str, by: str = "sweep", stderr=subprocess.DEVNULL) -> subprocess.Popen:
    command = [sys.executable, "-m", "archsim", by, str(path), "-o", str(folder), "--workers", "2", *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)


def disturb(process: subprocess.Popen, folder: Path, rng: random.Random) -> None:
    """Wait a moment, kill a worker or the parent, and perhaps tear the end of the log off."""
    time.sleep(rng.uniform(0.0, 4.0))
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    if children and rng.random() < 0.5:
        with contextlib.suppress(psutil.NoSuchProcess):
            rng.choice(children).kill()
        return
    process.kill()
    process.wait()
    for log in (folder / "results.jsonl", folder / "journal.jsonl"):
        if log.exists() and log.stat().st_size and rng.random() < 0.8:
            os.truncate(log, rng.randrange(log.stat().st_size + 1))


def kill_again_and_again(path: Path, folder: Path, by: str, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(N_KILLS):
        process = begun(path, folder, by=by)
        disturb(process, folder, rng)
        if process.poll() is None and rng.random() < 0.5:
            process.kill()
        process.wait()


def test_a_sweep_that_is_killed_again_and_again_ends_as_the_undisturbed_one(undisturbed, tmp_path):
    path, whole = undisturbed
    folder = tmp_path / "out"
    kill_again_and_again(path, folder, "sweep", 5)
    again = sweep(path, folder, workers=2)
    assert figures(again.records) == figures(whole.records)
    keys = [line["key"] for line in lines(folder) if "sha256" in line]
    assert sorted(keys) == sorted(whole_key for whole_key in figures(whole.records))


@pytest.mark.parametrize("sampler", ["nsga2", "tpe"])
def test_a_search_that_is_killed_again_and_again_tries_what_the_undisturbed_one_tries(tmp_path, sampler):
    more = f"search: {{sampler: {sampler}, trials: 24, batch: 6, population: 6}}"
    path, folder = write_study(tmp_path, SPACE, more), tmp_path / "out"
    whole = search(path, tmp_path / "whole")
    kill_again_and_again(path, folder, "search", 6)
    again = search(path, folder, workers=2)
    assert list(figures(again.records).items()) == list(figures(whole.records).items())
    keys = [line["key"] for line in lines(folder) if "sha256" in line]
    assert sorted(keys) == sorted(figures(whole.records))


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_script_without_a_guard_runs_once(tmp_path, scheduler):
    path = write_study(tmp_path, "chip.crossbar.rows: [64, 128]")
    script = tmp_path / "script.py"
    script.write_text(
        "print('begins')\nfrom archsim.explore import sweep\n"
        f"found = sweep({str(path)!r}, {str(tmp_path / 'out')!r}, workers=2, scheduler={scheduler!r})\n"
        "print(len(found.records))\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=900, check=False)
    assert done.stdout.split() == ["begins", "2"], done.stderr


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dask's own, as below
def test_a_first_look_keeps_the_same_on_dask_and_with_two_processes(tmp_path):
    path = write_study(tmp_path, SPACE, "fidelity: {set: [workload.timesteps=2], keep: 0.25}")
    whole = sweep(path, tmp_path / "one")
    both = [begun(path, tmp_path / "two", "--json") for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    for found in (sweep(path, tmp_path / "dask", workers=2, scheduler="local"), sweep(path, tmp_path / "two")):
        assert figures(found.records) == figures(whole.records)
    logs = [lines(tmp_path / name) for name in ("one", "two", "dask")]
    assert len({len(log) for log in logs}) == 1
    assert figures(logs[0]) == figures(logs[1]) == figures(logs[2])


@pytest.mark.slow
def test_two_processes_on_one_study_share_the_work(undisturbed, tmp_path):
    path, whole = undisturbed
    both = [begun(path, tmp_path / "out", "--json") for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    done = lines(tmp_path / "out")
    assert figures(done) == figures(whole.records)
    assert len(done) == len(whole.records)


def test_ctrl_c_ends_a_sweep_quickly_and_loses_nothing(undisturbed, tmp_path):
    path, whole = undisturbed
    process = begun(path, tmp_path / "out", stderr=subprocess.PIPE)
    while not (tmp_path / "out" / "results.lock").exists():  # before that Python itself is starting
        time.sleep(0.05)
        assert process.poll() is None
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=900)[1].decode()
    assert process.returncode in (0, 130)
    if process.returncode == 130:
        assert f"evaluations are kept in {tmp_path / 'out'}; the same command goes on" in said
    assert figures(sweep(path, tmp_path / "out").records) == figures(whole.records)


class _PatientPool(LocalPool):
    """Whose limit counts for the configuration that hangs: on a busy machine others may take any time."""

    def _end_s(self, worker):
        hangs = any(job.resolved.chip.device.read_pulse_ps == 100_000 for job in worker.jobs)
        return super()._end_s(worker) if hangs else math.inf


def test_a_hanging_configuration_is_stopped_after_its_limit_and_no_other(tmp_path, monkeypatch):
    from archsim.explore import evaluator, run

    monkeypatch.setattr(run, "pool_of", lambda *_: _PatientPool(1, 1.0, sleepy))
    path = write_study(tmp_path, "chip.device.read_pulse: [50 ns, 100 ns]")
    monkeypatch.setattr(evaluator, "MOST_TOGETHER", 1)
    found = sweep(path, tmp_path / "out")
    assert [record["state"] for record in found.records] == ["done", "failed"]
    assert found.records[1]["error"] == "stopped after its limit of 1 s"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dask's own, as below
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_configuration_that_kills_its_worker_is_given_up_and_no_other(tmp_path, monkeypatch, scheduler):
    from archsim.explore import cluster, run

    monkeypatch.setattr(cluster, "evaluate", deadly)
    if scheduler is None:
        monkeypatch.setattr(run, "pool_of", lambda *_: LocalPool(1, None, deadly))
    # one task graph, so they go to one worker together
    path = write_study(tmp_path, "chip.device.read_pulse: [50 ns, 60 ns, 100 ns, 80 ns]")
    found = sweep(path, tmp_path / "out", scheduler=scheduler)
    assert [record["state"] for record in found.records] == ["done", "done", "failed", "done"]
    assert "ended without a result" in found.records[2]["error"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dask's own, when a worker is killed
def test_a_dask_cluster_with_a_killed_worker_gives_the_same_records(undisturbed, tmp_path, monkeypatch):
    from archsim.explore import evaluator, run
    from archsim.explore.cluster import DaskPool

    path, whole = undisturbed
    pool = DaskPool.connect("local", 2)
    monkeypatch.setattr(run, "pool_of", lambda *_: pool)
    monkeypatch.setattr(evaluator, "MOST_TOGETHER", 4)
    killed = []
    submit = pool.submit

    def and_kill(jobs):
        submit(jobs)
        if not killed:
            killed.append(next(iter(pool.client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(pool, "submit", and_kill)
    found = sweep(path, tmp_path / "out")
    assert killed
    assert figures(found.records) == figures(whole.records)


def test_a_worker_of_another_version_does_not_answer(tmp_path):
    from archsim.explore.evaluate import Job, evaluate

    study = read_study(write_study(tmp_path))
    resolved = study.resolve({"chip.crossbar.rows": 64, "chip.adc.columns_per_adc": 16})
    (found,) = evaluate([Job("a", resolved, ("latency_ps",), model="0.0.1+other")])
    assert found["state"] == "failed"
    assert "the study is of 0.0.1+other" in found["error"]
    assert found["interrupted"]


@pytest.mark.filterwarnings("ignore")  # Dask's own
def test_a_cluster_without_a_worker_is_told(tmp_path, monkeypatch):
    from distributed import LocalCluster

    from archsim.explore import cluster

    monkeypatch.setattr(cluster, "WORKER_S", 1.0)
    with LocalCluster(n_workers=0, dashboard_address=None) as empty:
        said = r"the scheduler has had no worker for 1 s; start one: dask worker tcp://"
        with pytest.raises(ExploreError, match=said):
            sweep(write_study(tmp_path), tmp_path / "out", scheduler=empty.scheduler_address)


def test_progress_counts_a_configuration_once(tmp_path, monkeypatch):
    from archsim.explore import searching

    monkeypatch.setattr(searching, "pool_of", lambda *_: HerePool())
    told: list[str] = []
    path = write_study(tmp_path, more="search: {sampler: random, trials: 40, batch: 4}")
    search(path, tmp_path / "out", tell=told.append)
    assert told[-1].startswith("4 of 4")
    assert all(int(line.split()[0]) <= 4 for line in told)


def test_a_folder_is_open_once_in_a_process(tmp_path):
    path = write_study(tmp_path)
    study = read_study(path)
    with open_folder(study, tmp_path / "out") as first:
        assert first.claims.take("a")
        with pytest.raises(ExploreError, match="is open in this process already"):
            sweep(path, tmp_path / "out")
        code = "import sys; from pathlib import Path; from archsim.explore.log import Claims; "
        code += "print(Claims(Path(sys.argv[1])).take('a'))"
        command = [sys.executable, "-c", code, str(tmp_path / "out" / "claims")]
        other = subprocess.run(command, capture_output=True, text=True, check=True)
        assert other.stdout == "False\n"  # what was refused has dropped no claim of the first
    assert sweep(path, tmp_path / "out").n_new == 4


def test_a_cluster_that_is_not_there_leaves_no_folder(tmp_path):
    with pytest.raises(ExploreError, match="no Dask scheduler answers there"):
        sweep(write_study(tmp_path), tmp_path / "out", scheduler="nonsense://127.0.0.1:1")
    assert not (tmp_path / "out").exists()
