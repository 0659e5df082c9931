"""Placement shortens the way of the bits, never the other way round."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.interconnect import IO, interconnect_of
from archsim.mapping.place import cost, place
from archsim.registry import INTERCONNECTS

KINDS = sorted(INTERCONNECTS)
cases = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.dictionaries(
            st.tuples(st.integers(-1, n - 1), st.integers(-1, n - 1)).filter(lambda p: p[0] != p[1]),
            st.integers(1, 1000),
            max_size=15,
        ),
    )
)


@settings(max_examples=50, deadline=None)
@pytest.mark.parametrize("kind", KINDS)
@given(case=cases)
def test_near_is_never_worse_than_in_order(kind, case):
    n, traffic = case
    near, in_order = (place(kind, n, traffic, rule) for rule in ("near", "in_order"))
    assert in_order.places == tuple(range(n))
    assert sorted(near.places) == list(range(n))
    assert cost(near, traffic) <= cost(in_order, traffic)


@pytest.mark.parametrize("kind", KINDS)
def test_no_swap_of_two_tiles_makes_a_near_placement_better(kind):
    traffic = {(a, (a * 5 + 3) % 9): 10 + a for a in range(9) if a != (a * 5 + 3) % 9} | {(IO, 4): 50}
    near = place(kind, 9, traffic, "near")
    for a in range(9):
        for b in range(a):
            places = list(near.places)
            places[a], places[b] = places[b], places[a]
            assert cost(interconnect_of(kind, 9, tuple(places)), traffic) >= cost(near, traffic)


def test_the_order_in_which_traffic_is_told_does_not_matter():
    traffic = {(a, b): 1 + (a * b) % 4 for a in range(9) for b in range(9) if a != b}
    backwards = dict(reversed(traffic.items()))
    assert place("mesh", 9, traffic, "near").places == place("mesh", 9, backwards, "near").places


def test_two_far_tiles_that_talk_come_together():
    near = place("mesh", 9, {(0, 8): 100}, "near")
    assert near.distance(0, 8) == 1


def test_cost_is_bits_times_distance():
    assert cost(interconnect_of("mesh", 4, (0, 1, 2, 3)), {(0, 3): 10, (IO, 1): 5}) == 10 * 2 + 5 * 2


def test_a_chip_of_many_tiles_is_placed_as_well_if_few_of_them_talk():
    near = place("mesh", 168, {(0, 100): 10}, "near")
    assert near.distance(0, 100) == 1


def swapped_by_hand(kind, n, traffic):
    """The search as it is defined: pairs in order, again and again, each judged by the whole cost."""
    best = min(
        (interconnect_of(kind, n, places) for places in starts(kind, n)), key=lambda start: cost(start, traffic)
    )
    improved = True
    while improved:
        improved = False
        for a in range(n):
            for b in range(a + 1, n):
                places = list(best.places)
                places[a], places[b] = places[b], places[a]
                other = interconnect_of(kind, n, tuple(places))
                if cost(other, traffic) < cost(best, traffic):
                    best, improved = other, True
    return best.places


def starts(kind, n):
    yield tuple(range(n))
    if kind in ("mesh", "torus"):
        width = interconnect_of(kind, n).n_columns
        rows = [list(range(start, min(start + width, n))) for start in range(0, n, width)]
        yield tuple(place for k, row in enumerate(rows) for place in (row if k % 2 == 0 else row[::-1]))


@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("kind", ["htree", "mesh", "torus"])
@given(case=cases)
def test_near_finds_what_trying_all_pairs_in_order_finds(kind, case):
    n, traffic = case
    assert place(kind, n, traffic, "near").places == swapped_by_hand(kind, n, traffic)


@pytest.mark.parametrize("kind", KINDS)
def test_a_distance_is_the_sum_of_the_hops(kind):
    topology = interconnect_of(kind, 11, (3, 0, 1, 2, 10, 5, 4, 7, 9, 8, 6))
    for a in range(IO, 11):
        for b in range(IO, 11):
            assert topology.distance(a, b) == sum(hop.length for hop in topology.route(a, b))


def test_tiles_by_the_thousand_are_placed_as_those_that_talk_want_it():
    traffic = {(a, (a * 7 + 3) % 40 + 2_000): 100 + a for a in range(20)}
    near = place("mesh", 5_000, traffic, "near")
    assert sorted(near.places) == list(range(5_000))
    assert cost(near, traffic) == sum(traffic.values())  # each has the other beside it


@pytest.mark.parametrize("kind", KINDS)
def test_pulls_are_bits_times_distances_summed(kind):
    wires = interconnect_of(kind, 400)
    rng = np.random.default_rng(2)
    here, bits = rng.integers(0, 400, 7), rng.integers(0, 2**20, (3, 7)).astype(float)
    for n in (5, 300):
        places = rng.integers(0, 400, n)
        expected = bits @ wires.between(here[:, None], places)
        assert (wires.pulls(bits, here, places) == expected).all()
        assert (wires.pulls(bits[0], here, places) == expected[0]).all()
