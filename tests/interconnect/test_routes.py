"""Routes are connected and as long as geometry says."""

from __future__ import annotations

import re
from itertools import pairwise
from math import ceil, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.interconnect import IO, interconnect_of

grids = st.integers(1, 30).flatmap(
    lambda n: st.tuples(st.just(n), st.permutations(range(n)), st.integers(-1, n - 1), st.integers(-1, n - 1))
)


def grid_of(n: int) -> tuple[int, int]:
    """Columns and rows of the smallest near-square grid."""
    columns = ceil(sqrt(n))
    return columns, ceil(n / columns)


def ends(link: str) -> tuple[str, str]:
    found = re.fullmatch(r"link\[(\S+) to (\S+)\]", link)
    assert found is not None
    return found[1], found[2]


def place_name(tile: int, places) -> str:
    return "io" if tile == IO else str(places[tile])


@pytest.mark.parametrize("kind", ["mesh", "torus"])
@given(case=grids)
def test_every_hop_of_a_grid_begins_where_the_last_one_ended(kind, case):
    n, places, source, target = case
    walked = [ends(hop.link) for hop in interconnect_of(kind, n, tuple(places)).route(source, target)]
    if source == target:
        assert walked == []
        return
    assert walked[0][0] == place_name(source, places)
    assert walked[-1][1] == place_name(target, places)
    assert all(a[1] == b[0] for a, b in pairwise(walked))


@given(case=grids)
def test_a_mesh_route_is_as_long_as_the_manhattan_distance(case):
    n, places, source, target = case
    columns, _ = grid_of(n)
    (y, x), (ty, tx) = (divmod(0 if t == IO else places[t], columns) for t in (source, target))
    to_io = (source == IO) != (target == IO)
    route = interconnect_of("mesh", n, tuple(places)).route(source, target)
    assert sum(hop.length for hop in route) == abs(x - tx) + abs(y - ty) + to_io
    assert len(route) == abs(x - tx) + abs(y - ty) + to_io


@given(case=grids)
def test_a_torus_takes_the_shorter_way_round_on_both_axes(case):
    n, places, source, target = case
    columns, rows = grid_of(n)
    (y, x), (ty, tx) = (divmod(0 if t == IO else places[t], columns) for t in (source, target))
    hops = min((x - tx) % columns, (tx - x) % columns) + min((y - ty) % rows, (ty - y) % rows)
    to_io = (source == IO) != (target == IO)
    assert len(interconnect_of("torus", n, tuple(places)).route(source, target)) == hops + to_io


def test_links_of_a_folded_torus_span_two_pitches_where_a_ring_has_three_places_or_more():
    torus = interconnect_of("torus", 6)  # three columns, two rows
    assert [hop.length for hop in torus.route(0, 2)] == [2.0]
    assert [hop.length for hop in torus.route(0, 3)] == [1.0]


@given(n=st.integers(2, 33), data=st.data())
def test_an_htree_route_goes_up_to_the_lowest_common_ancestor_and_down(n, data):
    source, target = data.draw(st.lists(st.integers(0, n - 1), min_size=2, max_size=2, unique=True))
    links = [hop.link for hop in interconnect_of("htree", n).route(source, target)]
    level = (source ^ target).bit_length()  # leaves that agree above `level` bits meet there
    assert links == [f"link[up {i}.{source >> i}]" for i in range(level)] + [
        f"link[down {i}.{target >> i}]" for i in reversed(range(level))
    ]


def test_branches_of_an_htree_double_every_second_level_and_the_global_buffer_sits_at_the_root():
    tree = interconnect_of("htree", 16)
    assert [hop.length for hop in tree.route(IO, 5)] == [1.0, 1.0, 0.5, 0.5]
    assert [hop.link for hop in tree.route(5, IO)] == [f"link[up {i}.{5 >> i}]" for i in range(4)]


@given(n=st.integers(1, 20), data=st.data())
def test_a_bus_is_one_hop_over_one_shared_link(n, data):
    bus = interconnect_of("bus", n)
    source, target = (data.draw(st.integers(-1, n - 1)) for _ in range(2))
    assert [hop.link for hop in bus.route(source, target)] == (["link[bus]"] if source != target else [])
