"""Messages on the interconnect: switching, finite router buffers, multicast."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

import archsim
from archsim.components import Parts
from archsim.engine import run_tasks
from archsim.errors import SpecError
from archsim.interconnect import interconnect_of
from archsim.lowering.context import ADMIT, Context, Label
from archsim.lowering.hops import carry
from archsim.mapping.memory import TILE_BUFFERS
from archsim.metrics import action_of_name
from archsim.registry import INTERCONNECTS
from archsim.verify import verify

SMALL = ["tile.pes=1", "pe.crossbars=1"]


def run(*settings: str, phase: str = "inference"):
    chip = archsim.load_chip("tests/chips/wearable_rram.yaml", [*SMALL, *settings])
    work = archsim.load_workload("workloads/watch_mlp.yaml", ["samples=1", "batch=1", "timesteps=8"])
    return archsim.simulate(chip, work, engine="compiled", phase=phase)


def flits(result) -> int:
    return sum(load.flits for load in result.link_load().values())


def hop_energy(result) -> float:
    parts = result.breakdown("action").items()
    return sum(part["energy_pj"] for name, part in parts if action_of_name(name) == "hop")


@pytest.fixture(scope="module")
def plain():
    return run()


def test_store_and_forward_is_never_faster_and_moves_the_same_flits(plain):
    stored = run("interconnect.switching=store_and_forward")
    assert stored.latency_ps >= plain.latency_ps
    assert flits(stored) == flits(plain)


@pytest.mark.parametrize("kind", sorted(INTERCONNECTS))
@pytest.mark.parametrize("multicast", ["false", "true"])
@pytest.mark.parametrize("phase", ["inference", "dfa"])
def test_buffers_of_one_flit_hold_back_but_never_deadlock(kind, multicast, phase):
    settings = [f"interconnect.kind={kind}", f"interconnect.multicast={multicast}"]
    tight = run(*settings, "interconnect.buffer_flits=1", "interconnect.virtual_channels=2", phase=phase)
    free = run(*settings, phase=phase)
    verify(tight.graph, tight.trace)
    assert flits(tight) == flits(free)  # packets are cut smaller, but carry the same


def test_a_fork_with_tight_buffers_and_all_phases_ends():
    result = run("interconnect.multicast=true", "interconnect.buffer_flits=2", phase="bp")
    assert result.latency_ps > 0


def test_multicast_takes_each_link_once(plain):
    cast = run("interconnect.multicast=true")
    assert flits(cast) < flits(plain)
    assert hop_energy(cast) < hop_energy(plain)
    # what comes out at the tiles is the same
    received = [r.breakdown("action")["receive"]["count"] for r in (cast, plain)]
    assert received[0] == received[1]


def test_a_buffer_that_holds_everything_equals_one_without_limit(plain):
    finite = run("interconnect.buffer_flits=1000000")
    assert finite.latency_ps == plain.latency_ps


def test_doubling_the_binding_buffer_shortens_a_run_and_unlimited_never_waits():
    b = archsim.TaskGraphBuilder()
    first, second = b.resource("link[0 to 1]"), b.resource("link[1 to 2]")
    space = b.resource("link[0 to 1].buffer.space", 4)
    for _ in range(6):  # packets of 4 flits, a slow second link
        head = b.task(action="hop", uses=[(first, 1)], reserves=[(space, 4)], occupancy_ps=4, latency_ps=4)
        b.task(action="hop", uses=[(second, 1)], frees=[(space, 4)], occupancy_ps=5, latency_ps=5, after=[head])
    graph = b.build()

    def length(n_flits: int) -> int:
        capacity = graph.capacity.copy()
        capacity[space] = n_flits
        return run_tasks(dataclasses.replace(graph, capacity=capacity)).makespan_ps

    assert length(4) == 6 * 9  # one after the other
    assert length(8) == 4 + 6 * 5  # the second link never waits
    assert length(10**6) == length(8)


def test_every_router_buffer_is_a_resource_whose_capacity_can_be_scaled():
    result = run("interconnect.buffer_flits=1")
    spaces = [i for i, name in enumerate(result.graph.resource_names) if name.endswith("].buffer.space")]
    assert spaces
    capacity = result.graph.capacity.copy()
    assert (capacity[spaces] == 1).all()
    capacity[spaces] *= 1000
    wide = run_tasks(dataclasses.replace(result.graph, capacity=capacity), engine="compiled")
    assert wide.makespan_ps <= result.latency_ps
    assert np.array_equal(np.sort(result.graph.capacity[spaces]), np.ones(len(spaces)))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["kind=torus", "buffer_flits=8"], "deadlock"),
        (["virtual_channels=2"], "changes nothing without buffers"),
        (["buffer_flits=0"], "buffer_flits"),
        (["switching=wormhole"], "must be one of cut_through, store_and_forward"),
    ],
)
def test_what_can_deadlock_or_means_nothing_is_refused(settings, said):
    with pytest.raises(SpecError, match=said):
        archsim.load_chip("tests/chips/wearable_rram.yaml", [f"interconnect.{s}" for s in settings])


def latency_of_messages(rate: float, n_cycles: int) -> float:
    """Mean cycles of messages of one flit on an 8 x 8 mesh under uniform traffic, four cycles a hop."""
    chip = archsim.load_chip(
        "tests/chips/wearable_rram.yaml",
        ["interconnect.kind=mesh", "interconnect.frequency=1 GHz", "interconnect.router_latency=3 ns",
         "interconnect.buffer_flits=8", "interconnect.virtual_channels=4"],
    )  # fmt: skip
    mapping = SimpleNamespace(interconnect=interconnect_of("mesh", 64))
    costs = Parts(chip, 64, dict.fromkeys((*TILE_BUFFERS, "global_buffer"), 4096))
    ctx, label = Context(chip, None, mapping, costs, None), Label("", "", -1, 0)
    rng = np.random.default_rng(1)
    created, sources = np.nonzero(rng.random((n_cycles, 64)) < rate)
    last = []
    for cycle, source, target in zip(created, sources, rng.integers(0, 64, len(sources)), strict=True):
        made = ctx.add(label, ADMIT, 1, latency_ps=int(cycle) * 1000)
        away = source != target
        last.append(carry(ctx, label, int(source), [int(target)], 1, [made])[int(target)][-1] if away else made)
    done_ps = run_tasks(ctx.tasks.build(), engine="compiled").done_ps
    # the first router and the links in and out, which a message's hops do not have: 6 cycles
    return float((done_ps[last] / 1000 - created + 6)[created >= n_cycles // 3].mean())


@pytest.mark.parametrize(("rate", "booksim"), [(0.05, 27.05), (0.10, 27.23), (0.20, 27.91)])
def test_a_chips_messages_under_light_load_take_as_long_as_booksims(rate, booksim):
    assert latency_of_messages(rate, 800) == pytest.approx(booksim, rel=0.03)


def test_a_chips_router_without_allocators_is_faster_than_booksims_under_heavy_load():
    # BookSim2: 39.54 at 0.40; the page interconnect states the difference
    assert 27 < latency_of_messages(0.40, 800) < 0.85 * 39.54
