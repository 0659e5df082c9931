"""How far figures of an adaptation move with the price list: draws that are the same for every contender."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archsim.explore import Priced, propagate
from archsim.long_learning import BatchCost, LearningRun, Recorded, result_of_batch

FIGURES = ("energy_pj", "latency_ps", "area_um2")
N_DRAWS = 200
SEED = 0


def price_factors(run: LearningRun, recorded: Recorded, costs: Sequence[BatchCost]) -> dict[str, list[float]]:
    """What draws of the prices do to energy, latency and area, as factors on what the listed prices give.

    Played with the batch whose time is the median of those that were simulated: its energies are summed and its
    task graph is played out anew in each draw (:mod:`archsim.explore.uncertain`). A price that two chips share
    has the same error on both, and a draw has the same errors in every call, so ratios of two runs can be taken
    draw by draw.

    Parameters
    ----------
    run : LearningRun
    recorded : Recorded
    costs : sequence of BatchCost
        One or more.

    Returns
    -------
    dict of str to list of float
        `N_DRAWS` factors, four digits each, by `FIGURES`.
    """
    ordered = sorted(costs, key=lambda cost: (int(cost.window_ps.sum()), cost.batch))
    batch = ordered[len(ordered) // 2].batch
    result = result_of_batch(run, batch, recorded.of(run.parts(batch)))
    found = propagate([Priced("adaptation", run.chip, result)], N_DRAWS, SEED)
    return {
        figure: [
            float(f"{factor:.4g}") for factor in np.asarray(found.draws[figure][0]) / found.nominal[figure][0]
        ]
        for figure in FIGURES
    }
