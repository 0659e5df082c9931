"""The pipeline of a run: which resource works for which layer, and when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from archsim.metrics import Result
from archsim.plot.canvas import figure, legend_of, save
from archsim.plot.drawing import Drawing, drawing_of
from archsim.plot.scales import GREY, layer_colours, scale_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LANES = 60
PANEL_PIXELS = 900
ZOOM_STEPS = 3
LABEL_SIZE = 6.5
NO_LAYER = {"": GREY, "input": "#444444"}
_TILE = re.compile(r"tile\[(\d+)\]\.(.*)")


@dataclass(frozen=True, eq=False)
class Lanes:
    """What `pipeline` drew.

    Parameters
    ----------
    names : tuple of str
        Resources from the top of the picture to its bottom.
    n_resources : int
        How many there are in all.
    lane, layer : int64[n_spans]
        Number in `names`, number in the drawing's layer names.
    start_ps, end_ps : int64[n_spans]
    zoom_ps : int
        Where the second panel ends.
    """

    names: tuple[str, ...]
    n_resources: int
    lane: NDArray[np.int64]
    layer: NDArray[np.int64]
    start_ps: NDArray[np.int64]
    end_ps: NDArray[np.int64]
    zoom_ps: int


def pipeline(result: Result | Drawing, path: str | Path) -> Lanes:
    """Draw the whole run, and beside it its first timesteps, one lane for each resource.

    At most 60 lanes are drawn: those of the busiest resources, grouped by tile and component. In the panel of
    the whole run a resource is the darker the more of a pixel's time it works; the other one shows every
    span as it is.

    Parameters
    ----------
    result : Result or Drawing
    path : str or path
        The PNG file.

    Returns
    -------
    Lanes
        The lanes and spans that were drawn.
    """
    drawing = drawing_of(result)
    lanes = _lanes_of(drawing)
    n_lanes = max(1, len(lanes.names))
    fig = figure(15, 1.9 + 0.15 * n_lanes)
    whole, zoomed = fig.subplots(1, 2, sharey=True)
    used = [name for i, name in enumerate(drawing.layer_names) if i in set(lanes.layer.tolist())]
    layers = [name for name in drawing.layer_names if name not in NO_LAYER]
    colours = {**NO_LAYER, **layer_colours(layers)}
    by_number = [colours[name] for name in drawing.layer_names]
    _draw_shades(whole, lanes, by_number, drawing.latency_ps)
    _draw_spans(zoomed, lanes, by_number)
    whole.set_title("whole run (darker: more of the time at work)", fontsize=9)
    zoomed.set_title("the beginning", fontsize=9)
    _label(whole, lanes)
    shown = len(lanes.names)
    which = f"the {shown} busiest of {lanes.n_resources}" if shown < lanes.n_resources else f"{shown}"
    fig.suptitle(f"{drawing.name}, {drawing.phase}: {which} resources", fontsize=11)
    legend_of(fig, {name or "(no layer)": colours[name] for name in used}, "layer")
    save(fig, path)
    return lanes


def _lanes_of(drawing: Drawing) -> Lanes:
    busy = np.bincount(
        drawing.resource, drawing.end_ps - drawing.start_ps, minlength=len(drawing.resource_names)
    )
    used = np.flatnonzero(busy)
    chosen = used[np.argsort(-busy[used], kind="stable")][:MOST_LANES].tolist()
    ordered = _grouped(drawing, chosen)
    lane_of = np.full(len(drawing.resource_names), -1)
    lane_of[ordered] = np.arange(len(ordered))
    lane = lane_of[drawing.resource]
    # what takes no time has no width
    seen = (lane >= 0) & (drawing.end_ps > drawing.start_ps)
    return Lanes(
        names=tuple(drawing.resource_names[r] for r in ordered),
        n_resources=len(used),
        lane=lane[seen].astype(np.int64),
        layer=drawing.layer[seen].astype(np.int64),
        start_ps=drawing.start_ps[seen],
        end_ps=drawing.end_ps[seen],
        zoom_ps=_zoom(drawing),
    )


def _grouped(drawing: Drawing, chosen: list[int]) -> list[int]:
    """By tile, then component in the order of first use, then resource by its numbers."""
    first_use: dict[tuple[int, str], int] = {}
    for r in chosen:
        key = _tile_and_component(drawing.resource_names[r])
        first = int(drawing.start_ps[drawing.resource == r].min())
        first_use[key] = min(first, first_use.get(key, first))

    def order(r: int) -> tuple[Any, ...]:
        name = drawing.resource_names[r]
        tile, component = _tile_and_component(name)
        numbers = [int(number) for number in re.findall(r"\d+", name)]
        return tile, first_use[tile, component], component, numbers, name

    return sorted(chosen, key=order)


def _tile_and_component(name: str) -> tuple[int, str]:
    """Tile (-1: the chip) and kind of part.

    Examples
    --------
    >>> _tile_and_component("tile[3].pe[1].crossbar[0].adc"), _tile_and_component("link[0 to 1]")
    ((3, 'adc'), (-1, 'link'))
    """
    found = _TILE.fullmatch(name)
    tile, rest = (int(found[1]), found[2]) if found else (-1, name)
    return tile, re.sub(r"\[.*?\]", "", rest.rpartition("].")[2] or rest).rpartition(".")[2]


def _zoom(drawing: Drawing) -> int:
    """When the last layer has worked on its third timestep; a twentieth of the run if it never does."""
    if not len(drawing.layer):
        return drawing.latency_ps
    wanted = (drawing.layer == drawing.layer.max()) & (drawing.timestep == ZOOM_STEPS - 1)
    ends = drawing.end_ps[wanted]
    end = int(ends.min()) if len(ends) else drawing.latency_ps // 20
    return max(1, min(drawing.latency_ps, int(1.2 * end)))


def _draw_shades(axes: Axes, lanes: Lanes, colours: list[str], end_ps: int) -> None:
    """An image, a row for each lane: the layers' colours, paler where they work less.

    The root of the share of a pixel's time is the weight against white, so that rare work stays visible.
    """
    from matplotlib.colors import to_rgb

    edges = np.linspace(0, max(end_ps, 1), PANEL_PIXELS + 1)
    image = np.ones((max(1, len(lanes.names)), PANEL_PIXELS, 3))
    for lane, layer in sorted(set(zip(lanes.lane.tolist(), lanes.layer.tolist(), strict=True))):
        mine = (lanes.lane == lane) & (lanes.layer == layer)
        busy = _busy_until(edges, lanes.start_ps[mine]) - _busy_until(edges, lanes.end_ps[mine])
        # a resource of several units may be busier than one
        share = np.minimum(1.0, np.diff(busy) / np.diff(edges))
        image[lane] -= np.sqrt(share)[:, None] * (1 - np.array(to_rgb(colours[layer])))
    factor, _ = scale_of(end_ps, "time")
    extent = (0.0, edges[-1] / factor, len(image) - 0.5, -0.5)
    axes.imshow(np.clip(image, 0, 1), aspect="auto", extent=extent, interpolation="nearest")
    for row in range(len(image) + 1):
        axes.axhline(row - 0.5, color="white", linewidth=1.8)
    _finish(axes, lanes, end_ps)


def _busy_until(edges: NDArray[np.float64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum over all earlier `times` of how long ago they were, at each edge."""
    times = np.sort(times)
    sums = np.concatenate([[0.0], np.cumsum(times.astype(np.float64))])
    earlier = np.searchsorted(times, edges)
    ago: NDArray[np.float64] = edges * earlier - sums[earlier]
    return ago


