"""Sums of errors lie in a limited number of accumulators, as those of the forward pass do."""

from __future__ import annotations

import pytest
from causality_support import check_causality

from archsim.engine import run_tasks
from archsim.verify import verify

ONE_TILE = ["tile.pes=8", "pe.crossbars=8"]
# the surrogate of layer a takes long, so that sums for it could pile up
SLOW = [*ONE_TILE, "tile.history_buffer.cycle=4 us"]


def held(low, trace, layer, stage):
    """Of each step of a layer from when its sum is begun, to when the surrogate has used it."""
    graph, begun, used = low.graph, {}, {}
    users = {"a": "b", "b": "out"} if stage == "backward" else {"a": "a", "b": "b"}  # whose arrays give the sum
    for task in range(graph.n_tasks):
        action = graph.action_names[graph.action[task]].split("@")[0]
        key = (int(graph.sample[task]), int(graph.timestep[task]))
        if graph.stage_names[graph.stage[task]] != stage:
            continue
        name = graph.layer_names[graph.layer[task]]
        if action == "add" and name == users[layer]:
            begun[key] = min(begun.get(key, trace.start_ps[task]), trace.start_ps[task])
        if action == "surrogate" and name == layer:
            used[key] = max(used.get(key, 0), trace.done_ps[task])
    assert set(begun) == set(used)
    return [(int(begun[key]), int(used[key])) for key in begun]


def most_at_once(spans):
    return max(sum(start <= at < stop for start, stop in spans) for at, _ in spans)


@pytest.mark.parametrize(("phase", "pass_name"), [("bp", "backward"), ("dfa", "feedback")])
@pytest.mark.parametrize("sets", [1, 2, 3])
def test_no_more_sums_are_begun_than_there_are_sets(lowered, phase, pass_name, sets):
    low = lowered("dense", phase, [*SLOW, f"tile.accumulator_sets={sets}"], timesteps=8)
    trace = run_tasks(low.graph, engine="heap")
    verify(low.graph, trace)
    assert check_causality(low, lowered.work, trace) > 0
    for layer in ("a", "b"):
        assert most_at_once(held(low, trace, layer, pass_name)) <= sets


def test_sums_pile_up_where_there_is_room_for_them(lowered):
    found = {}
    for sets in (1, 3):
        low = lowered("dense", "bp", [*SLOW, f"tile.accumulator_sets={sets}"], timesteps=8)
        found[sets] = most_at_once(held(low, run_tasks(low.graph, engine="heap"), "a", "backward"))
    assert found[1] == 1 < found[3] <= 3


def test_windows_keep_as_many_sums_open_as_they_read(lowered):
    """Layer b reads three timesteps of a, so that three of its sums are in the making at once."""
    layers = """ {input: [3], layers: [
      {name: a, kind: conv1d, axis: time, channels: 6, kernel: 1, neuron: {kind: lif, leak: 0.5}},
      {name: b, kind: conv1d, axis: time, channels: 7, kernel: 3, neuron: {kind: lif, leak: 0.5}},
      {name: out, kind: dense, outputs: 3, neuron: {kind: lif, leak: 0.9}}]}
"""
    low = lowered("dense", "bp", [*ONE_TILE, "tile.accumulator_sets=1"], network_text=layers, timesteps=9)
    graph = low.graph
    (capacity,) = [
        int(n) for name, n in zip(graph.resource_names, graph.capacity.tolist(), strict=True)
        if name == "tile[0].accumulator.sets[error of a]"
    ]  # fmt: skip
    assert capacity >= 3
    assert check_causality(low, lowered.work, run_tasks(low.graph, engine="heap")) > 0
