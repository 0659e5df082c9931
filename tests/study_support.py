"""A small network for comparisons of two rules, with a second copy on arrays of its own."""

from __future__ import annotations

from pathlib import Path

from archsim.study import Base

SMALL = """\
version: 1
name: small
network:
  input: [4]
  layers:
    - {name: fc1, kind: dense, outputs: 40, neuron: {kind: lif, leak: 0.9}}
    - {name: fc2, kind: dense, outputs: 40, neuron: {kind: lif, leak: 0.9}}
    - {name: out, kind: dense, outputs: 3, neuron: {kind: lif, leak: 0.9}}
timesteps: 4
input_resolution: 1 bit
activity: {kind: random_input, rate: 0.5}
phases: [inference, bp, dfa]
samples: 2
batch: 2
"""


def small_base(root: Path, folder: Path) -> Base:
    """The wearable chip with the small network, whose file goes to a folder."""
    workload = folder / "small.yaml"
    workload.write_text(SMALL)
    return Base(root / "tests/chips/wearable_rram.yaml", workload)
