"""Whole and small files of every kind, from which damaged ones are made."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path

import numpy as np

from archsim import load_workload
from archsim.cli.app import app
from archsim.snn import initialise
from archsim.snn.measure import measure
from archsim.workload.nir_writer import write_nir

ROOT = Path(__file__).resolve().parents[2]
CHIPS = ("wearable_rram", "puma_32nm", "isaac_32nm", "neurram_130nm", "spikesim_65nm")

_LIF = "neuron: {kind: lif, leak: 0.9, threshold: 1.0, reset: subtract}"
_REST = """\
timesteps: 3
input_resolution: 8 bit
phases: [inference, bp, dfa]
samples: 2
batch: 2
schedule: pipelined
weights: {init: kaiming_uniform, gain: 1.0, seed: 0}
learning: {error: per_timestep}
"""
WORKLOADS = {
    "dense": f"""\
version: 1
name: dense
network:
  input: [6]
  layers:
    - {{name: fc1, kind: dense, outputs: 5, {_LIF}}}
    - {{name: fc2, kind: recurrent, outputs: 4, {_LIF}}}
    - {{name: out, kind: dense, outputs: 3, inputs: [fc1, fc2], neuron: {{kind: li, leak: 0.9}}}}
activity: {{kind: rates, input: 0.5, layers: {{fc1: 0.2}}, default: 0.3}}
{_REST}""",
    "conv": f"""\
version: 1
name: conv
network:
  input: [2, 6, 6]
  layers:
    - {{name: c1, kind: conv2d, channels: 3, kernel: 3, padding: 1, stride: 2, {_LIF}}}
    - {{name: p1, kind: average_pool, kernel: 2, stride: 1}}
    - {{name: c2, kind: conv2d, channels: 3, kernel: [2, 1], groups: 3, dilation: 1, {_LIF}}}
    - {{name: out, kind: dense, outputs: 3, {_LIF}}}
activity: {{kind: constant, input: 1.0, default: 0.1}}
positions_per_burst: 2
{_REST}""",
    "time": f"""\
version: 1
name: time
network:
  input: [3]
  layers:
    - {{name: c1, kind: conv1d, axis: time, channels: 4, kernel: 2, padding: 1, {_LIF}}}
    - {{name: p1, kind: max_pool, axis: time, kernel: 2}}
    - {{name: out, kind: dense, outputs: 3, flatten_time: true}}
activity: {{kind: random_input, rate: 0.3}}
{_REST}""",
    "shape": f"""\
version: 1
name: shape
network:
  input: [4]
  hidden: 3
  width: 5
  outputs: 2
  connect: {{kind: random, probability: 0.3, seed: 1}}
  {_LIF}
  readout: {{kind: li, leak: 0.9}}
activity: {{kind: rates, input: 0.5, default: 0.3}}
{_REST}""",
    "watch": f"""\
version: 1
name: watch
network:
  input: [6]
  layers:
    - {{name: fc1, kind: dense, outputs: 4, neuron: {{kind: cubalif, leak: 0.9, synapse_leak: 0.5}}}}
    - {{name: out, kind: dense, outputs: 7, {_LIF}}}
activity: {{kind: dataset, dataset: watch, encoding: analog, step: 64}}
{_REST}""",
    "from_nir": """\
version: 1
name: from_nir
network: {nir: net.nir, dt: 100 us, reset: zero}
activity: {kind: random_input, rate: 0.2}
""" + _REST,
    "measured": """\
version: 1
name: measured
network: {nir: net.nir, dt: 100 us, reset: zero}
activity: {kind: measured, file: activity.npz}
""" + _REST,
}  # fmt: skip
ADAPT = """\
version: 1
name: adapt
network:
  input: [6]
  layers:
    - {name: fc1, kind: dense, outputs: 5, neuron: {kind: lif, leak: 0.3, threshold: 1.0, reset: subtract}}
    - {name: out, kind: dense, outputs: 7, neuron: {kind: li, leak: 0.9}}
