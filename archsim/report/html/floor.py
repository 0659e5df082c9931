"""The floor plan of a page: what every tile and link did in the run, and where it sits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.interconnect import IO, Interconnect, of_run
from archsim.metrics import Result
from archsim.registry import INTERCONNECTS
from archsim.taskgraph import TaskGraph

_TILE = re.compile(r"tile\[(\d+)\]")


def floor(result: Result) -> dict[str, Any]:
    """Tiles with their place, energy, busy time, waiting and utilisation; links with their ends and load.

    A task belongs to the tile of the first resource it names (uses, then reserves); the rest is the chip's.
    """
    wires = of_run(result.provenance, _n_tiles(result))
    with INTERCONNECTS.calling(wires.kind):
        return _floor(result, wires)


def _floor(result: Result, wires: Interconnect) -> dict[str, Any]:
    return {
        "tiles": [
            {"tile": tile, "x": x, "y": y, **figures}
            for (tile, figures), (x, y) in zip(
                _tiles(result, wires.n_tiles), map(wires.position, wires.places), strict=True
            )
        ],
        "links": list(_links(result, wires)),
        "buffer": wires.position(IO),
    }


def _n_tiles(result: Result) -> int:
    """Tiles that a resource of the run belongs to."""
    found = [int(match[1]) for name in result.graph.resource_names if (match := _TILE.match(name))]
    return max(found, default=-1) + 1


def _tiles(result: Result, n_tiles: int) -> Iterable[tuple[int, dict[str, float]]]:
    """Figures of each tile."""
    graph, trace = result.graph, result.trace
    of_task = tile_of_tasks(graph)
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


def tile_of(name: str) -> int:
    """The tile that a resource belongs to; -1 for the chip's.

    Examples
    --------
    >>> tile_of("tile[3].pe[1].adc"), tile_of("link[0 to 1]")
    (3, -1)
    """
    return int(match[1]) if (match := _TILE.match(name)) else -1


def tile_of_tasks(graph: TaskGraph) -> NDArray[np.int64]:
    """The tile of the first resource that each task names (uses, then reserves); -1 for the chip's."""
    of_resource = np.array([tile_of(name) for name in graph.resource_names], np.int64)
    of_task = np.full(graph.n_tasks, -1, np.int64)
    for rows in ("reserves", "uses"):  # the latter wins
        ptr, resource = getattr(graph, f"{rows}_ptr"), getattr(graph, f"{rows}_resource")
        some = np.flatnonzero(np.diff(ptr))
        of_task[some] = of_resource[resource[ptr[some]]]
    return of_task


def _links(result: Result, wires: Interconnect) -> Iterable[dict[str, Any]]:
    """Links that carried something: where each runs, from its source to its target, and its load.

    The line of a link that the interconnect does not know is empty.
    """
    links = {link.name: link for link in wires.links()}
    for name, load in result.link_load().items():
        line = list(wires.line(links[name])) if name in links else []
        yield {"name": name, "line": line, **load._asdict()}
