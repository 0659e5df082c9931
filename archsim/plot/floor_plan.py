"""The floor plan: which layer sits on which crossbar, PE and tile, and how the tiles are linked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim.interconnect import IO, Interconnect, Point
from archsim.mapping import Mapping
from archsim.plot.canvas import figure, legend_of, save
from archsim.plot.scales import PALETTE, layer_colours
from archsim.registry import INTERCONNECTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EMPTY = "#f2f2f2"
HATCHES = {"forward": "", "copy": "////", "feedback": "xxxx"}
ROLES = {"copy": "transposed copy", "feedback": "fixed feedback matrix"}
GAP = 0.35  # between tiles, in tile widths
NUMBERED_TILES = 144
MANY_LAYERS = len(PALETTE)  # above it, layers are named in the tiles as well
MOST_NAMES = 4
NAMED_SIZE = 0.5  # inches; names do not fit into smaller tiles
Place = tuple[int, int, int]


@dataclass(frozen=True)
class FloorPlan:
    """The data drawn by `floor_plan`.

    Parameters
    ----------
    tile_places : dict of int to (x, y)
        Column and row of each tile.
    crossbars : dict of (tile, pe, crossbar) to (layer, role)
        The first block on each crossbar in use.
    links : tuple of ((x, y), (x, y), ...)
        Lines between tiles, and to the global buffer: two points or more.
    global_buffer : (x, y)
    """

    tile_places: dict[int, tuple[float, float]]
    crossbars: dict[Place, tuple[str, str]]
    links: tuple[tuple[Point, ...], ...]
    global_buffer: Point


def floor_plan(mapping: Mapping, path: str | Path) -> FloorPlan:
    """Draw the tiles at their places, every crossbar in the colour of its layer, and the links.

    Parameters
    ----------
    mapping : Mapping
    path : str or path
        The PNG file.
    """
    plan = _plan_of(mapping)
    pitch = 1 + GAP
    left, right, bottom, top = _frame(plan, pitch)
    size = min(2.0, max(0.35, 12 / max(right - left, bottom - top)))
    fig = figure(max(6.0, (right - left) * size), (bottom - top) * size + 1.0)
    axes = fig.add_subplot()
    for line in plan.links:
        xs, ys = ([at * pitch for at in ends] for ends in zip(*line, strict=True))
        axes.plot(xs, ys, color="#777777", linewidth=1.2, zorder=1)
    colours = layer_colours(mapping.flow.network.names)
    _tiles(axes, mapping, plan, colours, pitch)
    used = {layer for layer, _ in plan.crossbars.values()}
    if len(used) > MANY_LAYERS and size >= NAMED_SIZE:
        _name_layers(axes, plan, pitch)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    roles = {role for _, role in plan.crossbars.values()}
    axes.set_title(
        f"{mapping.chip.name}, {mapping.phase}: {mapping.n_crossbars} of {mapping.n_crossbars_available} "
        f"crossbars, tiles on a {mapping.interconnect.kind}",
        fontsize=10,
    )
    legend_of(
        fig,
        {name: colour for name, colour in colours.items() if name in used}
        | ({} if mapping.is_tailored else {"not in use": EMPTY}),
        "layer",
        {ROLES[role]: HATCHES[role] for role in ROLES if role in roles},
    )
    save(fig, path)
    return plan


def _frame(plan: FloorPlan, pitch: float) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of the picture: half a tile, its number, and a little around it all."""
    tiles = list(plan.tile_places.values())
    points = [*tiles, *(point for link in plan.links for point in link)]
    left, right = min(x for x, _ in points) * pitch - 0.6, max(x for x, _ in points) * pitch + 0.6
    bottom = max(y for _, y in points) * pitch + 0.75
    top = min(min(y for _, y in tiles) * pitch - 0.75, min(y for _, y in points) * pitch - 0.2)
    return left, right, bottom, top


def _plan_of(mapping: Mapping) -> FloorPlan:
    crossbars: dict[Place, tuple[str, str]] = {}
    for block in mapping.blocks:
        for i in range(block.n_crossbars):
            crossbars.setdefault((block.tile, block.pe, block.crossbar + i), (block.layer, block.role))
    wires = mapping.interconnect
    with INTERCONNECTS.calling(wires.kind):
        places = {tile: wires.position(place) for tile, place in enumerate(wires.places)}
        return FloorPlan(places, crossbars, _lines(wires), wires.position(IO))


def _lines(interconnect: Interconnect) -> tuple[tuple[Point, ...], ...]:
    """Where links run, those that join the same two nodes as one line."""
    lines = map(interconnect.line, interconnect.links())
    return tuple(dict.fromkeys(min(line, line[::-1]) for line in lines))


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
            if not layer and mapping.is_tailored:
                continue  # not built
            groups.setdefault((layer, role), []).append(cell)
        if numbered:
            below = mapping.interconnect.is_above
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
    x, y = plan.global_buffer
    box = {"boxstyle": "round", "facecolor": "white", "edgecolor": "#777777"}
    axes.text(x * pitch, y * pitch, "global\nbuffer", fontsize=7, ha="center", va="center", bbox=box, zorder=4)


def _name_layers(axes: Axes, plan: FloorPlan, pitch: float) -> None:
    """The names of its layers in every tile: many colours are hard to tell apart."""
    names: dict[int, dict[str, None]] = {}
    for (tile, _, _), (layer, _) in sorted(plan.crossbars.items()):
        names.setdefault(tile, {})[layer] = None
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    for tile, layers in names.items():
        x, y = plan.tile_places[tile]
        lines = [*layers][:MOST_NAMES] + (
            [f"and {len(layers) - MOST_NAMES} more"] if len(layers) > MOST_NAMES else []
        )
        axes.text(
            x * pitch, y * pitch, "\n".join(lines), fontsize=5.5, ha="center", va="center", bbox=box, zorder=5
        )  # fmt: skip


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
