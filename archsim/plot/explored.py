"""Pictures of a study: fronts, parallel coordinates, importances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archsim.plot.canvas import figure, save
from archsim.plot.scales import PALETTE
from archsim.units import format_metric, quantities_of, scale_of

_OTHER = "#b8b8b8"
_KNEE = PALETTE[5]
_LABEL = 0.045  # height of a label, as part of an axis
_MOST_WORDS = 8  # that are written beside an axis


def scatter_matrix(
    columns: Mapping[str, Sequence[float]],
    kinds: Mapping[str, str | None],
    on_front: Sequence[bool],
    path: str | Path,
    knee: int | None = None,
) -> dict[str, list[float]]:
    """Draw every pair of objectives, the configurations of the Pareto front in colour, its knee with a ring.

    Parameters
    ----------
    columns : mapping of str to sequence of float
        Two metrics or more, one value for each configuration.
    kinds : mapping of str to str or None
        The kind of quantity of each metric.
    on_front : sequence of bool
    path : str or path
        The PNG file.
    knee : int, optional
        Which configuration is the knee.

    Returns
    -------
    dict of str to list of float
        What was drawn, in the units of the axes.
    """
    names, front = list(columns), np.array(on_front, bool)
    drawn, titles = {}, {}
    for name in names:
        values = np.array(columns[name], float)
        kind = kinds.get(name)
        scale, unit = (1.0, "") if kind in (None, "fraction") else scale_of(float(values.max()), str(kind))
        drawn[name] = values / scale
        titles[name] = f"{name.rpartition('_')[0]} ({unit})" if unit else name
    n = len(names)
    fig = figure(2.6 * (n - 1) + 1.2, 2.4 * (n - 1) + 0.6)
    panels = fig.subplots(n - 1, n - 1, squeeze=False)
    for row in range(1, n):
        for column in range(n - 1):
            axes = panels[row - 1][column]
            if column >= row:
                axes.set_visible(False)
                continue
            x, y = drawn[names[column]], drawn[names[row]]
            axes.scatter(x[~front], y[~front], s=9, color=_OTHER, linewidths=0)
            axes.scatter(x[front], y[front], s=16, color=PALETTE[0], linewidths=0)
            if knee is not None:
                axes.scatter(x[[knee]], y[[knee]], s=70, facecolors="none", edgecolors=_KNEE, linewidths=1.5)
            axes.set_xlabel(titles[names[column]])
            axes.set_ylabel(titles[names[row]])
            axes.spines[["top", "right"]].set_visible(False)
    ring = {"marker": "o", "markersize": 8, "markerfacecolor": "none", "linestyle": "none"}
    _legend(fig, {"marker": "o", "markersize": 4, "linestyle": "none"}, None if knee is None else ring)
    save(fig, path)
    return {name: values.tolist() for name, values in drawn.items()}


def parallel_coordinates(
    columns: Mapping[str, Sequence[float | str]],
    on_front: Sequence[bool],
    path: str | Path,
    kinds: Mapping[str, str | None] | None = None,
    knee: int | None = None,
) -> dict[str, list[float]]:
    """Draw a line for each configuration through its parameters and objectives, from 0 to 1 on each axis.

    Parameters
    ----------
    columns : mapping of str to sequence of float or str
        Quantities of one unit stand where their numbers do; other texts in the order in which they come.
    on_front : sequence of bool
    path : str or path
        The PNG file.
    kinds : mapping of str to str or None, optional
        The kind of quantity of the columns that are metrics.
    knee : int, optional
        Which configuration is the knee.

    Returns
    -------
    dict of str to list of float
        The heights of the lines.
    """
    given_kinds = kinds or {}
    heights, labels = {}, {}
    for name, given in columns.items():
        values, texts = _on_axis(given, given_kinds.get(name))
        low, span = float(values.min()), float(np.ptp(values))
        heights[name] = (values - low) / span if span else np.full(len(values), 0.5)
        labels[name] = {(value - low) / span if span else 0.5: text for value, text in texts.items()}
    lines = np.stack(list(heights.values()), axis=1)
    fig = figure(1.5 * len(heights) + 1, 4.2)
    axes = fig.subplots()
    front = np.array(on_front, bool)
    for mark, colour, width in ((False, _OTHER, 0.5), (True, PALETTE[0], 1.1)):
        axes.plot(range(lines.shape[1]), lines[front == mark].T, color=colour, linewidth=width, alpha=0.8)
    if knee is not None:
        axes.plot(range(lines.shape[1]), lines[knee], color=_KNEE, linewidth=2.2)
    for x, name in enumerate(heights):
        axes.axvline(x, color="black", linewidth=0.6)
        for y, text in _apart(labels[name]).items():
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8}
            axes.text(x + 0.03, y, text, ha="left", va="center", fontsize=7, bbox=box, zorder=5)
    short = [name.removeprefix("chip.").removeprefix("workload.") for name in heights]
    # their units stand at the axis
    metrics = {name for name, kind in given_kinds.items() if kind not in (None, "fraction")}
    short = [name.rpartition("_")[0] if name in metrics else name for name in short]
    axes.set_xticks(range(len(short)), short, rotation=25, ha="right", fontsize=8)
    axes.tick_params(axis="x", pad=4, length=0)
    axes.set_yticks([])
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    _legend(fig, {"linewidth": 1.5}, None if knee is None else {"linewidth": 2.2})
    save(fig, path)
    return {name: values.tolist() for name, values in heights.items()}


def _on_axis(given: Sequence[float | str], kind: str | None) -> tuple[Any, dict[float, str]]:
    """Where values stand on an axis, and what is written beside it: each of a few, or both ends."""
    if all(isinstance(value, int | float) for value in given):
        values = np.array(given, float)
        written = {value: format_metric(value, kind) for value in dict.fromkeys(map(float, values))}
    elif (numbers := quantities_of(given)) is not None:
        values = np.array(numbers, float)
        written = dict(zip(map(float, values), map(str, given), strict=True))
    else:
        words = list(dict.fromkeys(map(str, given)))
        values = np.array([words.index(str(value)) for value in given], float)
        written = dict(enumerate(words))
    if len(written) > _MOST_WORDS:
        written = {end: written[end] for end in (values.min(), values.max())}
    return values, written


def _apart(labels: Mapping[float, str]) -> dict[float, str]:
    """Both ends of an axis, and of the labels between them those that touch no other one."""
    ends = [y for y in (0.0, 1.0) if y in labels]
    kept = list(ends)
    for y in sorted(set(labels) - set(ends)):
        if all(abs(y - other) >= _LABEL for other in kept):
            kept.append(y)
    return {y: labels[y] for y in sorted(kept)}


def _legend(fig: Any, style: Mapping[str, Any], knee: Mapping[str, Any] | None) -> None:
    from matplotlib.lines import Line2D

    named = {"other configurations": (_OTHER, style), "Pareto front": (PALETTE[0], style)}
    if knee is not None:
        named["its knee (nearest to the best of all)"] = (_KNEE, knee)
    lines = [Line2D([], [], color=colour, label=name, **how) for name, (colour, how) in named.items()]
    columns = 3 if fig.get_figwidth() >= 5.5 else 1  # side by side they take 5.3 inches
    fig.legend(handles=lines, loc="outside upper center", ncols=columns, frameon=False, fontsize=8)


def importances(shares: Mapping[str, Mapping[str, float]], path: str | Path) -> dict[str, dict[str, float]]:
    """Draw how much each parameter matters for each objective.

    Parameters
    ----------
    shares : mapping of str to mapping of str to float
        By objective, then by parameter; they sum to one.
    path : str or path
        The PNG file.

    Returns
    -------
    dict
        What was drawn.
    """
    fig = figure(3.4 * len(shares) + 1.5, 1.2 + 0.32 * max(len(parts) for parts in shares.values()))
    panels = fig.subplots(1, len(shares), squeeze=False)[0]
    for axes, (objective, parts) in zip(panels, shares.items(), strict=True):
        ordered = sorted(parts.items(), key=lambda pair: pair[1])
        names = [name.removeprefix("chip.").removeprefix("workload.") for name, _ in ordered]
        axes.barh(names, [share for _, share in ordered], color=PALETTE[0])
        axes.set_xlabel(f"importance for {objective}", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    save(fig, path)
    return {objective: dict(parts) for objective, parts in shares.items()}