def _draw_spans(axes: Axes, lanes: Lanes, colours: list[str]) -> None:
    """A rectangle for every span that begins in the panel."""
    from matplotlib.collections import PolyCollection

    factor, _ = scale_of(lanes.zoom_ps, "time")
    for number in np.unique(lanes.layer).tolist():
        mine = (lanes.layer == number) & (lanes.start_ps < lanes.zoom_ps)
        x0, x1 = lanes.start_ps[mine] / factor, np.minimum(lanes.end_ps[mine], lanes.zoom_ps) / factor
        low, high = lanes.lane[mine] - 0.4, lanes.lane[mine] + 0.4
        corners = np.stack([x0, low, x1, low, x1, high, x0, high], axis=1).reshape(-1, 4, 2)
        colour = colours[number]
        drawn = PolyCollection(
            list(corners), facecolors=colour, edgecolors=colour, linewidths=0.3, rasterized=True
        )
        axes.add_collection(drawn)
    _finish(axes, lanes, lanes.zoom_ps)


def _finish(axes: Axes, lanes: Lanes, end_ps: int) -> None:
    factor, unit = scale_of(end_ps, "time")
    axes.set_xlim(0, max(end_ps, 1) / factor)
    axes.set_ylim(max(1, len(lanes.names)) - 0.4, -0.6)
    axes.set_xlabel(f"time ({unit})", fontsize=9)
    axes.tick_params(labelsize=8)


def _label(axes: Axes, lanes: Lanes) -> None:
    """Resources at the ticks, tiles on the left of them, with lines between the tiles."""
    labels, tiles = [], []
    for name in lanes.names:
        found = _TILE.fullmatch(name)
        labels.append(found[2] if found else name)
        tiles.append(int(found[1]) if found else -1)
    axes.set_yticks(range(len(labels)), labels, fontsize=LABEL_SIZE)
    left = 22 + 0.56 * LABEL_SIZE * max(map(len, labels), default=0)
    for group in sorted(set(tiles)):
        rows = [i for i, tile in enumerate(tiles) if tile == group]
        axes.annotate(
            "chip" if group < 0 else f"tile {group}",
            (0, (rows[0] + rows[-1]) / 2),
            xytext=(-left, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            rotation=90 if len(rows) > 2 else 0,
            va="center",
            ha="center",
            fontsize=8,
        )
        if rows[0]:
            for panel in axes.figure.axes:
                panel.axhline(rows[0] - 0.5, color="black", linewidth=0.6)
