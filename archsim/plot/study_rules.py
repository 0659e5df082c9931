"""Learning rules compared: accuracy by coarseness and depth of errors, energy against accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from archsim.plot.canvas import figure, save
from archsim.plot.scales import PALETTE

Lines = Sequence[Mapping[str, Any]]
_MARKS = "osD^v<>PX*hpd8"


def accuracy_by_errors(lines: Lines, path: str | Path) -> None:
    """A panel for each depth and quantiser: accuracy by bits of errors, a line for each rule."""
    lines = [line for line in lines if all(line[name] == lines[0][name] for name in ("passes", "case"))]
    depths = sorted({line["depth"] for line in lines})
    quantisers = list(dict.fromkeys(line["quantiser"] for line in lines))
    names = list(dict.fromkeys(line["contender"] for line in lines))
    fig = figure(3.2 * len(depths) + 3, 3.2 * len(quantisers) + 0.8)
    panels = fig.subplots(len(quantisers), len(depths), sharey=True, sharex=True, squeeze=False)
    for (row, quantiser), (column, depth) in product(enumerate(quantisers), enumerate(depths)):
        axis = panels[row][column]
        here = [line for line in lines if line["depth"] == depth and line["quantiser"] == quantiser]
        _by_bits(axis, here, names)
        axis.set_title(f"{depth} hidden layers, {quantiser}", fontsize=9)
        axis.set_xticks(sorted({line["bits"] for line in lines}))
    for axis in panels[-1]:
        axis.set_xlabel("bits of an error")
    for axis in panels[:, 0]:
        axis.set_ylabel("accuracy (%)")
    panels[0][0].set_ylim(0, 100)
    handles = [_look(axis, number, name) for number, name in enumerate(names)]
    panels[0][-1].legend(handles=handles, fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(fig, path)


def _by_bits(axis: Any, lines: Lines, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        mine = sorted((line for line in lines if line["contender"] == name), key=lambda line: float(line["bits"]))
        axis.errorbar(
            [line["bits"] for line in mine], [100 * line["after"]["mean"] for line in mine],
            yerr=[100 * (line["after"]["half_width"] or 0.0) for line in mine], **_style(number), capsize=2,
        )  # fmt: skip


def _style(number: int) -> dict[str, Any]:
    return {"color": PALETTE[number % len(PALETTE)], "marker": _MARKS[number % len(_MARKS)]}


def _look(axis: Any, number: int, name: str) -> Any:
    """For the legend, also of a rule that the last panel does not have."""
    return axis.plot([], [], label=name, **_style(number))[0]


def difference_by_depth(curves: Sequence[Any], path: str | Path) -> None:
    """A panel for each kind of DFA and quantiser: its accuracy minus BP's by depth, one line by bits.

    Where a line crosses 0, the better rule changes.
    """
    kinds = list(dict.fromkeys(curve.contender for curve in curves))
    quantisers = list(dict.fromkeys(curve.quantiser for curve in curves))
    fig = figure(3.4 * max(len(quantisers), 1) + 2, 2.8 * max(len(kinds), 1) + 0.6)
    panels = fig.subplots(max(len(kinds), 1), max(len(quantisers), 1), sharex=True, sharey=True, squeeze=False)
    bits = sorted({curve.bits for curve in curves}, reverse=True)
    for (row, kind), (column, quantiser) in product(enumerate(kinds), enumerate(quantisers)):
        here = [curve for curve in curves if (curve.contender, curve.quantiser) == (kind, quantiser)]
        for curve in here:
            depths, means, halves = zip(*curve.points, strict=True)
            errors = [half or 0.0 for half in halves]
            look = _style(bits.index(curve.bits))
            panels[row][column].errorbar(depths, means, yerr=errors, label=f"{curve.bits} bit", capsize=2, **look)
        panels[row][column].axhline(0, color="0.5", linewidth=0.8)
        panels[row][column].set_title(f"{kind}, {quantiser}", fontsize=8)
    for axis in panels[-1]:
        axis.set_xlabel("hidden layers")
    for axis in panels[:, 0]:
        axis.set_ylabel("minus BP (points)", fontsize=8)
    if curves:
        panels[0][-1].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(fig, path)


def energy_against_accuracy(lines: Lines, path: str | Path) -> None:
    """A point for each rule in each cell: energy of an adaptation, and the accuracy that it ends with."""
    fig = figure(9, 4.5)
    axis = fig.subplots()
    for number, name in enumerate(dict.fromkeys(line["contender"] for line in lines)):
        mine = [line for line in lines if line["contender"] == name and line["energy_pj"]]
        axis.plot(
            [line["energy_pj"]["mean"] / 1e6 for line in mine], [100 * line["after"]["mean"] for line in mine],
            linestyle="", label=name, **_style(number),
        )  # fmt: skip
    axis.set_xscale("log")
    axis.set_xlabel("energy of an adaptation (µJ)")
    axis.set_ylabel("accuracy (%)")
    axis.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(fig, path)


def saving_by_share(
    lines: Sequence[Any], components: Sequence[str], mark: tuple[float, str], path: str | Path
) -> None:
    """One panel for each component: the energy that DFA saves by its share of BP's, a line for each depth.

    A dashed line at `mark`, a saving and its name.
    """
    fig = figure(4.5 * len(components), 4)
    panels = fig.subplots(1, len(components), sharey=True, squeeze=False)[0]
    for axis, component in zip(panels, components, strict=True):
        for number, line in enumerate(one for one in lines if one.component == component):
            look = {"color": PALETTE[number % len(PALETTE)]}
            axis.plot([0, 100], [line.without, line.alone], label=f"{line.depth} hidden layers", **look)
            axis.plot([100 * line.share], [line.at(line.share)], marker="o", **look)
        axis.axhline(mark[0], color="0.5", linestyle="--", label=mark[1])
        axis.set_xlabel(f"share of {component} in BP's energy (%)")
        axis.legend(fontsize=7)
    panels[0].set_ylabel("energy saved by DFA (%)")
    save(fig, path)
