"""The pictures of the study of tile configurations: fronts with accuracy, energy against area, effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archsim.plot import PALETTE, figure, legend_of, save_figure, scale_of

Line = Mapping[str, Any]
COSTS = {"energy_pj": ("energy per window", "energy"), "latency_ps": ("latency per window", "time"),
         "area_um2": ("area of the chip", "area")}  # fmt: skip
_COLOURS = {"bp": PALETTE[5], "dfa": PALETTE[0]}
_MARKERS = {"copy": "o", "transposable": "s", "shared": "^", "fixed": "D"}
_SHADES = (PALETTE[5], PALETTE[1], PALETTE[2], PALETTE[0])
_SIZES = ("o", "s", "^", "D", "v", "P")


def tile_fronts(
    lines: Sequence[Line], fronts: Mapping[str, Any], path: str | Path
) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Draw accuracy against each cost: all configurations pale, each rule's front full, the robust part with bars.

    Parameters
    ----------
    lines : sequence of dict
        With "rule", "feedback", the costs, "accuracy" and "accuracy_half_width".
    fronts : mapping
        By rule: "front" and "robust", places in `lines`.
    path : str or path
        The PNG file.

    Returns
    -------
    dict of str to dict of str to list of (cost, accuracy)
        By cost and rule, the front; accuracies in percent.
    """
    fig = figure(12, 4.2)
    drawn: dict[str, dict[str, list[tuple[float, float]]]] = {}
    panels = fig.subplots(1, len(COSTS), sharey=True)
    for axes, (cost, (title, kind)) in zip(panels, COSTS.items(), strict=True):
        scale, unit = scale_of(max(line[cost] for line in lines), kind)
        drawn[cost] = {}
        for rule, colour in _COLOURS.items():
            own = fronts[rule]
            drawn[cost][rule] = [(lines[i][cost], 100 * lines[i]["accuracy"]) for i in own["front"]]
            rest = [i for i, line in enumerate(lines) if line["rule"] == rule and i not in set(own["front"])]
            _points(axes, [lines[i] for i in rest], cost, scale, colour, is_pale=True)
            _points(axes, [lines[i] for i in own["front"]], cost, scale, colour, is_pale=False)
            robust = [lines[i] for i in own["robust"]]
            axes.errorbar(
                [line[cost] / scale for line in robust], [100 * line["accuracy"] for line in robust],
                yerr=[100 * (line["accuracy_half_width"] or 0.0) for line in robust], fmt="none", ecolor="black",
                elinewidth=0.7, capsize=2, zorder=4,
            )  # fmt: skip
        if cost != "latency_ps":  # it spans a factor of three
            axes.set_xscale("log")
            _plain_ticks(axes.xaxis)
        axes.set_xlabel(f"{title} ({unit})")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("accuracy after adapting (%)")
    _legend_of_feedback(fig, lines)
    save_figure(fig, path)
    return drawn


def _points(axes: Any, lines: Sequence[Line], cost: str, scale: float, colour: str, is_pale: bool) -> None:
    for feedback, marker in _MARKERS.items():
        own = [line for line in lines if line["feedback"] == feedback]
        axes.scatter(
            [line[cost] / scale for line in own], [100 * line["accuracy"] for line in own], marker=marker,
            s=10 if is_pale else 30, color=colour, alpha=0.15 if is_pale else 0.9, linewidths=0.4,
            edgecolors="none" if is_pale else "white", zorder=2 if is_pale else 3,
        )  # fmt: skip


