"""How long an answer takes, from files to figures: mapped, laid down, played, verified and priced, on one core.

    python benchmarks/end_to_end.py [--quick] [--before CHECKOUT] [--neurosim COMMAND]

First the table of whole runs by their stages, each in a process of its own, warm (the best of several, after a
first one), in seconds of CPU; with `--before`, the same runs of an older checkout of archsim, taken in turn
with this one, and the ratio. Then how it grows, from 10^4 tasks to 10^7 (10^5 with `--quick`): more samples of
the watch network's inference. Last the same question asked of others: archsim on SimPy, a textbook SimPy model
of the same task graph (`benchmarks/engine.py`), NeuroSim where the command that runs it is given, and what runs
of AccelForge and MNSIM took that were recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OLD_CHIP, CHIP = Path("tests/chips/wearable_rram.yaml"), Path("arch_specs/wearable_rram.yaml")
"""The chip as it was when the figures of issue 17 were taken, whose messages pass links; that of today, with
routers that share buffers, which makes ten times the tasks of a convolution and more."""
RUNS = {
    "watch_mlp inference": ("watch_mlp", "inference", [], OLD_CHIP),
    "watch_mlp bp": ("watch_mlp", "bp", [], OLD_CHIP),
    "watch_mlp dfa": ("watch_mlp", "dfa", [], OLD_CHIP),
    "vgg9 inference": ("vgg9_cifar10", "inference", [], OLD_CHIP),
    "vgg9 dfa": ("vgg9_cifar10", "dfa", [], OLD_CHIP),
    "watch_mlp bp, routers": ("watch_mlp", "bp", [], CHIP),
    "vgg9 inference, routers": ("vgg9_cifar10", "inference", ["timesteps=1"], CHIP),
}
STAGES = ("map", "lower", "engine", "verify", "metrics", "rest")
# seconds of one answer on the same machine, as they were recorded when these tools were run for the comparison of
# peers, November 2026; for other networks than ours, so they say an order of magnitude
RECORDED = {
    "AccelForge (CiMLoop), one point, without contention": 0.8,
    "MNSIM 2, one run, idealised interconnect": 2.3,
}
# what one stage calls, in the order of their versions: module and name
CALLS = {
    "map": [("archsim.prepare", "map_workload"), ("archsim.simulate", "map_workload")],
    "lower": [("archsim.prepare", "lower"), ("archsim.simulate", "lower")],
    "engine": [("archsim.simulate", "run_tasks")],
    "verify": [("archsim.simulate", "verify")],
}


def measured(run: str, times: int, sets: list[str], engine: str = "compiled") -> dict[str, Any]:
    """CPU seconds of the stages of a run, the best of some after a first one; tasks; peak of the memory.

    With 0 times it is measured once, after a run of one sample.
    """
    import importlib
    import resource

    import archsim

    importlib.import_module("archsim.simulate")
    spent = dict.fromkeys(STAGES, 0.0)

    def timed(stage: str, function: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            start = time.process_time()
            try:
                return function(*given, **named)
            finally:
                spent[stage] += time.process_time() - start

        return call

    for stage, places in CALLS.items():
        for module, name in places:
            owner = sys.modules.get(module)
            if owner is not None and hasattr(owner, name):
                setattr(owner, name, timed(stage, getattr(owner, name)))
    result_of = sys.modules["archsim.simulate"].Result
    result_of.of = timed("metrics", result_of.of)
    workload, phase, short, file = RUNS[run]
    # of the checkout that is measured
    chip = archsim.load_chip(file if file.exists() else CHIP)
    work = archsim.load_workload(Path(f"workloads/{workload}.yaml"), [*short, *sets])
    if times == 0:
        short_work = archsim.load_workload(Path(f"workloads/{workload}.yaml"), [*short, "batch=1", "samples=1"])
        archsim.simulate(chip, short_work, engine=engine, phase=phase)
    best: dict[str, Any] = {}
    for again in range(times + 1):
        spent.update(dict.fromkeys(STAGES, 0.0))
        start = time.process_time()
        result = archsim.simulate(chip, work, engine=engine, phase=phase)
        whole = time.process_time() - start
        if (again or not times) and (not best or whole < best["whole"]):
            rest = whole - sum(seconds for stage, seconds in spent.items() if stage != "rest")
            best = {**spent, "rest": rest, "whole": whole, "tasks": result.graph.n_tasks}
        del result
    best["rss_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return best


def in_own_process(checkout: Path, *given: str) -> dict[str, Any]:
    """What `measured` says, of an archsim in some checkout."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", *given]
    env = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=checkout)
    if done.returncode:
        raise SystemExit(f"{' '.join(given)}: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def line(name: str, row: dict[str, Any]) -> str:
    """A row of the table."""
    stages = " ".join(f"{row[stage]:8.3f}" for stage in STAGES)
    rate = row["tasks"] / row["whole"] / 1e6
    return f"{name:28}{row['tasks']:11,} {stages} {row['whole']:8.3f} {rate:7.3f} {row['rss_gb']:6.2f}"


HEAD = f"{'CPU seconds':28}{'tasks':>11} " + " ".join(f"{stage:>8}" for stage in STAGES)
HEAD += f" {'whole':>8} {'Mtask/s':>7} {'GB':>6}"


def table(before: Path | None, times: int) -> None:
    """Whole runs by their stages, and those of an older version in turn with them."""
    print(HEAD)
    for run in RUNS:
        row = in_own_process(ROOT, run, str(times))
        print(line(run, row), flush=True)
        if before is not None and "routers" not in run:
            old = in_own_process(before, run, "1")
            print(line("  before", old))
            print(f"  {old['whole'] / row['whole']:.1f} times as fast")


def growth(most: int) -> None:
    """More and more samples of one network: time for each task should stay as it is."""
    print(f"\n{HEAD.replace('CPU seconds', 'growth     ')}")
    per_sample = in_own_process(ROOT, "watch_mlp inference", "1", "batch=1", "samples=1")["tasks"]
    n_tasks = 10_000
    while n_tasks <= most:
        sets = ["batch=1", f"samples={max(1, round(n_tasks / per_sample))}"]
        if n_tasks < per_sample:
            sets.append(f"timesteps={max(1, round(128 * n_tasks / per_sample))}")
        row = in_own_process(ROOT, "watch_mlp inference", "1" if n_tasks <= 100_000 else "0", *sets)
        print(line(", ".join(sets), row), flush=True)
        n_tasks *= 10


def others(neurosim: str | None) -> None:
    """The same question, asked of others; of the task graph where they take one."""
    print("\nseconds for one answer")
    for engine, name in (("compiled", "archsim, compiled"), ("simpy", "archsim, SimPy engine")):
        row = in_own_process(ROOT, "watch_mlp inference", "2", f"engine={engine}")
        print(f"  {name:56}{row['whole']:9.3f}  ({row['engine']:.4f} of it in the engine)", flush=True)
    seconds, n_tasks = textbook_seconds()
    print(f"  {f'textbook SimPy model, {n_tasks:,} tasks, engine alone':56}{seconds:9.3f}")
    for name, recorded in RECORDED.items():
        print(f"  {name + ' (recorded)':56}{recorded:9.3f}")
    if neurosim is None:
        print("  NeuroSim: --neurosim was not given; 94 s for one run were recorded, 80 to 190 s for others")
        return
    start = time.perf_counter()
    subprocess.run(shlex.split(neurosim), check=True, capture_output=True)
    print(f"  {'NeuroSim, ' + neurosim:56}{time.perf_counter() - start:9.3f}")


def textbook_seconds() -> tuple[float, int]:
    """CPU seconds of the textbook SimPy model for the watch network's inference, and its tasks."""
    from engine import textbook

    import archsim

    chip = archsim.load_chip(ROOT / "arch_specs/wearable_rram.yaml")
    graph = archsim.simulate(chip, archsim.load_workload(ROOT / "workloads/watch_mlp.yaml"), "compiled").graph
    start = time.process_time()
    textbook(graph)
    return time.process_time() - start, graph.n_tasks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="growth to 10^5 tasks only")
    parser.add_argument("--before", type=Path, help="a checkout of an older archsim, measured in the same run")
    parser.add_argument("--neurosim", help="a command that gives one answer of NeuroSim")
    given = parser.parse_args()
    if given.one:
        run, times, *sets = given.one
        engine = next((s.removeprefix("engine=") for s in sets if s.startswith("engine=")), "compiled")
        print(json.dumps(measured(run, int(times), [s for s in sets if not s.startswith("engine=")], engine)))
        return
    table(given.before, 2 if given.quick else 5)
    growth(100_000 if given.quick else 10_000_000)
    others(given.neurosim)


if __name__ == "__main__":
    main()
