"""Placing the tiles: those that talk much sit near each other."""

from __future__ import annotations

import math
from collections.abc import Mapping as MappingType
from dataclasses import replace
from typing import Literal

import numpy as np

from archsim.errors import MappingError
from archsim.given import refuse, wrong_kind
from archsim.interconnect import IO, Interconnect, interconnect_of
from archsim.interconnect.base import Floats, Ints
from archsim.registry import INTERCONNECTS

Traffic = MappingType[tuple[int, int], int]
Rule = Literal["near", "in_order"]
MAX_SWAP_TILES = 64
_EXACT_BITS = 52
"""Sums below 2^52 half pitches times bits are exact as floating-point numbers, in any order."""


def place(kind: str, n_tiles: int, traffic: Traffic, rule: Rule, tiles_per_router: int = 1) -> Interconnect:
    """Choose a place for every tile.

    ``in_order`` keeps the order of the layers. ``near`` starts from that or from another order that the kind
    knows (a snake through a grid), whichever is better, and swaps pairs of tiles as long as that shortens the sum
    of traffic times distance: a local optimum, never worse than ``in_order``. With more than 64 tiles that talk it
    does not swap.

    Parameters
    ----------
    kind : str
        Of `INTERCONNECTS`.
    n_tiles : int
    traffic : mapping of (source, target) to bits
        Tiles, or IO for the global buffer.
    rule : "near" or "in_order"
    tiles_per_router : int

    Raises
    ------
    MappingError
        A kind or rule that is unknown.
    """
    in_order = interconnect_of(kind, n_tiles, None, tiles_per_router)
    refuse([wrong_kind("mapping.placement", rule, Rule)], MappingError)
    if rule == "in_order" or not in_order.places_differ or n_tiles < 2:
        return in_order
    with INTERCONNECTS.calling(kind):
        return _near(in_order, traffic)


def _near(in_order: Interconnect, traffic: Traffic) -> Interconnect:
    """The best start, swapped as long as that helps."""
    starts = [in_order, *(replace(in_order, places=places) for places in in_order.orders())]
    best = min(starts, key=lambda start: cost(start, traffic))
    n_talking = len({tile for pair in traffic for tile in pair} - {IO})
    return _Swaps(best, traffic).done() if 0 < n_talking <= MAX_SWAP_TILES else best


def cost(interconnect: Interconnect, traffic: Traffic) -> float:
    """Sum of bits times distance."""
    if not traffic:
        return 0.0
    pairs = np.array(sorted(traffic), dtype=np.int64)
    bits = np.array([traffic[a, b] for a, b in pairs.tolist()], dtype=np.float64)
    return float((bits * _distances(interconnect, pairs[:, 0], pairs[:, 1])).sum())


def _distances(interconnect: Interconnect, sources: Ints, targets: Ints) -> Floats:
    """Distances of many pairs of tiles, or of the global buffer (IO)."""
    places = np.array([*interconnect.places, 0], dtype=np.int64)  # IO is the last one
    here, there = places[sources], places[targets]
    from_io = interconnect.from_io(np.where(sources == IO, there, here))
    between = interconnect.between(here, there)
    return np.where(sources == targets, 0.0, np.where((sources == IO) | (targets == IO), from_io, between))


