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
            [line["bits"] + _beside(number, len(names)) for line in mine],
            [100 * line["after"]["mean"] for line in mine],
            yerr=[100 * (line["after"]["half_width"] or 0.0) for line in mine], **_style(number), capsize=2,
            elinewidth=0.8,
        )  # fmt: skip


def _beside(number: int, n_lines: int) -> float:
    """A little to the left or right, so that error bars at one place stand side by side."""
    return 0.6 * (number / max(1, n_lines - 1) - 0.5) if n_lines > 1 else 0.0


def _style(number: int) -> dict[str, Any]:
    """A colour and a mark; where colours come again, hollow marks and dashed lines."""
    look = {"color": PALETTE[number % len(PALETTE)], "marker": _MARKS[number % len(_MARKS)]}
    return look if number < len(PALETTE) else {**look, "linestyle": "--", "markerfacecolor": "white"}


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
            number, errors = bits.index(curve.bits), [half or 0.0 for half in halves]
            places = [depth + _beside(number, len(bits)) for depth in depths]
            look = _style(number)
            panels[row][column].errorbar(places, means, yerr=errors, label=f"{curve.bits} bit", capsize=2, **look)
        panels[row][column].axhline(0, color="0.5", linewidth=0.8)
        panels[row][column].set_title(f"{kind}, {quantiser}", fontsize=8)
    for axis in panels[-1]:
        axis.set_xlabel("hidden layers")
    for axis in panels[:, 0]:
        axis.set_ylabel("minus BP (points)", fontsize=8)
    if curves:
        panels[0][-1].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        most = max(abs(mean) for curve in curves for _, mean, _ in curve.points)
        panels[0][0].set_ylim(-most - 20, most + 20)  # bars of few seeds go further
    save(fig, path)


def energy_against_accuracy(lines: Lines, path: str | Path) -> None:
    """A panel for each depth, a point for each priced cell of a rule; cells that differ in passes are joined."""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    names = list(dict.fromkeys(line["contender"] for line in lines))
    priced = [line for line in lines if line["energy_pj"]]
    depths = sorted({line["depth"] for line in priced})
    fig = figure(3.2 * max(len(depths), 1) + 3, 4.2)
    panels = fig.subplots(1, max(len(depths), 1), sharex=True, sharey=True, squeeze=False)[0]
    for axis, depth in zip(panels, depths, strict=False):
        for number, name in enumerate(names):
            mine = [line for line in priced if line["contender"] == name and line["depth"] == depth]
            mine.sort(key=lambda line: float(line["passes"]))
            energies = [line["energy_pj"]["mean"] / 1e6 for line in mine]
            axis.plot(energies, [100 * line["after"]["mean"] for line in mine], **_style(number))
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axis.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_title(f"{depth} hidden layers", fontsize=9)
        axis.set_xlabel("energy of an adaptation (µJ)")
    panels[0].set_ylabel("accuracy (%)")
    handles = [_look(panels[-1], number, name) for number, name in enumerate(names)]
    panels[-1].legend(handles=handles, fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
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
