"""What would not fit into memory is refused before it is allocated; the estimates hold."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from archsim.engine import ENGINES, run_many, run_tasks
from archsim.engine.memory import run_bytes
from archsim.errors import EngineError
from archsim.taskgraph import TaskGraphBuilder, memory
from archsim.taskgraph.memory import available_bytes, build_bytes, graph_bytes, verify_bytes
from archsim.verify import verify
from archsim.verify.plain import check
from archsim.verify.quick import is_right


def pipeline(n_tasks, all_rules=False):
    """Every third task waits for two; eight resources."""
    b = TaskGraphBuilder()
    parts = [b.resource(f"part[{k}]", 2) for k in range(8)]
    for i in range(n_tasks):
        more = {"reserves": [(parts[i % 8], 1)], "frees": [(parts[i % 8], 1)]} if all_rules else {}
        b.task(action="work", uses=[(parts[i % 7], 1)], occupancy_ps=1 + i % 5, layer=f"l{i % 3}", timestep=i,
               latency_ps=2 + i % 5 if all_rules else None, after=[i - 9, i - 5][: 1 + i % 3] if i > 8 else [],
               **more)  # fmt: skip
    return b


def size_of(graph):
    n_claims = len(graph.uses_resource) + len(graph.reserves_resource) + len(graph.frees_resource)
    return graph.n_tasks, len(graph.after_idx), n_claims


def peak_of(run):
    tracemalloc.start()
    result = run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, peak


@pytest.mark.parametrize("all_rules", [False, True])
def test_builder_and_graph_stay_within_their_estimates_and_use_a_good_part_of_them(all_rules):
    graph, peak = peak_of(lambda: pipeline(20_000, all_rules).build())
    assert graph.n_bytes <= graph_bytes(*size_of(graph)) < 3 * graph.n_bytes
    assert peak <= build_bytes(*size_of(graph)) < 2 * peak


@pytest.mark.parametrize("all_rules", [False, True])
def test_a_run_stays_within_its_estimate(engine, all_rules):
    graph = pipeline(20_000, all_rules).build()
    run_tasks(graph, engine=engine)
    trace, peak = peak_of(lambda: run_tasks(graph, engine=engine))
    assert peak <= run_bytes(*size_of(graph), engine, all_rules)
    verify(graph, trace)
    _, peak = peak_of(lambda: verify(graph, trace))
    assert peak <= verify_bytes(*size_of(graph), plain=not is_right(graph, trace, "fifo"))


@pytest.mark.parametrize("all_rules", [False, True])
def test_both_checks_stay_within_their_estimates_and_use_a_good_part_of_them(all_rules):
    graph = pipeline(20_000, all_rules).build()
    trace = run_tasks(graph, engine="compiled")
    _, peak = peak_of(lambda: check(graph, trace, "fifo", None))
    assert peak <= verify_bytes(*size_of(graph), plain=True) < 1.5 * peak
    if is_right(graph, trace, "fifo"):  # else there are no compiled loops here
        _, peak = peak_of(lambda: is_right(graph, trace, "fifo"))
        assert peak <= verify_bytes(*size_of(graph)) < 2 * peak


def test_a_run_that_needs_more_than_it_may_is_refused_with_what_helps(engine):
    graph = pipeline(1_000).build()
    with pytest.raises(EngineError) as caught:
        run_tasks(graph, engine=engine, max_memory=10_000)
    message = str(caught.value)
    assert message.startswith("a run of 1,000 tasks needs about ")
    assert "allowed are 10000 bytes; what helps: " in message
    assert ('engine="compiled" needs' in message) == (engine != "compiled")
    enough = run_bytes(*size_of(graph), engine, all_rules=False)
    assert run_tasks(graph, engine=engine, max_memory=enough).n_tasks == 1_000


def test_a_hundred_million_tasks_are_refused_before_anything_is_allocated(monkeypatch):
    """The columns repeat one number, so this graph itself is small."""
    n = 100_000_000
    b = TaskGraphBuilder()
    b.task(action="a", latency_ps=1)
    graph = b.build()
    columns = {
        name: np.broadcast_to(column, n)
        for name, column in vars(graph).items()
        if isinstance(column, np.ndarray) and len(column) == 1 and name != "capacity"
    }
    rows = np.broadcast_to(graph.after_ptr[:1], n + 1)
    columns |= {f"{name}_ptr": rows for name in ("after", "uses", "reserves", "frees")}
    columns["occupancy_ps"] = columns["latency_ps"]
    graph = replace(graph, **columns)
    monkeypatch.setattr(memory, "available_bytes", lambda: 2**31)
    for engine in ENGINES:
        with pytest.raises(EngineError, match=r"100,000,000 tasks needs about .* available are 2.00 GiB"):
            run_tasks(graph, engine=engine)
    with pytest.raises(EngineError, match="fewer than 2 workers"):
        run_many(graph, [[1], [2], [3]], classes=graph.action, workers=2)


def test_building_is_refused_when_the_copies_do_not_fit():
    with pytest.raises(EngineError, match=r"of 100 tasks needs about \d+ bytes of memory, allowed are 99 bytes"):
        pipeline(100).build(max_memory=99)


def test_a_limit_below_one_byte_is_refused(engine):
    with pytest.raises(EngineError, match="max_memory is 0 bytes"):
        run_tasks(pipeline(10).build(), engine=engine, max_memory=0)


def test_what_is_available_is_the_least_of_machine_and_container(monkeypatch):
    monkeypatch.setattr(memory, "_of_the_machine", lambda: 100)
    monkeypatch.setattr(memory, "_of_the_container", lambda: 70)
    assert available_bytes() == 70
    monkeypatch.setattr(memory, "_of_the_container", lambda: None)
    assert available_bytes() == 100
    monkeypatch.setattr(memory, "_of_the_machine", lambda: None)
    assert available_bytes() is None
