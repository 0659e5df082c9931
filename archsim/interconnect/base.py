"""Routes between tiles on the interconnect.

A route is a sequence of hops, each over one directed link. The global buffer sits at :data:`IO`: next to the
corner tile of a mesh or torus, at the root of an H-tree, on the bus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from archsim.errors import MappingError
from archsim.given import refuse, wrong_kinds

if TYPE_CHECKING:
    import networkx as nx

IO = -1
Kind = Literal["bus", "htree", "mesh", "torus"]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Hop:
    """One link of a route; `length` in tile pitches; `vc_class` says which virtual channels it may take there."""

    link: str
    length: float
    vc_class: int = 0


@dataclass(frozen=True)
class Topology:
    """`n_tiles` tiles on an interconnect; tile t sits at place `places[t]`.

    Places of a mesh or torus run row by row over the smallest near-square grid; those of an H-tree are its
    leaves from left to right. A torus is folded, so that no link is longer than two pitches (Dally and Towles,
    Principles and Practices of Interconnection Networks, 2004); each of its rings of three places or more
    counts two pitches for a link.

    Examples
    --------
    >>> mesh = Topology("mesh", 4, (0, 1, 2, 3))
    >>> [hop.link for hop in mesh.route(0, 3)]
    ['link[0 to 1]', 'link[1 to 3]']
    """

    kind: Kind
    n_tiles: int
    places: tuple[int, ...]

    def __post_init__(self) -> None:
        refuse(wrong_kinds(self, "interconnect."), MappingError)

    @cached_property
    def n_columns(self) -> int:
        """Columns of the grid."""
        return max(1, math.ceil(math.sqrt(self.n_tiles)))

    @cached_property
    def n_grid_rows(self) -> int:
        """Rows of the grid."""
        return max(1, math.ceil(self.n_tiles / self.n_columns))

    @cached_property
    def n_levels(self) -> int:
        """Levels of the binary tree above the leaves of an H-tree."""
        return max(1, math.ceil(math.log2(max(2, self.n_tiles))))

    def route(self, source: int, target: int) -> tuple[Hop, ...]:
        """Hops from one tile (or IO) to another; none if they are the same."""
        if source == target:
            return ()
        match self.kind:
            case "bus":
                return (Hop("link[bus]", max(1.0, self.n_tiles / 2)),)
            case "htree":
                return self._up_and_down(source, target)
            case "mesh" | "torus":
                return self._along_x_then_y(source, target)
        assert_never(self.kind)

    def distance(self, source: int, target: int) -> float:
        """Length of the route, in tile pitches: its hops' lengths added up, without naming them."""
        if source == target:
            return 0.0
        if self.kind == "bus":
            return max(1.0, self.n_tiles / 2)
        here, there = ([0 if tile == IO else self.places[tile]] for tile in (source, target))
        if IO not in (source, target):
            return float(self.between(np.array(here), np.array(there))[0])
        return float(self.from_io(np.array(there if source == IO else here))[0])

    def between(self, here: Ints, there: Ints) -> Floats:
        """Lengths of routes between places, in tile pitches; arrays broadcast. 0 where both are the same."""
        if self.kind == "htree":
            # both climb to below the node that they share
            differ = np.frexp((here ^ there).astype(np.float64))[1]  # bit length
            return 2.0 * self._climbed[differ]
        if self.kind == "bus":
            return np.where(here == there, 0.0, max(1.0, self.n_tiles / 2))
        (y, x), (ty, tx) = np.divmod(here, self.n_columns), np.divmod(there, self.n_columns)
        return self._along(x, tx, self.n_columns) + self._along(y, ty, self.n_grid_rows)

    def from_io(self, places: Ints) -> Floats:
        """Lengths of the routes from the global buffer to places, in tile pitches."""
        if self.kind == "htree":
            return np.full(places.shape, self._climbed[self.n_levels])
        if self.kind == "bus":
            return np.full(places.shape, max(1.0, self.n_tiles / 2))
        return 1.0 + self.between(np.zeros_like(places), places)

    def within(self, place: int, radius: float) -> Ints:
        """Places that a route of less than `radius` may reach from a place, and some more; in no order."""
        if self.kind == "bus":
            return np.arange(self.n_tiles)
        if self.kind == "htree":
            below = int(np.searchsorted(2 * self._climbed, radius))  # levels to climb, one more at most
            low = place >> below << below
            return np.arange(low, min(low + (1 << below), self.n_tiles))
        reach, (y, x) = math.ceil(radius), divmod(place, self.n_columns)
        rows, columns = self._near(y, reach, self.n_grid_rows), self._near(x, reach, self.n_columns)
        places = (rows[:, None] * self.n_columns + columns).ravel()
        return places[places < self.n_tiles]

    def _near(self, here: int, reach: int, extent: int) -> Ints:
        """Coordinates along one axis of a grid that are not farther than `reach`."""
        if 2 * reach + 1 >= extent:
            return np.arange(extent)
        near = np.arange(here - reach, here + reach + 1)
        return near % extent if self.kind == "torus" else near[(near >= 0) & (near < extent)]

    @property
    def diameter(self) -> float:
        """No route is longer, in tile pitches."""
        grid = 1.0 + self.n_columns + self.n_grid_rows
        return max(grid, 2.0 * float(self._climbed[-1]), self.n_tiles / 2 if self.kind == "bus" else 0.0)

    def _along(self, here: Ints, there: Ints, extent: int) -> Floats:
        """Length along one axis of a grid."""
        apart: Floats = np.abs(here - there).astype(np.float64)
        if self.kind == "mesh":
            return apart
        around: Floats = (2.0 if extent > 2 else 1.0) * np.minimum(apart, extent - apart)
        return around

    @cached_property
    def _climbed(self) -> Floats:
        """Length of the edges of an H-tree above a leaf, by how many of them; doubling every second level."""
        return np.cumsum([0.0, *(_edge_length(level) for level in range(self.n_levels))])

    @property
    def n_vc_classes(self) -> int:
        """Classes of virtual channels that keep finite buffers from deadlock: two on a torus, else one.

        The links of a ring wait for each other in a circle. A packet takes class 0 until it crosses the
        wrap-around link of the ring, the dateline, and class 1 from there on, so that no circle closes (Dally and
        Seitz, Deadlock-free message routing in multiprocessor interconnection networks, IEEE Trans. Computers
        C-36, 1987).
        """
        match self.kind:
            case "torus":
                return 2
            case "bus" | "htree" | "mesh":
                return 1
        assert_never(self.kind)

    def to_networkx(self) -> nx.DiGraph[str]:
        """The links as a graph for people: nodes are places ("io" is the global buffer's) or nodes of the tree.

        Only links that some route takes are in it; a bus is one node, "bus", with the tiles around it.

        Examples
        --------
        >>> import networkx as nx
        >>> nx.shortest_path_length(Topology("mesh", 9, tuple(range(9))).to_networkx(), "0", "8")
        4
        """
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph()
        for route in self._routes():
            for hop in route:
                graph.add_edge(*self._ends(hop.link), link=hop.link, length=hop.length)
        if self.kind == "bus":
            graph.clear()
            for place in (*map(str, self.places), "io"):
                graph.add_edge(place, "bus", link="link[bus]")
                graph.add_edge("bus", place, link="link[bus]")
        return graph

    def channel_dependencies(self, use_classes: bool = True) -> nx.DiGraph[tuple[str, int]]:
        """Which buffer waits for which: nodes are (link, class), an edge goes to the next of a route.

        Routing with finite buffers cannot deadlock if this graph has no circle (Dally and Seitz, 1987).

        Parameters
        ----------
        use_classes : bool
            Without them all packets of a link share its buffer.

        Examples
        --------
        >>> import networkx as nx
        >>> ring = Topology("torus", 25, tuple(range(25)))
        >>> [nx.is_directed_acyclic_graph(ring.channel_dependencies(c)) for c in (True, False)]
        [True, False]
        """
        import networkx as nx

        graph: nx.DiGraph[tuple[str, int]] = nx.DiGraph()
        for route in self._routes():
            channels = [(hop.link, hop.vc_class if use_classes else 0) for hop in route]
            graph.add_nodes_from(channels)
            graph.add_edges_from(pairwise(channels))
        return graph

    def _routes(self) -> list[tuple[Hop, ...]]:
        ends = (IO, *range(self.n_tiles))
        return [self.route(source, target) for source in ends for target in ends]

    def _ends(self, link: str) -> tuple[str, str]:
        """The nodes that a link connects, by its name."""
        name = link.removeprefix("link[").removesuffix("]")
        if " to " in name:
            start, _, end = name.partition(" to ")
            return start, end
        if name == "bus":
            return "bus", "bus"
        way, _, node = name.partition(" ")
        level, index = map(int, node.split("."))
        low = str(index) if level == 0 else f"node {node}"
        high = "io" if level + 1 == self.n_levels else f"node {level + 1}.{index // 2}"
        return (low, high) if way == "up" else (high, low)

    def _along_x_then_y(self, source: int, target: int) -> tuple[Hop, ...]:
        if source == IO:
            return (Hop("link[io to 0]", 1.0), *self._walk(0, self.places[target]))
        if target == IO:
            return (*self._walk(self.places[source], 0), Hop("link[0 to io]", 1.0))
        return self._walk(self.places[source], self.places[target])

    def _walk(self, here: int, there: int) -> tuple[Hop, ...]:
        hops: list[Hop] = []
        vc_class = 0
        y, x = divmod(here, self.n_columns)
        ty, tx = divmod(there, self.n_columns)
        while (x, y) != (tx, ty):
            nx, ny = x, y
            if x != tx:
                nx = self._step(x, tx, self.n_columns)
            else:
                ny = self._step(y, ty, self.n_grid_rows)
            ring = self.n_columns if x != tx else self.n_grid_rows
            length = 2.0 if self.kind == "torus" and ring > 2 else 1.0
            if abs(nx - x) + abs(ny - y) > 1:
                vc_class = 1  # over the dateline
            hops.append(Hop(f"link[{y * self.n_columns + x} to {ny * self.n_columns + nx}]", length, vc_class))
            if nx == tx and x != tx:
                vc_class = 0  # the ring along y has a dateline of its own
            x, y = nx, ny
        return tuple(hops)

    def _step(self, here: int, there: int, extent: int) -> int:
        """The next coordinate; a torus takes the shorter way round, forwards if both are equal."""
        if self.kind == "mesh":
            return here + (1 if there > here else -1)
        forwards = (there - here) % extent
        return (here + (1 if forwards <= extent - forwards else -1)) % extent

    def _up_and_down(self, source: int, target: int) -> tuple[Hop, ...]:
        up = [] if source == IO else self._ancestors(self.places[source])
        down = [] if target == IO else self._ancestors(self.places[target])
        shared = set(up) & set(down)
        hops = [self._edge(node, "up") for node in up if node not in shared]
        return (*hops, *(self._edge(node, "down") for node in reversed(down) if node not in shared))

    def _ancestors(self, leaf: int) -> list[tuple[int, int]]:
        """Nodes from a leaf up to below the root; each stands for the edge above it."""
        return [(level, leaf >> level) for level in range(self.n_levels)]

    def _edge(self, node: tuple[int, int], way: str) -> Hop:
        level, index = node
        return Hop(f"link[{way} {level}.{index}]", _edge_length(level))


def _edge_length(level: int) -> float:
    """An H-tree's branches double in length every second level."""
    return 0.5 * 2.0 ** (level // 2)
