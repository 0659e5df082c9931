"""Messages of a chip on a mesh follow BookSim2, a cycle-accurate router simulator, on recorded figures."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from noc_traffic import PATTERNS, Router, mean_hops, mean_latency, traffic, zero_load_cycles

from archsim.engine import run_tasks
from archsim.errors import EngineError
from archsim.interconnect import interconnect_of
from archsim.registry import INTERCONNECTS
from archsim.verify import verify

MESH = interconnect_of("mesh", 64)
# BookSim2, 8 x 8 mesh, dimension order, 4 virtual channels of 8 flits, packets of 1 flit, uniform:
# flits per node and cycle -> mean latency in cycles
BOOKSIM = {0.01: 26.72, 0.05: 27.05, 0.10: 27.23, 0.20: 27.91}
BOOKSIM_SATURATION = 0.4087  # twice the latency of the empty network, between 0.40 (39.54) and 0.42 (72.7)
# the same on 4 x 4 (booksim2 at 28f4329, routing_delay = 0, sample_period = 10000), by virtual channels, flits of
# each and of a packet; benchmarks/noc.py has the whole curves
SMALL_MESH = interconnect_of("mesh", 16)
BOOKSIM_4X4 = {
    (4, 8, 1): {0.1: 16.08, 0.3: 16.46, 0.45: 17.10},  # twice the latency of the empty network at 0.71
    (2, 4, 1): {0.1: 16.08, 0.3: 16.48, 0.4: 16.87},  # at 0.65
    (4, 8, 4): {0.1: 19.82, 0.3: 22.28},  # at 0.64
    (2, 4, 4): {0.1: 19.80, 0.3: 22.05},  # at 0.57
}
# with hold_switch_for_packet = 1 packets do not take turns on a link
HELD = {(4, 8, 4): 22.28, (2, 4, 4): 22.05}


def of_small_mesh(of: tuple[int, int, int], rate: float) -> float:
    n_channels, n_buffer_flits, n_flits = of
    return mean_latency(SMALL_MESH, rate, 800, 1, Router(n_channels, n_buffer_flits), n_flits)


@pytest.mark.parametrize(("of", "rate"), [(of, rate) for of, curve in BOOKSIM_4X4.items() for rate in curve])
def test_up_to_60_per_cent_of_saturation_messages_on_a_4_x_4_mesh_take_as_long_as_booksims(of, rate):
    assert of_small_mesh(of, rate) == pytest.approx(BOOKSIM_4X4[of][rate], rel=0.03)


@pytest.mark.parametrize("of", HELD)
def test_packets_that_keep_a_link_are_faster_than_those_that_take_turns(of):
    # a packet whose flits wait for another's is later as a whole, the other no earlier
    n_channels, n_buffer_flits, n_flits = of
    held = mean_latency(SMALL_MESH, 0.3, 800, 1, Router(n_channels, n_buffer_flits, arbitration="packet"), n_flits)
    assert 0.94 * HELD[of] < held < of_small_mesh(of, 0.3)


def test_a_packet_alone_takes_four_cycles_a_router_and_two_links():
    load = traffic(MESH, 0.0005, 2000, seed=3)
    latency = load.latencies(run_tasks(load.graph, engine="compiled").done_ps)
    n_routers = np.array([(n - 2) // 5 for n in np.diff(load.last, prepend=-1)])
    assert latency.tolist() == (4 * n_routers + 2).tolist()


def test_a_tile_sends_over_its_router_and_the_receivers_to_the_tile():
    # one packet of four flits over one link: two routers of four cycles, two ports, three flits behind the head
    load = traffic(SMALL_MESH, 0.001, 4000, seed=2, n_flits=4)
    latency = load.latencies(run_tasks(load.graph, engine="compiled").done_ps)
    assert latency.min() == zero_load_cycles(0, n_flits=4) == 9
    assert zero_load_cycles(1, n_flits=4) in latency


def test_almost_without_load_the_mean_latency_is_booksims_within_one_and_a_half_per_cent():
    empty = zero_load_cycles(mean_hops(MESH))
    assert empty == 27.0  # 4 H + 2, H = 5.25 + 1: 1.05 % above BookSim's at the lightest load recorded
    assert empty == pytest.approx(BOOKSIM[0.01], rel=0.011)
    assert mean_latency(MESH, 0.01, 1500, 1) == pytest.approx(BOOKSIM[0.01], rel=0.015)


@pytest.mark.parametrize(("rate", "n_cycles"), [(0.05, 400), (0.10, 300), (0.20, 300)])
def test_up_to_half_of_saturation_latency_is_booksims(rate, n_cycles):
    # the whole curve is in benchmarks/noc.py
    assert mean_latency(MESH, rate, n_cycles, 1) == pytest.approx(BOOKSIM[rate], rel=0.05)


def test_the_mesh_saturates_where_booksim_does():
    # saturated: latency has doubled; within 10 % of BookSim's rate on both sides
    assert mean_latency(MESH, 0.9 * BOOKSIM_SATURATION, 600, 1) < 2 * 27.0
    assert mean_latency(MESH, 1.1 * BOOKSIM_SATURATION, 600, 1) > 2 * 27.0


@pytest.mark.parametrize("kind", ["mesh", "torus", "htree"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_pattern_deadlocks_however_small_the_buffers_and_heavy_the_load(kind, pattern):
    load = traffic(interconnect_of(kind, 25), 0.9, 60, 5, pattern, Router(2, 1))
    trace = run_tasks(load.graph, engine="compiled")
    verify(load.graph, trace)
    assert trace.start_ps.min() >= 0


def test_a_torus_with_one_virtual_channel_is_refused():
    with pytest.raises(EngineError, match="torus needs 2 virtual channels"):
        traffic(interconnect_of("torus", 25), 0.1, 10, 1, router=Router(1, 8))


@pytest.mark.parametrize("n", [16, 25, 30, 64])
@pytest.mark.parametrize("kind", sorted(INTERCONNECTS))
def test_no_circle_of_buffers_wait_for_each_other(kind, n):
    # Dally and Seitz 1987: routing cannot deadlock if the channel dependency graph has no circle
    topology = interconnect_of(kind, n)
    assert nx.is_directed_acyclic_graph(topology.channel_dependencies())


def test_a_torus_without_classes_has_such_a_circle():
    ring = interconnect_of("torus", 25)
    assert not nx.is_directed_acyclic_graph(ring.channel_dependencies(use_classes=False))


@pytest.mark.parametrize("kind", ["mesh", "torus"])
def test_routes_are_shortest_paths(kind):
    topology = interconnect_of(kind, 25)
    shortest = dict(nx.all_pairs_shortest_path_length(topology.to_networkx()))
    for source in range(25):
        for target in range(25):
            assert len(topology.route(source, target)) == shortest[str(source)][str(target)]


@pytest.mark.parametrize(("rate", "pattern"), [(1.5, "uniform"), (0.1, "nowhere")])
def test_impossible_traffic_is_refused(rate, pattern):
    with pytest.raises(EngineError, match=r"rate|pattern"):
        traffic(MESH, rate, 10, 1, pattern)
