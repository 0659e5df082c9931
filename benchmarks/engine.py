"""How fast the engines are: tasks per second and bytes per task, ours and others', on the same graphs in one run.

Peers are programs written the way their manuals teach: a SimPy model with one process per task, `AllOf` for
its predecessors and one `simpy.Resource` per resource; a salabim component per task, made when it is
ready; a ciw network, where the graph is a queueing network. Each must finish every task. On the tandem of queues,
where ties play no part, all must agree on the makespan, else the benchmark stops; elsewhere peers break ties
differently. archsim's engines must give equal makespans everywhere (equal traces, task by task: `--check`).

Run: ``python benchmarks/engine.py [--tasks 100000] [--quick] [--growth] [--check] [--first-use]``. Peers that are
not installed are left out (``pip install archsim[peers]``). `--quick` takes 20,000 tasks.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from archsim.engine import run_many, run_tasks
from archsim.engine.bounds import lower_bound
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.verify import verify

LAYERS, TILES, COLUMNS, COLUMNS_PER_ADC = 8, 16, 16, 8
CONFIGURATIONS = 64

Outcome = tuple[int, int]
"""How many tasks were finished; when the last one was."""


def spiking_network(timesteps: int, all_rules: bool = False) -> TaskGraph:
    """Layers of tiles: read the array, convert columns on shared ADCs, add, update neurons, send.

    The durations are round numbers of the usual order, chosen to make many ties; nothing depends on
    them but the amount of waiting. With `all_rules`, converters are pipelined and take a share of a
    supply too, inputs wait in buffers, and updates go before sums.
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
    driver = {key: b.resource(f"{name[key]}.driver") for key in tiles} if all_rules else array
    buffer = {key: b.resource(f"{name[key]}.buffer", 512) for key in tiles if all_rules}
    supply = {key: b.resource(f"{name[key]}.supply", 2 * adcs) for key in tiles if all_rules}
    updated: dict[tuple[int, int], int] = {}
    for t in range(timesteps):
        arrived: list[int] = []
        for layer in range(LAYERS):
            sent = []
            for tile in range(TILES):
                key = (layer, tile)
                labels: dict[str, Any] = {"layer": f"fc{layer}", "stage": "forward"}

                def task(
                    action: str, resource: int, ps: int, after: list[int],
                    labels: dict[str, Any] = labels, t: int = t, **more: Any,
                ) -> int:  # fmt: skip
                    uses = [(resource, 1), *more.pop("also", ())]
                    return b.task(
                        action=action, uses=uses, occupancy_ps=ps, after=after, timestep=t, **labels, **more
                    )

                space: dict[str, Any] = {"reserves": [(buffer[key], 128)]} if all_rules else {}
                back: dict[str, Any] = {"frees": [(buffer[key], 128)]} if all_rules else {}
                piped: dict[str, Any] = {"latency_ps": 1_562, "also": [(supply[key], 2)]} if all_rules else {}
                drive = task("drive", driver[key], 1_000, arrived, **space)
                read = task("read", array[key], 10_000, [drive])
                converted = [
                    task("convert", adc[(*key, c // COLUMNS_PER_ADC)], 781, [read], **piped)
                    for c in range(COLUMNS)
                ]
                per_adc = [converted[a * COLUMNS_PER_ADC : (a + 1) * COLUMNS_PER_ADC] for a in range(adcs)]
                merged = [task("merge", adder[key], 500, columns) for columns in per_adc]
                added = task("add", adder[key], 700, merged, **back)
                before = [updated[key]] if key in updated else []
                first: dict[str, Any] = {"priority": -1} if all_rules else {}
                updated[key] = task("update", neuron[key], 1_200, [added, *before], **first)
                sent.append(task("send", link[layer], 640, [updated[key]]))
            arrived = sent
    return b.build()


def unrolled(n_tasks: int, all_rules: bool = False) -> TaskGraph:
    """The same network over as many timesteps as give that many tasks, from the columns of two of them."""
    graph = spiking_network(2, all_rules)
    per_step = graph.n_tasks // 2
    steps = max(2, round(n_tasks / per_step))
    columns: dict[str, Any] = {}
    for name in ("occupancy_ps", "latency_ps", "priority", "action", "count", "stage", "layer", "sample"):
        columns[name] = repeated(getattr(graph, name)[per_step:], steps)
    columns["timestep"] = np.repeat(np.arange(steps, dtype=np.int32), per_step)
    if graph.occupancy_ps is graph.latency_ps:
        columns["occupancy_ps"] = columns["latency_ps"]
    for name in ("after", "uses", "reserves", "frees"):
        ptr = getattr(graph, f"{name}_ptr")
        first, length = int(ptr[per_step]), int(ptr[-1] - ptr[per_step])
        later = ptr[per_step + 1 :] + np.arange(steps - 1)[:, None] * length
        columns[f"{name}_ptr"] = np.concatenate([ptr[: per_step + 1], later.ravel()]).astype(np.int32)
        if ptr.strides == (0,):
            columns[f"{name}_ptr"] = np.broadcast_to(ptr[:1], per_step * steps + 1)
        if name == "after":
            shift = np.arange(steps - 1, dtype=np.int32)[:, None] * per_step
            later = graph.after_idx[first:] + shift
            columns["after_idx"] = np.concatenate([graph.after_idx[:first], later.ravel()])
            continue
        for part in "resource", "units":
            columns[f"{name}_{part}"] = repeated(getattr(graph, f"{name}_{part}")[first:], steps)
    return replace(graph, **columns)


def repeated(column: np.ndarray[Any, Any], times: int) -> np.ndarray[Any, Any]:
    """A column over and over; one that repeats a single number goes on doing so without memory."""
    if column.strides == (0,):
        return np.broadcast_to(column[:1], len(column) * times)
    return np.tile(column, times)


def tandem(n_tasks: int) -> TaskGraph:
    """Jobs arrive by chance at one server and go on to the next; three tasks per job."""
    b = TaskGraphBuilder()
    one, two = b.resource("server[0]"), b.resource("server[1]")
    arrive: list[int] = []
    for gap in gaps(n_tasks):
        arrive = [b.task(action="arrive", latency_ps=gap, after=arrive)]
        served = b.task(action="serve", uses=[(one, 1)], occupancy_ps=800, after=arrive)
        b.task(action="serve", uses=[(two, 1)], occupancy_ps=900, after=[served])
    return b.build()


def gaps(n_tasks: int) -> list[int]:
    """Times between arrivals, in ps."""
    return [1 + int(gap) for gap in np.random.default_rng(1).exponential(1_000, n_tasks // 3)]


def textbook(graph: TaskGraph) -> Outcome:
    """A SimPy model."""
    import simpy

    env = simpy.Environment()
    resources = [simpy.Resource(env, capacity) for capacity in graph.capacity.tolist()]
    done = [env.event() for _ in range(graph.n_tasks)]
    after_ptr, after = graph.after_ptr.tolist(), graph.after_idx.tolist()
    uses_ptr, uses = graph.uses_ptr.tolist(), graph.uses_resource.tolist()
    latency = graph.latency_ps.tolist()

    def process(task: int) -> Generator[simpy.Event, object, None]:
        yield env.all_of([done[p] for p in after[after_ptr[task] : after_ptr[task + 1]]])
        if uses_ptr[task] == uses_ptr[task + 1]:
            yield env.timeout(latency[task])
        else:
            with resources[uses[uses_ptr[task]]].request() as request:
                yield request
                yield env.timeout(latency[task])
        done[task].succeed()

    for task in range(graph.n_tasks):
        env.process(process(task))
    env.run()
    return sum(event.processed for event in done), int(env.now)


def salabim_model(graph: TaskGraph) -> Outcome:
    """A salabim model."""
    import salabim  # type: ignore[import-not-found]  # a peer, not a dependency

    env = salabim.Environment(trace=False, yieldless=False)
    resources = [salabim.Resource(capacity=capacity) for capacity in graph.capacity.tolist()]
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.after_ptr))
    followers: list[list[int]] = [[] for _ in range(graph.n_tasks)]
    for before, after in zip(graph.after_idx.tolist(), owner.tolist(), strict=True):
        followers[before].append(after)
    missing = np.diff(graph.after_ptr).tolist()
    uses_ptr, uses, latency = graph.uses_ptr.tolist(), graph.uses_resource.tolist(), graph.latency_ps.tolist()
    finished, last = 0, 0.0

    class Task(salabim.Component):  # type: ignore[misc]  # ships no types
        def setup(self, task: int) -> None:
            self.task = task

        def process(self) -> Generator[object, object, None]:
            nonlocal finished, last
            task = self.task
            if uses_ptr[task] < uses_ptr[task + 1]:
                yield self.request(resources[uses[uses_ptr[task]]])
            yield self.hold(latency[task])
            self.release()
            finished, last = finished + 1, env.now()
            for other in followers[task]:
                missing[other] -= 1
                if not missing[other]:
                    Task(task=other)

    for task in [task for task, count in enumerate(missing) if not count]:
        Task(task=task)
    env.run()
    return finished, int(last)


def ciw_model(graph: TaskGraph) -> Outcome:
    """A ciw network of the tandem: three tasks per job that has left it."""
    import ciw  # type: ignore[import-not-found]  # a peer, not a dependency

    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential(gaps(graph.n_tasks)), None],
        service_distributions=[ciw.dists.Deterministic(800), ciw.dists.Deterministic(900)],
        number_of_servers=[1, 1],
        routing=[[0.0, 1.0], [0.0, 0.0]],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(graph.n_tasks // 3, method="Finish")
    gone = simulation.nodes[-1].all_individuals
    return 3 * len(gone), int(max(record.exit_date for one in gone for record in one.data_records))


def ours(engine: str, policy: str = "fifo") -> Callable[[TaskGraph], Outcome]:
    """One of archsim's engines."""

    def run(graph: TaskGraph) -> Outcome:
        trace = run_tasks(graph, engine, policy)
        return trace.n_tasks, trace.makespan_ps

    return run


def many(policy: str) -> Callable[[TaskGraph], Outcome]:
    """`run_many` on one core: as many configurations as CONFIGURATIONS, services from half to twice the usual."""

    def run(graph: TaskGraph) -> Outcome:
        factor = np.random.default_rng(0).uniform(0.5, 2, (CONFIGURATIONS, len(graph.action_names)))
        factor[0] = 1
        first = [np.flatnonzero(graph.action == k)[0] for k in range(factor.shape[1])]
        tables = tuple(
            np.maximum(1, (factor * column[first]).astype(np.int64))
            for column in (graph.occupancy_ps, graph.latency_ps)
        )
        services = tables[0] if graph.occupancy_ps is graph.latency_ps else tables
        runs = run_many(graph, services, policy, graph.action, workers=1)
        if runs.deadlocked.any():
            raise SystemExit("a configuration is deadlocked")
        return CONFIGURATIONS * graph.n_tasks, int(runs.makespan_ps[0])

    return run


GRAPHS: dict[str, Callable[[int], TaskGraph]] = {
    "network": unrolled,
    "all rules": lambda n: unrolled(n, all_rules=True),
    "tandem": tandem,
}
CONTENDERS: dict[str, Callable[[TaskGraph], Outcome]] = {
    "textbook SimPy": textbook,
    "salabim": salabim_model,
    "ciw": ciw_model,
    "simpy": ours("simpy"),
    "heap": ours("heap"),
    "compiled": ours("compiled"),
    "compiled, static": ours("compiled", "static"),
    "run_many": many("fifo"),
    "run_many, static": many("static"),
    "lower bound": lambda graph: (graph.n_tasks, lower_bound(graph).makespan_ps),
}
PEERS = ("textbook SimPy", "salabim", "ciw")


def status_bytes(name: str) -> int:
    """A line of Linux' account of this process: VmRSS (now) or VmHWM (the most so far)."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


def give_back_freed_memory() -> None:
    """Else what building the graph left behind would hide what the run takes."""
    gc.collect()
    with suppress(OSError, AttributeError):  # only in GNU's C library
        ctypes.CDLL(None).malloc_trim(0)


def measure(name: str, kind: str, n_tasks: int) -> dict[str, Any]:
    """Run one contender in this process."""
    run = CONTENDERS[name]
    fast = name.startswith(("compiled", "lower", "run_many"))
    if fast:
        small = GRAPHS[kind](6_000)
        begin = time.process_time()
        run(small)  # compile, or load from the cache
        first_s = time.process_time() - begin
    graph = GRAPHS[kind](n_tasks)
    give_back_freed_memory()
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")
    before = status_bytes("VmRSS")
    seconds, peak = [], 0
    for _ in range(1 if not fast else 3 if name.startswith("run_many") else 7):
        begin = time.process_time()
        finished, makespan = run(graph)
        seconds.append(time.process_time() - begin)
        peak = peak or status_bytes("VmHWM")
        if finished % graph.n_tasks or not finished:
            raise SystemExit(f"{name} finished {finished} of {graph.n_tasks} tasks")
    row = {"tasks": finished, "s": statistics.median(seconds), "peak": peak, "makespan": makespan}
    row |= {"run_bytes": (peak - before) / graph.n_tasks, "graph_bytes": graph.n_bytes / graph.n_tasks}
    return row | ({"first_s": first_s} if fast else {})


def in_own_process(*args: str, **env: str) -> dict[str, Any] | None:
    """One row, measured in a process of its own so that peaks do not mix; None if a library is missing."""
    command = [sys.executable, __file__, "--one", *args]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | env)
    if "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def line(name: str, row: dict[str, Any], bases: dict[str, float]) -> str:
    """A row of a table."""
    rate = row["tasks"] / row["s"]
    ratios = [f"{rate / bases[peer]:,.0f}" if peer in bases else "" for peer in PEERS[:2]]
    runs = f"{CONFIGURATIONS / row['s']:,.0f} configurations/s" if name.startswith("run_many") else ""
    return (f"  {name:18} {row['tasks']:>11,} {row['s']:>9.4f} {rate:>12,.0f} {ratios[0]:>10} {ratios[1]:>9} "
            f"{row['peak'] / 2**20:>8.0f} {row['run_bytes']:>7.0f} {row['graph_bytes']:>9.0f} {runs}")  # fmt: skip


def table(kind: str, names: list[str], *sizes: int) -> None:
    """One graph, every contender; ratios to the CPU time of peers, where there are some."""
    print(f"\n{kind:20} {'tasks':>11} {'CPU s':>9} {'tasks/s':>12} {'× textbook':>10} {'× salabim':>9} "
          f"{'peak MiB':>8} {'run B/t':>7} {'graph B/t':>9}")  # fmt: skip
    bases: dict[str, float] = {}
    makespans: dict[tuple[int, bool], dict[str, int]] = {}
    for name in names:
        for n_tasks in sizes:
            row = in_own_process(name, kind, str(n_tasks))
            if row is None:
                print(f"  {name:18} not installed")
                continue
            bases |= {name: row["tasks"] / row["s"]} if name in PEERS else {}
            print(line(name, row, bases), flush=True)
            if name != "lower bound" and (name not in PEERS or kind == "tandem"):
                alike = makespans.setdefault((n_tasks, "static" in name and kind != "tandem"), {})
                alike[name] = row["makespan"]
                if len(set(alike.values())) > 1:
                    raise SystemExit(f"{kind}: the makespans differ: {alike}")
    if kind == "tandem":
        print(f"  all agree: done at {next(iter(alike.values())):,} ps")


def first_use() -> None:
    """CPU time of a process' first run, with nothing compiled yet and from the cache; loading numba included."""
    print("\nfirst run of a process, CPU time")
    with tempfile.TemporaryDirectory() as folder:
        for state in "compiling", "from the cache":
            for name in "compiled", "compiled, static":
                rows = {kind: in_own_process(name, kind, "6000", NUMBA_CACHE_DIR=folder) for kind in GRAPHS}
                seconds = [f"{kind} {row['first_s']:.2f} s" for kind, row in rows.items() if row]
                print(f"  {name}, {state}: {', '.join(seconds)}")


def check(n_tasks: int) -> None:
    """All engines and policies agree, `verify` agrees, and no run undercuts its bound."""
    for kind, make in GRAPHS.items():
        graph = make(n_tasks)
        for policy in "fifo", "static":
            traces = [run_tasks(graph, engine, policy) for engine in ("simpy", "heap", "compiled")]
            for other in traces[1:]:
                if not all(np.array_equal(getattr(traces[0], c), getattr(other, c)) for c in vars(other)):
                    raise SystemExit(f"{kind}, {policy}: the engines disagree")
            bound, makespan = lower_bound(graph), traces[0].makespan_ps
            verify(graph, traces[0], policy, bound)
            print(f"{kind}, {policy}: engines equal; bound {bound.makespan_ps / makespan:.3f} ({bound.reason})")


def main() -> None:
    """Print what was asked for."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--tasks", type=int, default=100_000)
    options.add_argument("--growth", action="store_true", help="the compiled engine from 1e4 to 1e7 tasks")
    options.add_argument("--check", action="store_true", help="only compare what the engines say")
    options.add_argument("--quick", action="store_true", help="20,000 tasks, without the time of the first use")
    options.add_argument("--first-use", action="store_true", help="only the time until the first trace")
    options.add_argument("--one", nargs=3, metavar=("NAME", "GRAPH", "TASKS"), help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        print(json.dumps(measure(asked.one[0], asked.one[1], int(asked.one[2]))))
    elif asked.check:
        check(asked.tasks)
    elif asked.growth:
        for kind in "network", "all rules":
            table(kind, ["compiled", "compiled, static"], 10**4, 10**5, 10**6, 10**7)
    elif asked.first_use:
        first_use()
    else:
        n_tasks = min(asked.tasks, 20_000) if asked.quick else asked.tasks
        table("network", [name for name in CONTENDERS if name != "ciw"], n_tasks)
        table("all rules", [name for name in CONTENDERS if name not in PEERS], n_tasks)
        table("tandem", [name for name in CONTENDERS if "run_many" not in name], n_tasks)
        if not asked.quick:
            first_use()


if __name__ == "__main__":
    main()
