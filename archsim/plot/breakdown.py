"""Who takes the energy, the area and the busy time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archsim.metrics import Result
from archsim.plot.canvas import figure, legend_of, save, short
from archsim.plot.scales import GREY, component_styles
from archsim.units import scale_of

_TITLES = {"energy_pj": ("energy", "energy"), "busy_ps": ("busy time", "time"), "area_um2": ("area", "area")}
PART_KEYS = tuple(_TITLES)
OTHERS = "all others"
N_DRAWN = 7
_BOX = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
_CENTRED: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}


def breakdown(result: Result, path: str | Path) -> dict[str, dict[str, float]]:
    """Draw stacked bars of energy, busy time and area by component.

    The seven components with the largest share of any of the three are drawn, each in the colour that it has in
    every picture; the rest is one grey part.

    Parameters
    ----------
    result : Result
    path : str or path
        The PNG file.

    Returns
    -------
    dict
        By drawn part (components and "all others"): energy_pj, busy_ps, area_um2.
    """
    drawn = largest_parts(result.breakdown("component"))
    styles = component_styles([name for name in drawn if name != OTHERS]) | {OTHERS: (GREY, "")}
    fig = figure(9, 3.6)
    axes = fig.add_subplot()
    for row, key in enumerate(PART_KEYS):
        whole = sum(part[key] for part in drawn.values())
        left = 0.0
        for name, part in drawn.items():
            share = 100 * part[key] / whole if whole else 0.0
            colour, hatch = styles[name]
            axes.barh(
                row, share, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.5, height=0.65
            )
            if share >= 5:
                axes.text(left + share / 2, row, f"{share:.0f}", bbox=_BOX, **_CENTRED)
            left += share
        factor, unit = scale_of(whole, _TITLES[key][1])
        axes.text(101, row, f"{whole / factor:.4g} {unit}", va="center", fontsize=9)
    axes.set_yticks(range(len(PART_KEYS)), [_TITLES[key][0] for key in PART_KEYS])
    axes.invert_yaxis()
    axes.set_xlim(0, 114)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel("share (%)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{short(result.name)}, {short(result.phase)}: by component", fontsize=10)
    legend_of(fig, styles, "component")
    save(fig, path)
    return drawn


def largest_parts(
    parts: Mapping[str, Mapping[str, Any]], keys: Sequence[str] = PART_KEYS
) -> dict[str, dict[str, float]]:
    """The parts that are worth a colour, largest first, then the sum of the others."""
    wholes = {key: sum(part[key] for part in parts.values()) for key in keys}

    def largest_share(name: str) -> float:
        return max(parts[name][key] / wholes[key] if wholes[key] else 0.0 for key in keys)

    ranked = sorted((name for name in parts if largest_share(name) > 0), key=largest_share, reverse=True)
    coloured, rest = ranked[:N_DRAWN], ranked[N_DRAWN:]
    drawn = {name: {key: parts[name][key] for key in keys} for name in coloured}
    if rest:
        drawn[OTHERS] = {key: sum(parts[name][key] for name in rest) for key in keys}
    return drawn
