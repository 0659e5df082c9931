"""Fragments: a graph with placed fragments is the graph that the same tasks make one by one."""

from __future__ import annotations

import random
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from archsim.errors import EngineError, TooLargeError
from archsim.taskgraph import NOTHING, Fragment, Many, TaskGraph, TaskGraphBuilder, layout, opening
from archsim.taskgraph.layout import Layout


def _equal(one: TaskGraph, other: TaskGraph) -> bool:
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if not (np.array_equal(a, b) and a.dtype == b.dtype if isinstance(a, np.ndarray) else a == b):
            return False
    return True


def _random_fragment(rng: random.Random, n_ports: int, n_slots: int, n_counts: int) -> Fragment:
    """Whatever may stand in a fragment: open and fixed counts, resources, edges."""
    fragment = Fragment()
    for task in range(rng.randint(1, 5)):
        after = {rng.randrange(-n_ports, task) for _ in range(rng.randint(0, 4))} if task + n_ports else set()
        claims: dict[str, list[tuple[int, int]]] = {
            name: [(rng.randrange(-n_slots, 3), rng.randint(1, 4)) for _ in range(rng.randint(0, 2))]
            for name in ("uses", "reserves", "frees")
        }
        fragment.task(
            action=rng.choice("abc"), count=rng.randrange(-n_counts, 9), occupancy_ps=rng.randrange(-n_counts, 9),
            latency_ps=rng.choice([None, 4]), after=sorted(after), priority=rng.randint(0, 2),
            stage=rng.choice(["", "forward"]), layer=rng.choice(["x", "y"]), **claims,
        )  # fmt: skip
    return fragment


def _task_by_task(b: TaskGraphBuilder, f: Fragment, said: dict[str, Any]) -> int:
    """What a place of a fragment means."""
    first = -1
    for task in range(f.n_tasks):
        after: set[int] = set()
        for p in f.after_idx[f.after_ptr[task] : f.after_ptr[task + 1]]:
            after |= {first + p} if p >= 0 else {t for t in said["ports"][-1 - p] if t is not None}
        rows = {name: getattr(f, name) for name in ("uses", "reserves", "frees")}
        claims = {
            name: [
                (r if r >= 0 else said["slots"][-1 - r], u)
                for r, u in zip(
                    row.resource[row.ptr[task] : row.ptr[task + 1]], row.units[row.ptr[task] : row.ptr[task + 1]],
                    strict=True,
                )
            ]
            for name, row in rows.items()
        }  # fmt: skip
        count = f.count[task] if f.count[task] >= 0 else said["counts"][-1 - f.count[task]]
        held, done = (
            time if time >= 0 else said["times"][-1 - time] for time in (f.occupancy_ps[task], f.latency_ps[task])
        )
        made = b.task(
            action=f.action[task], count=count, occupancy_ps=held, latency_ps=done,
            after=sorted(after), priority=f.priority[task], stage=f.stage[task], layer=f.layer[task],
            timestep=said["timestep"], sample=said["sample"], **claims,
        )  # fmt: skip
        first = made if first < 0 else first
    return first


@pytest.fixture(params=["compiled", "numpy"], autouse=True)
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test with the compiled loops, where they can be had, and with numpy's."""
    if request.param == "numpy":
        monkeypatch.setattr(Layout, "_loops", None)
    else:
        pytest.importorskip("numba")
        monkeypatch.setattr(layout, "pays", lambda *_: True)


