"""Pictures of a study that compares DFA with BP: ratios, mechanisms, accuracy. From plain records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archsim.plot.canvas import figure, legend_of, save
from archsim.plot.scales import GREY, PALETTE
from archsim.registry import RULES
from archsim.units import without_unit

Record = Mapping[str, Any]
Drawn = dict[str, dict[str, dict[str, float]]]
_TITLES = {
    "energy_saving_pct": "energy that DFA saves (%)",
    "area_saving_pct": "area that DFA saves (%)",
    "speedup": "latency, BP / DFA",
}
_TOTALS = {total: without_unit(total) for total in ("energy_pj", "latency_ps", "area_um2")}
_HATCHES = ("", "////", "xxxx")
TOGETHER = "together"
_PUBLISHED = {"color": PALETTE[5], "linewidth": 1.5, "linestyle": "--"}


def study_ratios(
    factors: Sequence[Record], rows: Sequence[Record], published: Mapping[str, float], path: str | Path
) -> Drawn:
    """Draw one lane for each factor, a dot for each of its settings, in a panel for each published ratio.

    Factors have ``name``, ``base`` and ``settings``; rows ``name``, ``settings`` and the ratios, the base first.

    Returns
    -------
    dict
        Ratio, factor (and "together"), setting: what was drawn.
    """
    lanes = _lanes(factors, rows)
    fig = figure(15, 1.6 + 0.46 * len(lanes))
    panels = fig.subplots(1, len(published), sharey=True, squeeze=False)[0]
    drawn: Drawn = {}
    for axes, (name, value) in zip(panels, published.items(), strict=True):
        drawn[name] = {lane: {s: row[name] for s, row in dots.items()} for lane, dots in lanes.items()}
        axes.axvline(rows[0][name], color=GREY, linewidth=1)
        axes.axvline(value, **_PUBLISHED)
        axes.set_xlabel(_TITLES.get(name, name))
        everything = [value, *(v for dots in drawn[name].values() for v in dots.values())]
        for y, (lane, dots) in enumerate(drawn[name].items()):
            _lane(axes, y, lane, dots, max(everything) - min(everything))
        axes.margins(x=0.12)
    _rows_of(panels, list(lanes))
    legend_of(fig, {"a setting": PALETTE[0], "base": GREY, "published, up to": PALETTE[5]}, "")
    save(fig, path)
    return drawn


def _rows_of(panels: Sequence[Any], names: Sequence[str], **text: Any) -> None:
    """Name the rows that all panels share, the first one on top."""
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(names)), names, **text)
    panels[0].set_ylim(len(names) - 0.4, -0.6)


def _lanes(factors: Sequence[Record], rows: Sequence[Record]) -> dict[str, dict[str, Record]]:
    """By factor, its settings; all that differ in several factors share a last lane."""
    by_name = {row["name"]: row for row in rows}
    lanes: dict[str, dict[str, Record]] = {}
    for factor in factors:
        names = {str(s): "base" if s == factor["base"] else f"{factor['name']}={s}" for s in factor["settings"]}
        lanes[factor["name"]] = {s: by_name[name] for s, name in names.items() if name in by_name}
    together = {str(i): row for i, row in enumerate(rows) if len(row["settings"]) > 1}
    return {**lanes, TOGETHER: together} if together else lanes


def _lane(axes: Any, y: int, lane: str, dots: Mapping[str, float], width: float) -> None:
    """Dots of one factor; the outermost are named: above, or beside them where they are close."""
    axes.plot([min(dots.values()), max(dots.values())], [y, y], color="#cccccc", linewidth=1, zorder=1)
    axes.scatter(list(dots.values()), [y] * len(dots), color=PALETTE[0], s=22, zorder=2)
    if lane == TOGETHER:  # their names are long: the table has them
        return
    ends = sorted({min(dots, key=dots.__getitem__), max(dots, key=dots.__getitem__)}, key=dots.__getitem__)
    apart = dots[ends[-1]] - dots[ends[0]] > 0.15 * width
    for name, side in zip(ends, ("right", "left"), strict=False):
        place = {"xytext": (0, 5), "ha": "center", "va": "bottom"}
        if not apart and len(ends) > 1:
            place = {"xytext": (5 if side == "left" else -5, 0), "ha": side, "va": "center"}
        axes.annotate(name, (dots[name], y), textcoords="offset points", fontsize=7, **place)


def study_mechanisms(
    shares: Mapping[str, Mapping[str, Mapping[str, float]]], titles: Mapping[str, str], path: str | Path
) -> Drawn:
    """Draw for every configuration a bar of mechanisms to both sides of zero, in a panel for each total.

    `shares` has, by configuration, total and mechanism, percent of BP's total.

    Returns
    -------
    dict
        Total, configuration, mechanism: what was drawn.
    """
    from matplotlib.patches import Patch

    fig = figure(15, 1.9 + 0.62 * len(shares))
    panels = fig.subplots(1, len(_TOTALS), sharey=True, squeeze=False)[0]
    used = [n for n in titles if any(abs(s.get(n, 0.0)) >= 0.05 for c in shares.values() for s in c.values())]
    styles = {name: (PALETTE[i % len(PALETTE)], _HATCHES[i // len(PALETTE)]) for i, name in enumerate(used)}
    drawn: Drawn = {}
    for axes, (total, title) in zip(panels, _TOTALS.items(), strict=True):
        drawn[total] = {name: {m: own[total][m] for m in used if m in own[total]} for name, own in shares.items()}
        for y, parts in enumerate(drawn[total].values()):
            _bar(axes, y, parts, styles)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlabel(f"{title}, BP less DFA (% of BP)")
    _rows_of(panels, [name.replace(", ", ",\n") for name in shares], fontsize=8)
    named = {**{titles[name]: style for name, style in styles.items()}, "difference": ("black", "")}
    patches = [Patch(facecolor=c, edgecolor="white", hatch=h, linewidth=0, label=n) for n, (c, h) in named.items()]
    fig.legend(handles=patches, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    save(fig, path)
    return drawn


def _bar(axes: Any, y: int, parts: Mapping[str, float], styles: Mapping[str, tuple[str, str]]) -> None:
    ends = [0.0, 0.0]
    look = {"edgecolor": "white", "linewidth": 0.4, "height": 0.6}
    for name, part in parts.items():
        side, (colour, hatch) = int(part < 0), styles[name]
        axes.barh(y, part, left=ends[side], color=colour, hatch=hatch, **look)
        ends[side] += part
    axes.scatter([sum(parts.values())], [y], marker="D", color="black", s=26, zorder=3)


def _looks(*rules: str) -> list[tuple[str, str, str]]:
    """Name, title and colour of learning rules."""
    return [(name, RULES[name].title, PALETTE[RULES[name].colour]) for name in rules]


def study_accuracy(levels: Sequence[Record], published: float, path: str | Path) -> dict[str, list[float]]:
    """Draw accuracy against the spread of the cells, and beside it the difference of the rules.

    Levels have ``level``, ``spread_pct``, and ``before``, ``bp``, ``dfa``, ``gain`` as {mean, half_width};
    `published` is the published gain, in percent.

    Returns
    -------
    dict of str to list of float
        Means in percent: before, bp, dfa, gain.
    """
    drawn = {key: [100 * level[key]["mean"] for level in levels] for key in ("before", "bp", "dfa", "gain")}
    bars = {key: [100 * (level[key]["half_width"] or 0.0) for level in levels] for key in drawn}
    x = [level["spread_pct"] for level in levels]
    fig = figure(11, 4.4)
    left, right = fig.subplots(1, 2)
    for key, title, colour in (("before", "before", GREY), *_looks("bp", "dfa")):
        left.errorbar(x, drawn[key], yerr=bars[key], color=colour, marker="o", capsize=3, label=title)
    left.set_ylabel("accuracy (%)")
    left.set_ylim(0, 100)
    left.legend(frameon=False, fontsize=8, ncols=3, loc="lower left")
    right.errorbar(x, drawn["gain"], yerr=bars["gain"], color="black", marker="o", capsize=3)
    right.axhline(0, color=GREY, linewidth=1)
    right.axhline(published, **_PUBLISHED)
    above = {"xytext": (0, 4), "textcoords": "offset points", "ha": "right", "fontsize": 8}
    right.annotate("published, up to", (max(x), published), **above)
    right.set_ylabel("DFA − BP after adaptation (points)")
    for axes in (left, right):
        axes.set_xlabel("spread of a programmed cell (% of the window)")
        axes.spines[["top", "right"]].set_visible(False)
        for level in levels:
            if not level["level"].endswith("window") and level["spread_pct"]:
                axes.axvline(level["spread_pct"], color=GREY, linestyle=":", linewidth=1, zorder=0)
                axes.annotate(level["level"], (level["spread_pct"], 1.01), xycoords=("data", "axes fraction"),
                              fontsize=7, ha="center", va="bottom", color="#555555")  # fmt: skip
    save(fig, path)
    return drawn
