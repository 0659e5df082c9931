"""One layer on the chip: its blocks of weights, and the tiles where its neurons live."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from archsim.mapping.blocks import Block, Span
from archsim.workload import Layer


@dataclass(frozen=True)
class Home:
    """Where a part of a layer's neurons lives: the tile that adds up their inputs and keeps their state.

    `channels` are the spans of output channels (of neurons, for a dense layer).
    """

    tile: int
    channels: tuple[Span, ...]

    @property
    def n_channels(self) -> int:
        """Channels on this tile."""
        return sum(stop - start for start, stop in self.channels)


@dataclass(frozen=True)
class LayerPlan:
    """One layer on the chip.

    Parameters
    ----------
    layer : Layer
    n_rows : int
        Rows of its weight matrix; 0 for pooling.
    forward, copy, feedback : tuple of Block
    homes : tuple of Home
    """

    layer: Layer
    n_rows: int
    forward: tuple[Block, ...]
    copy: tuple[Block, ...]
    feedback: tuple[Block, ...]
    homes: tuple[Home, ...]

    @cached_property
    def tiles(self) -> tuple[int, ...]:
        """Tiles that need the layer's input, in order."""
        if not self.forward:
            return tuple(home.tile for home in self.homes)
        return tuple(sorted({block.tile for block in self.forward}))

    @cached_property
    def gradient_tiles(self) -> tuple[int, ...]:
        """Tiles that add up the layer's gradients: those of its first replica, in order."""
        return tuple(sorted({block.tile for block in self.forward if block.replica == 0}))

    @cached_property
    def rows_by_tile(self) -> dict[int, tuple[Span, ...]]:
        """Rows of the weight matrix that forward blocks on each tile read, each span once."""
        spans: dict[int, dict[Span, None]] = {}
        for block in self.forward:
            spans.setdefault(block.tile, {})[block.rows] = None
        return {tile: tuple(rows) for tile, rows in spans.items()}

    def tiles_of_rows(self, start: int, stop: int) -> list[set[int]]:
        """Tiles whose forward blocks read the rows of a span, by the spans of the blocks that it touches."""
        spans, tiles = self._tiles_by_rows
        first = bisect_right(spans, start, key=itemgetter(1))
        return tiles[first : bisect_left(spans, stop, key=itemgetter(0))]

    @cached_property
    def _tiles_by_rows(self) -> tuple[list[Span], list[set[int]]]:
        """Rows of the forward blocks, which are cut without overlap, in order; and their tiles."""
        tiles: dict[Span, set[int]] = {}
        for block in self.forward:
            tiles.setdefault(block.rows, set()).add(block.tile)
        spans = sorted(tiles)
        return spans, [tiles[span] for span in spans]

    def home_of(self, block: Block) -> Home:
        """The home of a forward block's columns."""
        return self._home_by_column[block.columns[0]]

    @cached_property
    def _home_by_column(self) -> dict[int, Home]:
        """Homes by the first columns of blocks: a home's spans are those of its blocks."""
        return {low: home for home in self.homes for low, _ in home.channels}