def _plain_ticks(axis: Any) -> None:
    """A logarithmic axis of about one decade with plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 3.0, 5.0)))
    axis.set_major_formatter(ScalarFormatter())
    axis.set_minor_formatter(NullFormatter())


def _legend_of_feedback(fig: Any, lines: Sequence[Line]) -> None:
    from matplotlib.lines import Line2D

    there = {(line["rule"], line["feedback"]) for line in lines}
    handles = [
        Line2D([], [], color=_COLOURS[rule], marker=marker, linestyle="none", label=f"{rule.upper()}, {feedback}")
        for feedback, marker in _MARKERS.items()
        for rule in _COLOURS
        if (rule, feedback) in there
    ]
    pale = Line2D(
        [], [], color="#777777", marker="o", alpha=0.3, markersize=3, linestyle="none", label="not on the front"
    )
    bar = Line2D([], [], color="black", marker="|", linestyle="none", label="robust part, 95 % interval")
    fig.legend(handles=[*handles, pale, bar], loc="outside lower center", ncols=6, frameon=False, fontsize=8)


def tile_costs(lines: Sequence[Line], fronts: Mapping[str, Any], path: str | Path) -> dict[str, int]:
    """Draw energy against area, a panel for each rule and feedback; the front of each rule's costs is ringed.

    Returns
    -------
    dict of str to int
        By panel, how many configurations it shows.
    """
    groups: dict[str, list[int]] = {}
    for i, line in enumerate(lines):
        groups.setdefault(f"{line['rule'].upper()}, {line['feedback']}", []).append(i)
    sharing = sorted({line["columns_per_adc"] for line in lines})
    arrays = list(dict.fromkeys(line["array"] for line in lines))
    colours = {value: _SHADES[k % len(_SHADES)] for k, value in enumerate(sharing)}
    markers = {value: _SIZES[k % len(_SIZES)] for k, value in enumerate(arrays)}
    ringed = {i for rule in _COLOURS for i in fronts[rule]["without_accuracy"]}
    (x_scale, x_unit), (y_scale, y_unit) = (
        scale_of(max(line[c] for line in lines), COSTS[c][1]) for c in ("area_um2", "energy_pj")
    )
    fig = figure(12, 4.2)
    panels = fig.subplots(1, len(groups), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (title, own) in zip(panels, groups.items(), strict=True):
        for i in own:
            line = lines[i]
            axes.scatter(
                line["area_um2"] / x_scale, line["energy_pj"] / y_scale, marker=markers[line["array"]], s=26,
                color=colours[line["columns_per_adc"]], alpha=0.9 if i in ringed else 0.45,
                edgecolors="black" if i in ringed else "none", linewidths=1.1, zorder=3 if i in ringed else 2,
            )  # fmt: skip
        axes.set_title(title, fontsize=10)
        axes.set_xscale("log")
        axes.set_yscale("log")
        _plain_ticks(axes.xaxis)
        _plain_ticks(axes.yaxis)
        axes.set_xlabel(f"area ({x_unit})")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel(f"energy per window ({y_unit})")
    _legend_of_tiles(fig, colours, markers)
    save_figure(fig, path)
    return {title: len(own) for title, own in groups.items()}


def _legend_of_tiles(fig: Any, colours: Mapping[Any, str], markers: Mapping[str, str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker="o", linestyle="none", label=f"{value} columns per ADC")
        for value, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color="#777777", marker=marker, linestyle="none", label=f"array {value}")
        for value, marker in markers.items()
    ]
    handles.append(
        Line2D([], [], color="white", markeredgecolor="black", marker="o", linestyle="none",
               label="front of the rule's three costs")
    )  # fmt: skip
    fig.legend(handles=handles, loc="outside lower center", ncols=len(handles) // 2 + 1, frameon=False, fontsize=8)


def tile_effects(
    effects: Sequence[Mapping[str, Any]], names: Mapping[str, str], path: str | Path
) -> dict[str, list[tuple[str, float]]]:
    """Draw what a change of one factor does to each cost: median ratio as a dot, smallest to largest as a bar.

    Parameters
    ----------
    effects : sequence of dict
        "rule", "factor", "from", "to", and by cost "median", "min", "max".
    names : mapping of str to str
        How a factor is called.
    path : str or path
        The PNG file.

    Returns
    -------
    dict of str to list of (str, float)
        By cost: rule with the change, and the median.
    """
    rows = list(dict.fromkeys((e["factor"], e["from"], e["to"]) for e in effects))
    fig = figure(12, 1.6 + 0.34 * len(rows))
    drawn: dict[str, list[tuple[str, float]]] = {}
    panels = fig.subplots(1, len(COSTS), sharey=True)
    for axes, (cost, (title, _)) in zip(panels, COSTS.items(), strict=True):
        drawn[cost] = []
        for e in effects:
            y = rows.index((e["factor"], e["from"], e["to"])) + (0.15 if e["rule"] == "dfa" else -0.15)
            colour = _COLOURS[e["rule"]]
            axes.plot([e[cost]["min"], e[cost]["max"]], [y, y], color=colour, linewidth=2, alpha=0.5)
            axes.plot(e[cost]["median"], y, "D" if e["rule"] == "dfa" else "o", color=colour, markersize=5)
            drawn[cost].append((f"{e['rule']} {e['factor']} {e['from']} {e['to']}", e[cost]["median"]))
        axes.axvline(1.0, color="black", linewidth=0.6, zorder=0)
        axes.set_xscale("log")
        _plain_ratios(axes.xaxis)
        axes.set_xlabel(f"{title}, ratio")
        axes.grid(axis="y", linewidth=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    labels = [f"{names[factor]}: {first} → {last}" for factor, first, last in rows]
    panels[0].set_yticks(range(len(rows)), labels, fontsize=8)
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    legend_of(fig, {"BP": _COLOURS["bp"], "DFA": _COLOURS["dfa"]}, "median (dot), smallest to largest (bar)")
    save_figure(fig, path)
    return drawn


def _plain_ratios(axis: Any) -> None:
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, ScalarFormatter

    low, high = axis.get_view_interval()
    narrow = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
    axis.set_major_locator(
        FixedLocator(narrow if high < 2 * low else [0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0])
    )
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(ScalarFormatter())
    axis.set_minor_formatter(NullFormatter())
