"""Two parts of the page of tile configurations: one factor at a time, and the accuracies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archsim.report.table import markdown_table
from archsim.study.tile_findings import percent, points, ratio
from archsim.study.tile_fronts import COSTS, SAME_NUMBERS, effects

FACTOR_NAMES = {
    "array": "rows and columns of an array", "adc_bits": "ADC bits", "columns_per_adc": "columns per ADC",
    "pes": "PEs per tile", "feedback": "feedback",
}  # fmt: skip

Study = Mapping[str, Any]
Line = Mapping[str, Any]


def effects_section(study: Study) -> list[str]:
    """What each factor does to the costs and the accuracy, all else equal."""
    rows = [
        [
            e["rule"].upper(), FACTOR_NAMES[e["factor"]], f"{e['from']} → {e['to']}",
            *(f"{ratio(e[c]['median'])} ({ratio(e[c]['min'])} to {ratio(e[c]['max'])})" for c in COSTS),
            _accuracy_effect(study, e),
        ]
        for e in study["effects"]
    ]  # fmt: skip
    return [
        "## One factor at a time",
        "Each cost over that with the factor's first setting, all else equal: median of the ratios, and the "
        "smallest and the largest in brackets. Accuracy in points: differences within each seed, averaged over "
        "all else that is equal, with the 95 % interval over the seeds; in bold where it excludes zero.",
        markdown_table(["rule", "factor", "from → to", "energy", "latency", "area", "accuracy (points)"], rows),
        *_effects_by_feedback(study),
    ]


def _effects_by_feedback(study: Study) -> list[str]:
    """Where BP has several feedbacks, what the medians above pool."""
    kinds = [k for k in study["levels"]["feedback"] if any(line["feedback"] == k for line in study["lines"])]
    rows = [
        [kind, FACTOR_NAMES[e["factor"]], f"{e['from']} → {e['to']}", *(ratio(e[c]["median"]) for c in COSTS)]
        for factor in ("array", "adc_bits", "columns_per_adc", "pes")
        for kind in kinds
        for e in effects(
            [line for line in study["lines"] if line["feedback"] == kind], "bp", factor, study["levels"][factor]
        )[-1:]
    ]
    if len(kinds) < 2 or not rows:
        return []
    return [
        "The rows of BP pool its feedbacks. Apart, from the first setting to the last, medians:",
        markdown_table(["BP's feedback", "factor", "from → to", "energy", "latency", "area"], rows),
    ]


def _accuracy_effect(study: Study, effect: Line) -> str:
    same = ("rule", "factor", "from", "to")
    effect = {**effect, "to": SAME_NUMBERS.get(effect["to"], effect["to"])}
    own = [e for e in study["accuracy_effects"] if all(e[key] == effect[key] for key in same)]
    return points(own[0]) if own else "no change"


def accuracy_section(study: Study) -> list[str]:
    """Accuracies by array and ADC bits, and what DFA has less than BP."""
    bits = study["levels"]["adc_bits"]
    rows = []
    of = {(a["rule"], a["feedback"], a["array"], a["adc_bits"]): a for a in study["accuracy"]}
    for rule, feedback, array in dict.fromkeys(key[:3] for key in of):
        own = [of.get((rule, feedback, array, b)) for b in bits]
        rows.append(
            [rule.upper(), feedback, array, *(percent(a["mean"], a["half_width"]) if a else "" for a in own)]
        )
    gain = {(p["feedback"], p["array"], p["adc_bits"]): p for p in study["accuracy_pairs"]}
    gains = [
        [
            feedback,
            array,
            *(points(gain[feedback, array, b]) if (feedback, array, b) in gain else "" for b in bits),
        ]
        for feedback, array in dict.fromkeys(key[:2] for key in gain)
    ]
    before = [a["before"]["mean"] for a in study["accuracy"] if a["before"]]
    start = f" Before adaptation: {100 * min(before):.1f} to {100 * max(before):.1f} %." if before else ""
    return [
        "## Accuracy",
        f"After adaptation, in percent.{start}",
        markdown_table(["rule", "feedback", "array", *(f"{b} bit" for b in bits)], rows),
        "DFA less BP within each seed, in points, in bold where the interval excludes zero:",
        markdown_table(["BP's feedback", "array", *(f"{b} bit" for b in bits)], gains),
    ]
