"""Breakdown of the latency: layers and stages along the critical path."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from archsim.metrics import Result
from archsim.names import NONE
from archsim.plot.canvas import figure, legend_of, save, short
from archsim.plot.scales import stage_styles
from archsim.units import scale_of

N_DRAWN, OTHERS = 40, "all others"
_BAR: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.5, "height": 0.7}


def latency(result: Result, path: str | Path) -> dict[str, dict[str, int]]:
    """Draw a bar for each layer with a part for each stage: their time on the critical path.

    The parts sum to the latency. Work beside the critical path is not in it, see `Result.breakdown` for that.

    Parameters
    ----------
    result : Result
    path : str or path
        The file: .png, .svg or .pdf.

    Returns
    -------
    dict of str to dict
        Layer, stage: picoseconds. The 40 layers with most are drawn, and the sum of all others.
    """
    drawn = _largest(_spent(result))
    stages = list(dict.fromkeys(stage for parts in drawn.values() for stage in parts))
    styles = stage_styles(stages)
    factor, unit = scale_of(max((sum(parts.values()) for parts in drawn.values()), default=0), "time")
    fig = figure(9, 1.9 + 0.24 * max(1, len(drawn)))
    axes = fig.add_subplot()
    for row, parts in enumerate(drawn.values()):
        left = 0.0
        for stage in (stage for stage in stages if stage in parts):
            colour, hatch = styles[stage]
            width = parts[stage] / factor
            axes.barh(row, width, left=left, color=colour, hatch=hatch, **_BAR)
            left += width
        share = 100 * sum(parts.values()) / result.latency_ps if result.latency_ps else 0.0
        axes.annotate(f"{share:.3g} %", (left, row), xytext=(3, 0), textcoords="offset points", va="center",
                      fontsize=7.5)  # fmt: skip
    axes.set_yticks(range(len(drawn)), [short(name) for name in drawn], fontsize=8)
    axes.set_ylim(max(1, len(drawn)) - 0.4, -0.6)
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"time on the critical path ({unit})")
    axes.set_ylabel("layer")
    axes.spines[["top", "right"]].set_visible(False)
    fig.suptitle(f"{short(result.name)}, {short(result.phase)}\nlatency by layer and stage", fontsize=10)
    legend_of(fig, {name: styles[name] for name in stages}, "stage")
    save(fig, path)
    return drawn


def _spent(result: Result) -> dict[str, Counter[str]]:
    graph = result.graph
    spent: dict[str, Counter[str]] = {}
    for segment in result.path:
        layer = graph.layer_names[graph.layer[segment.task]] or NONE
        stage = graph.stage_names[graph.stage[segment.task]] or NONE
        spent.setdefault(layer, Counter())[stage] += segment.length_ps
    return spent


def _largest(spent: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    """The layers that take most, in the order of the path, then the sum of the others."""
    ranked = sorted(spent, key=lambda name: -spent[name].total())
    chosen = set(ranked[:N_DRAWN])
    drawn = {name: dict(parts) for name, parts in spent.items() if name in chosen}
    rest: Counter[str] = Counter()
    for name in ranked[N_DRAWN:]:
        rest += spent[name]
    return {**drawn, OTHERS: dict(rest)} if rest else drawn
