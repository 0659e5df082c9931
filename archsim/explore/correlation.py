"""Spearman's rank correlation of a study's parameters and metrics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

LEAST = 3
"""Fewer configurations say nothing."""

Floats = NDArray[np.float64]


def correlations(rows: Mapping[str, Floats], columns: Mapping[str, Floats]) -> dict[str, dict[str, float]]:
    """The rank correlation of each row with each column, over the configurations in which both are known.

    It is the correlation of ranks, ties at their mean rank (Spearman, Am. J. Psychol. 15, 1904): 1 where one rises
    whenever the other does, -1 where it falls. Pairs of fewer than three configurations, or of which one is the
    same everywhere, are left out.

    Parameters
    ----------
    rows, columns : mapping of str to float64[n]
        NaN where it is not known.

    Returns
    -------
    dict
        By name of row, then of column: -1 to 1.

    Examples
    --------
    >>> bits, energy = np.array([4.0, 5.0, 6.0, 8.0]), np.array([1.0, 2.0, 9.0, 70.0])
    >>> correlations({"bits": bits}, {"energy": energy, "latency": -bits, "same": np.ones(4)})
    {'bits': {'energy': 1.0, 'latency': -1.0}}
    """
    return {
        name: {
            other: found for other, column in columns.items() if (found := _correlation(row, column)) is not None
        }
        for name, row in rows.items()
    }


def _correlation(one: Floats, other: Floats) -> float | None:
    known = ~(np.isnan(one) | np.isnan(other))
    if known.sum() < LEAST or np.ptp(one[known]) == 0 or np.ptp(other[known]) == 0:
        return None
    found = np.corrcoef(_ranks(one[known]), _ranks(other[known]))[0, 1]
    return float(np.clip(round(found, 6), -1.0, 1.0))


def _ranks(values: Floats) -> Floats:
    """From 1 on; equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = np.cumsum(count) - (count - 1) / 2
    return ranks[place.reshape(-1)]
