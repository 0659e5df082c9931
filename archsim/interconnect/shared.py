"""Routers that serve several tiles each: a mesh or torus of them, with links from every tile to its router."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from archsim.interconnect.base import IO, Floats, Hop, Interconnect, Ints, Link, Node, Point

TILES = 4
"""Two by two around a router, as ISAAC and PUMA have them."""
SIDE = 2
LOCAL = 1.0
"""Tile pitches from the middle of a tile to its router, half a pitch each way."""


@dataclass(frozen=True)
class Shared(Interconnect):
    """Places 4 r to 4 r + 3 lie two by two around router r; `routers` joins the routers as its kind joins tiles.

    Links between routers are twice as long as between tiles.

    Examples
    --------
    >>> from archsim.registry import INTERCONNECTS
    >>> mesh = Shared(8, tuple(range(8)), INTERCONNECTS["mesh"](2, (0, 1)))
    >>> [(hop.link, hop.length) for hop in mesh.route(1, 6)]
    [('link[tile 1 to its router]', 1.0), ('link[0 to 1]', 2.0), ('link[router to tile 6]', 1.0)]
    """

    routers: Interconnect
    tiles_have_routers = False

    @property
    def kind(self) -> str:  # type: ignore[override]  # that of the routers, not of the class
        """Of the interconnect between the routers."""
        return self.routers.kind

    @property
    def n_vc_classes(self) -> int:  # type: ignore[override]  # as above
        """Of the interconnect between the routers."""
        return self.routers.n_vc_classes

    def path(self, here: int, there: int) -> tuple[Hop, ...]:
        up = () if here == IO else (Hop(_up(here), LOCAL),)
        down = () if there == IO else (Hop(_down(there), LOCAL),)
        ends = (place if place == IO else place // TILES for place in (here, there))
        hops = self.routers.route(*ends)
        return (*up, *(replace(hop, length=SIDE * hop.length) for hop in hops), *down)

    def links(self) -> tuple[Link, ...]:
        between = (
            Link(link.name, _node(link.source), _node(link.target), SIDE * link.length)
            for link in self.routers.links()
        )
        local = (
            (Link(_up(p), p, (p // TILES,), LOCAL), Link(_down(p), (p // TILES,), p, LOCAL))
            for p in range(self.n_tiles)
        )
        return (*between, *chain.from_iterable(local))

    def between(self, here: Ints, there: Ints) -> Floats:
        apart = SIDE * self.routers.between(here // TILES, there // TILES) + 2 * LOCAL
        return np.where(here == there, 0.0, apart)

    def from_io(self, places: Ints) -> Floats:
        return SIDE * self.routers.from_io(places // TILES) + LOCAL

    def within(self, place: int, radius: float) -> Ints:
        near = self.routers.within(place // TILES, radius / SIDE)
        places = (TILES * near[:, None] + np.arange(TILES)).ravel()
        return places[places < self.n_tiles]

    @property
    def diameter(self) -> float:
        return SIDE * self.routers.diameter + 2 * LOCAL

    def orders(self) -> list[tuple[int, ...]]:
        return [tuple(self._tiles_of(order)) for order in self.routers.orders()]

    def _tiles_of(self, routers: Iterable[int]) -> Iterable[int]:
        return (p for r in routers for p in range(TILES * r, min(TILES * (r + 1), self.n_tiles)))

    # ---- drawing

    @cached_property
    def n_columns(self) -> int:
        """As many as two tiles for each router across."""
        return SIDE * self.routers.n_columns

    @cached_property
    def n_rows(self) -> int:
        """As many as two tiles for each router down."""
        return SIDE * self.routers.n_rows

    def position(self, node: Node) -> Point:
        """Tiles two by two, their router in the middle, the global buffer left of the first."""
        if isinstance(node, tuple) or node == IO:
            return _scaled(self.routers.position(node[0] if isinstance(node, tuple) else node))
        x, y = self.routers.position(node // TILES)
        return SIDE * x + node % TILES % SIDE, SIDE * y + node % TILES // SIDE

    def line(self, link: Link) -> tuple[Point, ...]:
        inner = self._between_routers.get(link.name)
        return super().line(link) if inner is None else tuple(map(_scaled, self.routers.line(inner)))

    @cached_property
    def _between_routers(self) -> dict[str, Link]:
        return {link.name: link for link in self.routers.links()}


def _node(router: Node) -> Node:
    """A router, told apart from the tile of its number."""
    return (router,) if isinstance(router, int) and router != IO else router


def _scaled(point: Point) -> Point:
    """Where a router is, from where its kind draws it."""
    return SIDE * point[0] + (SIDE - 1) / 2, SIDE * point[1] + (SIDE - 1) / 2


def _up(place: int) -> str:
    return f"link[tile {place} to its router]"


def _down(place: int) -> str:
    return f"link[router to tile {place}]"
