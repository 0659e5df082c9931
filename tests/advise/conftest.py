"""A chip of small arrays without sample-and-hold, and a small convolutional network."""

from __future__ import annotations

from pathlib import Path

import pytest

from archsim.advise import Design

CONV = """
version: 1
name: small_conv
network:
  input: [2, 6, 6]
  layers:
    - {name: conv1, kind: conv2d, channels: 16, kernel: 3, padding: 1, neuron: {kind: lif, leak: 0.5}}
    - {name: pool1, kind: max_pool, kernel: 2}
    - {name: conv2, kind: conv2d, channels: 16, kernel: 3, padding: 1, neuron: {kind: lif, leak: 0.5}}
    - {name: out, kind: dense, outputs: 10, neuron: {kind: lif, leak: 0.5}}
timesteps: 2
input_resolution: 1 bit
activity: {kind: rates, input: 0.1, default: 0.1}
phases: [inference, bp]
positions_per_burst: 4
"""
DENSE = """
version: 1
name: small_mlp
network:
  input: [10]
  layers:
    - {name: a, kind: dense, outputs: 20, neuron: {kind: lif, leak: 0.5}}
    - {name: out, kind: dense, outputs: 4, neuron: {kind: lif, leak: 0.5}}
timesteps: 2
input_resolution: 1 bit
activity: {kind: rates, input: 0.2, default: 0.2}
phases: [bp, inference]
"""
ON = (
    "crossbar.rows=64", "crossbar.columns=64", "adc.columns_per_adc=8", "sample_hold=null",
    "write.parallel_cells=16",
)  # fmt: skip


@pytest.fixture(scope="session")
def chip_file(root_dir: Path) -> Path:
    return root_dir / "arch_specs" / "wearable_rram.yaml"


@pytest.fixture(scope="session")
def work_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, found = tmp_path_factory.mktemp("works"), {}
    for name, text in {"conv": CONV, "dense": DENSE}.items():
        found[name] = folder / f"{name}.yaml"
        found[name].write_text(text, encoding="utf-8")
    return found


@pytest.fixture(scope="session")
def conv(chip_file: Path, work_files: dict[str, Path]) -> Design:
    return Design.of_files(chip_file, work_files["conv"], ON)
