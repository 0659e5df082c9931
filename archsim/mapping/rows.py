"""Which rows of a layer's weight matrix read what: the inputs one after the other, then the layer's own past."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from archsim.mapping.blocks import Span
from archsim.mapping.plan import Home, LayerPlan
from archsim.workload import INPUT, Conv, Dense, Layer, Network


def sources_of(layer: Layer) -> tuple[str, ...]:
    """The layer's inputs, and itself if it is recurrent."""
    return (*layer.inputs, layer.name) if layer.recurrent else layer.inputs


def needed_from(plan: LayerPlan, tile: int, source: str, home: Home, network: Network) -> bool:
    """Whether the layer's blocks on a tile read anything that lives at this home of `source`."""
    layer = plan.layer
    if not plan.forward:  # pooling takes what lives on its own tile
        return home.tile == tile
    rows = plan.rows_by_tile.get(tile, ())
    return any(rows_of_source(layer, source, home, network, span) for span in rows)


def stored_for(
    plans: Mapping[str, LayerPlan], plan: LayerPlan, tile: int, source: str, home: Home, network: Network
) -> str:
    """For which layer a tile stores what `plan` reads of a home of `source`.

    Spikes of a recurrent layer lie once: where a tile holds blocks that read the layer's own past, others there
    read the same.
    """
    if source == INPUT or source == plan.layer.name or not network.layer(source).recurrent:
        return plan.layer.name
    own = plans[source]
    shared = tile in own.tiles and needed_from(own, tile, source, home, network)
    return source if shared else plan.layer.name


def readers(
    plan: LayerPlan, homes_of: Mapping[str, Sequence[Home]], network: Network
) -> Iterator[tuple[str, Home, int]]:
    """Sources of a layer, their homes, and the tiles that need something from them, as `needed_from` says."""
    channel_rows = _channel_rows(plan.layer, network) if plan.forward else {}
    tiles, period = set(plan.tiles), plan.layer.n_in
    repeats = plan.n_rows // period if _flattens_time(plan.layer) else 1
    for source, homes in homes_of.items():
        for home in homes:
            found: set[int] = set()
            if not plan.forward:
                found = {home.tile} & tiles
            else:
                per_channel, offset = channel_rows[source]
                for start in (offset + again * period for again in range(repeats)):
                    for low, high in home.channels:
                        found.update(*plan.tiles_of_rows(start + low * per_channel, start + high * per_channel))
            yield from ((source, home, tile) for tile in sorted(found))


def rows_of_source(layer: Layer, source: str, home: Home, network: Network, rows: tuple[int, int]) -> int:
    """How many of the rows (start, stop) of a layer's weight matrix read this home of `source`.

    With `flatten_time` the rows of one timestep follow those of the timestep before.
    """
    per_channel, offset = _channel_rows(layer, network)[source]
    period = layer.n_in if _flattens_time(layer) else rows[1] + 1

    def below(row: int, start: int, stop: int) -> int:
        whole, rest = divmod(row, period)
        return whole * (stop - start) + min(max(rest - start, 0), stop - start)

    count = 0
    for low, high in home.channels:
        start, stop = offset + low * per_channel, offset + high * per_channel
        count += below(rows[1], start, stop) - below(rows[0], start, stop)
    return count


def _flattens_time(layer: Layer) -> bool:
    return isinstance(layer.op, Dense) and layer.op.flatten_time


def _channel_rows(layer: Layer, network: Network) -> dict[str, tuple[int, int]]:
    """For every source of a layer: rows per channel in the layer's weight matrix, and the first of them."""
    taps = math.prod(layer.op.kernel) if isinstance(layer.op, Conv) else 1
    found, before = {}, 0
    for name in layer.inputs:
        shape = network.input_shape if name == INPUT else network.layer(name).out_shape
        per_channel = taps if isinstance(layer.op, Conv) else math.prod(shape[1:])
        found[name] = (per_channel, before)
        before += shape[0] * per_channel
    return {**found, layer.name: (1, layer.n_in)} if layer.recurrent else found


def error_rows(layer: Layer, n_rows: int, network: Network) -> list[Span]:
    """Spans of rows whose inputs need an error: those of layers that learn or have one that does below them."""
    sources = sources_of(layer)
    if _flattens_time(layer) or all(network.learns(source) for source in sources):
        return [(0, n_rows)] if any(network.learns(source) for source in sources) else []
    found: list[Span] = []
    channel_rows = _channel_rows(layer, network)
    for source in sources:
        shape = network.input_shape if source == INPUT else network.layer(source).out_shape
        per_channel, start = channel_rows[source]
        stop = start + shape[0] * per_channel
        if network.learns(source):
            joins = found and found[-1][1] == start
            found[-1:] = [(found[-1][0], stop)] if joins else [*found[-1:], (start, stop)]
    return found
