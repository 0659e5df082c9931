"""The page of the study of tiles: values for the template ``tiles.md.j2``. All figures come from the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tile_effects import COSTS, FEATURES, FIGURES, SAME_NUMBERS, by_feedback, effects, spread
from tile_simulated import DOUBT, choices_of, uncertain_orders

from archsim.report import csv_text, from_template
from archsim.study import PUBLISHED, PUBLISHED_ACCURACY, RULES
from archsim.units import format_quantity
from archsim.whatif import TITLES

RECORD, TABLE, PAGE = "tiles.json", "tiles.csv", "tiles.md"
PICTURES = {name: f"tiles_{name}.png" for name in ("fronts", "costs", "effects")}
NAMES = {"energy_pj": "energy", "latency_ps": "latency", "area_um2": "area"}
KINDS = {"energy_pj": "energy", "latency_ps": "time", "area_um2": "area"}
FACTOR_NAMES = {
    "array": "rows and columns of an array", "adc_bits": "ADC bits", "columns_per_adc": "columns per ADC",
    "pes": "PEs per tile", "feedback": "feedback",
}  # fmt: skip
SHORT_FACTORS = {
    "array": "array size", "adc_bits": "ADC bits", "columns_per_adc": "ADC sharing", "pes": "PEs per tile",
    "feedback": "feedback",
}  # fmt: skip
CHOICE = {
    "knee": "knee", "energy_pj": "least energy", "latency_ps": "least latency", "area_um2": "least area",
    "accuracy": "most accurate",
}  # fmt: skip
LETTERS = "ABCDEFGH"
CONFIG = ("rule", "feedback", "array", "ADC bits", "columns per ADC", "PEs per tile")
FOUR = ("energy", "latency", "area", "accuracy (%)")

Study = Mapping[str, Any]
Line = Mapping[str, Any]
Table = tuple[Sequence[str], list[list[str]]]


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


# ---- how figures read ----


def percent(mean: float, half_width: float | None) -> str:
    """An accuracy with its interval.

    Examples
    --------
    >>> percent(0.9412, 0.0131)
    '94.1 ± 1.3'
    """
    return f"{100 * mean:.1f}" + ("" if half_width is None else f" ± {100 * half_width:.1f}")


def ratio(value: float) -> str:
    """A ratio of two figures.

    Examples
    --------
    >>> ratio(1.2345)
    '1.23x'
    """
    return f"{value:.2f}x"


def saved(value: float) -> str:
    """A saving in percent."""
    return f"{100 * value:.1f} %"


def points(gain: Mapping[str, Any]) -> str:
    """A difference of accuracies with its interval, bold where the interval excludes zero.

    Examples
    --------
    >>> points({"mean": -0.08, "half_width": 0.03}), points({"mean": 0.004, "half_width": 0.02})
    ('**-8.0 ± 3.0**', '+0.4 ± 2.0')
    >>> points({"mean": 0.0, "half_width": 0.0})
    'equal'
    """
    if gain["mean"] == 0 and not gain["half_width"]:
        return "equal"
    text = f"{100 * gain['mean']:+.1f} ± {100 * gain['half_width']:.1f}"
    return f"**{text}**" if is_clear(gain) else text


def is_clear(gain: Mapping[str, Any]) -> bool:
    """Whether the interval of a difference excludes zero."""
    return bool(abs(gain["mean"]) > gain["half_width"])


def short_config(line: Line) -> str:
    """A configuration on one line.

    Examples
    --------
    >>> short_config({"array": "64", "adc_bits": 5, "columns_per_adc": 8, "pes": 1, "feedback": "copy"})
    'array 64, 5 bit, 8 columns/ADC, 1 PE, copy'
    """
    many = "" if line["pes"] == 1 else "s"
    return (
        f"array {line['array']}, {line['adc_bits']} bit, {line['columns_per_adc']} columns/ADC, {line['pes']} "
        f"PE{many}, {line['feedback']}"
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


# ---- tables ----


def tables(study: Study) -> dict[str, Any]:
    """Head and rows of every table of the page."""
    lines, fronts = study["lines"], study["fronts"]
    sizes = [
        [
            {"bp": "BP", "dfa": "DFA", "both": "both"}[rule], str(f["n"]), str(len(f["front"])),
            str(len(f["without_accuracy"])), str(len(f["robust"])), f"{f['hypervolume']:.3f}",
        ]
        for rule, f in fronts.items()
    ]  # fmt: skip
    front_head = (
        "rule",
        "configurations",
        "on the front",
        "on the front without accuracy",
        "robust",
        "hypervolume",
    )
    return {
        "front_table": (front_head, sizes),
        "choice_table": choice_table(study),
        "robust_table": ((*CONFIG, *FOUR), [cells(lines[i]) for i in fronts["both"]["robust"]]),
        "bar_table": bar_table(study),
        "uncertain_table": uncertain_table(study),
        "pair_table": pair_table(study),
        "explained_table": explained_table(study),
        "mechanism_tables": {cost: mechanism_table(study, cost) for cost in COSTS},
        "component_table": component_table(study),
        "effect_table": effect_table(study),
        "feedback_table": feedback_table(study),
        "accuracy_table": accuracy_table(study),
        "gain_table": gain_table(study),
    }


def choice_table(study: Study) -> Table:
    """What to choose, by rule."""
    rows = [
        [CHOICE[name], *cells(study["lines"][i])]
        for rule in RULES
        for name, i in choices_of(study["fronts"][rule]).items()
    ]
    return ("choice", *CONFIG, *FOUR), rows


def cells(line: Line) -> list[str]:
    """A configuration as cells of a table."""
    return [
        line["rule"].upper(), line["feedback"], line["array"], str(line["adc_bits"]), str(line["columns_per_adc"]),
        str(line["pes"]), *(format_quantity(line[c], KINDS[c]) for c in COSTS),
        percent(line["accuracy"], line["accuracy_half_width"]),
    ]  # fmt: skip


def bar_table(study: Study) -> Table:
    """Error bars of the choices."""
    found, lines, rows = study["uncertainty"], study["lines"], []
    for rule in RULES:
        names: dict[int, list[str]] = {}
        for name, line in choices_of(study["fronts"][rule]).items():
            names.setdefault(line, []).append(CHOICE[name])
        for line in found[rule]:
            bars = (_bar(found["interval_90"][str(line)][c], lines[line][c], KINDS[c]) for c in COSTS)
            rows.append([", ".join(names[line]), rule.upper(), short_config(lines[line]), *bars])
    return ("choice", "rule", "configuration", *NAMES.values()), rows


def _bar(interval: list[float], listed: float, kind: str) -> str:
    low, high = (format_quantity(end, kind) for end in interval)
    if low == high:
        return format_quantity(listed, kind)
    return f"{format_quantity(listed, kind)} ({low} to {high})"


def uncertain_table(study: Study) -> Table:
    """Pairs of choices whose order is uncertain."""
    lines = study["lines"]
    rows = [
        [NAMES[c], short_config(lines[dfa]), short_config(lines[bp]), saved(chance)]
        for c in COSTS
        for dfa, bp, chance in uncertain_orders(study["uncertainty"], c)
    ]
    return ("figure", "DFA's choice", "BP's choice", "DFA needs less"), rows


def pair_table(study: Study) -> Table:
    """Median and extremes of what DFA saves, by figure and BP's feedback."""
    rows = []
    for figure, title, shown in (
        ("energy_saved", "energy saved", saved),
        ("latency_ratio", "latency BP / DFA", ratio),
        ("area_saved", "area saved", saved),
    ):
        for feedback, found in by_feedback(study["pairs"], figure).items():
            middle = spread([pair[figure] for pair in found])["median"]
            ends = [f"{shown(p[figure])} ({short_config(study['lines'][p['bp']])})" for p in (found[0], found[-1])]
            rows.append([title, feedback, shown(middle), *ends])
    return ("figure", "BP's feedback", "median", "smallest", "largest"), rows


