"""Placing the tiles: those that talk much sit near each other."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from typing import Literal

from archsim.errors import MappingError
from archsim.given import refuse, wrong_kind
from archsim.mapping.topology import IO, Kind, Topology

Traffic = MappingType[tuple[int, int], int]
Rule = Literal["near", "in_order"]
MAX_SWAP_TILES = 64


def place(kind: Kind, n_tiles: int, traffic: Traffic, rule: Rule) -> Topology:
    """Choose a place for every tile.

    ``in_order`` keeps the order of the layers, row by row. ``near`` starts from that or from a snake through
    the grid, whichever is better, and swaps pairs of tiles as long as that shortens the sum of traffic times
    distance: a local optimum, never worse than ``in_order``. With more than 64 tiles that talk it does not swap.

    Parameters
    ----------
    kind : "bus", "htree", "mesh" or "torus"
    n_tiles : int
    traffic : mapping of (source, target) to bits
        Tiles, or IO for the global buffer.
    rule : "near" or "in_order"

    Raises
    ------
    MappingError
        A kind or rule that is unknown.
    """
    topology = Topology(kind, n_tiles, tuple(range(n_tiles)))
    refuse([wrong_kind("mapping.placement", rule, Rule)], MappingError)
    if rule == "in_order" or kind == "bus" or n_tiles < 2:
        return topology
    best = topology
    if kind != "htree":  # places on a grid
        snake = Topology(kind, n_tiles, tuple(_snake(topology)))
        best = min(topology, snake, key=lambda candidate: cost(candidate, traffic))
    n_talking = len({tile for pair in traffic for tile in pair} - {IO})
    return _swapped(best, traffic) if n_talking <= MAX_SWAP_TILES else best


def cost(topology: Topology, traffic: Traffic) -> float:
    """Sum of bits times distance."""
    return sum(bits * topology.distance(a, b) for (a, b), bits in sorted(traffic.items()))


def _snake(topology: Topology) -> list[int]:
    """Row by row, every second row backwards, over the occupied places."""
    width, n = topology.n_columns, topology.n_tiles
    order = []
    for row in range(topology.n_grid_rows):
        places = [row * width + column for column in range(width) if row * width + column < n]
        order += places if row % 2 == 0 else places[::-1]
    return order


def _swapped(topology: Topology, traffic: Traffic) -> Topology:
    links: dict[int, dict[tuple[int, int], int]] = {}
    for pair, bits in traffic.items():
        for tile in pair:
            if tile != IO:
                links.setdefault(tile, {})[pair] = bits
    improved = True
    while improved:
        improved = False
        for a in range(topology.n_tiles):
            for b in range(a + 1, topology.n_tiles):
                touched = {**links.get(a, {}), **links.get(b, {})}
                if not touched:
                    continue
                places = list(topology.places)
                places[a], places[b] = places[b], places[a]
                other = Topology(topology.kind, topology.n_tiles, tuple(places))
                if cost(other, touched) < cost(topology, touched):
                    topology, improved = other, True
    return topology
