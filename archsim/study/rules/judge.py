"""Statistics of the runs: means, paired differences corrected for their number, cost of a target accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from archsim.learn import Estimate, estimate
from archsim.study.rules.contenders import REFERENCE

Run = Mapping[str, Any]
FIGURES = ("before", "after", "ideal_after", "energy_pj", "latency_ps", "area_um2", "cells_written")
CELL = ("depth", "bits", "quantiser", "passes", "case", "rates")
"""Keys that two runs must share to be compared, the seed aside."""


def cell_of(run: Run) -> tuple[Any, ...]:
    """Where a run stands: all that is varied but the rule."""
    return tuple(run[name] for name in CELL)


def means(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """A line for each contender in each cell: mean and 95 % interval of every figure over seeds that have it."""
    groups: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        groups.setdefault((*cell_of(run), run["contender"]), []).append(run)
    return [
        {**dict(zip(CELL, key, strict=False)), "contender": key[-1], "rate": found[0]["rate"], "n": len(found),
         **{name: _mean([run[name] for run in found if name in run]) for name in FIGURES}}
        for key, found in groups.items()
    ]  # fmt: skip


def _mean(values: Sequence[float]) -> dict[str, Any] | None:
    """Mean and interval; None of runs that were not priced."""
    return asdict(estimate(values)) if values else None


def differences(
    runs: Sequence[Run], figure: str = "after", level: float = 0.05, reference: str = REFERENCE
) -> list[dict[str, Any]]:
    """Each contender minus the reference, paired by seed within each cell.

    Returns
    -------
    list of dict
        The cell, ``contender``, ``difference`` (mean, half width of the 95 % interval, n), ``p`` of a paired t
        test, and ``clear``: whether it stays below `level` after Holm's correction for the number of comparisons
        (Holm 1979, Scandinavian Journal of Statistics 6); False where there are fewer than two pairs.
    """
    by_seed = {(cell_of(run), run["seed"], run["contender"]): float(run[figure]) for run in runs}
    groups: dict[tuple[Any, ...], list[float]] = {}
    for (cell, seed, contender), value in by_seed.items():
        other = by_seed.get((cell, seed, reference))
        if contender != reference and other is not None:
            groups.setdefault((*cell, contender), []).append(value - other)
    lines = [
        {**dict(zip(CELL, key, strict=False)), "contender": key[-1], "difference": asdict(estimate(values)),
         "p": _p(values)}
        for key, values in groups.items()
    ]  # fmt: skip
    clear = holm([line["p"] for line in lines], level)
    return [{**line, "clear": is_clear} for line, is_clear in zip(lines, clear, strict=True)]


def savings(runs: Sequence[Run], figure: str = "energy_pj") -> dict[tuple[Any, ...], Estimate]:
    """What each contender saves against the reference, in percent, by cell and contender; seeds that both have.

    Examples
    --------
    >>> cell = dict.fromkeys(CELL, 1)
    >>> runs = [{**cell, "contender": name, "seed": 0, "energy_pj": e} for name, e in (("BP", 4.0), ("DRTP", 3.0))]
    >>> [found.mean for found in savings(runs).values()]
    [25.0]
    """
    priced = [run for run in runs if figure in run]
    theirs = {(cell_of(run), run["seed"]): run[figure] for run in priced if run["contender"] == REFERENCE}
    groups: dict[tuple[Any, ...], list[float]] = {}
    for run in priced:
        other = theirs.get((cell_of(run), run["seed"]))
        if run["contender"] != REFERENCE and other is not None:
            groups.setdefault((*cell_of(run), run["contender"]), []).append(100 * (1 - run[figure] / other))
    return {key: estimate(values) for key, values in groups.items()}


def _p(differences: Sequence[float]) -> float:
    """Of a paired t test against no difference; 1 with fewer than two pairs."""
    from scipy.stats import t

    n, mean = len(differences), float(np.mean(differences))
    if n < 2:
        return 1.0
    deviation = float(np.std(differences, ddof=1))
    if deviation == 0:
        return 0.0 if mean else 1.0
    return float(2 * t.sf(abs(mean) / (deviation / np.sqrt(n)), n - 1))


def holm(p_values: Sequence[float], level: float = 0.05) -> list[bool]:
    """Which of several hypotheses are refused by Holm's step-down rule, all together at a level.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, 0.005])
    [True, False, False, True]
    """
    n, found = len(p_values), [False] * len(p_values)
    for rank, at in enumerate(sorted(range(n), key=p_values.__getitem__)):
        if p_values[at] > level / (n - rank):
            break
        found[at] = True
    return found


def to_reach(lines: Sequence[Mapping[str, Any]], target: float) -> dict[str, float] | None:
    """Cost of an accuracy: passes, energy, time and writes, interpolated between numbers of passes.

    Parameters
    ----------
    lines : sequence of dict
        Of `means`, of one contender in cells that differ in passes alone.
    target : float

    Returns
    -------
    dict or None
        ``passes``, ``energy_pj``, ``latency_ps``, ``cells_written``; None where no number of passes reaches it.

    Examples
    --------
    >>> def line(passes, after):
    ...     figures = {name: {"mean": 10.0 * passes} for name in ("energy_pj", "latency_ps", "cells_written")}
    ...     return {"passes": passes, "after": {"mean": after}, **figures}
    >>> to_reach([line(1, 0.5), line(3, 1.0)], 0.75)
    {'passes': 2.0, 'energy_pj': 20.0, 'latency_ps': 20.0, 'cells_written': 20.0}
    """
    names = ("energy_pj", "latency_ps", "cells_written")
    rows = sorted((line for line in lines if line["energy_pj"]), key=lambda line: float(line["passes"]))
    points = [(row["after"]["mean"], float(row["passes"]), *(row[name]["mean"] for name in names)) for row in rows]
    if points and points[0][0] >= target:
        return dict(zip(("passes", *names), points[0][1:], strict=True))
    for low, high in pairwise(points):
        if low[0] < target <= high[0]:
            part = (target - low[0]) / (high[0] - low[0])
            between = (a + part * (b - a) for a, b in zip(low[1:], high[1:], strict=True))
            return dict(zip(("passes", *names), between, strict=True))
    return None
