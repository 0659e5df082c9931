"""A wrong trace is refused, with the rule that it breaks; each rule has a trace that breaks it."""

from __future__ import annotations

import ast
import importlib
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from calls_support import calls_of

from archsim import compiling
from archsim.engine import run_tasks
from archsim.engine.bounds import lower_bound
from archsim.errors import DeadlockError, EngineError, TraceError
from archsim.taskgraph import TaskGraphBuilder
from archsim.trace import Trace
from archsim.verify import verify

module = importlib.import_module("archsim.verify")
plain = importlib.import_module("archsim.verify.plain")
rules = importlib.import_module("archsim.verify.rules")
quick = importlib.import_module("archsim.verify.quick")


def moved(graph, trace, task, start):
    """The same trace with one task moved; done and ready stay consistent."""
    starts = trace.start_ps.copy()
    starts[task] = start
    done = starts + graph.latency_ps
    ready = np.zeros_like(starts)
    owner = np.repeat(np.arange(graph.n_tasks), np.diff(graph.after_ptr))
    np.maximum.at(ready, owner, done[graph.after_idx])
    return Trace(ready, starts, done)


@pytest.fixture
def three_on_one_adc():
    b = TaskGraphBuilder()
    adc = b.resource("adc")
    first = b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10, latency_ps=12)
    b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10)
    b.task(action="convert", uses=[(adc, 1)], occupancy_ps=10, after=[first])
    graph = b.build()
    trace = Trace(np.array([0, 0, 12]), np.array([0, 10, 20]), np.array([12, 20, 30]))  # by hand
    return graph, trace


def refuse(graph, trace, rule, task=None, policy="fifo"):
    with pytest.raises(TraceError) as caught:
        verify(graph, trace, policy=policy)
    assert caught.value.rule == rule
    assert rule in str(caught.value)
    assert task is None or caught.value.task == task


def test_a_right_trace_passes(three_on_one_adc):
    verify(*three_on_one_adc)


@pytest.fixture(autouse=True)
def compiled_at_once():
    """Whatever is kept from earlier runs: small graphs go through the compiled loops, too."""
    compiling.ask()


def imported_by(path):
    return {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
        if name and name.startswith("archsim")
    }


def test_verify_shares_no_code_with_the_engines():
    files = sorted(Path(module.__file__).parent.glob("*.py"))
    assert len(files) == 5
    imported = set().union(*(imported_by(path) for path in files))
    assert {name for name in imported if not name.startswith("archsim.verify")} == {
        "archsim.compiling", "archsim.errors", "archsim.jit", "archsim.taskgraph", "archsim.taskgraph.compiled",
        "archsim.taskgraph.whole", "archsim.trace",
    }  # fmt: skip


def test_a_trace_that_undercuts_a_bound_is_refused(three_on_one_adc):
    graph, trace = three_on_one_adc
    bound = lower_bound(graph)
    verify(graph, trace, bound=bound)
    with pytest.raises(TraceError, match=r"task 1 .* starts at 10 ps, but its lower bound is 11 ps") as caught:
        verify(graph, trace, bound=replace(bound, start_ps=np.array([0, 11, 12])))
    assert caught.value.rule == rules.BOUND
    with pytest.raises(TraceError, match=r"task 2 .* done at 30 ps, but no run ends before 31 ps"):
        verify(graph, trace, bound=replace(bound, makespan_ps=31))


@pytest.mark.parametrize("column", ["ready_ps", "start_ps", "done_ps"])
def test_a_task_that_never_ran_is_refused(three_on_one_adc, column):
    graph, trace = three_on_one_adc
    getattr(trace, column)[1] = -1
    refuse(graph, trace, rules.ONCE, 1)


def test_a_trace_of_another_length_or_of_floats_is_refused(three_on_one_adc):
    graph, trace = three_on_one_adc
    refuse(graph, replace(trace, start_ps=trace.start_ps[:2]), rules.ONCE)
    refuse(graph, replace(trace, start_ps=trace.start_ps.astype(float)), rules.ONCE)


def test_a_task_done_too_late_is_refused(three_on_one_adc):
    graph, trace = three_on_one_adc
    trace.done_ps[2] += 1
    refuse(graph, trace, rules.DONE, 2)


