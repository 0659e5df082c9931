"""How fast the engines are: tasks per second and peak memory on one spiking-network-like graph.

The peer is the SimPy model of a textbook: one process per task, `AllOf` for its predecessors, one
`simpy.Resource` per resource. It does the same work but breaks ties differently, so only the number of
finished tasks is compared with it; the engines must give equal traces.

Run: ``python benchmarks/engine.py [TIMESTEPS]`` (33 timesteps make about 100,000 tasks).
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Generator

import numpy as np
import simpy

from archsim.engine import run_tasks
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.verify import verify

LAYERS, TILES, COLUMNS, COLUMNS_PER_ADC = 8, 16, 16, 8


def spiking_network(timesteps: int) -> TaskGraph:
    """Layers of tiles: read the array, convert columns on shared ADCs, add, update neurons, send.

    The durations are round numbers of the usual order, chosen to make many ties; nothing depends on
    them but the amount of waiting.
    """
    b = TaskGraphBuilder()
    adcs = COLUMNS // COLUMNS_PER_ADC
    tiles = [(layer, tile) for layer in range(LAYERS) for tile in range(TILES)]
    name = {key: "layer[{}].tile[{}]".format(*key) for key in tiles}
    array = {key: b.resource(f"{name[key]}.array") for key in tiles}
    adc = {(*key, a): b.resource(f"{name[key]}.adc[{a}]") for key in tiles for a in range(adcs)}
    adder = {key: b.resource(f"{name[key]}.adder") for key in tiles}
    neuron = {key: b.resource(f"{name[key]}.neuron") for key in tiles}
    link = [b.resource(f"layer[{layer}].link", 2) for layer in range(LAYERS)]
    updated: dict[tuple[int, int], int] = {}
    for t in range(timesteps):
        arrived: list[int] = []
        for layer in range(LAYERS):
            sent = []
            for tile in range(TILES):
                key, labels = (layer, tile), {"layer": f"fc{layer}", "phase": "forward"}

                def task(
                    action: str, resource: int, ps: int, after: list[int],
                    labels: dict[str, str] = labels, t: int = t,
                ) -> int:  # fmt: skip
                    return b.task(
                        action=action, uses=[(resource, 1)], occupancy_ps=ps, after=after, timestep=t, **labels
                    )

                drive = task("drive", array[key], 1_000, arrived)
                read = task("read", array[key], 10_000, [drive])
                converted = [
                    task("convert", adc[(*key, c // COLUMNS_PER_ADC)], 781, [read]) for c in range(COLUMNS)
                ]
                per_adc = [converted[a * COLUMNS_PER_ADC : (a + 1) * COLUMNS_PER_ADC] for a in range(adcs)]
                merged = [task("merge", adder[key], 500, columns) for columns in per_adc]
                added = task("add", adder[key], 700, merged)
                before = [updated[key]] if key in updated else []
                updated[key] = task("update", neuron[key], 1_200, [added, *before])
                sent.append(task("send", link[layer], 640, [updated[key]]))
            arrived = sent
    return b.build()


def textbook(graph: TaskGraph) -> int:
    """The peer: how many tasks its SimPy model finishes."""
    env = simpy.Environment()
    resources = [simpy.Resource(env, capacity) for capacity in graph.capacity.tolist()]
    done = [env.event() for _ in range(graph.n_tasks)]
    after_ptr, after, uses = graph.after_ptr.tolist(), graph.after_idx.tolist(), graph.uses_resource.tolist()
    occupancy = graph.occupancy_ps.tolist()

    def process(task: int) -> Generator[simpy.Event, object, None]:
        yield env.all_of([done[p] for p in after[after_ptr[task] : after_ptr[task + 1]]])
        with resources[uses[task]].request() as request:
            yield request
            yield env.timeout(occupancy[task])
        done[task].succeed()

    for task in range(graph.n_tasks):
        env.process(process(task))
    env.run()
    return sum(event.processed for event in done)


def peak_mib() -> float:
    """Largest memory of this process so far (Linux: high-water mark of the address space in use)."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def measure(name: str, timesteps: int) -> None:
    """Run one contender in this process and print its row."""
    graph = spiking_network(timesteps)
    runs: dict[str, Callable[[], object]] = {
        "simpy": lambda: run_tasks(graph, "simpy"),
        "heap": lambda: run_tasks(graph, "heap"),
        "textbook SimPy": lambda: textbook(graph),
    }
    if name == "verify":
        trace = run_tasks(graph, "heap")
        other = run_tasks(graph, "simpy")
        if not all(np.array_equal(getattr(trace, c), getattr(other, c)) for c in vars(trace)):
            raise SystemExit("the engines disagree")
        runs["verify"] = lambda: verify(graph, trace)
    before = peak_mib()
    begin = time.perf_counter()
    result = runs[name]()
    seconds = time.perf_counter() - begin
    if name == "textbook SimPy" and result != graph.n_tasks:
        raise SystemExit("the textbook model did not finish")
    print(f"{name:16} {graph.n_tasks:>9,} {seconds:>8.2f} {graph.n_tasks / seconds:>10,.0f} "
          f"{peak_mib():>9.0f} {peak_mib() - before:>9.0f}")  # fmt: skip


def main() -> None:
    """Each contender in a process of its own, so that their peaks do not mix."""
    timesteps = sys.argv[1] if len(sys.argv) > 1 else "33"
    if len(sys.argv) > 2:
        measure(sys.argv[2], int(timesteps))
        return
    print(f"{'':16} {'tasks':>9} {'s':>8} {'tasks/s':>10} {'peak MiB':>9} {'run MiB':>9}", flush=True)
    for name in ("simpy", "heap", "textbook SimPy", "verify"):
        subprocess.run([sys.executable, __file__, timesteps, name], check=True)


if __name__ == "__main__":
    main()
