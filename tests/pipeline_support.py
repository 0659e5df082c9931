"""Lowered graphs whose stages take one cycle each, and whose parts never stand in each other's way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim.engine import run_tasks
from archsim.lowering import Lowered, lower
from archsim.mapping import map_workload
from archsim.snn import measure
from archsim.spec import load_chip
from archsim.taskgraph import TaskGraph
from archsim.trace import Trace
from archsim.verify import verify
from archsim.workload import load_workload

CYCLE = 1000
WIDTH = 4  # neurons of a layer: rows of an array that are written one after the other
CHIP = (
    "crossbar.rows=8", "crossbar.columns=16", "adc.columns_per_adc=4", "write.parallel_cells=16",
    "write.verify=false", "execution.error_resolution=1 bit", "execution.skip_idle_blocks=false",
)  # fmt: skip


@dataclass(frozen=True)
class Pipeline:
    """A graph of unit-cycle stages, run."""

    lowered: Lowered
    graph: TaskGraph
    trace: Trace

    @property
    def cycles(self) -> float:
        """Makespan in cycles."""
        return self.trace.makespan_ps / CYCLE

    def tasks(self, action: str, **labels: str | int) -> NDArray[np.int64]:
        """Tasks of an action, by stage, layer, sample or timestep."""
        chosen = _actions(self.graph) == action
        for key, value in labels.items():
            names = getattr(self.graph, f"{key}_names", None)
            chosen &= getattr(self.graph, key) == (value if names is None else names.index(value))
        return np.flatnonzero(chosen)

    def peak(self, resource: str) -> int:
        """The most that was taken of a resource, between instants (an instant hands over first)."""
        graph, number = self.graph, self.graph.resource_names.index(resource)
        changes: dict[int, int] = {}
        for kind, times, sign in (("reserves", self.trace.start_ps, 1), ("frees", self.trace.done_ps, -1)):
            rows = np.flatnonzero(getattr(graph, f"{kind}_resource") == number)
            owners = np.searchsorted(getattr(graph, f"{kind}_ptr"), rows, side="right") - 1
            for time, units in zip(times[owners], getattr(graph, f"{kind}_units")[rows], strict=True):
                changes[int(time)] = changes.get(int(time), 0) + sign * int(units)
        return int(np.cumsum([changes[time] for time in sorted(changes)]).max())


def _actions(graph: TaskGraph) -> NDArray[np.str_]:
    return np.array([name.split("@")[0] for name in graph.action_names])[graph.action]


def lowered_chain(
    folder: Path, chip_file: Path, n_layers: int, phase: str, *options: str, **keys: object
) -> Lowered:
    """Dense layers of the same width, one after the other, all of whose inputs spike in every timestep."""
    neuron = "{kind: lif, leak: 0.9}"
    layers = [f"{{name: l{i + 1}, kind: dense, outputs: {WIDTH}, neuron: {neuron}}}" for i in range(n_layers)]
    texts = {
        "version": 1, "name": "chain", "network": f"{{input: [{WIDTH}], layers: [{', '.join(layers)}]}}",
        "timesteps": 1, "input_resolution": "1 bit", "phases": "[inference, bp, dfa]",
        "activity": "{kind: rates, input: 1.0, default: 1.0}",
    } | keys  # fmt: skip
    path = folder / "chain.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in texts.items()))
    chip = load_chip(chip_file, [*CHIP, *options])
    work, activity = measure(load_workload(path), seed=0)
    return lower(chip, work, map_workload(chip, work, phase), activity)


def in_unit_cycles(low: Lowered, spaces: dict[str, int] | None = None) -> Pipeline:
    """Run a graph with unit-cycle stages and without contention.

    A read takes a cycle, and so do the error at the output, the outer products, and an update of an array; all
    else takes no time, as does reading the feedback of DFA (B e belongs to the cycle of the outer products).
    Ports, buses, links and units serve any number at once; arrays, their turns and registers, and the space in
    buffers are as they are, but for `spaces`, by name.
    """
    graph = low.graph
    actions = _actions(graph)
    cycles = {"read": CYCLE, "error": CYCLE, "outer": CYCLE, "program": CYCLE // WIDTH}
    times = np.zeros(graph.n_tasks, dtype=np.int64)
    for action, time in cycles.items():
        times[actions == action] = time
    if low.mapping.phase == "dfa":
        times[(graph.stage == graph.stage_names.index("feedback")) & (actions == "read")] = 0
    capacity = graph.capacity.copy()
    for number, name in enumerate(graph.resource_names):
        is_array = name.rsplit(".", 1)[-1].startswith("crossbar[")
        if not (is_array or any(part in name for part in (".turn", ".output_register", ".space["))):
            capacity[number] = graph.n_tasks
        capacity[number] = (spaces or {}).get(name, capacity[number])
    graph = replace(graph.with_services(times, times), capacity=capacity)
    trace = run_tasks(graph, engine="compiled")
    verify(graph, trace)
    return Pipeline(low, graph, trace)