timesteps: 2
input_resolution: 8 bit
activity: {kind: dataset, dataset: watch, encoding: analog}
phases: [inference, bp, dfa]
samples: 1
batch: 1
schedule: sequential
learning:
  loss: membrane_cross_entropy
  surrogate: {kind: triangle, width: 2.0}
  data: {set: watch, split: right_to_left, decimation: 64, order: interleaved}
  pretrain: {epochs: 1, batch: 256, optimizer: {kind: adam, rate: 0.002}}
  adapt: {passes: 1, batch: 256, per_day: 1, optimizer: {kind: adam, rate: 0.005}, residual: true}
"""
STUDY = """\
version: 1
name: small
chip: chip.yaml
workload: work.yaml
set: [workload.samples=1, workload.batch=1]
phase: inference
parameters:
  chip.crossbar.rows: [64, 128]
  chip.adc.columns_per_adc: {from: 16, to: 64, points: 2, scale: log}
  chip.device.read_pulse: {values: [20 ns, 100 ns], when: {chip.crossbar.rows: [64]}}
objectives: {latency_ps: minimize, energy_pj: minimize}
constraints:
  area_um2: {at_most: 2 mm2}
sweep: {kind: random, configurations: 3}
search: {sampler: tpe, trials: 3, batch: 1}
"""


def called(*argv: object) -> None:
    """A command of the command line, in this process.

    Raises
    ------
    RuntimeError
        It failed.
    """
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = app(list(map(str, argv)), standalone_mode=False)
    if code:
        raise RuntimeError(f"archsim {' '.join(map(str, argv))}: {said.getvalue()}")


def build(folder: Path) -> None:
    """Write every file of the corpus; on the way all that damaged ones will need is imported and compiled."""
    folder.mkdir(parents=True)
    for name in CHIPS:
        shutil.copyfile(ROOT / "arch_specs" / f"{name}.yaml", folder / f"{name}.yaml")
    chip = folder / "chip.yaml"
    shutil.copyfile(ROOT / "tests" / "chips" / "wearable_rram.yaml", chip)
    for name, said in {**WORKLOADS, "adapt": ADAPT, "study": STUDY, "work": WORKLOADS["dense"]}.items():
        (folder / f"{name}.yaml").write_text(said, encoding="utf-8")
    _networks(folder)
    _weights(folder)
    _folders(folder, chip)


def _networks(folder: Path) -> None:
    for name in ("dense", "conv"):
        network = load_workload(folder / f"{name}.yaml").network
        write_nir(initialise(network, seed=0, n_timesteps=3), folder / f"{name}.nir")
    shutil.copyfile(ROOT / "workloads" / "recurrent_cuba.nir", folder / "net.nir")
    work = load_workload(folder / "from_nir.yaml")
    measure(work, 0)[1].save(folder / "activity.npz")


def _weights(folder: Path) -> None:
    matrix = np.random.default_rng(0).normal(size=(9, 5))
    np.save(folder / "weights.npy", matrix)
    np.savez_compressed(folder / "weights.npz", a=matrix, b=matrix[:2])
    np.savetxt(folder / "weights.csv", matrix, delimiter=",")
    cell = {"target": [1, 2, 5], "sigma": [0.1, 0.2, 0.3]}
    table = {"unit": "microsiemens", "note": "made up", "cell": cell}
    (folder / "table.json").write_text(json.dumps(table), encoding="utf-8")


def _folders(folder: Path, chip: Path) -> None:
    dense = folder / "dense.yaml"
    phases = ("--phase", "inference", "--phase", "dfa")
    called("run", chip, dense, "--engine", "compiled", *phases, "-o", folder / "result")
    called("sweep", folder / "study.yaml", "--workers", 1, "-o", folder / "swept")
    called("search", folder / "study.yaml", "--workers", 1, "-o", folder / "searched")
    called("learn", chip, folder / "adapt.yaml", "--rule", "dfa", "-o", folder / "learned")
    called("report", folder / "result", "-o", folder / "page.html")
    called("why", folder / "result", "--phase", "dfa")
    called("whatif", folder / "result", "--phase", "dfa", "--speedup", "adc=2")
    called("compare", folder / "result")
    called("uncertainty", folder / "swept", "--uncertain", 2)
    called("export", folder / "result", "--phase", "dfa", "-o", folder / "spans.parquet")
    called("crossbar", chip, "--weights", folder / "weights.npy", "--vectors", 4)
