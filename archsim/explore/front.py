"""The Pareto front of a study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.explore.evaluate import limits_of
from archsim.explore.log import Record
from archsim.explore.study import Study

CHEAP = "cheap"
"""State of a configuration with a low-fidelity evaluation alone."""

Floats = NDArray[np.float64]


def signs_of(study: Study) -> Floats:
    """1 for objectives that are minimised, -1 for those that are maximised."""
    return np.array([1.0 if aim == "minimize" else -1.0 for aim in study.model.objectives.values()])


def losses(study: Study, records: Sequence[Record]) -> Floats:
    """Objectives of records, (n, objectives), all to be minimised."""
    names = list(study.model.objectives)
    found = np.array([[record["metrics"][name] for name in names] for record in records], float)
    return found.reshape(len(records), len(names)) * signs_of(study)


def most_promising(study: Study, records: Sequence[Record], keep: float) -> list[int]:
    """Places of the records to evaluate in full: the best fronts, whole, until the share is reached.

    Those that keep to the constraints come before those that do not; what has no figures does not go on. A front
    is not cut, so that no configuration is left out which none of the others dominates.

    Parameters
    ----------
    study : Study
    records : sequence of dict
        Of low fidelity. One of several with the same key counts.
    keep : float
        Part of the records that goes on, at least.
    """
    import moocore

    place: dict[str, int] = {}
    for i, record in enumerate(records):
        if not any(record["metrics"].get(name) is None for name in study.model.objectives):
            place.setdefault(record["key"], i)
    if not place:
        return []
    found = [records[i] for i in place.values()]
    rank = np.asarray(moocore.pareto_rank(losses(study, found)), int)
    rank[[not _keeps_to_limits(study, record) for record in found]] += len(found)
    wanted = max(1, math.ceil(keep * len(found)))
    last = np.sort(rank)[wanted - 1]
    return [i for i, at in zip(place.values(), rank, strict=True) if at <= last]


def is_feasible(study: Study, record: Record) -> bool:
    """Whether all metrics of a configuration are there and keep to the constraints."""
    metrics: dict[str, Any] = record["metrics"]
    wanted = (*study.model.objectives, *study.model.constraints)
    if record["state"] != "done" or any(metrics.get(name) is None for name in wanted):
        return False
    return _keeps_to_limits(study, record)


def _keeps_to_limits(study: Study, record: Record) -> bool:
    metrics = record["metrics"]
    limits = [limit for limit in limits_of(study) if limit.metric in metrics]
    return record["state"] in ("done", CHEAP) and all(
        limit.violation(metrics[limit.metric]) <= 0 for limit in limits
    )


def nondominated(points: Floats) -> NDArray[np.bool_]:
    """Points that no other dominates, being as good in every objective and better in one; all minimised.

    Examples
    --------
    >>> nondominated(np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [1.0, 2.0]])).tolist()
    [True, True, False, True]
    """
    keep = np.zeros(len(points), bool)
    front = np.empty_like(points)
    n = 0
    # in this order no point dominates one before it, so that those which are kept decide
    for i in np.lexsort(points.T[::-1]):
        others, point = front[:n], points[i]
        if not ((others <= point).all(axis=1) & (others < point).any(axis=1)).any():
            keep[i], front[n] = True, point
            n += 1
    return keep


def front_of(study: Study, records: Sequence[Record]) -> list[Record]:
    """Feasible, non-dominated records, each once, ordered by the first objective."""
    feasible = list({r["key"]: r for r in records if is_feasible(study, r)}.values())
    if not feasible:
        return []
    points = losses(study, feasible)
    kept = [record for record, keep in zip(feasible, nondominated(points), strict=True) if keep]
    order = np.lexsort(losses(study, kept).T[::-1])
    return [kept[i] for i in order]


def nearest(study: Study, records: Sequence[Record], n: int) -> list[Record]:
    """Records with all figures that break the constraints least, by the sum of what they break them by."""
    limits = limits_of(study)
    wanted = (*study.model.objectives, *study.model.constraints)

    def broken(record: Record) -> float:
        return sum(max(0.0, limit.violation(record["metrics"][limit.metric])) for limit in limits)

    tried = [record for record in records if record["state"] in ("done", "pruned")]
    known = {r["key"]: r for r in tried if all(r["metrics"].get(name) is not None for name in wanted)}
    return sorted(known.values(), key=broken)[:n]
