"""Two ways to learn on the same chip, side by side: BP and DFA."""

from __future__ import annotations

from pathlib import Path

from archsim.metrics import Result
from archsim.plot.breakdown import OTHERS, largest_parts
from archsim.plot.canvas import figure, legend_of, save, short
from archsim.plot.scales import GREY, component_styles
from archsim.units import format_figure, without_unit

_TOTALS = ("latency_ps", "energy_pj", "area_um2")
Drawn = dict[str, dict[str, dict[str, float]]]


def bp_vs_dfa(bp: Result, dfa: Result, path: str | Path) -> Drawn:
    """Draw latency, energy and area of two runs side by side, each by component, relative to the first.

    Parameters
    ----------
    bp, dfa : Result
        Any two runs can be compared; they are called by their phases, or by their names if these are equal.
    path : str or path
        The file: .png, .svg or .pdf.

    Returns
    -------
    dict
        Quantity (latency_ps, energy_pj, area_um2), run, component: what was drawn; components sum to the whole.
    """
    names = (bp.phase, dfa.phase) if bp.phase != dfa.phase else (bp.name, dfa.name)
    if names[0] == names[1]:
        names = (f"{names[0]} (first)", f"{names[1]} (second)")
    parts = [largest_parts(run.breakdown("component"), _TOTALS) for run in (bp, dfa)]
    components = sorted({name for own in parts for name in own}, key=lambda name: (name == OTHERS, name))
    styles = component_styles([name for name in components if name != OTHERS]) | {OTHERS: (GREY, "")}
    drawn: Drawn = {}
    fig = figure(10, 5)
    for axes, key in zip(fig.subplots(1, len(_TOTALS)), _TOTALS, strict=True):
        drawn[key] = {name: {c: own[c][key] for c in components if c in own} for name, own in
                      zip(names, parts, strict=True)}  # fmt: skip
        whole = [sum(own.values()) for own in drawn[key].values()]
        for x, (own, total) in enumerate(zip(drawn[key].values(), whole, strict=True)):
            bottom = 0.0
            for component, value in own.items():
                colour, hatch = styles[component]
                height = 100 * value / whole[0] if whole[0] else 0.0
                axes.bar(x, height, bottom=bottom, color=colour, hatch=hatch, edgecolor="white", linewidth=0.5,
                         width=0.7)  # fmt: skip
                bottom += height
            axes.annotate(f"{format_figure(total, key)}\n{bottom:.3g} %", (x, bottom), xytext=(0, 3),
                          textcoords="offset points", ha="center", va="bottom", fontsize=8)  # fmt: skip
        axes.set_xticks(range(2), [short(name, 18) for name in names])
        axes.set_xlim(-0.6, 1.6)
        axes.margins(y=0.15)
        axes.set_ylabel(f"{without_unit(key)} (% of {short(names[0], 18)})")
        axes.set_title(without_unit(key), fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    used = {name: styles[name] for name in components if any(own.get(name) for runs in drawn.values()
                                                             for own in runs.values())}  # fmt: skip
    fig.suptitle(f"{short(bp.name)}: {short(names[0])} beside {short(names[1])}", fontsize=10)
    legend_of(fig, used, "component", n_columns=5)
    save(fig, path)
    return drawn