def explained_table(study: Study) -> Table:
    """The pairs that are explained."""
    rows = []
    for letter, item in zip(LETTERS, study["explained"], strict=False):
        pair, n_tiles = study["pairs"][item["pair"]], item["n_tiles"]
        why = ", ".join(word.replace("_", " ") for word in item["why"])
        ratios = [saved(pair["energy_saved"]), ratio(pair["latency_ratio"]), saved(pair["area_saved"])]
        of_bp = short_config(study["lines"][pair["bp"]])
        rows.append([letter, of_bp, why, *ratios, f"{n_tiles['bp']} / {n_tiles['dfa']}"])
    head = ("pair", "BP's configuration", "is", "energy saved", "latency BP / DFA", "area saved", "tiles BP / DFA")
    return head, rows


def mechanism_table(study: Study, cost: str) -> Table:
    """By mechanism, what it brings in each explained pair, in percent of BP's total."""
    found = study["explained"]
    totals = [study["lines"][study["pairs"][item["pair"]]["bp"]][cost] for item in found]
    rows = []
    for name in TITLES:
        shares = [
            100 * item["parts"][cost].get(name, 0.0) / total for item, total in zip(found, totals, strict=True)
        ]
        if any(abs(share) >= 0.05 for share in shares):
            rows.append([TITLES[name], *(f"{round(share, 1) + 0.0:.1f}" for share in shares)])
    return ("mechanism", *LETTERS[: len(found)]), rows


