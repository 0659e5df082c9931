"""Routes between tiles on the interconnect.

A route is a sequence of hops, each over one directed link. The global buffer sits at :data:`IO`: next to the
corner tile of a mesh or torus, at the root of an H-tree, on the bus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

IO = -1
Kind = Literal["bus", "htree", "mesh", "torus"]


@dataclass(frozen=True)
class Hop:
    """One link of a route; `length` in tile pitches."""

    link: str
    length: float


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
        if self.kind == "bus":
            return (Hop("link[bus]", max(1.0, self.n_tiles / 2)),)
        if self.kind == "htree":
            return self._up_and_down(source, target)
        return self._along_x_then_y(source, target)

    def distance(self, source: int, target: int) -> float:
        """Length of the route, in tile pitches."""
        return sum(hop.length for hop in self.route(source, target))

    def _along_x_then_y(self, source: int, target: int) -> tuple[Hop, ...]:
        if source == IO:
            return (Hop("link[io to 0]", 1.0), *self._walk(0, self.places[target]))
        if target == IO:
            return (*self._walk(self.places[source], 0), Hop("link[0 to io]", 1.0))
        return self._walk(self.places[source], self.places[target])

    def _walk(self, here: int, there: int) -> tuple[Hop, ...]:
        hops = []
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
            hops.append(Hop(f"link[{y * self.n_columns + x} to {ny * self.n_columns + nx}]", length))
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
        # an H-tree's branches double in length every second level
        return Hop(f"link[{way} {level}.{index}]", 0.5 * 2 ** (level // 2))