@pytest.mark.parametrize(("task", "ready"), [(0, 1), (2, 11), (2, 13)])
def test_a_wrong_ready_time_is_refused(three_on_one_adc, task, ready):
    graph, trace = three_on_one_adc
    trace.ready_ps[task] = ready
    refuse(graph, trace, rules.READY, task)


def test_a_start_before_the_predecessor_is_done_is_refused(three_on_one_adc):
    graph, trace = three_on_one_adc
    refuse(graph, moved(graph, trace, 2, 11), rules.CAUSALITY, 2)


def test_two_tasks_at_once_on_one_adc_are_refused(three_on_one_adc):
    graph, trace = three_on_one_adc
    refuse(graph, moved(graph, trace, 2, 19), rules.CAPACITY, 2)


def test_units_that_are_reserved_count_until_the_freeing_task_is_done():
    b = TaskGraphBuilder()
    slot = b.resource("slot")
    store = b.task(action="store", reserves=[(slot, 1)], occupancy_ps=5)
    b.task(action="read", frees=[(slot, 1)], occupancy_ps=5, after=[store])
    b.task(action="store", reserves=[(slot, 1)], frees=[(slot, 1)], occupancy_ps=5)
    graph = b.build()
    right = Trace(np.array([0, 5, 0]), np.array([0, 5, 10]), np.array([5, 10, 15]))
    verify(graph, right)
    refuse(graph, moved(graph, right, 2, 6), rules.CAPACITY, 2)


def test_a_task_of_length_zero_that_slips_onto_a_busy_resource_is_refused():
    b = TaskGraphBuilder()
    port = b.resource("port")
    b.task(action="long", uses=[(port, 1)], occupancy_ps=10)
    b.task(action="blink", uses=[(port, 1)])
    graph = b.build()
    right = run_tasks(graph)
    assert right.start_ps.tolist() == [0, 10]
    for start in (0, 5):
        refuse(graph, moved(graph, right, 1, start), rules.CAPACITY, 1)


def test_more_tasks_of_length_zero_at_one_instant_than_their_line_allows_are_refused():
    """Task 1 needs both units; task 2 may only go behind it, after the end of task 0."""
    b = TaskGraphBuilder()
    ports = b.resource("ports", 2)
    b.task(action="long", uses=[(ports, 1)], occupancy_ps=10)
    b.task(action="wide", uses=[(ports, 2)])
    b.task(action="blink", uses=[(ports, 1)])
    graph = b.build()
    right = run_tasks(graph)
    assert right.start_ps.tolist() == [0, 10, 10]
    refuse(graph, moved(graph, right, 2, 0), rules.QUEUE, 2)


def test_a_buffer_that_does_not_end_as_it_began_is_refused():
    for claims, task in (({"reserves": [(0, 1)]}, 1), ({"frees": [(0, 1)]}, 1)):
        b = TaskGraphBuilder()
        b.resource("buffer", 4)
        b.task(action="wait", occupancy_ps=1)
        b.task(action="leak", after=[0], **claims)
        graph = b.build()
        rule = rules.RESTORED if "reserves" in claims else rules.CAPACITY  # below zero held
        refuse(graph, run_tasks(graph), rule, task)


def test_overtaking_is_refused_and_the_overtaken_named(three_on_one_adc):
    graph, trace = three_on_one_adc
    wrong = moved(graph, moved(graph, trace, 1, 20), 2, 30)  # idle from 10 to 20
    wrong = moved(graph, moved(graph, wrong, 0, 10), 1, 0)
    with pytest.raises(TraceError, match=r"task 1 .* although task 0 .* queue of 'adc'") as caught:
        verify(graph, wrong)
    assert caught.value.rule == rules.QUEUE


def test_needless_waiting_is_refused(three_on_one_adc):
    graph, trace = three_on_one_adc
    refuse(graph, moved(graph, trace, 2, 21), rules.NO_IDLING, 2)


def test_a_task_without_resources_that_waits_is_refused():
    b = TaskGraphBuilder()
    b.task(action="wait", latency_ps=3)
    graph = b.build()
    refuse(graph, Trace(np.array([0]), np.array([2]), np.array([5])), rules.NO_IDLING, 0)


