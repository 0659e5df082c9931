"""A small chip and small networks for the tests of lowering, and what their tasks count."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim.lowering import Lowered, lower
from archsim.mapping import map_workload
from archsim.snn import measure
from archsim.spec import load_chip
from archsim.workload import load_workload

NETWORKS = {
    "dense": """
  input: [5]
  layers:
    - {name: a, kind: dense, outputs: 12, neuron: {kind: lif, leak: 0.9}}
    - {name: b, kind: dense, outputs: 9, neuron: {kind: lif, leak: 0.9}}
    - {name: out, kind: dense, outputs: 3, neuron: {kind: lif, leak: 0.9}}
""",
    "convolutional": """
  input: [2, 6, 6]
  layers:
    - {name: a, kind: conv2d, channels: 6, kernel: 3, padding: 1, neuron: {kind: if}}
    - {name: pool, kind: average_pool, kernel: 2}
    - {name: b, kind: conv2d, channels: 9, kernel: 2, neuron: {kind: lif, leak: 0.5}}
    - {name: out, kind: dense, outputs: 3, neuron: {kind: li, leak: 0.9}}
""",
    "along_time": """
  input: [3]
  layers:
    - {name: a, kind: conv1d, axis: time, channels: 6, kernel: 3, padding: 1, neuron: {kind: lif, leak: 0.5}}
    - {name: pool, kind: max_pool, axis: time, kernel: 2}
    - {name: b, kind: conv1d, axis: time, channels: 7, kernel: 2, neuron: {kind: lif, leak: 0.5}}
    - {name: out, kind: dense, outputs: 3, flatten_time: true}
""",
    "recurrent": """
  input: [4]
  layers:
    - {name: a, kind: recurrent, outputs: 11, neuron: {kind: cubalif, leak: 0.9, synapse_leak: 0.5}}
    - {name: b, kind: dense, outputs: 6, inputs: [a], neuron: {kind: lif, leak: 0.9}}
    - {name: out, kind: dense, outputs: 3, inputs: [b, a], neuron: {kind: lif, leak: 0.9}}
""",
}
# rows of each layer's weights whose inputs need an error: those that come from a layer that learns
ERROR_ROWS = {
    "dense": {"a": 0, "b": 12, "out": 9},
    "convolutional": {"a": 0, "b": 6 * 2 * 2, "out": 9 * 2 * 2},
    "along_time": {"a": 0, "b": 6 * 2, "out": 7 * 2},  # 6 timesteps, pooled to 3, a window of 2 leaves 2
    "recurrent": {"a": 11, "b": 11, "out": 6 + 11},  # a: its own past, not the network's input
}
SMALL_CHIP = ["crossbar.rows=8", "crossbar.columns=16", "adc.columns_per_adc=4", "write.parallel_cells=16"]


class Lowerer:
    """Writes workload files and lowers them."""

    def __init__(self, folder: Path, chip_file: Path) -> None:
        self._folder = folder
        self._chip_file = chip_file

    def workload(self, network: str, **changes: object):
        text = f"version: 1\nname: test\nnetwork:{changes.pop('network_text', None) or NETWORKS[network]}"
        keys = {
            "timesteps": 6,
            "input_resolution": "1 bit",
            "samples": 2,
            "batch": 2,
            "schedule": "pipelined",
            "phases": "[inference, bp, dfa]",
            "activity": "{kind: random_input, rate: 0.6}",
            "weights": "{gain: 3.0}",
        } | changes
        text += "".join(f"{key}: {value}\n" for key, value in keys.items())
        path = self._folder / "work.yaml"
        path.write_text(text)
        return load_workload(path)

    def __call__(self, network: str, phase: str, chip=(), **changes: object) -> Lowered:
        self.chip = load_chip(self._chip_file, [*SMALL_CHIP, *chip])
        self.work, self.activity = measure(self.workload(network, **changes), seed=0)
        mapping = map_workload(self.chip, self.work, phase)
        return lower(self.chip, self.work, mapping, self.activity)


def chosen(low: Lowered, stage: str | None, layer: str | None) -> NDArray[np.bool_]:
    """The tasks of a stage and a layer, or of all."""
    graph = low.graph
    of_stage = np.array([stage in (None, name) for name in graph.stage_names])
    of_layer = np.array([layer in (None, name) for name in graph.layer_names])
    return of_stage[graph.stage] & of_layer[graph.layer]


def counts(low: Lowered, *, stage: str | None = None, layer: str | None = None) -> Counter[str]:
    """Counts by action, variants together; `stage` and `layer` choose tasks."""
    graph, tasks = low.graph, chosen(low, stage, layer)
    sums = np.bincount(graph.action[tasks], graph.count[tasks], len(graph.action_names))
    met = np.bincount(graph.action[tasks], minlength=len(graph.action_names))
    found = Counter[str]()
    for name, total, n in zip(graph.action_names, sums, met, strict=True):
        if n:
            found[name.split("@")[0]] += int(total)
    return found


def n_tasks(low: Lowered, action: str, *, stage: str | None = None, layer: str | None = None) -> int:
    """Number of tasks of an action."""
    graph = low.graph
    of_action = np.array([name.split("@")[0] == action for name in graph.action_names])
    return int((of_action[graph.action] & chosen(low, stage, layer)).sum())