class _Swaps:
    """Goes through the pairs of tiles in order, again and again, and swaps each that is better swapped.

    Only tiles that talk have a *pull*: bits times distance to all that they talk with. The others are free, and of
    them only those near a tile can have a better place for it: q is better than p only if ``distance(p, q)`` is
    less than twice the mean distance from p to what the tile talks with (triangle inequality).
    """

    def __init__(self, interconnect: Interconnect, traffic: Traffic) -> None:
        self.interconnect = interconnect
        self.places = np.array(interconnect.places, dtype=np.int64)
        self.tile_at = np.argsort(self.places)
        self.talking, self.bits, self.io_bits = _talk(interconnect, traffic)
        self.is_free = np.ones(interconnect.n_tiles, dtype=bool)
        self.is_free[self.talking] = False
        self.better: dict[int, Ints] = {}  # of the talking tiles: the free ones they had better change places with

    def done(self) -> Interconnect:
        """The placement that no swap makes better."""
        swapped = True
        while swapped:
            swapped = False
            for k in range(len(self.talking)):
                swapped |= self._with_later(k)
        return replace(self.interconnect, places=tuple(self.places.tolist()))

    def _with_later(self, k: int) -> bool:
        """Swap the free tiles before the k-th that talks with later ones, then this one."""
        swapped, a = False, int(self.talking[k])
        last = (int(self.talking[k - 1]) if k else -1, self.interconnect.n_tiles)
        while (pair := self._first_free(k, last)) is not None:
            self._swap(*pair)
            last, swapped = pair, True
        after = a
        while (b := self._first_after(k, after)) is not None:
            self._swap(a, b)
            after, swapped = b, True
        return swapped

    def _first_free(self, k: int, last: tuple[int, int]) -> tuple[int, int] | None:
        """The first better pair after `last`: of a free tile before the k-th that talks, and one that talks."""
        stop = int(self.talking[k])
        if stop == k:  # all before it talk
            return None
        found = []
        for b in range(k, len(self.talking)):
            tile, free = int(self.talking[b]), self._better_free(b)
            start = np.searchsorted(free, last[0] + (tile <= last[1]))
            found += [(int(a), tile) for a in free[start : start + 1] if a < stop]
        return min(found, default=None)

    def _first_after(self, k: int, after: int) -> int | None:
        """The first tile after `after` with which the k-th that talks had better change places."""
        free = self._better_free(k)
        later = free[np.searchsorted(free, after, "right") :][:1].tolist()
        places = self.places[self.talking]
        pulls, apart = self._pulls(places), self.interconnect.between(places[k], places)
        own = np.diagonal(pulls)
        # what two tell each other is as far as before, either way round
        change = (pulls[k] - own[k]) + (pulls[:, k] - own) + 2 * self.bits[k] * apart
        later += self.talking[(change < 0) & (self.talking > after)][:1].tolist()
        return min(later, default=None)

    def _better_free(self, k: int) -> Ints:
        """Free tiles, in order, whose places are better for the k-th that talks than its own."""
        if k not in self.better:
            place = self.places[self.talking[k]]
            here = float(self._pulls(place[None], k)[0])
            near = self.interconnect.within(int(place), 2 * here / (self.bits[k].sum() + self.io_bits[k]))
            near = near[self.is_free[self.tile_at[near]]]
            self.better[k] = np.sort(self.tile_at[near[self._pulls(near, k) < here]])
        return self.better[k]

    def _pulls(self, places: Ints, k: int | None = None) -> Floats:
        """Cost of the tiles that talk, or of the k-th, at places, all others where they are."""
        partners = slice(None) if k is None else np.flatnonzero(self.bits[k])
        bits = self.bits if k is None else self.bits[k, partners]
        own = self.io_bits[:, None] if k is None else self.io_bits[k]
        pulls = self.interconnect.pulls(bits, self.places[self.talking[partners]], places)
        return pulls + own * self.interconnect.from_io(places)

    def _swap(self, a: int, b: int) -> None:
        self.places[[a, b]] = self.places[[b, a]]
        self.tile_at[self.places[[a, b]]] = a, b
        for tile in (a, b):
            if self.is_free[tile]:
                self._judge(tile)
                continue
            k = int(np.searchsorted(self.talking, tile))
            for moved in (k, *np.flatnonzero(self.bits[k])):
                self.better.pop(int(moved), None)

    def _judge(self, free: int) -> None:
        """A free tile has a new place: is it better for those that talk?"""
        here = np.diagonal(self._pulls(self.places[self.talking]))
        is_better = self._pulls(self.places[free][None])[:, 0] < here
        for k, known in self.better.items():
            without = known[known != free]
            at = np.searchsorted(without, free)
            self.better[k] = np.insert(without, at, free) if is_better[k] else without


def _talk(interconnect: Interconnect, traffic: Traffic) -> tuple[Ints, Floats, Floats]:
    """Tiles that talk; the bits between each two of them, of both directions together; those from and to IO.

    Very large ones are rounded alike, so that what a swap changes is exact and no swap is undone for ever.
    """
    half_pitches = math.ceil(2 * interconnect.diameter)
    too_many = max(0, (4 * sum(traffic.values()) * half_pitches).bit_length() - _EXACT_BITS)
    talking = sorted({tile for pair in traffic for tile in pair} - {IO})
    index = {tile: k for k, tile in enumerate(talking)} | {IO: len(talking)}
    bits = np.zeros((len(index), len(index)))
    for (source, target), n in traffic.items():
        if source != target:
            bits[index[source], index[target]] += n >> too_many
    bits += bits.T.copy()
    return np.array(talking, dtype=np.int64), bits[:-1, :-1].copy(), bits[:-1, -1].copy()