@pytest.mark.parametrize("seed", range(20))
def test_placed_fragments_are_the_tasks_that_they_stand_for(seed: int) -> None:
    rng = random.Random(seed)
    shapes = [(rng.randint(0, 2), rng.randint(0, 2), rng.randint(0, 2)) for _ in range(4)]
    kinds = [_random_fragment(rng, *shape) for shape in shapes]
    placed, single = TaskGraphBuilder(), TaskGraphBuilder()
    for b in (placed, single):
        for r in range(6):
            b.resource(f"r{r}", 50)
    n = 0
    for _ in range(rng.randint(0, 40)):
        if rng.random() < 0.4:
            after = sorted({rng.randrange(n) for _ in range(rng.randint(0, 3))}) if n else []
            for b in (placed, single):
                b.task(action="alone", count=n, after=after, occupancy_ps=3, uses=[(2, 1)], timestep=7)
            n += 1
            continue
        k = rng.randrange(4)
        n_ports, n_slots, n_counts = shapes[k]
        said: dict[str, Any] = {
            "ports": [[rng.choice([None, rng.randrange(n)]) for _ in range(n and 3)] for _ in range(n_ports)],
            "slots": [rng.randrange(6) for _ in range(n_slots)],
            "times": [rng.randrange(40) for _ in range(n_counts)],
            "counts": [rng.randrange(90) for _ in range(n_counts)],
            "timestep": rng.randint(-1, 5), "sample": rng.randint(-1, 2),
        }  # fmt: skip
        assert placed.place(kinds[k], **said) == _task_by_task(single, kinds[k], said) == n
        n += kinds[k].n_tasks
    assert _equal(placed.build(), single.build())


def test_many_places_at_once_are_places_one_by_one() -> None:
    read, merge = Fragment(), Fragment()
    done = read.task(action="read", count=opening(0), uses=[(opening(0), 1)], after=[opening(0)], occupancy_ps=4)
    read.task(action="convert", count=opening(1), after=[done, opening(1)], layer="fc1")
    merge.task(action="merge", reserves=[(1, 2)], frees=[(opening(0), 1)], after=[opening(0)])
    one_by_one, at_once = TaskGraphBuilder(), TaskGraphBuilder()
    for b in (one_by_one, at_once):
        b.resource("array")
        b.resource("space", 9)
        b.task(action="fetch")
    one_by_one.place(read, [0, None], [0], [5, 6], timestep=3, sample=1)
    one_by_one.place(merge, [[0, 2]], [1], timestep=3, sample=1)
    numbers = [at_once.known(read, (2, 1, 2, 0)).number, at_once.known(merge, (1, 1, 0, 0)).number]
    many = Many(numbers, 3, [1, 1, 2], [0, NOTHING, 0, 2], [0, 1], np.array([5, 6]))
    assert at_once.place_many(many, timestep=3, sample=1) == 1
    for b in (one_by_one, at_once):
        b.task(action="release", after=[3])
    assert _equal(one_by_one.build(), at_once.build())


def test_a_port_takes_one_task_or_nothing() -> None:
    b, one = TaskGraphBuilder(), Fragment()
    one.task(action="run", after=[opening(0)])
    first = b.place(one, ports=[None])
    b.place(one, ports=[first])
    assert b.build().after_ptr.tolist() == [0, 0, 1]


def test_a_fragment_that_asks_for_more_than_is_given_is_refused() -> None:
    b, one = TaskGraphBuilder(), Fragment()
    one.task(action="run", after=[opening(1)])
    with pytest.raises(EngineError, match="asks for port 1; its places give 1"):
        b.place(one, ports=[None])


def test_a_place_that_says_something_else_than_the_first_is_refused() -> None:
    b, one = TaskGraphBuilder(), Fragment()
    one.task(action="run", count=opening(0))
    b.place(one, counts=[3])
    with pytest.raises(EngineError, match=r"\(0, 0, 1, 0\) ports, slots, counts and times"):
        b.place(one)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"ports": [1], "slots": [0], "counts": [1]}, "waits for itself, or for a task that comes after it"),
        ({"ports": [-2], "slots": [0], "counts": [1]}, "a task that does not exist"),
        ({"ports": [0], "slots": [1], "counts": [1]}, "resource 1 is unknown"),
        ({"ports": [0], "slots": [0], "counts": [-1]}, "a count or a time below 0"),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(said: dict[str, list[int]], why: str) -> None:
    b, one = TaskGraphBuilder(), Fragment()
    b.resource("only")
    b.task(action="before")
    one.task(action="run", count=opening(0), uses=[(opening(0), 1)], after=[opening(0)])
    b.place(one, **said)
    with pytest.raises(EngineError, match=why):
        b.build()


