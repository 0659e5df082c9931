"""How long a long run takes: a homogeneous pipelined network, some of unlike parts, one that only rolls on.

    python benchmarks/long_runs.py [--timesteps 1000000]

Prints, for each network: tasks of one timestep, CPU time, tasks played, effective tasks a second, memory of the
window, and which way it went. The first run compiles and is not timed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import numpy as np
from template_support import snn_template

from archsim.engine import run_tasks
from archsim.engine.long import LongRun, run_long
from archsim.taskgraph import TaskTemplate


def timed(template: TaskTemplate, n: int, policy: str, **more: object) -> tuple[LongRun, float]:
    """The run, and the CPU time it took."""
    begin = time.process_time()
    run = run_long(template, n, policy, **more)  # type: ignore[arg-type]  # passed on as given
    return run, time.process_time() - begin


def line(name: str, template: TaskTemplate, run: LongRun, seconds: float) -> str:
    """One line of the table."""
    size = template.tasks.n_tasks
    return (
        f"{name:34s} {size:5d} tasks/step  {seconds * 1e3:9.1f} ms  {run.n_played * size / 1e6:8.2f} M played  "
        f"{run.n_tasks / max(seconds, 1e-9):9.3g} tasks/s  {run.n_bytes / 1e6:6.2f} MB   {run.way}"
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--timesteps", type=int, default=1_000_000)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--tiles", type=int, default=16)
    n = parser.parse_args()
    layers, tiles = n.layers, n.tiles
    for policy in ("fifo", "static"):
        run_long(snn_template(layers=1), 10, policy)
        template = snn_template(layers=layers, tiles=tiles)
        run, seconds = timed(template, n.timesteps, policy)
        print(line(f"homogeneous, {policy}", template, run, seconds))
        begin = time.process_time()
        graph = template.unroll(1000)
        unrolled = time.process_time() - begin
        trace = run_tasks(graph, "compiled", policy)
        same = trace.makespan_ps == run_long(template, 1000, policy).makespan_ps
        print(f"    1000 steps in full: {graph.n_tasks} tasks unrolled in {unrolled * 1e3:.0f} ms, "
              f"{graph.n_bytes / graph.n_tasks:.1f} bytes/task; equal: {same}")  # fmt: skip
        for seed in (1, 2):
            template = snn_template(seed, layers, tiles)
            run, seconds = timed(template, n.timesteps, policy)
            print(line(f"all parts unlike ({seed}), {policy}", template, run, seconds))
        template, steps = snn_template(3, layers, tiles), 2000
        run, seconds = timed(template, steps, policy, detect=False)
        print(line(f"rolls on, {steps} steps, {policy}", template, run, seconds))
    rng = random.Random(0)
    transients = []
    for _ in range(60):
        run = run_long(snn_template(rng.randrange(2**31)), n.timesteps)
        transients.append(run.jumps[0].after if run.jumps else -1)
    found = [t for t in transients if t >= 0]
    print(f"60 networks of unlike parts: {len(found)} become periodic, after {int(np.median(found))} steps "
          f"(median), {max(found)} at most")  # fmt: skip


if __name__ == "__main__":
    main()
