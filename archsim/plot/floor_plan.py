"""The floor plan: which layer sits on which crossbar, PE and tile, and how the tiles are linked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim.mapping import Mapping, Topology
from archsim.plot.canvas import figure, legend_of, save
from archsim.plot.scales import layer_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EMPTY = "#f2f2f2"
HATCHES = {"forward": "", "copy": "////", "feedback": "xxxx"}
ROLES = {"copy": "transposed copy", "feedback": "fixed feedback matrix"}
GAP = 0.35  # between tiles, in tile widths
NUMBERED_TILES = 144
IO_X = -0.8  # column of the global buffer
ABOVE = 0.56  # how far above its tiles a bus runs, in rows
Place = tuple[int, int, int]


@dataclass(frozen=True)
class FloorPlan:
    """What `floor_plan` drew.

    Parameters
    ----------
    tile_places : dict of int to (x, y)
        Column and row of each tile.
    crossbars : dict of (tile, pe, crossbar) to (layer, role)
        The first block on each crossbar in use.
    links : tuple of ((x, y), (x, y))
        Lines between tiles.
    """

    tile_places: dict[int, tuple[float, float]]
    crossbars: dict[Place, tuple[str, str]]
    links: tuple[tuple[tuple[float, float], tuple[float, float]], ...]


def floor_plan(mapping: Mapping, path: str | Path) -> FloorPlan:
    """Draw the tiles at their places, every crossbar in the colour of its layer, and the links.

    Parameters
    ----------
    mapping : Mapping
    path : str or path
        The PNG file.

    Returns
    -------
    FloorPlan
    """
    plan = _plan_of(mapping)
    points = [*plan.tile_places.values(), *(point for link in plan.links for point in link)]
    pitch = 1 + GAP
    left, right = min(x for x, _ in points) * pitch - 0.6, max(x for x, _ in points) * pitch + 0.6
    top, bottom = min(y for _, y in points) * pitch - 0.75, max(y for _, y in points) * pitch + 0.75
    size = min(2.0, max(0.35, 12 / max(right - left, bottom - top)))
    fig = figure(max(6.0, (right - left) * size), (bottom - top) * size + 1.0)
    axes = fig.add_subplot()
    for (x0, y0), (x1, y1) in plan.links:
        axes.plot([x0 * pitch, x1 * pitch], [y0 * pitch, y1 * pitch], color="#777777", linewidth=1.2, zorder=1)
    colours = layer_colours(mapping.flow.network.names)
    _tiles(axes, mapping, plan, colours, pitch)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    used = {layer for layer, _ in plan.crossbars.values()}
    roles = {role for _, role in plan.crossbars.values()}
    axes.set_title(
        f"{mapping.chip.name}, {mapping.phase}: {mapping.n_crossbars} of {mapping.n_crossbars_available} "
        f"crossbars, tiles on a {mapping.topology.kind}",
        fontsize=10,
    )
    legend_of(
        fig,
        {name: colour for name, colour in colours.items() if name in used} | {"not in use": EMPTY},
        "layer",
        {ROLES[role]: HATCHES[role] for role in ROLES if role in roles},
    )
    save(fig, path)
    return plan


def _plan_of(mapping: Mapping) -> FloorPlan:
    crossbars: dict[Place, tuple[str, str]] = {}
    for block in mapping.blocks:
        for i in range(block.n_crossbars):
            crossbars.setdefault((block.tile, block.pe, block.crossbar + i), (block.layer, block.role))
    places = _places(mapping.topology)
    return FloorPlan(places, crossbars, tuple(_links(mapping.topology, places)))


def _places(topology: Topology) -> dict[int, tuple[float, float]]:
    """Rows of a near-square grid; the leaves of an H-tree side by side."""
    if topology.kind == "htree":
        return {tile: (float(place), 0.0) for tile, place in enumerate(topology.places)}
    width = topology.n_columns
    return {tile: (float(place % width), float(place // width)) for tile, place in enumerate(topology.places)}


def _links(
    topology: Topology, places: dict[int, tuple[float, float]]
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Lines of the interconnect; the global buffer is the point left of the first place."""
    if topology.kind == "htree":
        return _tree(topology.n_tiles)
    if topology.kind == "bus":
        rows = sorted({y for _, y in places.values()})
        ends = {y: max(x for x, at in places.values() if at == y) for y in rows}
        bars = [((IO_X, y - ABOVE), (ends[y], y - ABOVE)) for y in rows]
        stubs = [((x, y - ABOVE), (x, y)) for x, y in places.values()]
        return [*bars, ((IO_X, rows[0] - ABOVE), (IO_X, rows[-1] - ABOVE)), *stubs]
    taken = set(places.values())
    lines = [((IO_X, 0.0), (0.0, 0.0))]
    for x, y in sorted(taken):
        lines += [((x, y), there) for there in ((x + 1, y), (x, y + 1)) if there in taken]
    return lines


