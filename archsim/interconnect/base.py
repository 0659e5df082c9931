"""The base class of interconnects: tiles at places, links between them, and the route of a message.

A route is a sequence of hops, each over one directed link. The global buffer is the node :data:`IO`; where it is
attached is up to the kind.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from archsim.graphs import digraph
from archsim.registry import INTERCONNECTS

if TYPE_CHECKING:
    import networkx as nx

    from archsim.spec.chip import Interconnect as Section

IO = -1
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Node = int | tuple[int, ...]
"""The ends of a link: a place, the global buffer (IO), or a node of the kind's own, such as one of a tree."""
Point = tuple[float, float]
"""Where something is drawn, in tile pitches: to the right, and down."""


@dataclass(frozen=True)
class Hop:
    """One link of a route; `length` in tile pitches; `vc_class` says which virtual channels it may take there."""

    link: str
    length: float
    vc_class: int = 0


@dataclass(frozen=True)
class Link:
    """A directed link: the name of its resource, the nodes that it joins, its length in tile pitches."""

    name: str
    source: Node
    target: Node
    length: float = 1.0


@dataclass(frozen=True)
class Interconnect(ABC):
    """`n_tiles` tiles on an interconnect; tile t sits at place `places[t]`, one of 0 to n_tiles - 1.

    A kind says which links there are and which of them a route takes. What follows from the routes has a default
    here, which walks them; a kind that knows a formula gives it. Routes are as long in both directions.

    Examples
    --------
    >>> from archsim.registry import INTERCONNECTS
    >>> mesh = INTERCONNECTS["mesh"](4, (0, 1, 2, 3))
    >>> [hop.link for hop in mesh.route(0, 3)]
    ['link[0 to 1]', 'link[1 to 3]']
    """

    n_tiles: int
    places: tuple[int, ...]

    kind: ClassVar[str]
    n_vc_classes: ClassVar[int] = 1
    """Classes of virtual channels that keep finite buffers from deadlock (see `channel_dependencies`)."""
    deadlock: ClassVar[str] = (
        "on fewer, packets can wait for each other in a circle (deadlock); or say buffer_flits: unlimited"
    )
    """Why a chip with fewer virtual channels than classes is refused, and what would help."""
    tiles_have_routers: ClassVar[bool] = True
    """Whether a message's first and last router are at the tiles, or it comes to routers over links only."""
    places_differ: ClassVar[bool] = True
    """Whether it matters which tile sits where."""
    is_above: ClassVar[bool] = False
    """Whether the links are drawn above all tiles, so that what is written about a tile goes below it."""

    @abstractmethod
    def path(self, here: int, there: int) -> tuple[Hop, ...]:
        """Hops from one place (or IO) to another one."""

    @abstractmethod
    def links(self) -> tuple[Link, ...]:
        """All links, each once, in a fixed order; those of the global buffer first."""

    @classmethod
    def router_ports(cls, n_tiles: int) -> int:
        """Ports of a router of `n_tiles` tiles, as of a mesh unless a kind says otherwise; 0 without routers."""
        return 4 + n_tiles

    @classmethod
    def n_routers(cls, n_places: int) -> int:
        """Routers that join so many places: one at each, unless a kind says otherwise."""
        return n_places

    @classmethod
    def errors(cls, section: Section) -> list[tuple[str, str]]:
        """Errors of this kind together with other keys, as (key, what is wrong and what would help).

        `section` is what the chip file says of the interconnect.
        """
        errors = []
        if section.n_tiles_per_router > 1 and not cls.tiles_have_routers:
            errors.append(("tiles_per_router", f"a {cls.kind} has no routers at its tiles; leave it out"))
        elif section.n_tiles_per_router > 1 and section.n_buffer_flits == "unlimited":
            said = "without buffers messages pass links only, no routers to share; give buffer_flits"
            errors.append(("tiles_per_router", said))
        if section.arbitration == "flit" and section.n_buffer_flits == "unlimited":
            said = "flit changes nothing without buffers, where messages pass links only; give buffer_flits"
            errors.append(("arbitration", said))
        if section.arbitration == "flit" and section.switching == "store_and_forward":
            errors.append(("arbitration", "flits take turns only with switching: cut_through; leave one out"))
        if section.n_buffer_flits != "unlimited" and section.n_virtual_channels < cls.n_vc_classes:
            needs = f"a {cls.kind} with finite buffers needs {cls.n_vc_classes} or more"
            errors.append(("virtual_channels", f"{needs}: {cls.deadlock}"))
        return errors

    # ---- routes

    def route(self, source: int, target: int) -> tuple[Hop, ...]:
        """Hops from one tile (or IO) to another; none if they are the same."""
        if source == target:
            return ()
        try:
            return self.path(self.place_of(source), self.place_of(target))
        except Exception:
            with INTERCONNECTS.calling(self.kind):
                raise

    def place_of(self, tile: int) -> int:
        """The place of a tile; IO is its own."""
        return IO if tile == IO else self.places[tile]

    def distance(self, source: int, target: int) -> float:
        """Length of the route between two tiles (or IO), in tile pitches: its hops' lengths added up."""
        if source == target:
            return 0.0
        here, there = self.place_of(source), self.place_of(target)
        if IO not in (here, there):
            return float(self.between(np.array([here]), np.array([there]))[0])
        return float(self.from_io(np.array([max(here, there)]))[0])

    # ---- lengths that placement asks for, many at once

    def between(self, here: Ints, there: Ints) -> Floats:
        """Lengths of routes between places, in tile pitches; arrays broadcast. 0 where both are the same."""
        lengths: Floats = self._lengths[here, there]
        return lengths

    def from_io(self, places: Ints) -> Floats:
        """Lengths of the routes from the global buffer to places, in tile pitches."""
        lengths: Floats = self._lengths[IO, places]
        return lengths

    def pulls(self, bits: Floats, here: Ints, places: Ints) -> Floats:
        """Bits times distance from each of some places to all that talk, who sit at `here`, summed.

        Parameters
        ----------
        bits : float64[..., len(here)]
        here, places : int64[...]

        Returns
        -------
        float64[..., len(places)]
        """
        found: Floats = bits @ self.between(here[:, None], places)
        return found

    def within(self, place: int, radius: float) -> Ints:
        """Places that a route of less than `radius` may reach from a place, and some more; in no order."""
        del place, radius
        return np.arange(self.n_tiles)

    @property
    def diameter(self) -> float:
        """No route is longer, in tile pitches."""
        return float(self._lengths.max())

    def orders(self) -> list[tuple[int, ...]]:
        """Places of the tiles in the order of the layers from which a search may begin, beside 0, 1, 2, …."""
        return []

    @cached_property
    def _lengths(self) -> Floats:
        """Length of the route between each two places; the last row and column are the global buffer's."""
        ends = (*range(self.n_tiles), IO)
        return np.array([
            [sum(hop.length for hop in self.path(here, there)) if here != there else 0.0 for there in ends]
            for here in ends
        ])  # fmt: skip

    # ---- drawing

    @cached_property
    def n_columns(self) -> int:
        """Columns of the smallest near-square grid that holds all places."""
        return max(1, math.ceil(math.sqrt(self.n_tiles)))

    @cached_property
    def n_rows(self) -> int:
        """Rows of that grid."""
        return max(1, math.ceil(self.n_tiles / self.n_columns))

    def position(self, node: Node) -> Point:
        """Where a node is drawn: places row by row on a near-square grid, the global buffer left of the first."""
        if node == IO:
            return -1.0, 0.0
        assert isinstance(node, int)  # a kind with nodes of its own says where they are
        y, x = divmod(node, self.n_columns)
        return float(x), float(y)

    def line(self, link: Link) -> tuple[Point, ...]:
        """Where a link is drawn, from its source to its target: two points or more."""
        return self.position(link.source), self.position(link.target)

    # ---- as graphs

    def to_networkx(self) -> nx.DiGraph[str]:
        """The links as a graph for people: nodes are places, "io" (the global buffer), or the kind's own.

        Examples
        --------
        >>> import networkx as nx
        >>> from archsim.registry import INTERCONNECTS
        >>> mesh = INTERCONNECTS["mesh"](9, tuple(range(9)))
        >>> nx.shortest_path_length(mesh.to_networkx(), "0", "8")
        4
        """
        graph: nx.DiGraph[str] = digraph()
        for link in self.links():
            graph.add_edge(_text(link.source), _text(link.target), link=link.name, length=link.length)
        return graph

    def channel_dependencies(self, use_classes: bool = True) -> nx.DiGraph[tuple[str, int]]:
        """Which buffer waits for which: nodes are (link, class), an edge goes to the next of a route.

        Routing with finite buffers cannot deadlock if this graph has no circle (Dally and Seitz, Deadlock-free
        message routing in multiprocessor interconnection networks, IEEE Trans. Computers C-36, 1987).

        Parameters
        ----------
        use_classes : bool
            Without them all packets of a link share its buffer.

        Examples
        --------
        >>> import networkx as nx
        >>> from archsim.registry import INTERCONNECTS
        >>> torus = INTERCONNECTS["torus"](25, tuple(range(25)))
        >>> [nx.is_directed_acyclic_graph(torus.channel_dependencies(c)) for c in (True, False)]
        [True, False]
        """
        graph: nx.DiGraph[tuple[str, int]] = digraph()
        ends = (IO, *range(self.n_tiles))
        for hops in (self.route(source, target) for source in ends for target in ends):
            channels = [(hop.link, hop.vc_class if use_classes else 0) for hop in hops]
            graph.add_nodes_from(channels)
            graph.add_edges_from(pairwise(channels))
        return graph


def link_name(source: int, target: int) -> str:
    """The name of the link from one place (or IO) to another, as users know it.

    Examples
    --------
    >>> link_name(IO, 0), link_name(0, 1)
    ('link[io to 0]', 'link[0 to 1]')
    """
    return f"link[{_text(source)} to {_text(target)}]"


def _text(node: Node) -> str:
    """A node for people.

    Examples
    --------
    >>> _text(IO), _text(3), _text((1, 0))
    ('io', '3', 'node 1.0')
    """
    if isinstance(node, tuple):
        return f"node {'.'.join(map(str, node))}"
    return "io" if node == IO else str(node)
