"""The steady state as a maximum cycle ratio: what the simulation settles to, and what networkx enumerates."""

from __future__ import annotations

import random
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from oracles.cycle_ratio import _edges, cycle_ratio
from template_support import random_template

from archsim.engine.long import run_long
from archsim.errors import EngineError
from archsim.taskgraph import TaskGraphBuilder, TaskTemplate


def event_graph(seed: int) -> TaskTemplate:
    """Tasks on single units, or on several that take equally long; latencies of their own."""
    rng = random.Random(seed)
    b, n = TaskGraphBuilder(), rng.randint(2, 12)
    banks = [(b.resource(f"r{k}", units), units, rng.randint(1, 40)) for k, units in enumerate((1, 1, 2, 3))]
    for i in range(n):
        bank, units, length = rng.choice(banks)
        held = rng.randint(0, 60) if units == 1 else length
        b.task(action="run", uses=[(bank, 1)], occupancy_ps=held, latency_ps=rng.randint(0, 80),
               after=rng.sample(range(i), min(i, rng.randint(0, 2))))  # fmt: skip
    # every task waits for the last one and the last for every task, so that all have one rate
    carried = [(n - 1, task, rng.randint(1, 3)) for task in range(n)] + [(task, n - 1, 1) for task in range(n)]
    return TaskTemplate.of(b.build(), carried)


def test_the_simulation_settles_to_the_cycle_ratio():
    settled = 0
    for seed in range(150):
        template = event_graph(seed)
        run = run_long(template, 3000, "static")
        if run.jumps:
            settled += 1
            assert Fraction(run.jumps[0].period_ps, run.jumps[0].period) == cycle_ratio(template), seed
    assert settled > 140


def test_the_ratio_is_the_largest_of_all_cycles_that_networkx_finds():
    for seed in range(40):
        template = event_graph(seed)
        before, task, time, lag = (np.concatenate(parts) for parts in zip(*_edges(template), strict=True))
        graph = nx.MultiDiGraph()
        for k in range(len(before)):
            # an edge as a node of its own, so that parallel edges are told apart
            graph.add_edge(("task", int(before[k])), ("edge", k))
            graph.add_edge(("edge", k), ("task", int(task[k])))
        best = Fraction(0)
        for count, cycle in enumerate(nx.simple_cycles(nx.DiGraph(graph))):
            edges = [k for kind, k in cycle if kind == "edge"]
            best = max(best, Fraction(int(time[edges].sum()), int(lag[edges].sum())))
            if count > 3000:
                break
        else:
            assert cycle_ratio(template) == best, seed
            continue
        assert cycle_ratio(template) >= best, seed


def test_the_slowest_of_two_lanes_has_the_period():
    b = TaskGraphBuilder()
    lanes = [b.task(action="run", uses=[(b.resource(f"lane[{k}]"), 1)], occupancy_ps=10 + k) for k in range(2)]
    template = TaskTemplate.of(b.build(), [(lane, lane, 1) for lane in lanes])
    assert cycle_ratio(template) == 11


def test_two_registers_between_two_stages_give_a_fraction():
    b = TaskGraphBuilder()
    one = b.task(action="read", uses=[(b.resource("a"), 1)], occupancy_ps=10, latency_ps=40)
    two = b.task(action="read", uses=[(b.resource("b"), 1)], occupancy_ps=10, latency_ps=41, after=[one])
    template = TaskTemplate.of(b.build(), [(two, one, 2)])
    assert cycle_ratio(template) == Fraction(81, 2)


def test_what_is_no_event_graph_is_refused_with_all_reasons():
    b = TaskGraphBuilder()
    bank, space = b.resource("bank", 2), b.resource("space", 1)
    b.task(action="run", uses=[(bank, 1)], occupancy_ps=10, reserves=[(space, 1)], frees=[(space, 1)])
    b.task(action="run", uses=[(bank, 1)], occupancy_ps=20)
    with pytest.raises(EngineError, match=r"reserve units.*'bank' serves tasks of unlike size"):
        cycle_ratio(TaskTemplate.of(b.build()))


def test_a_periodic_run_of_any_plain_template_has_the_period_of_the_ratio():
    settled = 0
    for seed in range(60):
        template = random_template(seed, plain=True)[0]
        run = run_long(template, 3000, "static")
        if run.jumps:
            settled += 1
            assert Fraction(run.jumps[0].period_ps, run.jumps[0].period) == cycle_ratio(template)
    assert settled > 40
