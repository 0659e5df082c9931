"""What a study found: fronts, parallel coordinates, importances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from archsim.plot.canvas import figure, save
from archsim.plot.scales import PALETTE, scale_of

_OTHER = "#b8b8b8"


def scatter_matrix(
    columns: Mapping[str, Sequence[float]],
    kinds: Mapping[str, str | None],
    on_front: Sequence[bool],
    path: str | Path,
) -> dict[str, list[float]]:
    """Draw every pair of objectives, the configurations of the Pareto front in colour.

    Parameters
    ----------
    columns : mapping of str to sequence of float
        Two metrics or more, one value for each configuration.
    kinds : mapping of str to str or None
        The kind of quantity of each metric.
    on_front : sequence of bool
    path : str or path
        The PNG file.

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
            axes.set_xlabel(titles[names[column]])
            axes.set_ylabel(titles[names[row]])
            axes.spines[["top", "right"]].set_visible(False)
    fig.suptitle("configurations; the Pareto front in colour", fontsize=10)
    save(fig, path)
    return {name: values.tolist() for name, values in drawn.items()}


def parallel_coordinates(
    columns: Mapping[str, Sequence[float | str]], on_front: Sequence[bool], path: str | Path
) -> dict[str, list[float]]:
    """Draw a line for each configuration through its parameters and objectives, from 0 to 1 on each axis.

    Parameters
    ----------
    columns : mapping of str to sequence of float or str
        Texts are put side by side in the order in which they come.
    on_front : sequence of bool
    path : str or path
        The PNG file.

    Returns
    -------
    dict of str to list of float
        The heights of the lines.
    """
    heights, ticks = {}, {}
    for name, given in columns.items():
        if all(isinstance(value, int | float) for value in given):
            values = np.array(given, float)
            ticks[name] = [f"{values.min():.4g}", f"{values.max():.4g}"]
        else:
            words = list(dict.fromkeys(map(str, given)))
            values = np.array([words.index(str(value)) for value in given], float)
            ticks[name] = [words[0], words[-1]]
        span = float(np.ptp(values))
        heights[name] = (values - values.min()) / span if span else np.full(len(values), 0.5)
    lines = np.stack(list(heights.values()), axis=1)
    fig = figure(1.5 * len(heights) + 1, 4.2)
    axes = fig.subplots()
    for mark, colour, width in ((False, _OTHER, 0.5), (True, PALETTE[0], 1.1)):
        for line in lines[np.array(on_front, bool) == mark]:
            axes.plot(range(len(line)), line, color=colour, linewidth=width, alpha=0.8)
    for x, name in enumerate(heights):
        axes.axvline(x, color="black", linewidth=0.6)
        axes.text(x, -0.03, ticks[name][0], ha="center", va="top", fontsize=7)
        axes.text(x, 1.03, ticks[name][1], ha="center", va="bottom", fontsize=7)
    short = [name.removeprefix("chip.").removeprefix("workload.") for name in heights]
    axes.set_xticks(range(len(short)), short, rotation=25, ha="right", fontsize=8)
    axes.tick_params(axis="x", pad=12, length=0)
    axes.set_yticks([])
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    save(fig, path)
    return {name: values.tolist() for name, values in heights.items()}


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
        axes.set_xlabel(objective)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    save(fig, path)
    return {objective: dict(parts) for objective, parts in shares.items()}
