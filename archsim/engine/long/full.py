"""The reference of the rolling window: the whole graph, its loads, and playing it in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from archsim.engine import run_tasks
from archsim.engine.long.memory import check_memory
from archsim.engine.long.outcome import KEEP, LongRun
from archsim.taskgraph import Run, TaskGraph, TaskTemplate
from archsim.taskgraph.whole import in_64_bits, products, sums_by

Ints = NDArray[np.int64]

BYTES_PER_TASK = 250  # graph, trace and workspace of one task, without a window


def cut(runs: Sequence[Run], n_blocks: int) -> list[Run]:
    """The first blocks of an order."""
    part = []
    for run in runs:
        times, more = divmod(min(n_blocks, run.n_blocks), len(run.blocks))
        part.append(run._replace(times=times))
        if more:
            rest = run.timestep + times * len(run.blocks)
            part.append(run._replace(blocks=run.blocks[:more], times=1, timestep=rest))
        n_blocks -= min(n_blocks, run.n_blocks)
    return part


def graph_of(
    template: TaskTemplate, runs: Sequence[Run], services_ps: Ints, service: NDArray[np.int32]
) -> TaskGraph:
    """The unrolled graph, with times that change."""
    graph = template.unroll(runs)
    if not services_ps.size:
        return graph
    rows = np.concatenate(
        [np.tile(np.concatenate([np.arange(template.block_ptr[b], template.block_ptr[b + 1]) for b in run.blocks]),
                 run.times) for run in runs]
    )  # fmt: skip
    sizes = [np.tile(np.diff(template.block_ptr)[list(run.blocks)], run.times) for run in runs]
    block = np.repeat(np.arange(len(services_ps)), np.concatenate(sizes))
    kind = service[rows]
    own = kind < 0
    times = services_ps[block, np.maximum(kind, 0)]
    return replace(
        graph,
        occupancy_ps=np.where(own, graph.occupancy_ps, times),
        latency_ps=np.where(own, graph.latency_ps, times),
    )


def busy_of(template: TaskTemplate, runs: Sequence[Run], services_ps: Ints, service: NDArray[np.int32]) -> Ints:
    """Units x time of each resource, over all tasks."""
    g = template.tasks
    owner = np.repeat(np.arange(g.n_tasks), np.diff(g.uses_ptr))
    times = template.times(runs)
    load = products(times, g.occupancy_ps)
    if services_ps.size:
        load = np.where(service >= 0, 0, load)
        at = 0
        for run in runs:
            for k, block in enumerate(run.blocks):
                rows = np.arange(template.block_ptr[block], template.block_ptr[block + 1])
                rows = rows[service[rows] >= 0]
                table = services_ps[at + k : at + run.n_blocks : len(run.blocks)]
                changing = products(table[:, service[rows]]).sum(axis=0)
                if changing.dtype == object:
                    load = load.astype(object)
                load[rows] += changing
            at += run.n_blocks
    return in_64_bits(
        sums_by(g.uses_resource, products(load[owner], g.uses_units), g.n_resources),
        "busy time of a resource, in ps times units",
    )


def play_in_full(
    template: TaskTemplate,
    runs: Sequence[Run],
    policy: str,
    services_ps: Ints,
    service: NDArray[np.int32],
    max_memory_bytes: int | None,
) -> LongRun:
    """Without compiled loops: unroll, and play everything."""
    n = template.n_tasks(runs)
    check_memory(
        f"a graph of {n} tasks", n * BYTES_PER_TASK, max_memory_bytes,
        'the rolling window needs numba: pip install "archsim[fast]"',
    )  # fmt: skip
    graph = graph_of(template, runs, services_ps, service)
    trace = run_tasks(graph, engine="heap", policy=policy)
    n_blocks = sum(run.n_blocks for run in runs)
    sizes = np.diff(template.block_ptr)[[b for run in runs for b in run.blocks * run.times]]
    block = np.repeat(np.arange(n_blocks), sizes)
    done = np.full(n_blocks, -1, np.int64)
    np.maximum.at(done, block, trace.done_ps)
    owner = np.repeat(np.arange(n), np.diff(graph.uses_ptr))
    over = np.maximum(0, (graph.occupancy_ps - (trace.makespan_ps - trace.start_ps))[owner])
    outlast = sums_by(graph.uses_resource, products(over, graph.uses_units), graph.n_resources)
    return LongRun(
        makespan_ps=trace.makespan_ps, n_tasks=n, n_blocks=n_blocks, n_played=n_blocks, jumps=(),
        window_blocks=n_blocks, n_bytes=n * BYTES_PER_TASK, first_done_ps=done[:KEEP],
        last_done_ps=done[max(0, n_blocks - KEEP) :], busy_ps=busy_of(template, runs, services_ps, service),
        outlast_ps=in_64_bits(outlast, "time beyond the end, in ps times units"), policy=policy,
    )  # fmt: skip
