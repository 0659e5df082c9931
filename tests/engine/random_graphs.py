"""Random task graphs full of ties, zero lengths, buffers, and some deadlocks; seeded."""

from __future__ import annotations

import random

from archsim.taskgraph import TaskGraph, TaskGraphBuilder


def random_graph(seed: int) -> TaskGraph:
    """A small graph; each seed leaves some features out, so that plain cases occur too.

    What is reserved is freed by the same task or a descendant, each unit once, so that a run
    that ends leaves every buffer as it was. Deadlocks may occur.
    """
    rng = random.Random(seed)
    n, n_resources = rng.randint(1, 40), rng.randint(1, 6)
    longest = rng.choice([0, 1, 2, 3, 3, 7, 1000])
    window, max_after = rng.choice([3, 10, 40]), rng.choice([1, 2, 3])
    split_times, with_buffers, hardly_tight = rng.random() < 0.6, rng.random() < 0.6, rng.random() < 0.5
    priorities = rng.choice([[0], [0, 1], [-1, 0, 2]])
    b = TaskGraphBuilder()
    capacity = [rng.choice([1, 1, 2, 3, 5]) + 4 * hardly_tight * rng.randint(0, 1) for _ in range(n_resources)]
    for r, units in enumerate(capacity):
        b.resource(f"r{r}", units)
    after = [rng.sample(range(max(0, i - window), i), min(i - max(0, i - window), rng.randint(0, max_after)))
             for i in range(n)]  # fmt: skip
    reserves: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    frees: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    if with_buffers:
        for i in range(n):
            if rng.random() < 0.4:
                claim = (r := rng.randrange(n_resources), rng.randint(1, capacity[r]))
                reserves[i].append(claim)
                heirs = [i, *(j for j in range(i + 1, n) if i in after[j])]
                frees[rng.choice(heirs)].append(claim)
    for i in range(n):
        uses: list[tuple[int, int]] = []
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            r = rng.randrange(n_resources)
            units = rng.choice([1, rng.randint(1, capacity[r])])
            taken = sum(u for q, u in uses + reserves[i] if q == r)
            if taken + units <= capacity[r] or rng.random() < 0.01:  # more than there is: now and then
                uses.append((r, units))
        occupancy = rng.randint(0, longest)
        b.task(
            action="act", uses=uses, reserves=reserves[i], frees=frees[i], occupancy_ps=occupancy,
            latency_ps=rng.randint(0, longest) if split_times else None,
            after=after[i], priority=rng.choice(priorities),
        )  # fmt: skip
    return b.build()
