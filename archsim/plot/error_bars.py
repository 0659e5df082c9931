"""Metrics of several chips with their error bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim.plot.canvas import figure, save
from archsim.plot.scales import PALETTE, axis_of

_LOW, _HIGH = 0.05, 0.95
_WIDE = 10.0  # a bar whose ends lie further apart than this stands on a logarithmic axis


def error_bars(
    chips: Sequence[str],
    listed: Mapping[str, Sequence[float]],
    draws: Mapping[str, NDArray[np.float64]],
    path: str | Path,
) -> dict[str, list[tuple[float, float, float]]]:
    """Draw, for each metric, every chip as a dot (listed numbers) with a bar (the middle 90 % of the draws).

    Parameters
    ----------
    chips : sequence of str
    listed : mapping of str to sequence of float
        By metric, whose name ends in its unit, one value per chip.
    draws : mapping of str to float64[n_chips, n_draws]
    path : str or path
        The PNG file.

    Returns
    -------
    dict of str to list of (low, listed, high)
        By metric, one per chip.
    """
    drawn = {
        metric: [
            (float(low), float(value), float(high))
            for value, low, high in zip(values, *np.quantile(draws[metric], [_LOW, _HIGH], axis=1), strict=True)
        ]
        for metric, values in listed.items()
    }
    fig = figure(3.6 * len(drawn) + 1, 1.4 + 0.45 * len(chips))
    panels = fig.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
    for axes, (metric, bars) in zip(panels, drawn.items(), strict=True):
        ends = [end for low, value, high in bars for end in (low, value, high)]
        scale, title = axis_of(metric, max(ends))
        for y, (low, value, high) in enumerate(bars):
            axes.plot([low / scale, high / scale], [y, y], color=PALETTE[0], linewidth=3, solid_capstyle="butt")
            axes.plot(value / scale, y, "o", color=PALETTE[5], markersize=6)
        if min(ends) > 0 and any(high > _WIDE * low for low, _, high in bars):
            axes.set_xscale("log")
        else:
            axes.set_xlim(0, 1.1 * max(ends) / scale if max(ends) else 1.0)
            axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(title)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(chips)), [_short(name) for name in chips])
    panels[0].set_ylim(len(chips) - 0.5, -0.5)
    fig.suptitle("listed numbers (dot), middle 90 % of the draws (bar)", fontsize=10)
    save(fig, path)
    return drawn


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:18]} … {name[-18:]}"
