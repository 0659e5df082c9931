"""Which kernel plays a graph never changes a bit; without numba the heap engine takes over."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from calls_support import calls_of

from archsim.engine import dispatch, heap_engine, run_tasks
from archsim.errors import DeadlockError, EngineError
from archsim.taskgraph import TaskGraphBuilder

numba = pytest.importorskip("numba")

FIRST = os.environ.get("ARCHSIM_NIGHTLY")  # as in test_equality
SEEDS = range(1_000) if FIRST is None else range(int(FIRST), int(FIRST) + 30_000)


def outcome(run, *args):
    """Ready, start, done and the words of a deadlock."""
    try:
        trace, words = run(*args), ""
    except DeadlockError as error:
        trace, words = error.trace, str(error)
    return trace.ready_ps.tolist(), trace.start_ps.tolist(), trace.done_ps.tolist(), words


@pytest.mark.parametrize("policy", ["fifo", "static"])
def test_every_kernel_gives_the_trace_of_the_heap_engine(policy, make_random_graph, make_plain_graph):
    played = Counter()
    for seed in SEEDS:
        for make in make_random_graph, make_plain_graph:
            graph = make(seed)
            expected = outcome(heap_engine.run, graph, policy)
            for kernel in dispatch.kernels_for(graph, policy):
                played[kernel] += 1
                assert outcome(dispatch.run, graph, policy, kernel) == expected, f"{make}, seed {seed}, {kernel}"
    fast = {"in order", "wheel", "heap"} if policy == "fifo" else {"static"}
    assert set(played) == {*fast, "general wheel", "general heap"}
    assert min(played.values()) > len(SEEDS) / 4


def graph_of(**changes):
    """Two tasks on one converter, with one thing changed."""
    b = TaskGraphBuilder()
    adc = b.resource("adc", changes.pop("capacity", 1))
    wait = b.resource("bus")
    claims = {"uses": [(adc, 1)], "occupancy_ps": 10}
    first = b.task(action="convert", **claims)
    claims |= {name: value(adc, wait) if callable(value) else value for name, value in changes.items()}
    b.task(action="convert", after=[first], **claims)
    return b.build()


@pytest.mark.parametrize(
    ("policy", "change", "kernel"),
    [
        ("fifo", {}, "in order"),
        ("fifo", {"uses": []}, "in order"),
        ("fifo", {"occupancy_ps": 2**40 + 1}, "in order"),
        ("fifo", {"occupancy_ps": 10 * 2**9}, "in order"),
        ("fifo", {"occupancy_ps": 0}, "general wheel"),
        ("fifo", {"latency_ps": 15}, "in order"),
        ("fifo", {"latency_ps": 2**40 + 1}, "in order"),
        ("fifo", {"priority": 1}, "general wheel"),
        ("fifo", {"uses": lambda adc, bus: [(adc, 1), (bus, 1)]}, "in order"),
        ("fifo", {"uses": lambda adc, _: [(adc, 2)], "capacity": 2}, "general wheel"),
        ("fifo", {"frees": lambda adc, _: [(adc, 1)], "reserves": lambda adc, _: [(adc, 1)]}, "general wheel"),
        ("static", {"priority": 1, "latency_ps": 0}, "static"),
        ("static", {"uses": lambda adc, bus: [(adc, 1), (bus, 1)]}, "static"),
        ("static", {"uses": lambda adc, _: [(adc, 2)], "capacity": 2}, "general wheel"),
        ("static", {"capacity": 65}, "general wheel"),
        ("static", {"capacity": 0}, "general wheel"),
    ],
)
def test_a_graph_is_played_by_the_fastest_kernel_that_knows_its_rules(policy, change, kernel):
    graph = graph_of(**change)
    choices = dispatch.kernels_for(graph, policy)
    assert choices[0] == kernel
    assert choices[-1] == "general heap"
    assert outcome(dispatch.run, graph, policy) == outcome(heap_engine.run, graph, policy)


def test_a_kernel_that_lacks_a_rule_is_refused_with_those_that_know_it():
    with pytest.raises(EngineError, match="'wheel' cannot play this graph; these can: general wheel"):
        dispatch.run(graph_of(priority=1), "fifo", "wheel")


def test_without_numba_the_heap_engine_takes_over(monkeypatch, make_random_graph):
    expected = outcome(dispatch.run, make_random_graph(5), "fifo")
    monkeypatch.setitem(sys.modules, "archsim.engine.kernels.parts", None)
    called = []
    monkeypatch.setattr(heap_engine, "run", lambda *args, run=heap_engine.run: called.append(1) or run(*args))
    assert outcome(run_tasks, make_random_graph(5), "compiled") == expected
    assert called


def test_numba_is_loaded_only_for_the_compiled_engine():
    script = (
        "import sys; from archsim import TaskGraphBuilder, run_tasks\n"
        "b = TaskGraphBuilder(); b.task(action='a'); g = b.build(); run_tasks(g, engine='heap')\n"
        "print('numba' in sys.modules); run_tasks(g, engine='compiled'); print('numba' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "True"]


@pytest.mark.parametrize(
    "column",
    [
        {"after_idx": np.array([2], np.int32)},
        {"after_idx": np.array([-1], np.int32)},
        {"uses_resource": np.array([0, 9], np.int32)},
        {"uses_ptr": np.array([0, 3, 2])},
        {"frees_ptr": np.array([0, 0])},
    ],
)
def test_columns_that_lead_outside_are_refused(column):
    with pytest.raises(EngineError, match=r"columns of '(after|uses|frees)' do not fit together"):
        run_tasks(replace(graph_of(), **column), engine="compiled")


@pytest.mark.parametrize("policy", ["fifo", "static"])
@pytest.mark.parametrize("huge", ["occupancy_ps", "units", "given", "sum", "capacity"])
def test_numbers_at_the_edge_of_64_bits_give_what_pythons_numbers_give(policy, huge):
    """An occupancy that ends beyond 64 bits is no error while nobody waits for its end."""
    b = TaskGraphBuilder()
    most = 2**63 - 1
    r, big = b.resource("r", 2), b.resource("big", most)
    tall = b.resource("tall", most if huge == "capacity" else 1)
    first = b.task(action="a", uses=[(r, 1)], occupancy_ps=5)
    last = b.task(action="hold", uses=[(r, 1)], occupancy_ps=most if huge == "occupancy_ps" else 7, latency_ps=3,
                  after=[first])  # fmt: skip
    if huge == "units":
        b.task(action="u", uses=[(tall, most)], occupancy_ps=1, after=[last])
    if huge == "given":
        b.task(action="g", frees=[(big, most), (r, 1)], after=[last])
    if huge == "sum":
        b.task(action="s", uses=[(big, most)], reserves=[(big, most)], after=[last])
    if huge == "capacity":
        b.task(action="c", uses=[(tall, most)], reserves=[(big, most)], frees=[(big, most)], after=[last])
    graph = b.build()
    expected = outcome(heap_engine.run, graph, policy)
    for kernel in dispatch.kernels_for(graph, policy):
        assert outcome(dispatch.run, graph, policy, kernel) == expected


def test_a_shuffled_numbering_gives_the_same_trace():
    """Columns filled by hand may number a task before its predecessor; the pass over the ids then steps back."""
    b = TaskGraphBuilder()
    r = b.resource("r")
    for _ in range(3):
        b.task(action="a", uses=[(r, 1)], occupancy_ps=5)
    graph = replace(b.build(), after_ptr=np.array([0, 0, 1, 1]), after_idx=np.array([2], np.int32))
    for policy in "fifo", "static":
        expected = outcome(heap_engine.run, graph, policy)
        for kernel in (None, *dispatch.kernels_for(graph, policy)):
            assert outcome(dispatch.run, graph, policy, kernel) == expected


@pytest.mark.parametrize("late", [False, True])
def test_the_pass_in_order_gives_up_where_a_later_task_is_ready_before_an_earlier_one(late):
    """Two jobs through two servers; the first is `late` at the second server, where the other one overtakes it."""
    from archsim.engine.columns import services_of, structure_of
    from archsim.engine.kernels.parts import FINISHED, OUT_OF_ORDER
    from archsim.engine.kernels.structs import Times

    b = TaskGraphBuilder()
    one, two, other = b.resource("one"), b.resource("two"), b.resource("other")
    first = b.task(action="a", uses=[(one, 1)], occupancy_ps=9 if late else 3)
    b.task(action="b", uses=[(two, 1)], occupancy_ps=5, after=[first])
    second = b.task(action="a", uses=[(other, 1)], occupancy_ps=4)
    b.task(action="b", uses=[(two, 1)], occupancy_ps=5, after=[second])
    graph = b.build()
    structure = structure_of(graph)
    services = services_of(structure, graph.occupancy_ps, graph.latency_ps)
    times = Times(*np.empty((3, 4), np.int64))
    how = dispatch.play(("in order",), structure, services, "fifo", times, np.empty(3, np.int64))
    assert how == (OUT_OF_ORDER if late else FINISHED)
    done = [9, 14, 4, 9] if late else [3, 8, 4, 13]
    assert run_tasks(graph, engine="compiled").done_ps.tolist() == done
    assert run_tasks(graph, engine="simpy").done_ps.tolist() == done


def test_graph_and_run_stay_within_64_bytes_per_task_on_the_simple_path():
    """Three predecessors each, labels and all. Of the run, ready, start and done are 24 bytes. Room for who is
    newly ready, 4 bytes for each task, is reserved but touched only as far as tasks become ready at once."""
    n = 100_000
    b = TaskGraphBuilder()
    part = [b.resource(f"part[{k}]", 4) for k in range(8)]
    for i in range(n):
        b.task(action=f"work{i % 5}", uses=[(part[i % 8], 1)], occupancy_ps=1 + i % 7, layer=f"fc{i % 4}",
               stage="forward", timestep=i // 100, after=[i - 9, i - 5, i - 4] if i > 8 else [])  # fmt: skip
    graph = b.build()
    run_tasks(graph, engine="compiled")
    tracemalloc.start()
    trace = run_tasks(graph, engine="compiled")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert trace.n_tasks == n
    assert dispatch.kernels_for(graph, "fifo")[:2] == ("in order", "wheel")
    assert (graph.n_bytes + peak) / n - 4 < 64


def test_the_compiled_engine_calls_no_function_of_python_for_a_task():
    """Why it is hundreds of times faster than the heap engine, see benchmarks/engine.py."""
    n = 5_000
    b = TaskGraphBuilder()
    parts = [b.resource(f"part[{k}]") for k in range(64)]
    for i in range(n):
        b.task(action="work", uses=[(parts[i % 64], 1)], occupancy_ps=1 + i % 7, after=[i - 9] if i > 8 else [])
    graph = b.build()
    dispatch.run(graph, "fifo")  # compiled, or loaded from the cache
    assert dispatch.kernels_for(graph, "fifo")[0] == "in order"
    assert calls_of(lambda: dispatch.run(graph, "fifo")) < n / 5
    assert calls_of(lambda: heap_engine.run(graph, "fifo")) > n
