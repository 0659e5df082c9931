"""One run of a chip file, as comparisons look at it: its graph, its schedule, what is spent on what."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.engine import run_tasks
from archsim.lowering import Lowered, lower
from archsim.mapping import map_workload
from archsim.snn.measure import measure
from archsim.spec import load_chip
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace
from archsim.verify import verify
from archsim.workload import Workload, load_workload

ROOT = Path(__file__).resolve().parents[3]


def reference(name: str) -> Any:
    """A file of facts: the folder of ARCHSIM_REFERENCE, or ../shared beside the repository."""
    folder = Path(os.environ.get("ARCHSIM_REFERENCE", ROOT.parent / "shared"))
    return json.loads((folder / "reference" / name).read_text())


def recorded(name: str) -> Any:
    """What a peer that need not be installed gave."""
    return json.loads((Path(__file__).parent / "recorded" / f"{name}.json").read_text())


@dataclass(frozen=True)
class Run:
    """A task graph, its prices and its schedule."""

    work: Workload
    lowered: Lowered
    trace: Trace

    @property
    def graph(self) -> TaskGraph:
        return self.lowered.graph

    def tasks(self, action: str, **labels: int) -> NDArray[np.int64]:
        """Tasks whose action is `action`, whatever stands behind an ``@``; `labels`: sample, timestep."""
        graph = self.graph
        numbers = [i for i, name in enumerate(graph.action_names) if name.split("@")[0] == action]
        found = np.isin(graph.action, numbers)
        for column, value in labels.items():
            found &= getattr(graph, column) == value
        return np.flatnonzero(found)

    def count(self, action: str, layer: str) -> int:
        """How often an action is done for a layer."""
        chosen = self.tasks(action)
        mine = self.graph.layer[chosen] == self.graph.layer_names.index(layer)
        return int(self.graph.count[chosen][mine].sum())

    def energy_pj(self, layer: str | None = None) -> dict[str, float]:
        """Energy without leakage by component: counts times prices."""
        graph, spent = self.graph, dict[str, float]()
        for action, layer_number, count in zip(graph.action, graph.layer, graph.count, strict=True):
            if layer is not None and graph.layer_names[layer_number] != layer:
                continue
            for charge in self.lowered.actions[graph.action_names[action]].charges:
                spent[charge.component] = spent.get(charge.component, 0.0) + int(count) * charge.energy_pj
        return spent

    def area_um2(self) -> dict[str, float]:
        """Area by component."""
        return {item.component: item.n * item.area_um2 for item in self.lowered.parts.items()}

    def latency_ps(self, sample: int = 0) -> int:
        """From the start of a sample's first fetch to the end of its last output write."""
        start = self.trace.start_ps[self.tasks("fetch", sample=sample)].min()
        return int(self.trace.done_ps[self.tasks("emit", sample=sample)].max() - start)


def run_on(chip: Path, work: Path, chip_set: tuple[str, ...], work_set: tuple[str, ...], phase: str) -> Run:
    """Lower and play out a workload file on a chip file."""
    spec = load_chip(chip, chip_set)
    workload, activity = measure(load_workload(work, work_set), seed=0)
    lowered = lower(spec, workload, map_workload(spec, workload, phase), activity)
    trace = run_tasks(lowered.graph, engine="heap")
    verify(lowered.graph, trace)
    return Run(workload, lowered, trace)


def run(chip: str, work: dict[str, Any], *chip_set: str, phase: str = "inference") -> Run:
    """The same for a chip of arch_specs and a workload that is written out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{work['name']}.yaml"
        path.write_text(json.dumps(work))  # JSON is YAML
        return run_on(ROOT / "arch_specs" / f"{chip}.yaml", path, chip_set, (), phase)


def dense(n_inputs: int, n_outputs: int, input_bits: int, samples: int = 1, **more: Any) -> dict[str, Any]:
    """A workload of one dense layer whose inputs are all active, in one timestep."""
    layer = {"name": "fc", "kind": "dense", "outputs": n_outputs, "neuron": {"kind": "li", "leak": 0.9}}
    return {
        "version": 1,
        "name": f"dense_{n_inputs}_{n_outputs}_{input_bits}_{samples}",
        "network": {"input": [n_inputs], "layers": [layer]},
        "timesteps": 1,
        "input_resolution": f"{input_bits} bit",
        "activity": {"kind": "rates", "input": 1.0, "default": 1.0},
        "phases": ["inference"],
        "samples": samples,
        **more,
    }
