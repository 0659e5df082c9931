"""Kernels keep to the memory they are given, and read nothing there that they did not write in the same run.

Every column that a run works in is filled with garbage and lies between guards as long as itself. The graphs
leave whole features out (swarm testing: Groce et al., ISSTA 2012), for an error may need that: tasks that only
reserve, with unlike times, where all that use something have equal ones, came up in no graph with all features.
"""

from __future__ import annotations

import os
import random

import numpy as np
import pytest
from template_support import random_template

from archsim.engine import columns, dispatch, heap_engine, run_tasks
from archsim.engine.long import rolling, run_long
from archsim.errors import DeadlockError
from archsim.taskgraph import TaskGraphBuilder

numba = pytest.importorskip("numba")

GARBAGE = 0x5A
FIRST = os.environ.get("ARCHSIM_NIGHTLY")  # as in test_equality
SEEDS = range(200) if FIRST is None else range(int(FIRST), int(FIRST) + 5_000)


class Guarded:
    """numpy, but what is allocated lies between guards; what is not set to a value holds garbage."""

    def __init__(self):
        self.blocks = []

    def __getattr__(self, name):
        return getattr(np, name)

    def empty(self, shape, dtype=float):
        n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        guard = max(64, -(-n_bytes // 64) * 64)
        block = np.full(guard + n_bytes + guard, GARBAGE, np.uint8)
        self.blocks.append((block, guard, n_bytes))
        return block[guard : guard + n_bytes].view(dtype).reshape(shape)

    def full(self, shape, value, dtype=float):
        column = self.empty(shape, dtype)
        column[...] = value
        return column

    def zeros(self, shape, dtype=float):
        return self.full(shape, 0, dtype)

    def block(self, *columns):
        """As `dispatch._block`, but with guards between the columns."""
        return tuple(self.empty(n, of) for n, of in columns)

    def intact(self):
        return all(
            (block[:guard] == GARBAGE).all() and (block[guard + n_bytes :] == GARBAGE).all()
            for block, guard, n_bytes in self.blocks
        )


@pytest.fixture
def guard(monkeypatch):
    """Put guards around what the modules of the engine allocate from now on."""

    def guarded():
        numpy = Guarded()
        for module in (columns, dispatch, rolling):
            monkeypatch.setattr(module, "np", numpy)
        monkeypatch.setattr(dispatch, "_block", numpy.block)
        return numpy

    return guarded


def lengths(rng, relation, longest):
    """Occupancy and latency of a kind of task."""
    occupancy, more = rng.randint(1, longest), rng.randint(1, longest)
    return {
        "equal": (occupancy, occupancy),
        "pipelined": (occupancy, occupancy + more),
        "cut-through": (occupancy + more, occupancy),
        "done at once": (occupancy, 0),
        "holds nothing long": (0, occupancy),
        "no time": (0, 0),
    }[relation]


RELATIONS = ("equal", "pipelined", "cut-through", "done at once", "holds nothing long", "no time")


def claims(rng, capacity, taken=()):
    """Units of some resources, within capacity."""
    left = [c - sum(u for q, u in taken if q == r) for r, c in enumerate(capacity)]
    some = [r for r in rng.sample(range(len(capacity)), min(len(capacity), rng.randint(1, 3))) if left[r] > 0]
    return [(r, rng.choice([1, rng.randint(1, left[r])])) for r in some]


def swarm_graph(seed):
    """A graph of some kinds of tasks, whose times and needs are drawn by graph, by kind and then by task."""
    rng = random.Random(seed)
    n, longest = rng.choice([3, 20, 60, 250]), rng.choice([1, 3, 50, 2**20])
    capacity = [rng.choice([1, 1, 2, 3, 8, 70]) for _ in range(rng.randint(1, 8))]
    priorities = rng.choice([[0], [0], [0, 1], list(range(-20, 20))])
    of_users = rng.sample(RELATIONS, rng.choice([1, 1, 2, 4]))
    of_others = rng.sample(RELATIONS, rng.choice([1, 1, 2, 4]))
    needs = rng.choice([("uses",), ("reserves",), ("uses", "reserves"), ("uses", "reserves", "both", "none")])
    window, max_after = rng.choice([1, 5, 40]), rng.choice([1, 2, 4])
    after = [rng.sample(range(max(0, i - window), i), min(i, window, rng.randint(0, max_after))) for i in range(n)]
    heirs = {i: [i] for i in range(n)}
    for i in range(n):
        for before in after[i]:
            heirs[before].append(i)
    uses, reserves, frees = ([[] for _ in range(n)] for _ in range(3))
    b = TaskGraphBuilder()
    for r, units in enumerate(capacity):
        b.resource(f"r{r}", units)
    for i in range(n):
        need = rng.choice(needs)
        if need in ("reserves", "both") and rng.random() < 0.7:
            reserves[i] = claims(rng, capacity)
            for claim in reserves[i]:
                frees[rng.choice(heirs[i])].append(claim)
        if need in ("uses", "both"):
            uses[i] = claims(rng, capacity, reserves[i])
    for i in range(n):
        occupancy, latency = lengths(rng, rng.choice(of_users if uses[i] else of_others), longest)
        b.task(
            action="act", uses=uses[i], reserves=reserves[i], frees=frees[i], occupancy_ps=occupancy,
            latency_ps=latency, after=after[i], priority=rng.choice(priorities),
        )  # fmt: skip
    return b.build()


def outcome(run, *args):
    """Ready, start, done and the words of a deadlock."""
    try:
        trace, words = run(*args), ""
    except DeadlockError as error:
        trace, words = error.trace, str(error)
    return trace.ready_ps.tolist(), trace.start_ps.tolist(), trace.done_ps.tolist(), words


@pytest.mark.parametrize("policy", ["fifo", "static"])
def test_kernels_write_only_where_they_may_and_read_no_garbage(policy, guard):
    n_deadlocks = n_played = 0
    for seed in SEEDS:
        graph = swarm_graph(seed)
        expected = outcome(heap_engine.run, graph, policy)
        n_deadlocks += bool(expected[3])
        for kernel in dispatch.kernels_for(graph, policy):
            numpy = guard()
            assert outcome(dispatch.run, graph, policy, kernel) == expected, f"seed {seed}, {kernel}"
            assert numpy.intact(), f"seed {seed}, {kernel}"
            assert len(numpy.blocks) > 3
            n_played += 1
    assert len(SEEDS) / 10 < n_deadlocks < len(SEEDS) * 0.7
    assert n_played > 1.5 * len(SEEDS)


def test_tasks_that_only_reserve_may_have_unlike_times_where_all_others_have_equal_ones(guard):
    """What they reserve comes back by frees: they hold nothing that ends apart from them."""
    b = TaskGraphBuilder()
    for lane in range(4):
        buffer, link, last = b.resource(f"buffer[{lane}]", 2), b.resource(f"link[{lane}]"), []
        for _ in range(50):
            head = b.task(action="admit", reserves=[(buffer, 1)], occupancy_ps=3, latency_ps=7, after=last)
            last = [b.task(action="hop", uses=[(link, 1)], frees=[(buffer, 1)], occupancy_ps=5, after=[head])]
    graph = b.build()
    for kernel in ("general wheel", "general heap"):
        numpy = guard()
        trace = dispatch.run(graph, "fifo", kernel)
        assert numpy.intact()
        assert trace.start_ps.tolist() == 4 * [t for k in range(50) for t in (12 * k, 12 * k + 7)]
        assert trace.makespan_ps == 50 * 12


def test_the_rolling_window_keeps_to_its_memory_too(guard):
    for seed in range(60):
        policy = ("fifo", "static")[seed % 2]
        template = random_template(seed, plain=False, loose=False)[0]
        graph = template.unroll(20)
        expected = outcome(run_tasks, graph, "compiled", policy)
        numpy = guard()
        try:
            assert run_long(template, 20, policy).makespan_ps == max(expected[2])
        except DeadlockError:
            assert expected[3]
        assert numpy.intact(), f"seed {seed}"
