"""Steps that are alike are placed in one piece, and timesteps as those before, moved on: the graph is the same."""

from functools import partial

import numpy as np
import pytest

from archsim.errors import EngineError
from archsim.lowering import context, lower
from archsim.lowering.repeats import Repeats
from archsim.prepare import prepare
from archsim.spec import load_chip
from archsim.taskgraph import Fragment, TaskGraphBuilder, opening
from archsim.workload import load_workload

SHORT = ["samples=2", "batch=2"]


def columns_of(graph):
    return {name: column.tolist() for name, column in vars(graph).items() if isinstance(column, np.ndarray)}


def lowered(chip, work, phase):
    ready = prepare(chip, work, seed=0, phase=phase)
    return lower(ready.chip, ready.work, ready.mapping, ready.activity).graph


@pytest.mark.parametrize("phase", ["inference", "bp", "dfa"])
@pytest.mark.parametrize(
    ("file", "sets"),
    [
        ("watch_mlp", [*SHORT, "timesteps=24"]),
        ("watch_shape", [*SHORT]),
        ("nir_braille_like", ["samples=1", "batch=1"]),
    ],
)
def test_pieces_change_no_task(file, sets, phase, monkeypatch):
    chip, work = load_chip("arch_specs/wearable_rram.yaml"), load_workload(f"workloads/{file}.yaml", sets)
    in_pieces = lowered(chip, work, phase)
    monkeypatch.setattr(context, "WORTH_WRITING", 10**9)
    monkeypatch.setattr(Repeats, "comes_again", lambda _self, _key: False)
    one_by_one = lowered(chip, work, phase)
    assert in_pieces.resource_names == one_by_one.resource_names
    assert columns_of(in_pieces) == columns_of(one_by_one)


def test_addresses_of_spikes_make_steps_that_differ(monkeypatch):
    chip = load_chip("arch_specs/wearable_rram.yaml", ["execution.spike_format=aer"])
    work = load_workload("workloads/watch_mlp.yaml", [*SHORT, "timesteps=24"])
    in_pieces = lowered(chip, work, "bp")
    monkeypatch.setattr(context, "WORTH_WRITING", 10**9)
    monkeypatch.setattr(Repeats, "comes_again", lambda _self, _key: False)
    assert columns_of(in_pieces) == columns_of(lowered(chip, work, "bp"))


def chain(builder, fragment, waits, timestep, count=1):
    """One task that waits for others; the graph's next unit."""
    mark = builder.mark()
    task = builder.place(fragment, ports=[waits], counts=[count], timestep=timestep)
    return task, builder.since(mark)


@pytest.fixture
def one_task():
    fragment = Fragment()
    fragment.task(action="step", count=opening(0), occupancy_ps=5, after=[opening(0)])
    return fragment


def test_a_unit_is_moved_on_when_two_in_a_row_wait_for_units_alike(one_task):
    builder, before = TaskGraphBuilder(), []
    repeats = Repeats(builder)
    for timestep in range(4):  # the first has nothing to wait for, the second waits for one that is not alike
        task, unit = chain(builder, one_task, before, timestep)
        repeats.learn("key", unit, [(task, None)])
        before = [task]
    assert repeats.comes_again("key")
    assert not repeats.comes_again("other")
    assert [list(firsts) for firsts, _ in repeats.place(np.array([[7], [8]]))] == [[4, 5]]
    graph = builder.build()
    assert graph.after_idx.tolist() == [0, 1, 2, 3, 4]
    assert graph.count.tolist() == [1, 1, 1, 1, 7, 8]
    assert graph.timestep.tolist() == [0, 1, 2, 3, 4, 5]


def test_what_lies_before_all_units_stays_and_what_moves_otherwise_is_no_unit(one_task):
    builder = TaskGraphBuilder()
    first = builder.task(action="begin")
    fixed, odd = Repeats(builder), Repeats(builder)
    for timestep in range(3):
        task, unit = chain(builder, one_task, [first], timestep)
        fixed.learn("key", unit, [(task, None)])
    assert fixed.comes_again("key")
    for timestep in range(4):
        task, unit = chain(builder, one_task, [timestep], timestep)  # one task further on each time, of early ones
        odd.learn("key", unit, [(task, None)])
        assert not odd.comes_again("key")


def test_a_unit_that_does_not_come_last_is_refused(one_task):
    builder = TaskGraphBuilder()
    _, unit = chain(builder, one_task, [], 0)
    again = partial(builder.again, unit, np.zeros(len(unit.ports), np.int64), 1)
    with pytest.raises(EngineError, match="open counts"):
        again(np.zeros((1, 2), np.int64))
    builder.task(action="other")
    with pytest.raises(EngineError, match="is not the last one"):
        again(np.zeros((1, 1), np.int64))