def test_each_policy_refuses_the_trace_of_the_other():
    b = TaskGraphBuilder()
    r = b.resource("link")
    wait = b.task(action="wait", latency_ps=50)
    b.task(action="late", uses=[(r, 1)], occupancy_ps=10, after=[wait])
    b.task(action="early", uses=[(r, 1)], occupancy_ps=10)
    graph = b.build()
    refuse(graph, run_tasks(graph, policy="fifo"), rules.QUEUE, 2, policy="static")
    refuse(graph, run_tasks(graph, policy="static"), rules.NO_IDLING, 2, policy="fifo")
    with pytest.raises(EngineError, match="fifo, static"):
        verify(graph, run_tasks(graph), policy="lifo")


def test_a_trace_that_claims_to_have_come_through_a_deadlock_is_refused():
    """Both senders take what the other holds, in one instant: no sum between instants shows it."""
    b = TaskGraphBuilder()
    left, right = b.resource("left"), b.resource("right")
    one = b.task(action="receive", reserves=[(left, 1)], occupancy_ps=10)
    two = b.task(action="receive", reserves=[(right, 1)], occupancy_ps=10)
    b.task(action="send", after=[one], reserves=[(right, 1)], frees=[(left, 1), (right, 1)])
    b.task(action="send", after=[two], reserves=[(left, 1)], frees=[(left, 1), (right, 1)])
    times = np.array([0, 0, 10, 10])
    refuse(b.build(), Trace(times, times, np.array([10, 10, 10, 10])), rules.CAPACITY, 2)


def random_graph(rng):
    b = TaskGraphBuilder()
    for k in range(rng.randint(1, 4)):
        b.resource(f"r{k}", rng.randint(1, 3))
    for i in range(rng.randint(2, 25)):
        claims = [(k, 1) for k in range(len(b.build().resource_names)) if rng.random() < 0.4]
        split = rng.randint(0, len(claims))
        b.task(action="act", uses=claims[:split], reserves=claims[split:], frees=claims[split:],
               occupancy_ps=rng.randint(0, 4), latency_ps=rng.randint(0, 4), priority=rng.randint(0, 1),
               after=rng.sample(range(i), min(i, rng.randint(0, 2))))  # fmt: skip
    return b.build()


@pytest.mark.parametrize("policy", ["fifo", "static"])
def test_no_other_schedule_than_the_one_of_the_rules_passes(policy):
    rng = random.Random(4)
    broken = set()
    for _ in range(300):
        graph = random_graph(rng)
        trace = run_tasks(graph, "heap", policy)
        verify(graph, trace, policy)
        for _ in range(5):
            task = rng.randrange(graph.n_tasks)
            start = max(0, int(trace.start_ps[task]) + rng.choice([-3, -2, -1, 1, 2, 3]))
            wrong = moved(graph, trace, task, start)
            if rng.random() < 0.3:  # let two tasks change places
                other = rng.randrange(graph.n_tasks)
                wrong = moved(graph, moved(graph, trace, task, trace.start_ps[other]), other, trace.start_ps[task])
            if (wrong.start_ps == trace.start_ps).all():
                continue
            with pytest.raises(TraceError) as caught:
                verify(graph, wrong, policy)
            broken.add(caught.value.rule)
    assert broken >= {rules.CAUSALITY, rules.CAPACITY, rules.QUEUE, rules.NO_IDLING}


def test_what_a_check_costs_grows_with_the_tasks_and_no_faster():
    def calls(n: int) -> int:
        b = TaskGraphBuilder()
        parts = [b.resource(f"part[{k}]") for k in range(100)]
        for i in range(n):
            b.task(action="work", uses=[(parts[i % 97], 1)], occupancy_ps=i % 13, after=[i - 50] if i > 49 else [])
        graph = b.build()
        trace = run_tasks(graph, "heap")
        return calls_of(lambda: verify(graph, trace))

    assert calls(10_000) < 12 * calls(1_000)


