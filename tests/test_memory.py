"""What a run takes of memory is known before it is built, and what does not fit is refused at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import archsim
from archsim import memory
from archsim.cli.app import app
from archsim.errors import SpecError, TooLargeError, WorkloadError
from archsim.prepare import prepare
from archsim.taskgraph import TaskGraphBuilder

CHIP, MLP, VGG = (
    "tests/chips/wearable_rram.yaml", "workloads/watch_mlp.yaml", "workloads/vgg9_cifar10.yaml",
)  # fmt: skip

# each in a process of its own that is forked from one that has run all of its code once: what it takes above that
PEAKS = """
import ctypes, gc, json, os, re, sys
import archsim
from archsim.memory import BYTES_PER_TASK, n_tasks, shape_bytes
from archsim.prepare import prepare
chip = archsim.load_chip("tests/chips/wearable_rram.yaml", ["tiles=auto"])
def marks(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1])
def run(name, phase, engine, sets):
    work = archsim.load_workload(f"workloads/{name}.yaml", sets)
    ready = prepare(chip, work, 0, phase)
    n, _ = n_tasks(ready.chip, ready.work, ready.mapping, ready.activity)
    estimate = shape_bytes(chip, work, phase) + n * BYTES_PER_TASK
    # what was freed before is given back, or the run would take it unseen, and the highest mark begins anew
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    open("/proc/self/clear_refs", "w").write("5")
    before = marks("VmRSS")
    result = archsim.simulate(chip, work, engine, phase=phase)
    peak = marks("VmHWM") - before
    return {"estimate": estimate, "peak": peak, "n": n, "n_tasks": result.n_tasks}
for phase, engine in (("inference", "compiled"), ("bp", "compiled"), ("dfa", "heap"), ("dfa", "simpy")):
    run("watch_shape", phase, engine, ["samples=1", "batch=1", "timesteps=8"])
