"""The pipeline of a run: which resource works in which stage and for which layer, and when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from archsim.metrics import Result
from archsim.plot.canvas import figure, legend_of, save, short
from archsim.plot.lanes import Lanes, Window, lanes_of
from archsim.plot.scales import colours_of_layers, stage_colours
from archsim.units import scale_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# fewer than the panels have on paper: none is left out when they are drawn
PIXELS_WHOLE, PIXELS_DETAIL = 800, 330
PALEST = 0.3
LABEL_SIZE = 7.5


def pipeline(result: Result, path: str | Path) -> Lanes:
    """Draw the whole run, and beside it how each pass begins.

    Arrays of one PE that work for the same layers share a lane (those of one tile, if there would be more
    than 60 lanes; if there still are, the busiest 60 are drawn). A run of several stages has a colour for each
    stage, with the layers named at the lanes; else each layer has a colour. A pixel has the colour of what takes
    most of its time there, the darker the larger the part of the lane's resources and of the time that is at
    work.

    Parameters
    ----------
    result : Result
    path : str or path
        The PNG file.

    Returns
    -------
    Lanes
        The lanes, spans and windows that were drawn.
    """
    lanes, graph = lanes_of(result), result.graph
    by_stage = len(set(lanes.task_stage.tolist())) > 1
    names = graph.stage_names if by_stage else graph.layer_names
    kind = lanes.task_stage if by_stage else lanes.layer
    colours = stage_colours(names) if by_stage else colours_of_layers(names)
    n_details = len(lanes.windows) - 1
    fig = figure(13.0 + 1.5 * n_details, 1.9 + 0.165 * max(1, len(lanes.lanes)))
    widths = [2.4 if n_details > 1 else 1.0] + [1.0] * n_details
    panels = fig.subplots(1, len(widths), sharey=True, squeeze=False, width_ratios=widths)[0]
    for i, (axes, window) in enumerate(zip(panels, lanes.windows, strict=True)):
        n_pixels = PIXELS_DETAIL if i and n_details > 1 else PIXELS_WHOLE
        draw_lanes(axes, lanes, window, n_pixels, kind, [colours[name] for name in names])
    label_lanes(panels, lanes, by_stage)
    fig.suptitle(f"{short(result.name)}, {short(result.phase)}: {what_is_shown(lanes)}", fontsize=11)
    used = set(kind.tolist())
    what = "stage" if by_stage else "layer"
    legend_of(
        fig,
        {name or f"(no {what})": colours[name] for i, name in enumerate(names) if i in used},
        f"{what} that takes most of the time (the darker, the more of the lane is at work)",
    )
    save(fig, path)
    return lanes


def what_is_shown(lanes: Lanes) -> str:
    if len(lanes.lanes) == lanes.n_lanes:
        return f"all {lanes.n_resources} resources that take time"
    return (
        f"the busiest {len(lanes.lanes)} of {lanes.n_lanes} lanes "
        f"({lanes.n_shown} of {lanes.n_resources} resources that take time)"
    )


def draw_lanes(
    axes: Axes, lanes: Lanes, window: Window, n_pixels: int, kind: NDArray[np.int64], colours: list[str]
) -> None:
    """An image, a row for each lane."""
    edges = np.linspace(window.start_ps, window.end_ps, n_pixels + 1)
    image = _image(lanes, edges, kind, colours)
    factor, unit = scale_of(window.end_ps, "time")
    extent = (edges[0] / factor, edges[-1] / factor, len(image) - 0.5, -0.5)
    axes.imshow(image, aspect="auto", extent=extent, interpolation="nearest")
    for row in range(len(image) + 1):
        axes.axhline(row - 0.5, color="white", linewidth=1.8)
    axes.set_xlim(extent[0], extent[1])
    axes.set_ylim(len(image) - 0.4, -0.6)
    axes.set_title(window.title, fontsize=9)
    axes.set_xlabel(f"time ({unit})", fontsize=9)
    axes.tick_params(labelsize=8)


def _image(
    lanes: Lanes, edges: NDArray[np.float64], kind: NDArray[np.int64], colours: list[str]
) -> NDArray[np.float64]:
    """The colour of the kind of work that takes most of a pixel's time, mixed with white only.

    The weight of the colour is the root of the share at work, and 0.3 or more, so that rare work is seen.
    """
    from matplotlib.colors import to_rgb

    image = np.ones((max(1, len(lanes.lanes)), len(edges) - 1, 3))
    full = np.array([to_rgb(colour) for colour in colours])
    for row, lane in enumerate(lanes.lanes):
        of_lane = lanes.lane == row
        kinds = np.unique(kind[of_lane])
        busy = np.stack([_busy(edges, lanes, of_lane & (kind == one)) for one in kinds])
        # a resource of several units may be busier than one
        share = np.minimum(1.0, busy.sum(axis=0) / (np.diff(edges) * len(lane.resources)))
        # sums of floats leave a trace of time where there is none
        weight = np.where(share > 1e-9, np.maximum(PALEST, np.sqrt(share)), 0.0)
        image[row] -= weight[:, None] * (1 - full[kinds[busy.argmax(axis=0)]])
    return np.clip(image, 0, 1)


def _busy(edges: NDArray[np.float64], lanes: Lanes, mine: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For how long the spans cover each pixel."""
    covered = _since(edges, lanes.start_ps[mine]) - _since(edges, lanes.end_ps[mine])
    return np.diff(covered)


def _since(edges: NDArray[np.float64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum over all earlier `times` of how long ago they were, at each edge."""
    times = np.sort(times)
    sums = np.concatenate([[0.0], np.cumsum(times.astype(np.float64))])
    earlier = np.searchsorted(times, edges)
    ago: NDArray[np.float64] = edges * earlier - sums[earlier]
    return ago


def label_lanes(panels: Sequence[Axes], lanes: Lanes, with_layers: bool) -> None:
    """Parts (and layers) at the first panel's ticks, tiles on the left of them, lines between tiles in all."""
    axes, labels = panels[0], []
    for lane in lanes.lanes:
        layers = f"  ({lane.layer_label})" if with_layers and lane.layers else ""
        labels.append(short(lane.label + layers, 56))
    axes.set_yticks(range(len(labels)), labels, fontsize=LABEL_SIZE)
    left = 22 + 0.56 * LABEL_SIZE * max(map(len, labels), default=0)
    rows_of: dict[int, list[int]] = {}
    for row, lane in enumerate(lanes.lanes):
        rows_of.setdefault(lane.tile, []).append(row)
    for tile, rows in rows_of.items():
        axes.annotate(
            "chip" if tile < 0 else f"tile {tile}",
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
            for panel in panels:
                panel.axhline(rows[0] - 0.5, color="black", linewidth=0.6)
