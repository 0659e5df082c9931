"""Routers that serve four tiles each: routes, lengths, drawing, messages."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import archsim
from archsim.errors import SpecError
from archsim.interconnect import IO, interconnect_of
from archsim.interconnect.make import of_run
from archsim.verify import verify

CHIP = Path(__file__).parent.parent / "chips" / "wearable_rram.yaml"
SHARED = ["interconnect.tiles_per_router=4", "interconnect.buffer_flits=4", "interconnect.virtual_channels=2"]


@pytest.mark.parametrize("kind", ["mesh", "torus"])
@pytest.mark.parametrize("n", [1, 4, 6, 16, 30])
def test_lengths_are_those_of_the_routes_and_of_the_links_on_the_floor(kind, n):
    wires = interconnect_of(kind, n, None, 4)
    lengths = {link.name: link.length for link in wires.links()}
    for a in (IO, *range(n)):
        for b in (IO, *range(n)):
            route = wires.route(a, b)
            assert all(hop.length == lengths[hop.link] for hop in route)
            assert sum(hop.length for hop in route) == wires.distance(a, b) <= wires.diameter
    places = {wires.position(place) for place in range(n)}
    assert len(places) == n
    for link in wires.links():
        (x, y), *_, (tx, ty) = wires.line(link)
        assert abs(tx - x) + abs(ty - y) == link.length or kind == "torus" or IO in (link.source, link.target)


@pytest.mark.parametrize("kind", ["mesh", "torus"])
def test_no_circle_of_buffers_wait_for_each_other(kind):
    assert nx.is_directed_acyclic_graph(interconnect_of(kind, 36, None, 4).channel_dependencies())


def test_placement_finds_what_is_near():
    wires = interconnect_of("mesh", 30, None, 4)
    near = wires.within(5, 4.0)
    reached = np.flatnonzero(wires.between(np.full(30, 5), np.arange(30)) < 4.0)
    assert set(reached) <= set(near.tolist())
    assert all(sorted(order) == list(range(30)) for order in wires.orders())


@pytest.mark.parametrize("phase", ["inference", "dfa"])
def test_a_run_on_shared_routers_ends_and_is_drawn_as_it_was(phase):
    chip = archsim.load_chip(CHIP, ["tile.pes=1", "pe.crossbars=1", "interconnect.multicast=true", *SHARED])
    work = archsim.load_workload("workloads/watch_mlp.yaml", ["samples=1", "batch=1", "timesteps=4"])
    result = archsim.simulate(chip, work, engine="compiled", phase=phase)
    verify(result.graph, result.trace)
    links = set(result.link_load())
    drawn = {link.name for link in of_run(result.provenance, 1).links()}
    assert links <= drawn
    assert any("its router" in link for link in links)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["tiles_per_router=4"], "no routers to share; give buffer_flits"),
        (["tiles_per_router=4", "kind=htree", "buffer_flits=4"], "a htree has no routers at its tiles"),
        (["tiles_per_router=2"], "must be one of 1, 4"),
    ],
)
def test_routers_that_cannot_be_shared_are_refused(settings, said):
    with pytest.raises(SpecError, match=said):
        archsim.load_chip(CHIP, [f"interconnect.{setting}" for setting in settings])