def test_more_tasks_than_allowed_are_refused() -> None:
    b, pair = TaskGraphBuilder(most_tasks=3), Fragment()
    pair.task(action="run")
    pair.task(action="run")
    b.place(pair)
    with pytest.raises(TooLargeError, match="more than 3 tasks"):
        b.place(pair)


def _step() -> Fragment:
    """A read after whatever is said, as often as is said, and its conversion."""
    step = Fragment()
    read = step.task(action="read", count=opening(0), uses=[(0, 1)], after=[opening(0)])
    step.task(action="convert", after=[read])
    return step


def _begun() -> TaskGraphBuilder:
    b = TaskGraphBuilder(most_tasks=20)
    b.resource("array")
    b.task(action="fetch")
    return b


def test_a_unit_moved_on_is_the_same_places_some_timesteps_later() -> None:
    step, one_by_one, moved = _step(), _begun(), _begun()
    for k in range(4):
        one_by_one.place(step, [2 * k], (), [k], timestep=k)
    moved.place(step, [0], (), [0], timestep=0)
    mark = moved.mark()
    assert moved.since(mark) is None  # nothing yet
    moved.place(step, [2], (), [1], timestep=1)
    unit = moved.since(mark)
    assert unit is not None
    last = moved.again(unit, np.array([2]), 1, np.array([[2], [3]]))
    assert (last.first, last.ports.tolist(), last.timestep.tolist()) == (7, [6], [3])
    with pytest.raises(EngineError, match="a unit with 1 open counts is placed with 2"):
        moved.again(last, np.array([2]), 1, np.array([[2, 3]]))
    with pytest.raises(EngineError, match="is not the last one"):
        _begun().again(unit, np.array([2]), 1, np.array([[2]]))
    assert _equal(one_by_one.build(), moved.build())
    with pytest.raises(TooLargeError, match="more than 20 tasks"):
        moved.again(last, np.array([2]), 1, np.zeros((6, 1), np.int64))


def test_single_tasks_between_places_are_no_unit() -> None:
    b = _begun()
    mark = b.mark()
    b.place(_step(), [0], (), [0])
    b.task(action="alone")
    assert b.since(mark) is None


def test_many_places_are_told_one_by_one() -> None:
    b, step = _begun(), _step()
    many = Many([b.known(step, (1, 0, 1, 0)).number] * 2, 4, [1, 2], [0, 0, 1], [], np.array([5, 6]))
    given = [(ports, counts) for fragment, (ports, _, counts, _) in b.places_of(many) if fragment is step]
    assert given == [([[0]], [5]), ([[0, 1]], [6])]


def test_a_column_beside_the_times_follows_the_places() -> None:
    b, wait = _begun(), Fragment()
    wait.task(action="wait", occupancy_ps=opening(0), latency_ps=7)
    assert b.per_time([4], lambda _: [], []).tolist() == [4]
    for time in (30, 40):
        b.place(wait, (), (), (), [time])
    assert b.per_time([4], lambda one: one.occupancy_ps, [8, 9]).tolist() == [4, 8, 9]


@pytest.mark.parametrize(("task", "said"), [
    ({"uses": [(opening(0), 1)]}, "asks for slot 0; its places give 0"),
    ({"after": [0]}, "waits for itself"),
    ({"uses": [(0, 0)]}, "units below 1"),
])  # fmt: skip
def test_a_fragment_that_no_place_can_fill_is_refused(task: dict[str, Any], said: str) -> None:
    b, wrong = _begun(), Fragment()
    wrong.task(action="run", **task)
    with pytest.raises(EngineError, match=said):
        b.place(wrong, ports=[0])