def _tree(n_leaves: int) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """A binary tree above the leaves, root on top."""
    lines = []
    level = [(float(x), 0.0) for x in range(n_leaves)]
    height = 0.0
    while len(level) > 1:
        height -= 0.6
        above = []
        for i in range(0, len(level), 2):
            pair = level[i : i + 2]
            x = sum(at for at, _ in pair) / len(pair)
            lines += [((at, y), (at, height)) for at, y in pair]
            lines += [((at, height), (x, height)) for at, _ in pair]
            above.append((x, height))
        level = above
    return lines


def _tiles(axes: Axes, mapping: Mapping, plan: FloorPlan, colours: dict[str, str], pitch: float) -> None:
    """A square for every tile, PEs as blocks of cells in it, a cell for every crossbar."""
    from matplotlib.collections import PolyCollection

    groups: dict[tuple[str, str], list[Any]] = {}
    outlines = []
    numbered = mapping.n_tiles <= NUMBERED_TILES
    for tile, (x, y) in plan.tile_places.items():
        left, top = x * pitch - 0.5, y * pitch - 0.5
        outlines.append(_square(left, top, 1.0, 1.0))
        for pe, crossbar, cell in _cells(mapping, left, top):
            layer, role = plan.crossbars.get((tile, pe, crossbar), ("", "forward"))
            groups.setdefault((layer, role), []).append(cell)
        if numbered:
            below = mapping.topology.kind == "htree"  # the tree comes from above
            axes.text(
                left, top + (1.04 if below else -0.02), f"tile {tile}", fontsize=7, ha="left",
                va="top" if below else "bottom",
            )  # fmt: skip
    axes.add_collection(PolyCollection(outlines, facecolors="white", edgecolors="black", linewidths=0.8, zorder=2))
    for (layer, role), cells in groups.items():
        drawn = PolyCollection(
            cells, facecolors=colours.get(layer, EMPTY), edgecolors="#444444", linewidths=0.3, zorder=3
        )
        drawn.set_hatch(HATCHES[role])
        axes.add_collection(drawn)
    if mapping.topology.kind != "htree":
        y = -ABOVE * pitch if mapping.topology.kind == "bus" else 0.0
        box = {"boxstyle": "round", "facecolor": "white", "edgecolor": "#777777"}
        axes.text(IO_X * pitch, y, "global\nbuffer", fontsize=7, ha="center", va="center", bbox=box, zorder=4)


def _cells(mapping: Mapping, left: float, top: float) -> list[tuple[int, int, Any]]:
    """(PE, crossbar, corners) within a tile of side one."""
    n_pes, n_crossbars = mapping.chip.tile.n_pes, mapping.chip.pe.n_crossbars
    across, inside = math.ceil(math.sqrt(n_pes)), math.ceil(math.sqrt(n_crossbars))
    down, deep = math.ceil(n_pes / across), math.ceil(n_crossbars / inside)
    width, height = 1 / across, 1 / down
    cells = []
    for pe in range(n_pes):
        x0, y0 = left + pe % across * width + 0.06 * width, top + pe // across * height + 0.06 * height
        w, h = 0.88 * width / inside, 0.88 * height / deep
        for crossbar in range(n_crossbars):
            x, y = x0 + crossbar % inside * w, y0 + crossbar // inside * h
            cells.append((pe, crossbar, _square(x + 0.04 * w, y + 0.04 * h, w * 0.92, h * 0.92)))
    return cells


def _square(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