def random_large(rng):
    """With several units, the same resource used and reserved, lengths of zero, priorities, and buffers."""
    b = TaskGraphBuilder()
    sizes = [rng.randint(3, 6) for _ in range(5)]
    for k, size in enumerate(sizes):
        b.resource(f"r{k}", size)
    held = []
    for i in range(60):
        uses = [(k, rng.randint(1, max(1, size // 2))) for k, size in enumerate(sizes) if rng.random() < 0.3]
        taken = dict(uses)
        reserves = [(k, 1) for k, size in enumerate(sizes) if rng.random() < 0.2 and taken.get(k, 0) < size]
        frees, after = reserves, rng.sample(range(i), min(i, rng.randint(0, 3)))
        if reserves and len(held) < 2 and rng.random() < 0.3:
            held.append((i, reserves))
            frees = []
        elif held and rng.random() < 0.5:
            before, others = held.pop(0)
            frees = [*frees, *others]
            after += [before] * (rng.random() < 0.95)  # else it may give back what nobody has taken yet
        b.task(action="act", uses=uses, reserves=reserves, frees=_summed(frees), priority=rng.randint(-1, 1),
               occupancy_ps=rng.choice([0, 1, 2, 70]), latency_ps=rng.choice([0, 1, 2, 5000]),
               after=sorted(set(after)))  # fmt: skip
    for before, reserves in held:
        b.task(action="free", frees=reserves, after=[before])
    return b.build()


def _summed(claims):
    units = {}
    for k, n in claims:
        units[k] = units.get(k, 0) + n
    return list(units.items())


def damaged(rng, graph, trace):
    """A trace with one error: a column off by a little, a task moved, two tasks that changed places."""
    task, other = rng.randrange(graph.n_tasks), rng.randrange(graph.n_tasks)
    kind = rng.choice(["ready", "start", "done", "moved", "moved", "moved", "swapped"])
    off = rng.choice([-3, -1, 1, 2, 5000])
    if kind == "moved":
        return moved(graph, trace, task, max(0, int(trace.start_ps[task]) + off))
    if kind == "swapped":
        one = moved(graph, trace, task, trace.start_ps[other])
        return moved(graph, one, other, trace.start_ps[task])
    column = getattr(trace, f"{kind}_ps").copy()
    column[task] = max(0, column[task] + off)
    return replace(trace, **{f"{kind}_ps": column})


def said(graph, trace, policy):
    try:
        plain.check(graph, trace, policy, None)
    except TraceError as error:
        return str(error)
    return None


@pytest.mark.parametrize("policy", ["fifo", "static"])
@pytest.mark.parametrize("make", [random_graph, random_large])
def test_the_compiled_loops_refuse_what_the_plain_check_refuses_and_nothing_else(policy, make):
    pytest.importorskip("numba")
    rng = random.Random(11)
    errors, right = set(), 0
    for _ in range(60):
        graph = make(rng)
        try:
            trace = run_tasks(graph, "heap", policy)
        except DeadlockError:
            continue
        for wrong in (trace, *(damaged(rng, graph, trace) for _ in range(12))):
            error = said(graph, wrong, policy)
            assert quick.is_right(graph, wrong, policy) == (error is None), error
            right += error is None
            if error is not None:
                with pytest.raises(TraceError) as caught:
                    verify(graph, wrong, policy)
                assert str(caught.value) == error
                errors.add(caught.value.rule)
    assert right > 20
    assert errors >= {rules.CAUSALITY, rules.CAPACITY, rules.QUEUE, rules.NO_IDLING, rules.READY, rules.DONE}


def test_the_compiled_loops_do_not_judge_what_is_near_64_bits_or_points_nowhere():
    pytest.importorskip("numba")
    b = TaskGraphBuilder()
    buffer = b.resource("buffer", 2**63 - 1)
    b.task(action="store", reserves=[(buffer, 2**62)], frees=[(buffer, 2**62)], occupancy_ps=5)
    graph = b.build()
    trace = run_tasks(graph, "heap")
    assert not quick.is_right(graph, trace, "fifo")
    verify(graph, trace)
    for column, value in ("reserves_resource", [1]), ("reserves_ptr", [0, 2]), ("after_ptr", [1, 0]):
        nowhere = replace(graph, capacity=np.array([1]), **{column: np.array(value, np.int32)})
        assert not quick.is_right(nowhere, trace, "fifo")


def test_units_given_back_that_nobody_took_are_refused_by_the_compiled_loops_too():
    pytest.importorskip("numba")
    for claims in ({"reserves": [(0, 1)]}, {"frees": [(0, 1)]}):
        b = TaskGraphBuilder()
        b.resource("buffer", 4)
        b.task(action="leak", occupancy_ps=1, **claims)
        graph = b.build()
        assert not quick.is_right(graph, run_tasks(graph), "fifo")


def test_without_compiled_loops_the_plain_check_refuses_the_same(three_on_one_adc, monkeypatch):
    graph, trace = three_on_one_adc
    monkeypatch.setattr(module, "is_right", lambda *_: False)
    verify(graph, trace)
    refuse(graph, moved(graph, trace, 2, 21), rules.NO_IDLING, 2)
