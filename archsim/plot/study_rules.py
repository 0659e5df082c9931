"""Learning rules compared: accuracy by coarseness and depth of errors, energy against accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archsim.plot.canvas import figure, save
from archsim.plot.scales import PALETTE

Lines = Sequence[Mapping[str, Any]]
_MARKS = "osD^v<>PX*hpd8"


def accuracy_by_errors(lines: Lines, path: str | Path) -> None:
    """One panel for each depth: accuracy by bits of errors, a line for each rule; all else as in the first."""
    fixed = ("passes", "quantiser", "case")
    lines = [line for line in lines if all(line[name] == lines[0][name] for name in fixed)]
    depths = sorted({line["depth"] for line in lines})
    names = list(dict.fromkeys(line["contender"] for line in lines))
    fig = figure(3.2 * len(depths) + 3, 4)
    panels = fig.subplots(1, len(depths), sharey=True, squeeze=False)[0]
    for axis, depth in zip(panels, depths, strict=True):
        here = [line for line in lines if line["depth"] == depth]
        for number, name in enumerate(names):
            mine = [line for line in here if line["contender"] == name]
            mine.sort(key=lambda line: float(line["bits"]))
            axis.errorbar(
                [line["bits"] for line in mine], [100 * line["after"]["mean"] for line in mine],
                yerr=[100 * (line["after"]["half_width"] or 0.0) for line in mine],
                label=name, color=PALETTE[number % len(PALETTE)], marker=_MARKS[number % len(_MARKS)], capsize=2,
            )  # fmt: skip
        axis.set_title(f"{depth} hidden layers")
        axis.set_xlabel("bits of an error")
        axis.set_xticks(sorted({line["bits"] for line in lines}))
    panels[0].set_ylabel("accuracy (%)")
    panels[-1].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    save(fig, path)


def energy_against_accuracy(lines: Lines, path: str | Path) -> None:
    """A point for each rule in each cell: energy of an adaptation, and the accuracy that it ends with."""
    fig = figure(9, 4.5)
    axis = fig.subplots()
    for number, name in enumerate(dict.fromkeys(line["contender"] for line in lines)):
        mine = [line for line in lines if line["contender"] == name and line["energy_pj"]]
        axis.plot(
            [line["energy_pj"]["mean"] / 1e6 for line in mine], [100 * line["after"]["mean"] for line in mine],
            linestyle="", label=name, color=PALETTE[number % len(PALETTE)], marker=_MARKS[number % len(_MARKS)],
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
