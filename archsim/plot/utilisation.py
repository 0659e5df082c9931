"""How much of the run each resource is in use."""

from __future__ import annotations

from pathlib import Path

from archsim.metrics import Result
from archsim.plot.canvas import figure, save, short
from archsim.plot.scales import PALETTE

N_DRAWN = 60


def utilisation(result: Result, path: str | Path) -> dict[str, float]:
    """Draw a bar for each resource, the busiest first; the busiest 60 if there are more.

    Parameters
    ----------
    result : Result
    path : str or path
        The file: .png, .svg or .pdf.

    Returns
    -------
    dict of str to float
        The utilisation of what was drawn, 0 to 1, see `Result.utilisation`.
    """
    shares = result.utilisation()
    drawn = dict(sorted(shares.items(), key=lambda item: -item[1])[:N_DRAWN])
    fig = figure(8, 1.5 + 0.17 * max(1, len(drawn)))
    axes = fig.add_subplot()
    rows = range(len(drawn))
    axes.barh(rows, [100 * share for share in drawn.values()], color=PALETTE[0], height=0.7)
    for row, share in zip(rows, drawn.values(), strict=True):
        axes.annotate(f"{100 * share:.3g}", (100 * share, row), xytext=(3, 0), textcoords="offset points",
                      va="center", fontsize=7)  # fmt: skip
    axes.set_yticks(rows, [short(name) for name in drawn], fontsize=7.5)
    axes.set_ylim(max(1, len(drawn)) - 0.4, -0.6)
    axes.set_xlim(0, 108)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel("in use (% of the latency)")
    axes.set_ylabel("resource")
    axes.spines[["top", "right"]].set_visible(False)
    which = f"the busiest {len(drawn)} of {len(shares)}" if len(drawn) < len(shares) else f"all {len(shares)}"
    fig.suptitle(f"{short(result.name)}, {short(result.phase)}\n{which} resources that tasks use", fontsize=10)
    save(fig, path)
    return drawn
