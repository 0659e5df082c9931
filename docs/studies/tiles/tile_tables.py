"""Tables of the study of tiles, and how its figures read. All figures come from the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tile_effects import COSTS, FEATURES, SAME_NUMBERS, by_feedback, effects, spread
from tile_simulated import choices_of, uncertain_orders

from archsim.report import csv_text
from archsim.study import RULES
from archsim.units import format_quantity
from archsim.whatif import TITLES

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
