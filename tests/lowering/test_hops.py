"""Messages on the interconnect: switching, finite router buffers, multicast."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
from lowering_support import counts

import archsim
from archsim.engine import run_tasks
from archsim.errors import SpecError
from archsim.lowering import Lowered
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


def errors_on_links(low: Lowered) -> Counter[tuple[int, int, str]]:
    """How often the output's error goes over a link to the feedback arrays, by sample, timestep and link."""
    graph, found = low.graph, Counter[tuple[int, int, str]]()
    for task in range(graph.n_tasks):
        name = graph.action_names[graph.action[task]]
        of = graph.stage_names[graph.stage[task]], graph.layer_names[graph.layer[task]]
        if action_of_name(name) == "hop" and of == ("feedback", "out"):
            link = graph.resource_names[graph.uses_resource[graph.uses_ptr[task]]]
            found[int(graph.sample[task]), int(graph.timestep[task]), link] += 1
    return found


@pytest.mark.parametrize("buffers", ["unlimited", "4"])
def test_with_multicast_the_error_of_dfa_takes_each_link_once(lowered, buffers):
    single, cast = (
        lowered("dense", "dfa", [*SMALL, f"interconnect.multicast={how}", f"interconnect.buffer_flits={buffers}"])
        for how in ("false", "true")
    )
    assert set(errors_on_links(single)) == set(errors_on_links(cast))  # routes of a mesh make a tree
    assert set(errors_on_links(cast).values()) == {1}
    assert max(errors_on_links(single).values()) > 1
    assert counts(cast)["receive"] == counts(single)["receive"]


def test_routers_take_longer_than_links_alone_however_much_they_hold(plain):
    finite = run("interconnect.buffer_flits=1000000")
    assert finite.latency_ps > plain.latency_ps  # the first router, ports in and out
    assert flits(finite) == flits(plain)
    assert hop_energy(finite) == hop_energy(plain)  # cited figures are of a hop


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
        (["arbitration=flit"], "flit changes nothing without buffers"),
        (["arbitration=flit", "buffer_flits=8", "switching=store_and_forward"], "with switching: cut_through"),
        (["switching=wormhole"], "must be one of cut_through, store_and_forward"),
    ],
)
def test_what_can_deadlock_or_means_nothing_is_refused(settings, said):
    with pytest.raises(SpecError, match=said):
        archsim.load_chip("tests/chips/wearable_rram.yaml", [f"interconnect.{s}" for s in settings])