def component_table(study: Study) -> Table:
    """The largest components of each explained run."""
    rows = []
    for letter, item in zip(LETTERS, study["explained"], strict=False):
        for rule in RULES:
            total = study["lines"][study["pairs"][item["pair"]][rule]]
            for cost in ("energy_pj", "area_um2"):
                parts = list(item["components"][rule][cost].items())[:4]
                shares = ((name, 100 * value / total[cost]) for name, value in parts)
                text = ", ".join(f"{name} {share:.0f} %" for name, share in shares if share >= 1)
                rows.append([letter, rule.upper(), NAMES[cost], format_quantity(total[cost], KINDS[cost]), text])
    return ("pair", "rule", "figure", "total", "largest components"), rows


def effect_table(study: Study) -> Table:
    """What each factor does to the costs and the accuracy, all else equal."""
    rows = [
        [
            e["rule"].upper(), FACTOR_NAMES[e["factor"]], f"{e['from']} → {e['to']}",
            *(f"{ratio(e[c]['median'])} ({ratio(e[c]['min'])} to {ratio(e[c]['max'])})" for c in COSTS),
            _accuracy_effect(study, e),
        ]
        for e in study["effects"]
    ]  # fmt: skip
    return ("rule", "factor", "from → to", "energy", "latency", "area", "accuracy (points)"), rows


def _accuracy_effect(study: Study, effect: Line) -> str:
    same = ("rule", "factor", "from", "to")
    effect = {**effect, "to": SAME_NUMBERS.get(effect["to"], effect["to"])}
    own = [e for e in study["accuracy_effects"] if all(e[key] == effect[key] for key in same)]
    return points(own[0]) if own else "no change"


def feedback_table(study: Study) -> Table:
    """Where BP has several feedbacks, what the rows of BP in `effect_table` pool."""
    kinds = [k for k in study["levels"]["feedback"] if any(line["feedback"] == k for line in study["lines"])]
    rows = [
        [kind, FACTOR_NAMES[e["factor"]], f"{e['from']} → {e['to']}", *(ratio(e[c]["median"]) for c in COSTS)]
        for factor in FEATURES
        for kind in kinds
        for e in effects(
            [line for line in study["lines"] if line["feedback"] == kind], "bp", factor, study["levels"][factor]
        )[-1:]
    ]
    return ("BP's feedback", "factor", "from → to", "energy", "latency", "area"), rows if len(kinds) > 1 else []


def accuracy_table(study: Study) -> Table:
    """Accuracies by array and ADC bits."""
    bits = study["levels"]["adc_bits"]
    of = {(a["rule"], a["feedback"], a["array"], a["adc_bits"]): a for a in study["accuracy"]}
    rows = []
    for rule, feedback, array in dict.fromkeys(key[:3] for key in of):
        own = [of.get((rule, feedback, array, b)) for b in bits]
        rows.append(
            [rule.upper(), feedback, array, *(percent(a["mean"], a["half_width"]) if a else "" for a in own)]
        )
    return ("rule", "feedback", "array", *(f"{b} bit" for b in bits)), rows


def gain_table(study: Study) -> Table:
    """DFA's accuracy less BP's, by array and ADC bits."""
    bits = study["levels"]["adc_bits"]
    gain = {(p["feedback"], p["array"], p["adc_bits"]): p for p in study["accuracy_pairs"]}
    rows = [
        [
            feedback,
            array,
            *(points(gain[feedback, array, b]) if (feedback, array, b) in gain else "" for b in bits),
        ]
        for feedback, array in dict.fromkeys(key[:2] for key in gain)
    ]
    return ("BP's feedback", "array", *(f"{b} bit" for b in bits)), rows


def table_csv(study: Study) -> str:
    """One line for each configuration and rule."""
    on = {f"on_front_{rule}": set(found["front"]) for rule, found in study["fronts"].items()}
    on |= {f"robust_{rule}": set(found["robust"]) for rule, found in study["fronts"].items()}
    lines = [
        [*line.values(), *(int(i in members) for members in on.values())] for i, line in enumerate(study["lines"])
    ]
    return csv_text([[*study["lines"][0], *on], *lines])
