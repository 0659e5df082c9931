"""Pareto fronts of cost against accuracy of two rules, where accuracies have error bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.explore.front import nondominated

TOTALS = ("energy_pj", "latency_ps", "area_um2")

Line = Mapping[str, Any]
Floats = NDArray[np.float64]


def losses(lines: Sequence[Line], costs: Sequence[str] = TOTALS) -> Floats:
    """Costs and lost accuracy, (n, costs + 1), all to be minimised."""
    return np.array([[*(line[name] for name in costs), 1.0 - line["accuracy"]] for line in lines], float)


def fronts(lines: Sequence[Line], costs: Sequence[str] = TOTALS) -> dict[str, Any]:
    """The Pareto front of each rule, and of "both" together.

    Parameters
    ----------
    lines : sequence of dict
        Each with "rule", the `costs`, "accuracy" and "accuracy_half_width" (fractions; the width may be None).
    costs : sequence of str
        To be minimised, beside the accuracy, which is maximised.

    Returns
    -------
    dict
        By rule, places in `lines`: "front"; "without_accuracy", the front of the costs alone; "robust", the part
        of the front that is not `may_be_dominated`; "best" of each objective; "knee", nearest to the best of all
        objectives in the box of the rule's own lines. "hypervolume" is measured in the box between the best and
        the worst of all lines, so needs moocore.
    """
    points = losses(lines, costs)
    box = points.min(axis=0), points.max(axis=0)
    found = {}
    for rule in (*dict.fromkeys(sorted(line["rule"] for line in lines)), "both"):
        own = [i for i, line in enumerate(lines) if rule in (line["rule"], "both")]
        front = [own[i] for i in np.flatnonzero(nondominated(points[own]))]
        found[rule] = {
            "n": len(own),
            "front": front,
            "without_accuracy": [own[i] for i in np.flatnonzero(nondominated(points[own][:, :-1]))],
            "robust": [i for i in front if not may_be_dominated(lines, i, own, costs)],
            "hypervolume": _hypervolume(points[front], *box),
            "knee": _knee(points, own, front),
            "best": {name: _first_best(lines, own, name) for name in (*costs, "accuracy")},
        }
    return found


def may_be_dominated(lines: Sequence[Line], i: int, among: Iterable[int], costs: Sequence[str] = TOTALS) -> bool:
    """Whether another line costs no more of anything, less of something, and is not clearly less accurate."""
    here = lines[i]
    own = [here[name] for name in costs]
    for j in among:
        other = [lines[j][name] for name in costs]
        cheaper = all(o <= c for o, c in zip(other, own, strict=True)) and other != own
        if cheaper and not clearly_better(here, lines[j]):
            return True
    return False


def clearly_better(one: Line, other: Line) -> bool:
    """Whether an accuracy is higher, and the 95 % intervals do not overlap.

    Examples
    --------
    >>> high = {"accuracy": 0.94, "accuracy_half_width": 0.01}
    >>> clearly_better(high, {"accuracy": 0.90, "accuracy_half_width": 0.02})
    True
    >>> clearly_better(high, {"accuracy": 0.92, "accuracy_half_width": 0.02})
    False
    """
    low = one["accuracy"] - (one["accuracy_half_width"] or 0.0)
    return bool(low > other["accuracy"] + (other["accuracy_half_width"] or 0.0))


def dominated(point: Floats, others: Floats) -> bool:
    """Whether another point is as good in every objective and better in one; all minimised."""
    return bool(((others <= point).all(axis=1) & (others < point).any(axis=1)).any())


def pairs(lines: Sequence[Line], same: Sequence[str]) -> list[tuple[int, int]]:
    """Each line of BP beside the line of DFA with the same settings, as places in `lines`.

    Examples
    --------
    >>> pairs([{"rule": "bp", "bits": 4}, {"rule": "dfa", "bits": 8}, {"rule": "dfa", "bits": 4}], ["bits"])
    [(0, 2)]
    """
    of_dfa = {tuple(line[k] for k in same): i for i, line in enumerate(lines) if line["rule"] == "dfa"}
    found = ((i, of_dfa.get(tuple(line[k] for k in same))) for i, line in enumerate(lines) if line["rule"] == "bp")
    return [(bp, dfa) for bp, dfa in found if dfa is not None]


def _unit(points: Floats, low: Floats, high: Floats) -> Floats:
    return (points - low) / np.where(high > low, high - low, 1.0)


def _hypervolume(front: Floats, low: Floats, high: Floats) -> float:
    import moocore

    return float(moocore.hypervolume(_unit(front, low, high), ref=np.ones(front.shape[1])))


def _knee(points: Floats, own: Sequence[int], front: Sequence[int]) -> int:
    low, high = points[list(own)].min(axis=0), points[list(own)].max(axis=0)
    return front[int(np.argmin((_unit(points[list(front)], low, high) ** 2).sum(axis=1)))]


def _first_best(lines: Sequence[Line], own: Sequence[int], name: str) -> int:
    """The best of a figure; of equal ones that with the least energy, then area."""
    sign = -1.0 if name == "accuracy" else 1.0
    return min(own, key=lambda i: (sign * lines[i][name], lines[i]["energy_pj"], lines[i]["area_um2"]))
