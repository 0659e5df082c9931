"""The floor plan of a page: what every tile and link did in the run, and where it sits."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from archsim.metrics import Result

_TILE = re.compile(r"tile\[(\d+)\]")
_GRID = re.compile(r"link\[(io|\d+) to (io|\d+)\]")
_TREE = re.compile(r"link\[(up|down) (\d+)\.(\d+)\]")
IO_X = -1.0  # column of the global buffer, left of the tiles
Point = tuple[float, float]


def floor(result: Result) -> dict[str, Any]:
    """Tiles with their place, energy, busy time, waiting and utilisation; links with their ends and load.

    A task belongs to the tile of the first resource it names (uses, then reserves); the rest is the chip's.
    """
    kind, n_tiles, places = _layout(result)
    at = {tile: _place(kind, n_tiles, place) for tile, place in enumerate(places)}
    return {
        "kind": kind,
        "tiles": [
            {"tile": tile, "x": at[tile][0], "y": at[tile][1], **figures}
            for tile, figures in _tiles(result, n_tiles)
        ],
        "links": list(_links(result, kind, n_tiles, at)),
        "buffer": _buffer(kind, n_tiles),
    }


def _layout(result: Result) -> tuple[str, int, list[int]]:
    """Kind of interconnect, number of tiles, and the place of each tile."""
    chip = result.provenance.get("chip")
    chip = chip if isinstance(chip, dict) else {}
    wires = chip.get("interconnect")
    kind = str(wires.get("kind", "mesh")) if isinstance(wires, dict) else "mesh"
    found = [int(match[1]) for name in result.graph.resource_names if (match := _TILE.match(name))]
    n_tiles = max(found, default=-1) + 1
    if isinstance(chip.get("tiles"), int):
        n_tiles = max(n_tiles, chip["tiles"])
    given = result.provenance.get("tile_places")
    places = [int(place) for place in given] if isinstance(given, list) else []
    return kind, n_tiles, places if len(places) == n_tiles else list(range(n_tiles))


def _columns(n_tiles: int) -> int:
    return max(1, math.ceil(math.sqrt(n_tiles)))


def _place(kind: str, n_tiles: int, place: int) -> Point:
    if kind == "htree":
        return float(place), 0.0
    y, x = divmod(place, _columns(n_tiles))
    return float(x), float(y)


def _buffer(kind: str, n_tiles: int) -> Point:
    if kind == "htree":
        levels = max(1, math.ceil(math.log2(max(2, n_tiles))))
        x, y = _node(levels, 0, n_tiles)
        return x, y - 1.0
    return IO_X, 0.0


def _tiles(result: Result, n_tiles: int) -> Iterable[tuple[int, dict[str, float]]]:
    """Figures of each tile."""
    graph, trace = result.graph, result.trace
    of_resource = np.array(
        [int(match[1]) if (match := _TILE.match(name)) else -1 for name in graph.resource_names], np.int64
    )
    of_task = np.full(graph.n_tasks, -1, np.int64)
    for rows in ("reserves", "uses"):  # the latter wins
        ptr, resource = getattr(graph, f"{rows}_ptr"), getattr(graph, f"{rows}_resource")
        some = np.flatnonzero(np.diff(ptr))
        of_task[some] = of_resource[resource[ptr[some]]]
    prices = np.array([result.actions[name].energy_pj for name in graph.action_names], float)
    energy = graph.count * prices[graph.action] if graph.n_tasks else np.zeros(0)

    def per_tile(values: Any) -> list[float]:
        sums: list[float] = np.bincount(of_task + 1, values, minlength=n_tiles + 1)[1:].tolist()
        return sums

    use: dict[int, list[float]] = {}
    for name, share in result.utilisation().items():
        if match := _TILE.match(name):
            use.setdefault(int(match[1]), []).append(share)
    waited = per_tile(trace.start_ps - trace.ready_ps)
    figures = zip(per_tile(energy), per_tile(graph.occupancy_ps), waited, strict=True)
    for tile, (energy_pj, busy_ps, wait_ps) in enumerate(figures):
        shares = use.get(tile, [])
        yield tile, {
            "energy_pj": energy_pj, "busy_ps": busy_ps, "wait_ps": wait_ps,
            "utilisation": sum(shares) / len(shares) if shares else 0.0, "highest": max(shares, default=0.0),
        }  # fmt: skip


def _links(result: Result, kind: str, n_tiles: int, at: dict[int, Point]) -> Iterable[dict[str, Any]]:
    """Links that carried something, with their ends and what `Result.link_load` gives."""
    for name, load in result.link_load().items():
        yield {"name": name, "line": _line(name, kind, n_tiles, at), **load._asdict()}


def _line(name: str, kind: str, n_tiles: int, at: dict[int, Point]) -> list[Point]:
    """Where a link is drawn, from its source to its target; empty if that is not known."""
    if match := _GRID.fullmatch(name):
        buffer = _buffer(kind, n_tiles)
        return [buffer if end == "io" else _place(kind, n_tiles, int(end)) for end in match.groups()]
    if match := _TREE.fullmatch(name):
        level, index = int(match[2]), int(match[3])
        above, below = _node(level + 1, index // 2, n_tiles), _node(level, index, n_tiles)
        return [below, above] if match[1] == "up" else [above, below]
    if kind == "bus" and at:
        xs, ys = [x for x, _ in at.values()], [y for _, y in at.values()]
        return [(IO_X, min(ys) - 0.6), (max(xs), min(ys) - 0.6)]
    return []


def _node(level: int, index: int, n_tiles: int) -> Point:
    """A node of the binary tree above the leaves."""
    size = 2**level
    first, last = index * size, min((index + 1) * size, max(1, n_tiles)) - 1
    return (first + max(first, last)) / 2, -0.7 * level
