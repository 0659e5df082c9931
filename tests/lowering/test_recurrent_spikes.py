"""Spikes of a recurrent layer lie once on a tile, for its own next timestep and for all others there."""

from __future__ import annotations

import pytest
from causality_support import check_causality
from lowering_support import counts, n_tasks

from archsim.engine import run_tasks
from archsim.verify import verify

ONE_TILE = ["tile.pes=8", "pe.crossbars=8"]
STEPS = 2 * 6  # samples, timesteps


@pytest.mark.parametrize("phase", ["inference", "bp", "dfa"])
def test_one_message_serves_the_layer_itself_and_both_that_follow(lowered, phase):
    """11 spikes are 2 bytes, one access of 64 bit and one beat of the bus; a, b and out read them."""
    low = lowered("recurrent", phase, ONE_TILE)
    assert low.mapping.n_tiles == 1
    for action in ("receive", "move"):
        assert counts(low, layer="a", stage="forward")[action] == STEPS
        assert n_tasks(low, action, layer="a", stage="forward") == STEPS
    shares = low.mapping.buffers.share_bytes
    stored = {user for buffer, _, user in shares if buffer == "input_buffer" and user.startswith("a to ")}
    assert stored == {"a to a"}
    trace = run_tasks(low.graph, engine="heap")
    verify(low.graph, trace)
    assert check_causality(low, lowered.work, trace) > 0


def test_their_space_is_free_once_the_last_of_them_has_read(lowered):
    low = lowered("recurrent", "inference", ONE_TILE)
    graph, trace = low.graph, run_tasks(low.graph, engine="heap")
    (room,) = [k for k, name in enumerate(graph.resource_names) if "space[a to a]" in name]
    frees = [t for t in range(graph.n_tasks) if room in graph.frees_resource[slice(*graph.frees_ptr[t : t + 2])]]
    assert len(frees) == STEPS
    fetches = {
        (name, int(graph.sample[t]), int(graph.timestep[t])): int(trace.done_ps[t])
        for t in range(graph.n_tasks)
        if graph.action_names[graph.action[t]] == "fetch"
        for name in [graph.layer_names[graph.layer[t]]]
    }
    given_back = sorted(int(trace.done_ps[t]) for t in frees)
    last_read = []
    for sample in range(2):
        for t in range(6):
            reads = [fetches["b", sample, t], fetches["out", sample, t]]
            reads += [fetches["a", sample, t + 1]] if t < 5 else []
            last_read.append(max(reads))
    assert given_back == sorted(last_read)


def test_a_tile_without_the_layer_gets_a_message_of_its_own(lowered):
    low = lowered("recurrent", "inference", ["tile.pes=1", "pe.crossbars=6"])
    a, b = (low.mapping.plans[name] for name in "ab")
    shares = low.mapping.buffers.share_bytes
    for tile in b.tiles:
        assert (("input_buffer", tile, "a to b") in shares) == (tile not in a.tiles)
    assert set(b.tiles) - set(a.tiles)
    verify(low.graph, run_tasks(low.graph, engine="heap"))
