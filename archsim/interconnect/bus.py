"""A bus: one link that all tiles and the global buffer share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archsim.graphs import digraph
from archsim.interconnect.base import IO, Floats, Hop, Interconnect, Ints, Link, Node, Point
from archsim.registry import INTERCONNECTS

if TYPE_CHECKING:
    import networkx as nx

NAME = "link[bus]"
ABOVE = 0.56
"""How far above its row of tiles the bus is drawn, in tile pitches."""


@INTERCONNECTS.register
class Bus(Interconnect):
    """Every route is one hop, half the tiles long: all of the bus is charged, wherever the two ends are."""

    kind = "bus"
    tiles_have_routers = False
    places_differ = False

    @classmethod
    def router_ports(cls, n_tiles: int) -> int:
        """None: tiles drive the bus by themselves."""
        del n_tiles
        return 0

    @classmethod
    def n_routers(cls, n_places: int) -> int:
        """None."""
        del n_places
        return 0

    def path(self, here: int, there: int) -> tuple[Hop, ...]:
        del here, there
        return (Hop(NAME, self.diameter),)

    def links(self) -> tuple[Link, ...]:
        """One, from the global buffer to the last place, with taps at all others."""
        return (Link(NAME, IO, max(0, self.n_tiles - 1), self.diameter),)

    def between(self, here: Ints, there: Ints) -> Floats:
        return np.where(here == there, 0.0, self.diameter)

    def from_io(self, places: Ints) -> Floats:
        return np.full(places.shape, self.diameter)

    @property
    def diameter(self) -> float:
        return max(1.0, self.n_tiles / 2)

    def position(self, node: Node) -> Point:
        x, y = super().position(node)
        return (x, y - ABOVE) if node == IO else (x, y)

    def line(self, link: Link) -> tuple[Point, ...]:
        """From the global buffer along every row, with a tap at every tile, and back."""
        del link
        start = self.position(IO)
        points = [start]
        for row in range(self.n_rows):
            at = row * self.n_columns
            y = row - ABOVE
            points.append((start[0], y))
            for x, below in map(self.position, range(at, min(at + self.n_columns, self.n_tiles))):
                points += [(x, y), (x, below), (x, y)]
            points.append((start[0], y))
        return tuple(points)

    def to_networkx(self) -> nx.DiGraph[str]:
        """One node, "bus", with the places and the global buffer around it."""
        graph: nx.DiGraph[str] = digraph()
        for node in (*map(str, range(self.n_tiles)), "io"):
            graph.add_edge(node, "bus", link=NAME, length=self.diameter)
            graph.add_edge("bus", node, link=NAME, length=self.diameter)
        return graph
