"""What follows from the table of tile configurations: fronts, dominance, effects, DFA's savings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.explore import dominated, fronts, losses, may_be_dominated, pairs
from archsim.learn import estimate
from archsim.study import RULES, TOTALS

COSTS = TOTALS
FEATURES = ("array", "adc_bits", "columns_per_adc", "pes")
FACTORS = (*FEATURES, "feedback")
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
        "dominated": dominance(lines),
        "effects": [e for rule in RULES for name in FACTORS for e in effects(lines, rule, name, levels[name])],
        "accuracy_effects": [
            e
            for rule in RULES
            for name in ("array", "adc_bits", "feedback")
            for e in accuracy_effects(accuracy, rule, name, levels[name])
        ],
        "pairs": savings(lines),
        "accuracy_pairs": accuracy_pairs(accuracy),
    }


# ---- fronts ----


def dominance(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """How many configurations of one rule are dominated by the other: in costs alone, with accuracy too.

    "may_be" is where the rival costs no more, and is not clearly less accurate. "by_one_in" and "by_all_in" count,
    for each figure alone, how many are worse than the best and than even the worst of the other rule.
    """
    points = losses(lines)
    found = []
    for rule, other in (("bp", "dfa"), ("dfa", "bp")):
        own = [i for i, line in enumerate(lines) if line["rule"] == rule]
        rivals = [i for i, line in enumerate(lines) if line["rule"] == other]
        if own and rivals:
            found.append(
                {
                    "rule": rule,
                    "by": other,
                    "n": len(own),
                    "in_costs": sum(dominated(points[i, :3], points[rivals][:, :3]) for i in own),
                    "with_accuracy": sum(dominated(points[i], points[rivals]) for i in own),
                    "may_be": sum(may_be_dominated(lines, i, rivals) for i in own),
                    "by_one_in": _counts(points[rivals].min(axis=0), points[own]),
                    "by_all_in": _counts(points[rivals].max(axis=0), points[own]),
                }
            )
    return found


def _counts(bound: Floats, points: Floats) -> dict[str, int]:
    """By cost and "accuracy", how many points are above a bound."""
    return dict(zip((*COSTS, "accuracy"), (points > bound).sum(axis=0).tolist(), strict=True))


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


def savings(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Each BP configuration beside DFA's with the same array, ADC and tile; numbers are places in `lines`."""
    return [
        {
            "bp": i, "dfa": j, "feedback": lines[i]["feedback"],
            "energy_saved": 1.0 - lines[j]["energy_pj"] / lines[i]["energy_pj"],
            "latency_ratio": lines[i]["latency_ps"] / lines[j]["latency_ps"],
            "area_saved": 1.0 - lines[j]["area_um2"] / lines[i]["area_um2"],
        }
        for i, j in pairs(lines, FEATURES)
    ]  # fmt: skip


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


def by_feedback(found: Sequence[Line], figure: str) -> dict[str, list[Line]]:
    """Pairs by BP's feedback, each from the smallest of a figure to the largest."""
    grouped: dict[str, list[Line]] = defaultdict(list)
    for item in found:
        grouped[item["feedback"]].append(item)
    return {name: sorted(items, key=lambda item: item[figure]) for name, items in grouped.items()}