for case in json.loads(sys.argv[1]):
    if (child := os.fork()) == 0:
        print(json.dumps(run(*case)), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""
ONE, LONG = ["samples=1", "batch=1"], ["samples=1", "batch=1", "timesteps=400"]
CASES = [
    ("watch_mlp", "inference", "compiled", LONG),
    ("watch_mlp", "bp", "compiled", ONE),
    ("watch_mlp", "dfa", "simpy", ONE),
    ("watch_shape", "inference", "heap", ONE),
    ("watch_shape", "bp", "compiled", ["samples=2", "batch=2"]),
    ("watch_sfcn", "inference", "compiled", ONE),
    ("watch_sfcn", "bp", "compiled", ONE),
    ("ucihar_sfcn", "dfa", "compiled", ONE),
    ("nmnist_mlp", "inference", "compiled", ["samples=1", "batch=1"]),
    ("nir_braille_like", "inference", "compiled", []),
]


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a forked process as Linux tells it")
def test_ten_workloads_take_what_was_estimated():
    command = [sys.executable, "-c", PEAKS, json.dumps(CASES)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [json.loads(line) for line in out.splitlines()]
    assert len(found) == len(CASES)
    for case, run in zip(CASES, found, strict=True):
        assert run["peak"] <= 1.2 * run["estimate"], (case, run)
        assert run["estimate"] <= 3 * run["peak"] + 32e6, (case, run)  # a small run takes what any run takes
        assert 0.8 * run["n_tasks"] <= run["n"] <= 1.25 * run["n_tasks"], (case, run)


def refused(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 2, result.output
    assert len(result.stderr.strip().splitlines()) == 1
    return result.stderr


def test_a_run_of_few_timesteps_is_refused_before_it_is_laid_down():
    said = refused("run", CHIP, VGG, "--phase", "bp", "--set", "tiles=auto", "--max-memory", "50MB")
    assert "more than" in said or "some" in said
    assert "50 MB are allowed" in said


def test_what_turns_out_too_large_as_it_is_laid_down_says_what_it_takes():
    chip, work = archsim.load_chip(CHIP), archsim.load_workload(MLP, ["samples=2", "batch=2"])
    ready = prepare(chip, work, 0, "inference", memory.shape_bytes(chip, work, "inference") + 500)
    object.__setattr__(ready, "check", lambda: None)
    with pytest.raises(TooLargeError, match=r"watch_mlp: a graph of more than 2 tasks needs .* are allowed; ask"):
        ready.lowered()


def test_layers_along_time_are_estimated_too():
    said = refused("run", CHIP, "workloads/watch_sfcn.yaml", "--phase", "inference", "--max-memory", "20MB")
    assert "tasks needs" in said


@pytest.mark.parametrize("command", ["map", "learn", "uncertainty"])
def test_every_command_that_maps_a_network_takes_a_limit(command):
    workload = "workloads/watch_adapt.yaml" if command == "learn" else MLP
    given = [CHIP, "--workload", workload, "--uncertain", 2] if command == "uncertainty" else [CHIP, workload]
    assert "10 kB are allowed" in refused(command, *given, "--max-memory", "10kB")


def test_many_vectors_through_a_crossbar_are_refused_or_fit(tmp_path: Path):
    np.save(tmp_path / "w.npy", np.ones((128, 64)))
    given = ("crossbar", CHIP, "--weights", tmp_path / "w.npy")
    assert "16000000 vectors" in refused(*given, "--vectors", 16_000_000, "--max-memory", "1GB")


def test_no_memory_anywhere_is_one_line(monkeypatch):
    def full(*_: object) -> None:
        raise MemoryError("Unable to allocate 1. PiB")

    monkeypatch.setattr("archsim.mapping.map_workload", full)
    said = refused("map", CHIP, MLP)
    assert said.startswith("error: there is not enough memory: Unable to allocate 1. PiB; ask")


def test_a_builder_stops_at_its_number_of_tasks():
    b = TaskGraphBuilder(most_tasks=2)
    b.task(action="a")
    b.task(action="a")
    with pytest.raises(TooLargeError, match="more than 2 tasks"):
        b.task(action="a")


def test_a_large_sample_is_not_laid_down_to_be_counted(monkeypatch):
    monkeypatch.setattr(memory, "MOST_PROBED", 1_000)
    work = archsim.load_workload("workloads/watch_sfcn.yaml", ["samples=3", "batch=1"])
    ready = prepare(archsim.load_chip(CHIP), work, 0, "inference")
    assert memory.n_tasks(ready.chip, ready.work, ready.mapping, ready.activity) == (3_000, False)


@pytest.mark.parametrize(
    "given",
    [
        "tiles=1000000000", "tile.pes=1000000000", "crossbar.rows=9999999999", "device.levels=4611686018427387904",
        "tile.membrane_buffer.potential=1 Mbit", "drivers.resolution=1 Mbit", "interconnect.width=1 Gbit",
        "adc.columns_per_adc=4611686018427387904", "tile.neuron_unit.lanes=4611686018427387904",
    ],
)  # fmt: skip
def test_sizes_of_a_chip_that_cannot_be_meant_are_refused(given):
    with pytest.raises(SpecError, match="must be at most"):
        archsim.load_chip(CHIP, [given])


@pytest.mark.parametrize(
    "given",
    [
        "input_resolution=1 Mbit", "samples=4611686018427387904", "timesteps=4611686018427387904",
        "network.layers.0.outputs=1000000000", "weights.seed=99999999999999999999", "batch=4611686018427387904",
        "positions_per_burst=4611686018427387904", "network.input=[1000000000]",
    ],
)  # fmt: skip
def test_sizes_of_a_workload_that_cannot_be_meant_are_refused(given):
    with pytest.raises(WorkloadError, match=r"must be (at most|1 to 16 bit)"):
        archsim.load_workload(MLP, [given])
