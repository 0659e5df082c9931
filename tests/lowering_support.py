"""A small chip and small networks for the tests of lowering, and what their tasks count."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

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


def counts(low: Lowered, **where: str) -> Counter[str]:
    """Counts by action, variants together; `phase=` and `layer=` choose tasks."""
    graph, found = low.graph, Counter[str]()
    for task in range(graph.n_tasks):
        if where.get("phase") not in (None, graph.phase_names[graph.phase[task]]):
            continue
        if where.get("layer") not in (None, graph.layer_names[graph.layer[task]]):
            continue
        found[graph.action_names[graph.action[task]].split("@")[0]] += int(graph.count[task])
    return found


def n_tasks(low: Lowered, action: str, **where: str) -> int:
    """Number of tasks of an action."""
    graph = low.graph
    return sum(
        graph.action_names[graph.action[task]].split("@")[0] == action
        and where.get("phase") in (None, graph.phase_names[graph.phase[task]])
        and where.get("layer") in (None, graph.layer_names[graph.layer[task]])
        for task in range(graph.n_tasks)
    )
