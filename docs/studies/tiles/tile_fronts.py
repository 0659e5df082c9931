"""What follows from the table of tile configurations: fronts, dominance, effects, DFA's savings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.explore.front import nondominated
from archsim.learn.result import estimate

COSTS = ("energy_pj", "latency_ps", "area_um2")
FACTORS = ("array", "adc_bits", "columns_per_adc", "pes", "feedback")
RULES = ("bp", "dfa")
SAME_NUMBERS = {"shared": "transposable"}
"""A feedback that differs from another one in its converters' number alone: what is learned is the same."""
FIGURES = ("energy_saved", "latency_ratio", "area_saved")
"""Of a pair: (BP - DFA) / BP for energy and area, BP / DFA for latency."""

Line = Mapping[str, Any]
Floats = NDArray[np.float64]


def compared(
    lines: Sequence[Line], accuracy: Sequence[Line], levels: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """Fronts, dominance, effects and pairs.

    Parameters
    ----------
    lines : sequence of dict
        One for each configuration and rule: `FACTORS`, "rule", `COSTS`, "accuracy", "accuracy_half_width".
    accuracy : sequence of dict
        By rule, array, ADC bits and feedback: "mean", "half_width", and "of_seed".
    levels : mapping of str to sequence
        The settings of each factor, in order.
    """
    return {
        "fronts": fronts(lines),
        "beaten": beaten(lines),
        "effects": [e for rule in RULES for name in FACTORS for e in effects(lines, rule, name, levels[name])],
        "accuracy_effects": [
            e
            for rule in RULES
            for name in ("array", "adc_bits", "feedback")
            for e in accuracy_effects(accuracy, rule, name, levels[name])
        ],
        "pairs": pairs(lines),
        "accuracy_pairs": accuracy_pairs(accuracy),
    }


# ---- fronts ----


def losses(lines: Sequence[Line]) -> Floats:
    """Energy, latency, area and lost accuracy, (n, 4), all to be minimised."""
    return np.array([[*(line[name] for name in COSTS), 1.0 - line["accuracy"]] for line in lines], float)


def fronts(lines: Sequence[Line]) -> dict[str, Any]:
    """By rule, and of "both" together: the front in four objectives, its hypervolume, knee and robust part.

    Numbers are places in `lines`. The hypervolume is measured in the box between the best and the worst of all
    lines; the knee is nearest to the best of all objectives in the box of the rule's own lines.
    """
    points = losses(lines)
    box = points.min(axis=0), points.max(axis=0)
    found = {}
    for rule in (*RULES, "both"):
        own = [i for i, line in enumerate(lines) if rule in (line["rule"], "both")]
        if not own:
            continue
        front = [own[i] for i in np.flatnonzero(nondominated(points[own]))]
        on_costs = [own[i] for i in np.flatnonzero(nondominated(points[own][:, :3]))]
        found[rule] = {
            "n": len(own),
            "front": front,
            "without_accuracy": on_costs,
            "robust": [i for i in front if not _may_be_beaten(lines, i, own)],
            "hypervolume": _hypervolume(points[front], *box),
            "knee": _knee(points, own, front),
            "best": {name: _first_best(lines, own, name) for name in (*COSTS, "accuracy")},
        }
    return found


def _may_be_beaten(lines: Sequence[Line], i: int, own: Iterable[int]) -> bool:
    """Whether another one costs no more of anything, less of something, and is not clearly less accurate."""
    here = lines[i]
    costs = [here[name] for name in COSTS]
    for j in own:
        other = [lines[j][name] for name in COSTS]
        cheaper = all(o <= c for o, c in zip(other, costs, strict=True)) and other != costs
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


def _unit(points: Floats, low: Floats, high: Floats) -> Floats:
    return (points - low) / np.where(high > low, high - low, 1.0)


def _hypervolume(front: Floats, low: Floats, high: Floats) -> float:
    import moocore

    return float(moocore.hypervolume(_unit(front, low, high), ref=np.ones(front.shape[1])))


def _knee(points: Floats, own: Sequence[int], front: Sequence[int]) -> int:
    low, high = points[list(own)].min(axis=0), points[list(own)].max(axis=0)
    return front[int(np.argmin((_unit(points[list(front)], low, high) ** 2).sum(axis=1)))]


def _first_best(lines: Sequence[Line], own: Sequence[int], name: str) -> int:
    """The best of a figure; of equal ones that with the least energy."""
    sign = -1.0 if name == "accuracy" else 1.0
    return min(own, key=lambda i: (sign * lines[i][name], lines[i]["energy_pj"], lines[i]["area_um2"]))


def beaten(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """How many configurations of one rule at least one of the other beats: in costs alone, with accuracy too.

    "may_be" is where the rival costs no more, and is not clearly less accurate. "by_one_in" and "by_all_in"
    count, for each figure alone, whom the best and whom even the worst of the other rule beat.
    """
    points = losses(lines)
    found = []
    for rule, other in (("bp", "dfa"), ("dfa", "bp")):
        own = [i for i, line in enumerate(lines) if line["rule"] == rule]
        rivals = [i for i, line in enumerate(lines) if line["rule"] == other]
        if not own or not rivals:
            continue
        found.append(
            {
                "rule": rule,
                "by": other,
                "n": len(own),
                "in_costs": sum(_is_beaten(points[i, :3], points[rivals][:, :3]) for i in own),
                "with_accuracy": sum(_is_beaten(points[i], points[rivals]) for i in own),
                "may_be": sum(_may_be_beaten(lines, i, rivals) for i in own),
                "by_one_in": _counts(points[rivals].min(axis=0), points[own]),
                "by_all_in": _counts(points[rivals].max(axis=0), points[own]),
            }
        )
    return found


def _counts(bound: Floats, points: Floats) -> dict[str, int]:
    """By cost and "accuracy", how many points are above a bound."""
    return dict(zip((*COSTS, "accuracy"), (points > bound).sum(axis=0).tolist(), strict=True))


def _is_beaten(point: Floats, others: Floats) -> bool:
    return bool(((others <= point).all(axis=1) & (others < point).any(axis=1)).any())


# ---- effects of one factor, all others equal ----


def _rest(line: Line, name: str, among: Sequence[str] = FACTORS) -> tuple[Any, ...]:
    return tuple(line[other] for other in among if other != name)


def effects(lines: Sequence[Line], rule: str, name: str, settings: Sequence[Any]) -> list[dict[str, Any]]:
    """For each further setting of a factor: every cost over that with the first setting, all else equal.

    Returns
    -------
    list of dict
        "rule", "factor", "from", "to", and by cost "median", "min" and "max" of the ratios, "n" of them.
    """
    own = [line for line in lines if line["rule"] == rule]
    settings = [value for value in settings if any(line[name] == value for line in own)]
    base = {_rest(line, name): line for line in own if settings and line[name] == settings[0]}
    found = []
    for value in settings[1:]:
        both = [
            (line, base[_rest(line, name)]) for line in own if line[name] == value and _rest(line, name) in base
        ]
        if not both:
            continue
        ratios = {cost: [line[cost] / other[cost] for line, other in both] for cost in COSTS}
        found.append(
            {
                "rule": rule, "factor": name, "from": settings[0], "to": value, "n": len(both),
                **{cost: spread(own_ratios) for cost, own_ratios in ratios.items()},
            }
        )  # fmt: skip
    return found


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest.

    Examples
    --------
    >>> spread([3.0, 1.0, 2.0])
    {'median': 2.0, 'min': 1.0, 'max': 3.0}
    """
    return {"median": float(np.median(values)), "min": float(min(values)), "max": float(max(values))}


def accuracy_effects(
    accuracy: Sequence[Line], rule: str, name: str, settings: Sequence[Any]
) -> list[dict[str, Any]]:
    """For each further setting of a factor: accuracy less that with the first one, within each seed.

    The differences of a seed are averaged over all else that is equal, then mean and 95 % interval are over the
    seeds.
    """
    own = [line for line in accuracy if line["rule"] == rule]
    settings = [value for value in settings if any(line[name] == value for line in own)]
    among = ("array", "adc_bits", "feedback")
    base = {_rest(line, name, among): line for line in own if settings and line[name] == settings[0]}
    found = []
    for value in settings[1:]:
        both = [
            (line, base[_rest(line, name, among)])
            for line in own
            if line[name] == value and _rest(line, name, among) in base
        ]
        if not both:
            continue
        by_seed = [
            float(np.mean([line["of_seed"][seed] - other["of_seed"][seed] for line, other in both]))
            for seed in own[0]["of_seed"]
        ]
        head = {"rule": rule, "factor": name, "from": settings[0], "to": value, "n_pairs": len(both)}
        found.append({**head, **asdict(estimate(by_seed))})
    return found


# ---- DFA against BP, pair by pair ----


def pairs(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Each BP configuration beside DFA's with the same array, ADC and tile; numbers are places in `lines`."""
    same = ("array", "adc_bits", "columns_per_adc", "pes")
    dfa = {tuple(line[k] for k in same): i for i, line in enumerate(lines) if line["rule"] == "dfa"}
    found = []
    for i, line in enumerate(lines):
        j = dfa.get(tuple(line[k] for k in same))
        if line["rule"] == "bp" and j is not None:
            other = lines[j]
            found.append(
                {
                    "bp": i, "dfa": j, "feedback": line["feedback"],
                    "energy_saved": 1.0 - other["energy_pj"] / line["energy_pj"],
                    "latency_ratio": line["latency_ps"] / other["latency_ps"],
                    "area_saved": 1.0 - other["area_um2"] / line["area_um2"],
                }
            )  # fmt: skip
    return found


def accuracy_pairs(accuracy: Sequence[Line]) -> list[dict[str, Any]]:
    """DFA's accuracy less BP's with the same array and ADC bits, within each seed: mean and 95 % interval."""
    dfa = {(line["array"], line["adc_bits"]): line for line in accuracy if line["rule"] == "dfa"}
    found = []
    for line in accuracy:
        other = dfa.get((line["array"], line["adc_bits"]))
        if line["rule"] == "bp" and other is not None:
            gain = estimate([other["of_seed"][seed] - after for seed, after in line["of_seed"].items()])
            found.append({**{k: line[k] for k in ("array", "adc_bits", "feedback")}, **asdict(gain)})
    return found


def by_feedback(found: Sequence[Line], key: Callable[[Line], float]) -> dict[str, list[Line]]:
    """Pairs by BP's feedback, each from the smallest of a figure to the largest."""
    grouped: dict[str, list[Line]] = defaultdict(list)
    for item in found:
        grouped[item["feedback"]].append(item)
    return {name: sorted(items, key=key) for name, items in grouped.items()}
