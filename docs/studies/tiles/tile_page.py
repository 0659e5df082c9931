"""The page of the study of tiles: values for the template ``tiles.md.j2``. All figures come from the record."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from tile_effects import COSTS, FIGURES, by_feedback, spread
from tile_simulated import DOUBT, uncertain_orders
from tile_tables import (
    FACTOR_NAMES,
    KINDS,
    LETTERS,
    NAMES,
    SHORT_FACTORS,
    is_clear,
    percent,
    points,
    ratio,
    tables,
)

from archsim.report import from_template
from archsim.study import PUBLISHED, PUBLISHED_ACCURACY, RULES
from archsim.whatif import TITLES

RECORD, TABLE, PAGE = "tiles.json", "tiles.csv", "tiles.md"
PICTURES = {name: f"tiles_{name}.png" for name in ("fronts", "costs", "effects")}

Study = Mapping[str, Any]
Line = Mapping[str, Any]


def page(study: Study, command: str) -> str:
    """The study in Markdown."""
    lines = study["lines"]
    sweeps = study["provenance"]["sweeps"]
    chip = {part: about["study"]["files"]["chip"] for part, about in sweeps.items()}
    return from_template(
        (Path(__file__).parent / "tiles.md.j2").read_text(encoding="utf-8"),
        study=study,
        command=command,
        files={"table": TABLE, "record": RECORD},
        pictures=PICTURES,
        chip=chip,
        errors=errors_of(chip["bp"]),
        schedule=sweeps["costs"]["study"]["files"]["workload"].get("schedule", "pipelined"),
        rules=RULES,
        costs=COSTS,
        titles=NAMES,
        kinds=KINDS,
        factors=FACTOR_NAMES,
        short_factors=SHORT_FACTORS,
        published=PUBLISHED,
        published_accuracy=PUBLISHED_ACCURACY,
        doubt=DOUBT,
        n_clear=sum(is_clear(gain) for gain in study["accuracy_pairs"]),
        percent=percent,
        ratio=ratio,
        points=points,
        spread=spread,
        uncertain_orders=uncertain_orders,
        by_feedback=by_feedback,
        of_rule={rule: [line for line in lines if line["rule"] == rule] for rule in RULES},
        dominance={found["rule"]: found for found in study["dominated"]},
        undominated=undominated(study),
        robust=[lines[i] for i in study["fronts"]["both"]["robust"]],
        levers=levers(study),
        same_numbers=same_numbers(study),
        ends=ends(study),
        n_reached={
            p.figure: sum(as_published(p.figure, pair) >= p.value for pair in study["pairs"]) for p in PUBLISHED
        },
        reads=reads(study),
        extremes=extremes(study),
        **tables(study),
    )


def errors_of(chip: Mapping[str, Any]) -> str:
    """Which of the cells' errors are on, as they stand in the chip file."""
    found = chip["device"].get("errors") or {}
    return ", ".join(f"`{name}: {_plain(value)}`" for name, value in found.items()) or "none"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) + "}"
    return str(value)


# ---- what follows from the record ----


def undominated(study: Study) -> list[Line]:
    """BP configurations that no DFA configuration undercuts in all three costs."""
    dfa = [[line[c] for c in COSTS] for line in study["lines"] if line["rule"] == "dfa"]
    return [
        line
        for line in study["lines"]
        if line["rule"] == "bp"
        and not any(all(a <= line[c] for a, c in zip(other, COSTS, strict=True)) for other in dfa)
    ]


def levers(study: Study) -> dict[str, dict[str, Any]]:
    """By rule: for each cost the change of a factor that moves it most, and all that clearly move the accuracy."""
    found = {}
    for rule in RULES:
        if own := [e for e in study["effects"] if e["rule"] == rule]:
            found[rule] = {
                "costs": {c: max(own, key=lambda e: max(e[c]["median"], 1 / e[c]["median"])) for c in COSTS},
                "accuracy": [e for e in study["accuracy_effects"] if e["rule"] == rule and is_clear(e)],
            }
    return found


def same_numbers(study: Study) -> list[tuple[str, str, list[str]]]:
    """Neighbouring array sizes, and the rules whose accuracies are the same in every seed with both."""
    of = {(a["rule"], a["feedback"], a["adc_bits"], a["array"]): a["of_seed"] for a in study["accuracy"]}
    found = []
    for one, other in pairwise(study["levels"]["array"]):
        kinds = [
            f"{rule.upper()} ({feedback})"
            for rule, feedback in dict.fromkeys(key[:2] for key in of)
            if all(
                of[key] == of.get((*key[:3], other)) for key in of if key[:2] == (rule, feedback) and key[3] == one
            )
        ]
        if kinds:
            found.append((one, other, kinds))
    return found


def ends(study: Study) -> list[str]:
    """Factors of which the robust front has one setting only, at an end of the grid."""
    robust = [study["lines"][i] for i in study["fronts"]["both"]["robust"]]
    said = []
    for name in ("adc_bits", "columns_per_adc", "pes"):
        levels, there = study["levels"][name], {line[name] for line in robust}
        at_end = there & {levels[0], levels[-1]}
        if len(levels) > 1 and len(there) == 1 and at_end:
            said.append(f"{SHORT_FACTORS[name]} {at_end.pop()}")
    return said


def as_published(figure: str, pair: Line) -> float:
    """A pair's figure in the unit of `PUBLISHED`."""
    found: dict[str, float] = {
        "energy_saving_pct": 100 * pair["energy_saved"],
        "area_saving_pct": 100 * pair["area_saved"],
        "speedup": pair["latency_ratio"],
    }
    return found[figure]


def reads(study: Study) -> list[float]:
    """Energy of BP's transposed reads over that of DFA's feedback reads, in the pairs that are explained."""
    parts = [item["parts"]["energy_pj"] for item in study["explained"]]
    return [part["transposed_reads"] / -part["feedback_reads"] for part in parts if part["feedback_reads"]]


def extremes(study: Study) -> list[dict[str, Any]]:
    """For each figure, the pairs that differ most and least: what most of the difference is made of."""
    found = []
    for figure, cost in zip(FIGURES, COSTS, strict=True):
        for word in ("largest", "smallest"):
            k, item = next((k, e) for k, e in enumerate(study["explained"]) if f"{word} {figure}" in e["why"])
            pair = study["pairs"][item["pair"]]
            total = {rule: study["lines"][pair[rule]][cost] for rule in RULES}
            shares = sorted(
                ((TITLES[name], 100 * part / total["bp"]) for name, part in item["parts"][cost].items()),
                key=lambda one: -abs(one[1]),
            )
            adc = {
                rule: 100 * item["components"][rule][cost].get("adc", 0.0) / total[rule]
                for rule in RULES
                if cost != "latency_ps"
            }
            found.append(
                {
                    "cost": cost, "word": word, "letter": LETTERS[k], "adc": adc,
                    "difference": 100 * (total["bp"] - total["dfa"]) / total["bp"],
                    "parts": [(name, part) for name, part in shares[:3] if abs(part) >= 0.05],
                }
            )  # fmt: skip
    return found
