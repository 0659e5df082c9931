"""Which rows of a layer's weight matrix read what: the inputs one after the other, then the layer's own past."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from archsim.mapping.blocks import Span
from archsim.workload import INPUT, Conv, Dense, Layer, Network

if TYPE_CHECKING:
    from archsim.mapping.mapping import Home, LayerPlan


def sources_of(layer: Layer) -> tuple[str, ...]:
    """The layer's inputs, and itself if it is recurrent."""
    return (*layer.inputs, layer.name) if layer.recurrent else layer.inputs


def needed_from(plan: LayerPlan, tile: int, source: str, home: Home, network: Network) -> bool:
    """Whether the layer's blocks on a tile read anything that lives at this home of `source`."""
    layer = plan.layer
    if not plan.forward:  # pooling takes what lives on its own tile
        return home.tile == tile
    return any(
        rows_of_source(layer, source, home, network, block.rows)
        for block in plan.forward
        if block.tile == tile
    )


def rows_of_source(layer: Layer, source: str, home: Home, network: Network, rows: tuple[int, int]) -> int:
    """How many of the rows (start, stop) of a layer's weight matrix read this home of `source`.

    With `flatten_time` the rows of one timestep follow those of the timestep before.
    """
    per_channel, offset = _rows_of_channel(layer, source, network)
    repeats = isinstance(layer.op, Dense) and layer.op.flatten_time
    period = layer.n_in if repeats else rows[1] + 1

    def below(row: int, start: int, stop: int) -> int:
        whole, rest = divmod(row, period)
        return whole * (stop - start) + min(max(rest - start, 0), stop - start)

    count = 0
    for low, high in home.channels:
        start, stop = offset + low * per_channel, offset + high * per_channel
        count += below(rows[1], start, stop) - below(rows[0], start, stop)
    return count


def _rows_of_channel(layer: Layer, source: str, network: Network) -> tuple[int, int]:
    """Rows per channel of `source` in the layer's weight matrix, and the first of them."""
    before = 0
    if source == layer.name:
        return 1, layer.n_in
    for name in layer.inputs:
        shape = network.input_shape if name == INPUT else network.layer(name).out_shape
        if name == source:
            break
        before += math.prod(shape) if isinstance(layer.op, Dense) else shape[0]
    if isinstance(layer.op, Conv):
        taps = math.prod(layer.op.kernel)
        return taps, before * taps
    return math.prod(shape[1:]), before


def error_rows(layer: Layer, n_rows: int, network: Network) -> list[Span]:
    """Spans of rows whose inputs need an error: those of layers that learn or have one that does below them."""
    sources = sources_of(layer)
    repeats = isinstance(layer.op, Dense) and layer.op.flatten_time
    if repeats or all(network.learns(source) for source in sources):
        return [(0, n_rows)] if any(network.learns(source) for source in sources) else []
    found: list[Span] = []
    for source in sources:
        shape = network.input_shape if source == INPUT else network.layer(source).out_shape
        per_channel, start = _rows_of_channel(layer, source, network)
        stop = start + shape[0] * per_channel
        if network.learns(source):
            joins = found and found[-1][1] == start
            found[-1:] = [(found[-1][0], stop)] if joins else [*found[-1:], (start, stop)]
    return found
