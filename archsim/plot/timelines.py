"""The pipelines of several runs under each other, on one axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archsim.errors import ArchsimError
from archsim.metrics import Result
from archsim.plot.canvas import figure, legend_of, save
from archsim.plot.lanes import Lanes, Window, lanes_of
from archsim.plot.pipeline import PIXELS_WHOLE, draw_lanes, label_lanes, what_is_shown
from archsim.plot.scales import colours_of_layers, stage_colours
from archsim.units import scale_of

LANE_IN, HEAD_IN = 0.165, 0.75


def timelines(results: Sequence[Result], path: str | Path, titles: Sequence[str] = ()) -> list[Lanes]:
    """Draw the whole of each run as `pipeline` does, all to the same scale of time, with a line where each ends.

    A run of several stages has a colour for each stage; if no run has several, each layer has a colour, the same
    in every run.

    Parameters
    ----------
    results : sequence of Result
        From the top to the bottom.
    path : str or path
        The PNG file.
    titles : sequence of str
        One for each; the names of chip and workload if not given.

    Returns
    -------
    list of Lanes
        Lanes and spans that were drawn, one for each run; their window is the longest run.

    Raises
    ------
    ArchsimError
        There is no run, or the number of titles is another.
    """
    if not results or (titles and len(titles) != len(results)):
        raise ArchsimError(f"timelines: {len(results)} runs, {len(titles)} titles; one for each is needed")
    names = titles or [f"{result.name}, {result.phase}" for result in results]
    all_lanes = [lanes_of(result) for result in results]
    by_stage = any(len(set(lanes.task_stage.tolist())) > 1 for lanes in all_lanes)
    kinds = [result.graph.stage_names if by_stage else result.graph.layer_names for result in results]
    known = tuple(dict.fromkeys(name for some in kinds for name in some))
    colours = stage_colours(known) if by_stage else colours_of_layers(known)
    window = Window("", 0, max(1, *(result.latency_ps for result in results)))
    heights = [HEAD_IN + LANE_IN * max(1, len(lanes.lanes)) for lanes in all_lanes]
    fig = figure(13.0, 1.0 + sum(heights))
    panels = fig.subplots(len(results), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    used: dict[str, str] = {}
    factor, unit = scale_of(window.end_ps, "time")
    for axes, result, lanes, title, kind_names in zip(panels, results, all_lanes, names, kinds, strict=True):
        kind = lanes.task_stage if by_stage else lanes.layer
        draw_lanes(axes, lanes, window, PIXELS_WHOLE, kind, [colours[name] for name in kind_names])
        label_lanes([axes], lanes, by_stage)
        axes.axvline(result.latency_ps / factor, color="black", linewidth=1.2, linestyle="--")
        axes.set_title(f"{title}: {result.latency_ps / factor:.4g} {unit}; {what_is_shown(lanes)}", fontsize=9)
        what = "stage" if by_stage else "layer"
        used |= {kind_names[i] or f"(no {what})": colours[kind_names[i]] for i in sorted(set(kind.tolist()))}
    for axes in panels[:-1]:
        axes.set_xlabel("")
    legend_of(fig, used, f"{'stage' if by_stage else 'layer'} that takes most of the time; dashed: the run ends")
    save(fig, path)
    return all_lanes
