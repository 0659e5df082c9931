"""Random templates, and the graph they stand for, laid down task by task."""

from __future__ import annotations

import random

import numpy as np

from archsim.taskgraph import TaskGraph, TaskGraphBuilder, TaskTemplate

Edge = tuple[int, int, int]
NAMES = ("r", "s", "t", "u", "v", "w")


def random_template(
    seed: int, *, plain: bool = False, loose: bool = False
) -> tuple[TaskTemplate, list[dict], list[int], list[Edge]]:
    """A template, its tasks as arguments of `TaskGraphBuilder.task`, capacities, and carried edges.

    Every task has an edge from an earlier iteration, so that nothing runs ahead without bound, unless `loose`.
    What is reserved is freed by the same task or a later one. `plain`: one single-unit resource per task.
    """
    rng = random.Random(seed)
    n, n_resources = rng.randint(1, 9), rng.randint(1, 4)
    capacity = [1 if plain else rng.choice([1, 1, 2, 3]) for _ in range(n_resources)]
    longest = rng.choice([1, 3, 50, 1000])
    tasks: list[dict] = []
    for i in range(n):
        length = rng.randint(1 if plain else 0, longest)
        r = rng.randrange(n_resources)
        tasks.append({
            "action": rng.choice(["read", "convert"]), "count": rng.randint(0, 5), "layer": rng.choice(["a", "b"]),
            "uses": [(r, 1 if plain else rng.randint(1, capacity[r]))], "occupancy_ps": length,
            "latency_ps": length if plain or rng.random() < 0.5 else rng.randint(0, longest),
            "after": rng.sample(range(i), min(i, rng.choice([0, 1, 2]))),
            "priority": 0 if plain else rng.choice([0, 0, 1]), "reserves": [], "frees": [],
        })  # fmt: skip
    if not plain and rng.random() < 0.5:
        i = rng.randrange(n)
        j = rng.randrange(i, n)
        space = len(capacity)
        capacity.append(rng.choice([1, 2, 4]))
        tasks[i]["reserves"], tasks[j]["frees"] = [(space, 1)], [(space, 1)]
        if i not in tasks[j]["after"] and i != j:
            tasks[j]["after"] = [*tasks[j]["after"], i]
    carried = {
        (rng.randrange(n), task, rng.choice([1, 1, 2, 3])) for task in range(n) if loose is False or task % 2
    }
    b = TaskGraphBuilder()
    for name, units in zip(NAMES, capacity, strict=False):
        b.resource(name, units)
    for task in tasks:
        b.task(**task, timestep=0)
    edges = sorted(carried)
    return TaskTemplate.of(b.build(), edges), tasks, capacity, edges


def laid_by_hand(tasks: list[dict], capacity: list[int], carried: list[Edge], n: int) -> TaskGraph:
    """The graph of n iterations, task by task."""
    b = TaskGraphBuilder()
    for name, units in zip(NAMES, capacity, strict=False):
        b.resource(name, units)
    size = len(tasks)
    for t in range(n):
        for i, task in enumerate(tasks):
            late = [(t - lag) * size + before for before, to, lag in carried if to == i and lag <= t]
            after = sorted({*late, *(t * size + before for before in task["after"])})
            b.task(**{**task, "after": after}, timestep=t)
    return b.build()


def same_columns(one: TaskGraph, other: TaskGraph) -> None:
    """Assert that two graphs are equal, column by column."""
    from dataclasses import fields

    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, tuple):
            assert a == b, field.name
        else:
            np.testing.assert_array_equal(a, b, err_msg=field.name)
            assert a.dtype == b.dtype, field.name


def snn_template(seed: int | None = None, layers: int = 3, tiles: int = 2) -> TaskTemplate:
    """One timestep of a pipelined network: arrays, shared converters, neurons, messages into finite buffers.

    All parts are alike without a seed; with one, each task takes 50 to 150 % of its time.
    """
    rng = random.Random(seed)
    b = TaskGraphBuilder()
    carried: list[Edge] = []

    def time(ps: int) -> int:
        return ps if seed is None else ps * rng.randint(50, 150) // 100

    spaces = [[b.resource(f"buffer[{layer}][{k}]", 2) for k in range(tiles)] for layer in range(layers)]
    sent: list[int] = []
    for layer in range(layers):
        link, label = b.resource(f"link[{layer}]", 2), {"layer": str(layer), "timestep": 0}
        reads, updates = [], []
        for tile in range(tiles):
            array, adc = b.resource(f"array[{layer}][{tile}]"), b.resource(f"adc[{layer}][{tile}]", 2)
            frees = [(spaces[layer][tile], 1)] if layer else []
            read = b.task(
                action="read", uses=[(array, 1)], occupancy_ps=time(100), after=sent, frees=frees, **label
            )
            converts = [
                b.task(
                    action="convert",
                    uses=[(adc, 1)],
                    occupancy_ps=time(30),
                    latency_ps=time(50),
                    after=[read],
                    **label,
                )
                for _ in range(4)
            ]
            update = b.task(action="update", occupancy_ps=time(20), after=converts, **label)
            carried += [(read, read, 1), (update, update, 1), *((convert, read, 2) for convert in converts)]
            reads.append(read)
            updates.append(update)
        goes_on = layer + 1 < layers
        admits = [
            b.task(
                action="admit", after=[update], reserves=[(spaces[layer + 1][k], 1)] if goes_on else [], **label
            )
            for k, update in enumerate(updates)
        ]
        sent = [
            b.task(action="hop", uses=[(link, 1)], occupancy_ps=time(25), after=[admit], **label)
            for admit in admits
        ]
        # output registers: the arrays of this layer wait until what they computed has left
        carried += [(admit, read, 3) for admit, read in zip(admits, reads, strict=True)]
    return TaskTemplate.of(b.build(), carried)
