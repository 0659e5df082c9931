"""An H-tree: tiles are the leaves of a binary tree, the global buffer is its root."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from archsim.interconnect.base import IO, Floats, Hop, Interconnect, Ints, Link, Node, Point
from archsim.registry import INTERCONNECTS

LEVEL, TOP = 0.7, 0.3
"""How far above each other the levels of the tree are drawn, and how much farther its root; in tile pitches."""


@INTERCONNECTS.register
class HTree(Interconnect):
    """Places are the leaves from left to right; node (level, i) joins those whose number >> level is i.

    Routes go up to the lowest node that both share, and down. Branches double in length every second level.
    """

    kind = "htree"
    tiles_have_routers = False
    is_above = True

    @cached_property
    def n_levels(self) -> int:
        """Levels of the binary tree above the leaves."""
        return max(1, math.ceil(math.log2(max(2, self.n_tiles))))

    @classmethod
    def router_ports(cls, n_tiles: int) -> int:
        """Two branches and the way up; tiles have none of their own."""
        del n_tiles
        return 3

    @classmethod
    def n_routers(cls, n_places: int) -> int:
        """The junctions between the leaves and the global buffer, which is the root."""
        tree = cls(n_places, tuple(range(n_places)))
        return sum(((max(1, n_places) - 1) >> level) + 1 for level in range(1, tree.n_levels))

    def path(self, here: int, there: int) -> tuple[Hop, ...]:
        up = [] if here == IO else self._above(here)
        down = [] if there == IO else self._above(there)
        shared = set(up) & set(down)
        links = [self._branch(node)[0] for node in up if node not in shared]
        links += [self._branch(node)[1] for node in reversed(down) if node not in shared]
        return tuple(Hop(link.name, link.length) for link in links)

    def links(self) -> tuple[Link, ...]:
        n = max(1, self.n_tiles)
        nodes = [(level, i) for level in reversed(range(self.n_levels)) for i in range(((n - 1) >> level) + 1)]
        return tuple(link for node in nodes for link in self._branch(node))

    def between(self, here: Ints, there: Ints) -> Floats:
        # both climb to below the node that they share
        differ = np.frexp((here ^ there).astype(np.float64))[1]  # bit length
        return 2.0 * self._climbed[differ]

    def from_io(self, places: Ints) -> Floats:
        return np.full(places.shape, self._climbed[self.n_levels])

    def within(self, place: int, radius: float) -> Ints:
        below = int(np.searchsorted(2 * self._climbed, radius))  # levels to climb, one more at most
        low = place >> below << below
        return np.arange(low, min(low + (1 << below), self.n_tiles))

    @property
    def diameter(self) -> float:
        return 2.0 * float(self._climbed[-1])

    def position(self, node: Node) -> Point:
        """Leaves side by side, every node above the middle of its leaves, the global buffer on top."""
        if node == IO:
            x, y = self.position((self.n_levels, 0))
            return x, y - TOP
        level, i = node if isinstance(node, tuple) else (0, node)
        first, last = i << level, min((i + 1) << level, max(1, self.n_tiles)) - 1
        return (first + max(first, last)) / 2, -LEVEL * level

    @cached_property
    def _climbed(self) -> Floats:
        """Length of the branches above a leaf, by how many of them."""
        return np.cumsum([0.0, *(_length(level) for level in range(self.n_levels))])

    def _above(self, leaf: int) -> list[tuple[int, int]]:
        """Nodes from a leaf up to below the root; each stands for the branch above it."""
        return [(level, leaf >> level) for level in range(self.n_levels)]

    def _branch(self, node: tuple[int, int]) -> tuple[Link, Link]:
        """The links from a node to the one above it, and back."""
        level, i = node
        low: Node = i if level == 0 else node
        high: Node = IO if level + 1 == self.n_levels else (level + 1, i >> 1)
        name, length = f"{level}.{i}", _length(level)
        return Link(f"link[up {name}]", low, high, length), Link(f"link[down {name}]", high, low, length)


def _length(level: int) -> float:
    """Length of a branch, in tile pitches."""
    return 0.5 * 2.0 ** (level // 2)
