"""Composition of an adaptation's figures, and their spread with the price list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from archsim.explore import Priced, propagate
from archsim.metrics import Result
from archsim.spec import Chip

FIGURES = ("energy_pj", "latency_ps", "area_um2")
N_DRAWS = 100
SEED = 0
BY = ("component", "stage")
Shares = dict[str, dict[str, float]]


def price_factors(chip: Chip, batch: Result) -> dict[str, list[float]]:
    """Effect of drawn prices on energy, latency and area, as factors on the figures at listed prices.

    The energies of a batch are summed and its task graph is played out anew in each draw
    (:mod:`archsim.explore.uncertain`). A price that two chips share has the same error on both, and a draw has the
    same errors in every call, so ratios of two runs can be taken draw by draw.

    Parameters
    ----------
    chip : Chip
    batch : Result
        Of :func:`archsim.learn.whole.typical_batch`.

    Returns
    -------
    dict of str to list of float
        `N_DRAWS` factors, four digits each, by `FIGURES`.
    """
    found = propagate([Priced("adaptation", chip, batch)], N_DRAWS, SEED)
    return {
        figure: [
            float(f"{factor:.4g}") for factor in np.asarray(found.draws[figure][0]) / found.nominal[figure][0]
        ]
        for figure in FIGURES
    }


def parts_of(adaptation: Mapping[str, Any], batch: Result) -> dict[str, Shares]:
    """Shares of energy and area (of the adaptation) and of latency (along the critical path of a batch).

    Returns
    -------
    dict
        By figure, by `BY`, by name: parts of 1, those above a thousandth.
    """
    of_batch = {by: batch.breakdown(by) for by in BY}
    sources = {"energy_pj": adaptation["breakdown"], "latency_ps": of_batch, "area_um2": adaptation["breakdown"]}
    return {figure: {by: _shares(lines[by], figure) for by in BY} for figure, lines in sources.items()}


def _shares(lines: Mapping[str, Mapping[str, float]], figure: str) -> dict[str, float]:
    total = sum(line[figure] for line in lines.values()) or 1.0
    return {name: round(line[figure] / total, 5) for name, line in lines.items() if line[figure] > total / 1000}
