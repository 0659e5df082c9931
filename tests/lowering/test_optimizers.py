"""Each optimizer's state, traffic and arithmetic on the chip are those that its equations need."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from lowering_support import ERROR_ROWS, counts, n_tasks

from archsim.engine import run_tasks
from archsim.mapping import UpdateNeeds, needs_of
from archsim.metrics import Result
from archsim.verify import verify

DATA = "data: {set: watch, split: random}"
N_WEIGHTS = {"a": 5 * 12, "b": 12 * 9, "out": 9 * 3}
ONE_TILE = ["tile.pes=8", "pe.crossbars=8"]


def learning(kind: str, residual: bool = False) -> str:
    adapt = f"{{optimizer: {{kind: {kind}, rate: 0.1}}, residual: {str(residual).lower()}}}"
    return f"{{{DATA}, adapt: {adapt}}}"


def needs(lowered, kind, residual=False) -> UpdateNeeds:
    return needs_of(lowered.workload("dense", learning=learning(kind, residual)))


def tasks(low, action, layer=None):
    graph = low.graph
    chosen = np.array([graph.action_names[a].split("@")[0] == action for a in graph.action])
    if layer is not None:
        chosen &= graph.layer == graph.layer_names.index(layer)
    return np.flatnonzero(chosen)


# numbers kept for each weight, readings of its gradient, operations of an update
BY_HAND = {
    "sgd": (0, 1, {"multiply": 1}),
    "momentum": (1, 1, {"multiply": 2, "add": 1}),
    "adam": (2, 1, {"multiply": 7, "add": 3, "divide": 1, "root": 1}),
    "sink": (0, 11, {"multiply": 22, "add": 10}),
}  # fmt: skip


@pytest.mark.parametrize("kind", BY_HAND)
def test_states_traffic_and_arithmetic_are_those_of_the_equations(lowered, kind):
    """On top of the plain step: its one multiplication and its one reading of the gradient."""
    here = needs(lowered, kind)
    n_states, n_reads, operations = BY_HAND[kind]
    assert here.n_states == n_states
    assert here.n_passes == n_reads - 1
    n_operations = here.n_operations + here.n_passes * here.n_operations_per_pass
    assert n_operations == sum(operations.values()) - 1
    n_products = here.n_multiplications + here.n_passes * here.n_multiplications_per_pass
    assert n_products == operations.get("multiply", 0) - 1
    assert here.n_divisions == operations.get("divide", 0)
    assert here.n_roots == operations.get("root", 0)


@pytest.mark.parametrize("phase", ["bp", "dfa"])
def test_plain_gradient_descent_is_what_a_workload_gets_that_names_no_optimizer(lowered, phase):
    unsaid, said = lowered("dense", phase), lowered("dense", phase, learning=learning("sgd"))
    assert counts(unsaid) == counts(said)
    assert unsaid.mapping.buffers == said.mapping.buffers
    assert run_tasks(unsaid.graph).makespan_ps == run_tasks(said.graph).makespan_ps


@pytest.mark.parametrize("phase", ["bp", "dfa"])
@pytest.mark.parametrize(("kind", "passes"), [("momentum", 0), ("adam", 0), ("sink", 10)])
@pytest.mark.parametrize("chip", [(), ONE_TILE], ids=["tiles", "one tile"])
def test_every_weight_is_optimized_once_an_update_however_many_arrays_hold_it(lowered, phase, kind, passes, chip):
    low = lowered("dense", phase, chip, learning=learning(kind), samples=4)
    for layer, n_weights in N_WEIGHTS.items():
        found = counts(low, layer=layer)
        assert found["optimize"] == 2 * n_weights
        assert found["normalise"] == 2 * passes * n_weights
    trace = run_tasks(low.graph)
    verify(low.graph, trace)
    # nothing of a layer is loaded before its own row is made
    for layer in N_WEIGHTS:
        assert trace.start_ps[tasks(low, "load_gradient", layer)].min() >= (
            trace.done_ps[tasks(low, "optimize", layer)].min()
        )


@pytest.mark.parametrize(("kind", "n_states"), [("sgd", 0), ("momentum", 1), ("adam", 2), ("sink", 0)])
@pytest.mark.parametrize("residual", [False, True])
def test_states_lie_beside_the_gradient_that_they_belong_to(lowered, kind, n_states, residual):
    low = lowered("dense", "dfa", learning=learning(kind, residual))
    shares = low.mapping.buffers.share_bytes
    held = Counter[str]()
    for (buffer, tile, user), n in shares.items():
        if buffer == "gradient_buffer" and user.startswith("optimizer state of "):
            held[user.removeprefix("optimizer state of ")] += n
            assert (buffer, tile, user.replace("optimizer state", "gradient")) in shares
    # 16 bits a number; a share may be larger, as buffers are powers of two
    n_kept = n_states + residual
    assert set(held) == (set(N_WEIGHTS) if n_kept else set())
    assert all(held[layer] >= 2 * n_kept * N_WEIGHTS[layer] for layer in held)


def test_a_gradient_buffer_with_states_is_larger_in_bytes_area_and_leakage(lowered):
    items = {}
    for kind in BY_HAND:
        low = lowered("dense", "dfa", learning=learning(kind), chip=[*ONE_TILE, "crossbar.rows=512"])
        sizes = low.mapping.buffers.size_bytes["gradient_buffer"]
        # rows of up to 4 weights begin a word of 32 bytes, as do their states: a, b and out have 3, 3 and 1 blocks
        n_rows = 5 * 3 + 12 * 3 + 9 * 1
        n = n_rows * 32 * {"momentum": 2, "adam": 2}.get(kind, 1)  # two states of 4 weights fit in a word
        assert sizes == 2 ** math.ceil(math.log2(n))
        items[kind] = next(i for i in low.parts.items() if i.component == "gradient_buffer")
    # 1920 and 3840 bytes
    assert items["adam"].area_um2 > items["sgd"].area_um2
    assert items["adam"].leakage_uw > items["sgd"].leakage_uw
    assert items["sink"].area_um2 == items["sgd"].area_um2


def charges(low, action):
    (name,) = (name for name in low.actions if name.split("@")[0] == action)
    return {charge.component: charge.energy_pj for charge in low.actions[name].charges}


# additions; a multiplication of 16 by 16 bit is four of 8 by 8, of four additions each; a quotient of 16 bit has
# 16 subtractions, a root 8
MOMENTUM = 1 + 4 * 4
ADAM = 3 + 6 * 4 * 4 + 16 + 8


@pytest.mark.parametrize(("kind", "n_operations", "n_states"), [("momentum", MOMENTUM, 1), ("adam", ADAM, 2)])
@pytest.mark.parametrize(("phase", "n_stored"), [("bp", 1), ("dfa", 0)])
def test_a_step_costs_its_arithmetic_and_its_states_read_and_written(
    lowered, kind, n_operations, n_states, phase, n_stored
):
    """Of 16 bits on 256; where a second copy waits for the step, it is stored as well."""
    low = lowered("dense", phase, learning=learning(kind), chip=ONE_TILE, samples=1, batch=1)
    (name,) = (n for n in low.actions if n.startswith("optimize@") and ("shared" in n) == bool(n_stored))
    outer, word = charges(low, "outer"), charges(low, "accumulate")  # one result, a word read and written
    found = {charge.component: charge.energy_pj for charge in low.actions[name].charges}
    assert found["gradient_unit"] == pytest.approx(n_operations * outer["gradient_unit"])
    kept = found["gradient_buffer"] - n_states * word["gradient_buffer"] * 16 / 256
    assert kept == pytest.approx(n_stored * low.parts.gradient_buffer.price.write_energy_pj * 16 / 256, abs=1e-12)


def test_a_step_takes_as_long_as_its_states_need_or_its_arithmetic(lowered):
    """A row of 4 weights: 2 states read and written of 16 bits, or one lane, whose adder has more to do (27 turns)
    than its multiplier (24).
    """
    slow_memory = [*ONE_TILE, "tile.gradient_buffer.width=16 bit", "tile.gradient_buffer.cycle=50 ns"]
    slow_unit = [*ONE_TILE, "tile.gradient_unit.lanes=1"]
    for chip, expected in ((slow_memory, 4 * 4 * 50_000), (slow_unit, 4 * (3 + 16 + 8) * 2039)):
        low = lowered("dense", "dfa", chip, learning=learning("adam"), samples=1, batch=1)
        rows = [t for t in tasks(low, "optimize") if low.graph.count[t] == 4]
        assert {int(low.graph.occupancy_ps[t]) for t in rows} == {expected}


def test_each_pass_of_sinkgd_waits_for_the_one_before_and_tiles_exchange_their_sums(lowered):
    low = lowered("dense", "dfa", ["tile.pes=1", "pe.crossbars=2"], learning=learning("sink"), samples=1, batch=1)
    plain = lowered("dense", "dfa", ["tile.pes=1", "pe.crossbars=2"], samples=1, batch=1)
    trace = run_tasks(low.graph)
    verify(low.graph, trace)
    for layer in N_WEIGHTS:
        passes = tasks(low, "normalise", layer)
        tiles = len({block.tile for block in low.mapping.plans[layer].forward})
        assert len(passes) == 10 * tiles
        # `tiles` of them at a time
        ordered = passes.reshape(10, tiles)
        for before, after in pairwise(ordered):
            assert trace.start_ps[after].min() >= trace.done_ps[before].max()
        assert trace.start_ps[tasks(low, "optimize", layer)].min() >= trace.done_ps[ordered[-1]].max()
        more = counts(low, layer=layer, stage="update")["add"]
        assert (more > 0) == (tiles > 1)
    assert counts(plain, stage="update")["add"] == 0


@pytest.mark.parametrize("kind", ["momentum", "sink"])
@pytest.mark.parametrize("feedback", ["copy", "transposable"])
def test_only_what_other_arrays_wait_for_is_stored_before_it_is_loaded(lowered, kind, feedback):
    options = [f"execution.feedback={feedback}"]
    options += ["crossbar.transpose=duplicated"] if feedback == "transposable" else []
    low = lowered("dense", "bp", options, learning=learning(kind), samples=1, batch=1)
    by_name = Counter[str]()
    for task in tasks(low, "optimize"):
        by_name[low.graph.action_names[low.graph.action[task]]] += int(low.graph.count[task])
    # layer a has no copy: the network's input needs no error
    copied = {layer for layer, rows in ERROR_ROWS["dense"].items() if rows} if feedback == "copy" else set()
    shared = sum(N_WEIGHTS[layer] for layer in copied)
    expected = {f"optimize@{kind},shared": shared, f"optimize@{kind}": sum(N_WEIGHTS.values()) - shared}
    assert by_name == {name: n for name, n in expected.items() if n}
    trace = run_tasks(low.graph)
    for layer in copied:
        plan = low.mapping.plans[layer]
        loads = tasks(low, "load_gradient", layer)
        n_own = sum(block.n_rows for block in plan.forward)
        assert trace.start_ps[loads[n_own:]].min() >= trace.done_ps[tasks(low, "optimize", layer)].max()


def test_the_breakdown_shows_the_optimizer_by_its_own_names(lowered):
    energies = {}
    for kind in BY_HAND:
        low = lowered("dense", "bp", learning=learning(kind))
        result = Result.of(
            low.graph,
            run_tasks(low.graph),
            low.actions,
            low.parts.items(),
            low.mapping.crossbars_by_layer,
            low.mapping.n_crossbars_available,
            n_samples=2,
            phase="bp",
            name="test",
            provenance={},
        )
        parts = result.breakdown("action")
        assert ("optimize" in parts) == (kind != "sgd")
        assert ("normalise" in parts) == (kind == "sink")
        energies[kind] = sum(parts[name]["energy_pj"] for name in ("optimize", "normalise") if name in parts)
        assert n_tasks(low, "optimize", stage="forward") == 0
    assert energies["sgd"] == 0 < energies["momentum"] < energies["adam"]
