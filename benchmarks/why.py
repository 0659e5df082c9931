"""How long the questions about a run of a million tasks take, beside playing it out.

    python benchmarks/why.py [--tasks 1000000]

Arrays, buses and buffers of thirty tiles, five layers; long lines everywhere. CPU seconds of one process.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from typing import Any

from archsim.engine import run_tasks
from archsim.metrics import blocking, critical_path, waits
from archsim.taskgraph import TaskGraph, TaskGraphBuilder
from archsim.whatif import Change, slack_ps, what_if


def graph_of(n_tasks: int) -> TaskGraph:
    """Chains of admit, drive, hop and add that meet at shared resources."""
    rng, b = random.Random(1), TaskGraphBuilder()
    arrays = [b.resource(f"tile[{k % 30}].pe[{k // 30}].crossbar[0]", rng.choice([1, 2])) for k in range(300)]
    buses = [b.resource(f"tile[{k}].bus") for k in range(30)]
    rooms = [b.resource(f"tile[{k}].input_buffer.space", 4) for k in range(30)]
    ends: list[int] = []
    for _ in range(n_tasks // 4):
        tile = rng.randrange(30)
        layer = f"fc{tile % 5}"
        before = [ends[-rng.randrange(1, 300)]] if len(ends) > 300 else []
        admit = b.task(action="admit", reserves=[(rooms[tile], 1)], after=before, layer=layer)
        read_ps, array = rng.choice([100, 200, 350]), rng.choice(arrays)
        drive = b.task(action="drive", uses=[(array, 1)], occupancy_ps=read_ps, after=[admit], layer=layer)
        hop = b.task(
            action="hop", uses=[(buses[tile], 1)], occupancy_ps=20, latency_ps=5, after=[drive], layer=layer
        )
        add = b.task(
            action="add", uses=[(rng.choice(arrays), 1)], occupancy_ps=70, after=[hop], frees=[(rooms[tile], 1)],
            layer=layer,
        )  # fmt: skip
        ends.append(add)
    return b.build()


def timed(what: str, call: Callable[[], Any]) -> Any:
    """Run once, say how long it took."""
    begin = time.process_time()
    found = call()
    print(f"{what:32} {time.process_time() - begin:7.2f} s")
    return found


def main() -> None:
    """Warm up on a small graph, which compiles the loops; then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    n_tasks = parser.parse_args().tasks
    small = graph_of(4000)
    trace = run_tasks(small, "compiled")
    blocking(small, trace, waits(small, trace), "layer")
    slack_ps(small, trace)
    what_if(small, trace, [Change.parse("speedup", "bus=2")])

    graph = graph_of(n_tasks)
    print(f"{graph.n_tasks} tasks, {graph.n_resources} resources")
    trace = timed("play it out (compiled)", lambda: run_tasks(graph, "compiled"))
    found = timed("causes of all waits", lambda: waits(graph, trace))
    timed("critical path", lambda: critical_path(graph, trace, known=found))
    timed("who waited for whom, by layer", lambda: blocking(graph, trace, found, "layer"))
    timed("who waited for whom, by kind", lambda: blocking(graph, trace, found, "kind"))
    timed("slack of every task", lambda: slack_ps(graph, trace))
    timed("one change, played out twice", lambda: what_if(graph, trace, [Change.parse("speedup", "bus=2")]))


if __name__ == "__main__":
    main()
