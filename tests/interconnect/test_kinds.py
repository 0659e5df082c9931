"""What every kind says of its links, lengths and positions agrees with its routes."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

import archsim
from archsim.errors import MappingError, PluginError, SpecError
from archsim.interconnect import IO, Hop, Interconnect, Link, interconnect_of, of_run
from archsim.mapping.place import place
from archsim.registry import INTERCONNECTS

SIZES = [1, 2, 5, 9, 12]
KINDS = sorted(INTERCONNECTS)


@pytest.fixture(params=[(kind, n) for kind in KINDS for n in SIZES], ids=str)
def wires(request) -> Interconnect:
    kind, n = request.param
    return interconnect_of(kind, n, tuple(reversed(range(n))))


def test_a_route_runs_over_links_that_there_are_each_from_where_the_last_one_ends(wires):
    links = {link.name: link for link in wires.links()}
    assert len(links) == len(wires.links())
    for source in range(IO, wires.n_tiles):
        for target in range(IO, wires.n_tiles):
            hops = wires.route(source, target)
            assert [hop.length for hop in hops] == [links[hop.link].length for hop in hops]
            if hops and wires.places_differ:
                way = [links[hop.link] for hop in hops]
                assert (way[0].source, way[-1].target) == (wires.place_of(source), wires.place_of(target))
                assert all(a.target == b.source for a, b in pairwise(way))


def test_lengths_by_formula_are_those_of_the_routes(wires):
    places = np.arange(wires.n_tiles)
    walked = Interconnect.between(wires, places[:, None], places)
    assert (wires.between(places[:, None], places) == walked).all()
    assert (wires.from_io(places) == Interconnect.from_io(wires, places)).all()
    assert wires.diameter >= Interconnect.diameter.fget(wires)
    for radius in (0.5, 1.0, 2.5):
        for at in range(wires.n_tiles):
            assert set(np.flatnonzero(walked[at] < radius)) <= set(wires.within(at, radius))


def test_every_order_that_a_search_begins_from_has_each_place_once(wires):
    assert all(sorted(order) == list(range(wires.n_tiles)) for order in wires.orders())


def test_a_line_begins_and_ends_at_the_nodes_that_its_link_joins(wires):
    at = [wires.position(node) for node in range(IO, wires.n_tiles)]
    assert len(set(at)) == wires.n_tiles + 1
    for link in wires.links():
        line = wires.line(link)
        assert line[0] == wires.position(link.source)
        if wires.places_differ:
            assert line[-1] == wires.position(link.target)
        else:  # a bus has taps
            assert {wires.position(place) for place in range(wires.n_tiles)} <= set(line)


def test_no_two_links_of_a_grid_are_drawn_over_each_other():
    torus = interconnect_of("torus", 12)
    lines = {min(line, line[::-1]) for line in map(torus.line, torus.links())}
    parts = [tuple(sorted(part)) for line in lines for part in pairwise(line)]
    assert len(parts) == len(set(parts))


def test_a_graph_for_people_has_the_links_with_their_lengths():
    tree = interconnect_of("htree", 4).to_networkx()
    assert tree.edges["0", "node 1.0"] == {"link": "link[up 0.0]", "length": 0.5}
    assert nx.shortest_path(tree, "io", "3") == ["io", "node 1.1", "3"]
    assert set(interconnect_of("bus", 2).to_networkx()) == {"0", "1", "bus", "io"}


def test_a_chip_file_names_one_of_the_register(root_dir):
    said = "must be one of bus, htree, mesh, torus; got 'tours'; did you mean 'torus'"
    with pytest.raises(SpecError, match=said):
        archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml", ["interconnect.kind=tours"])


@pytest.mark.parametrize(
    ("places", "kept"),
    [
        ([1, 0, 2], [1, 0, 2]),
        *((wrong, [0, 1, 2]) for wrong in ([1, 0], [0, 0, 1], ["1", [], 2], None)),
    ],
)
def test_a_saved_run_has_its_tiles_where_it_says_if_each_has_a_place(places, kept):
    chip = {"interconnect": {"kind": "htree"}, "tiles": "auto"}
    wires = of_run({"chip": chip, "tile_places": places}, n_tiles=3)
    assert (wires.kind, list(wires.places)) == ("htree", kept)


def test_a_saved_run_knows_tiles_that_it_had_no_task_on():
    assert of_run({"chip": {"interconnect": {"kind": "mesh"}, "tiles": 6}}, 2).n_tiles == 6
    assert of_run({"tile_places": [2, 1, 0]}, 2).places == (2, 1, 0)
    assert of_run({"chip": None}, 2).position(1) == (1.0, 0.0)


def test_a_saved_run_on_a_kind_that_is_not_here_is_refused_with_those_that_are():
    with pytest.raises(MappingError, match=r"kind is 'dragonfly'; allowed are bus, htree, mesh, torus"):
        of_run({"chip": {"interconnect": {"kind": "dragonfly"}}}, 2)


class Wrong(INTERCONNECTS["mesh"]):
    kind = "wrong"
    given = Link("link[io to 0]", IO, 0)
    hops = (Hop("link[io to 0]", 1.0),)

    def links(self):
        return (self.given,)

    def path(self, here, there):  # noqa: ARG002  # a base gives the names
        return self.hops


@pytest.mark.usefixtures("own_kinds")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        # with which sums were not exact, and a search for places might never end
        ({"given": Link("link[a]", 0, 1, 0.3)}, r"link\[a\] is 0.3 tile pitches long; .* half a pitch"),
        ({"hops": ()}, r"path\(-1, 0\) has no hop"),
        ({"hops": (Hop("link[b]", 1.0),)}, r"path\(-1, 0\) takes link\[b\], which links\(\) lacks"),
        ({"hops": (Hop("link[io to 0]", 2.0),)}, r"path\(-1, 0\) says that link\[io to 0\] is 2.0 long"),
        ({"hops": (Hop("link[io to 0]", 1.0, 1),)}, r"path\(-1, 0\) takes class 1 of virtual channels; there"),
        ({"hops": ["link[io to 0]"]}, "AttributeError: 'str' object has no attribute 'link'"),
        ({"links": lambda _: 1 / 0}, "ZeroDivisionError: division by zero"),
    ],
)
def test_what_does_not_fit_together_is_an_error_with_the_name_of_the_kind(given, said):
    archsim.register(type("Wrong", (Wrong,), given))
    with pytest.raises(PluginError, match=f"interconnect 'wrong'.*: {said}"):
        place("wrong", 4, {(0, 3): 1}, "near")


@pytest.mark.usefixtures("own_kinds")
def test_a_plug_in_that_fails_later_on_is_told_by_its_name_too():
    class Late(INTERCONNECTS["mesh"]):
        kind = "late"

        def path(self, here, there):
            return {}[here] if (here, there) == (1, 2) else super().path(here, there)

        def orders(self):
            raise IndexError("list index out of range")

    archsim.register(Late)
    with pytest.raises(PluginError, match=r"interconnect 'late' \(.*Late\): KeyError: 1"):
        interconnect_of("late", 9).route(1, 2)
    with pytest.raises(PluginError, match=r"interconnect 'late' \(.*Late\): IndexError: list index"):
        place("late", 9, {(0, 3): 1}, "near")
