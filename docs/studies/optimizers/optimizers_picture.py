"""The picture of the study of optimizers: accuracy, energy and area side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archsim.plot import PALETTE, figure, save_figure, scale_of

_COLOURS = {"bp": PALETTE[5], "dfa": PALETTE[0]}
_HATCHES = {"bp": "", "dfa": "////"}
_WIDTH = 0.38


def draw(
    lines: Sequence[Mapping[str, Any]], names: Mapping[str, str], path: str | Path
) -> dict[str, dict[str, list[float]]]:
    """Draw a pair of bars (BP, DFA) for each optimizer in three panels.

    Parameters
    ----------
    lines : sequence of dict
        With ``optimizer``, ``rule``, ``after`` as {mean, half_width}, ``energy_pj`` and ``area_um2``.
    names : mapping of str to str
        How an optimizer is called.
    path : str or path
        The PNG file.

    Returns
    -------
    dict of str to dict of str to list of float
        By panel ("accuracy", in percent; "energy_pj"; "area_um2") and rule, one value for each optimizer.
    """
    kinds = list(dict.fromkeys(line["optimizer"] for line in lines))
    of = {(line["optimizer"], line["rule"]): line for line in lines}
    rules = [rule for rule in _COLOURS if (kinds[0], rule) in of]
    drawn = {
        "accuracy": {rule: [100 * of[kind, rule]["after"]["mean"] for kind in kinds] for rule in rules},
        "energy_pj": {rule: [of[kind, rule]["energy_pj"] for kind in kinds] for rule in rules},
        "area_um2": {rule: [of[kind, rule]["area_um2"] for kind in kinds] for rule in rules},
    }
    fig = figure(12, 3.8)
    for axes, (panel, values) in zip(fig.subplots(1, 3), drawn.items(), strict=True):
        scale, unit = 1.0, "%"
        if panel != "accuracy":
            scale, unit = scale_of(max(map(max, values.values())), panel.partition("_")[0])
        for k, (rule, found) in enumerate(values.items()):
            half = [100 * (of[kind, rule]["after"]["half_width"] or 0.0) for kind in kinds]
            axes.bar(
                [x + (k - 0.5) * _WIDTH for x in range(len(kinds))], [value / scale for value in found], _WIDTH,
                yerr=half if panel == "accuracy" else None, capsize=3, color=_COLOURS[rule], hatch=_HATCHES[rule],
                edgecolor="white", label=rule.upper() if panel == "accuracy" else None,
            )  # fmt: skip
        axes.set_xticks(range(len(kinds)), [names[kind] for kind in kinds])
        title = {"accuracy": "accuracy", "energy_pj": "energy per sample", "area_um2": "area of the chip"}[panel]
        axes.set_ylabel(f"{title} ({unit})")
        axes.spines[["top", "right"]].set_visible(False)
    fig.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    save_figure(fig, path)
    return drawn
