"""How long it takes to export a million spans, in CPU seconds, and how large the files are.

python benchmarks/exports.py [--tasks 500000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from archsim.components import Action, Charge
from archsim.engine import run_tasks
from archsim.export import export
from archsim.metrics import Result
from archsim.taskgraph import TaskGraphBuilder

FILES = ("run.json", "run.json.gz", "run.kanata", "run.vcd", "run.csv", "run.parquet")


def run(n_tasks: int) -> Result:
    """Tasks of two resources each, of which one has eight units that are all in use."""
    b = TaskGraphBuilder()
    adcs = [b.resource(f"tile[{i}].adc", 8) for i in range(4)]
    lines = [b.resource(f"tile[{i % 4}].line[{i}]") for i in range(32)]
    last: dict[int, list[int]] = {}
    for t in range(n_tasks):
        line = t % 32
        task = b.task(
            action="convert@4b", count=8, uses=[(adcs[t % 4], 1), (lines[line], 1)], occupancy_ps=900 + t % 207,
            latency_ps=1200,
            after=last.get(line, []), layer=f"fc{line % 3}", stage="forward", timestep=t // 320, sample=0,
        )  # fmt: skip
        last[line] = [task]
    graph = b.build()
    prices = {"convert@4b": Action("convert@4b", (Charge("adc", 0.5),))}
    return Result.of(graph, run_tasks(graph, engine="compiled"), prices, (), {}, 0, 1, "inference", "many", {})


def main() -> None:
    """A line for each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=500_000)
    result = run(parser.parse_args().tasks)
    start = time.process_time()
    spans = result.spans()
    print(f"{spans.n_spans} spans on {spans.n_lanes} lanes: {time.process_time() - start:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        for name in FILES:
            file = Path(folder) / name
            start = time.process_time()
            n = export(result, file)
            seconds = time.process_time() - start
            print(f"{name:12} {n:>8} written {seconds:6.2f} s {file.stat().st_size / 1e6:8.1f} MB")


if __name__ == "__main__":
    main()
