"""What follows from the record of tile configurations, in words; every sentence is computed from its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from archsim.study.mechanisms import TITLES
from archsim.study.tile_fronts import COSTS, FIGURES, RULES, by_feedback, spread
from archsim.study.tile_sure import DOUBT, open_orders
from archsim.texts import bold
from archsim.units import format_quantity

Study = Mapping[str, Any]
Line = Mapping[str, Any]
KINDS = {"energy_pj": "energy", "latency_ps": "time", "area_um2": "area"}
TITLE = {"energy_pj": "energy", "latency_ps": "latency", "area_um2": "area"}
_FACTOR = {"array": "array size", "adc_bits": "ADC bits", "columns_per_adc": "ADC sharing", "pes": "PEs per tile",
           "feedback": "feedback"}  # fmt: skip


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
    return bold(text) if is_clear(gain) else text


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


# ---- the answer ----


def answer(study: Study) -> list[str]:
    """The findings, one sentence or two each."""
    return [
        _dominance(study), *_ranges(study), _costs_alone(study), _area_by_feedback(study), _accuracy_gap(study),
        _survivors(study), _prices(study), *_levers(study), *_sharing(study), *_same_numbers(study),
        *_ends(study), _choice(study),
    ]  # fmt: skip


def _dominance(study: Study) -> str:
    of = {found["rule"]: found for found in study["beaten"]}
    bp, dfa = of["bp"], of["dfa"]
    counts = f"{dfa['n']} DFA and {bp['n']} BP configurations"
    if not bp["with_accuracy"] and not dfa["with_accuracy"]:
        return (
            f"**A trade, no winner.** Of {counts}, none is as good as one of the other rule in energy, latency, "
            "area and accuracy together and better in one: the joint front is both fronts, "
            f"{len(study['fronts']['both']['front'])} configurations.{_apart(study)}"
        )
    return (
        f"Of {counts}, {bp['with_accuracy']} of BP are beaten by one of DFA in energy, latency, area and accuracy "
        f"together, {dfa['with_accuracy']} of DFA by one of BP."
    )


def _apart(study: Study) -> str:
    """Where accuracies alone decide that DFA can beat no one of BP."""
    if min(_of(study, "bp", "accuracy")) <= max(_of(study, "dfa", "accuracy")):
        return ""
    return " As all accuracies of BP lie above all of DFA's, DFA could not win in all four: the price decides."


def _ranges(study: Study) -> list[str]:
    """For each cost, whether the two rules' ranges are apart."""
    said = []
    for cost in COSTS:
        low, high = ({rule: pick(_of(study, rule, cost)) for rule in RULES} for pick in (min, max))
        best, other = ("dfa", "bp") if low["dfa"] < low["bp"] else ("bp", "dfa")
        shown = {name: format_quantity(value, KINDS[cost]) for name, value in (
            ("least", low[best]), ("most", high[best]), ("rival", low[other]))}  # fmt: skip
        text = f"**{TITLE[cost].capitalize()}**: "
        if high[best] < low[other]:
            text += (
                f"every {best.upper()} configuration needs less than every one of {other.upper()} "
                f"({shown['least']} to {shown['most']}, against {shown['rival']} and more)."
            )
        else:
            text += (
                f"the least is {best.upper()}'s, {shown['least']} ({short_config(_least(study, best, cost))}), "
                f"against {shown['rival']} of {other.upper()} ({short_config(_least(study, other, cost))}); the "
                "ranges overlap."
            )
        said.append(text)
    return said


def _of(study: Study, rule: str, name: str) -> list[float]:
    return [line[name] for line in study["lines"] if line["rule"] == rule]


def _least(study: Study, rule: str, cost: str) -> Line:
    line: Line = study["lines"][study["fronts"][rule]["best"][cost]]
    return line


def _costs_alone(study: Study) -> str:
    of = {found["rule"]: found for found in study["beaten"]}
    bp, dfa = of["bp"], of["dfa"]
    left = _not_beaten(study)
    kinds = sorted({line["feedback"] for line in left})
    rest = f"; the {len(left)} that are not are all {' or '.join(kinds)}" if 0 < len(left) < bp["n"] else ""
    return (
        f"Without accuracy, DFA beats {bp['in_costs']} of {bp['n']} BP configurations in all three costs{rest}. "
        f"BP beats {dfa['in_costs'] or 'none'} of the {dfa['n']} DFA configurations."
    )


def _area_by_feedback(study: Study) -> str:
    """With which feedback of BP's DFA's chip is the smaller one."""
    parts = []
    for feedback, found in by_feedback(study["pairs"], key=lambda pair: pair["area_saved"]).items():
        saved = spread([pair["area_saved"] for pair in found])["median"]
        smaller = sum(pair["area_saved"] > 0 for pair in found)
        parts.append(
            f"{abs(100 * saved):.1f} % {'less' if saved > 0 else 'more'} than with {feedback} (less in {smaller} "
            f"of {len(found)})"
        )
    return (
        "**Whether DFA saves area depends on what it is compared with**: tile by tile, in the median, "
        f"{', '.join(parts)}."
    )


def _not_beaten(study: Study) -> list[Line]:
    """BP configurations that no DFA configuration undercuts in all three costs."""
    dfa = [[line[c] for c in COSTS] for line in study["lines"] if line["rule"] == "dfa"]
    return [
        line
        for line in study["lines"]
        if line["rule"] == "bp"
        and not any(all(a <= line[c] for a, c in zip(other, COSTS, strict=True)) for other in dfa)
    ]


def _accuracy_gap(study: Study) -> str:
    gains = study["accuracy_pairs"]
    clear = [gain for gain in gains if is_clear(gain)]
    means = [100 * gain["mean"] for gain in gains]
    least, most = min(_of(study, "bp", "accuracy")), max(_of(study, "dfa", "accuracy"))
    text = f"**Accuracy**: DFA less BP is {min(means):+.1f} to {max(means):+.1f} points (paired by seed), "
    text += f"clearly so in {len(clear)} of {len(gains)} settings of array, ADC and feedback. "
    if least > most:
        return (
            text + f"BP's least accurate setting ({100 * least:.1f} %) is above DFA's most accurate one "
            f"({100 * most:.1f} %)."
        )
    return text + f"BP's settings begin at {100 * least:.1f} %, DFA's end at {100 * most:.1f} %."


def _survivors(study: Study) -> str:
    fronts = study["fronts"]
    parts = []
    for rule in RULES:
        own = fronts[rule]
        same = set(own["robust"]) == set(own["without_accuracy"])
        parts.append(
            f"of {rule.upper()}'s front of {len(own['front'])}, {len(own['robust'])} stay"
            + (" (the front without accuracy: between them the costs decide)" if same else "")
        )
    both = fronts["both"]
    by = {rule: sum(study["lines"][i]["rule"] == rule for i in both["robust"]) for rule in RULES}
    return (
        f"**What survives the seeds**: {'; '.join(parts)}. The others are on the front for a mean accuracy above "
        "that of a cheaper configuration, where the two intervals overlap. Of the joint front "
        f"{len(both['robust'])} stay, "
        f"{by['bp']} of BP and {by['dfa']} of DFA."
    )


def _prices(study: Study) -> str:
    found = study["sure"]
    n, said = len(found["bp"]) * len(found["dfa"]), []
    for c in COSTS:
        doubtful, surely = len(open_orders(found, c)), found["all_less"][c]
        if doubtful:
            said.append(f"which needs less {TITLE[c]} is open in {doubtful} of {n} pairs of choices")
        elif surely >= 1 - DOUBT:
            said.append(f"every choice of DFA needs less {TITLE[c]} than every one of BP in {100 * surely:.1f} %")
        else:
            said.append(f"which needs less {TITLE[c]} is clear in all {n} pairs of choices")
    return (
        f"**What survives the prices**: of {found['draws']} draws of the price list, "
        f"{'; '.join(said)} ([below](#how-sure-the-costs-are))."
    )


def _levers(study: Study) -> list[str]:
    """By rule: for each cost the factor whose settings change it most."""
    said = []
    for rule in RULES:
        parts = []
        for cost in COSTS:
            own = [e for e in study["effects"] if e["rule"] == rule]
            if own:
                best = max(own, key=lambda e: max(e[cost]["median"], 1 / e[cost]["median"]))
                parts.append(
                    f"{TITLE[cost]} by {_FACTOR[best['factor']]} ({ratio(best[cost]['median'])} from "
                    f"{best['from']} to {best['to']}, median)"
                )
        if parts:
            clear = [
                f"{_FACTOR[e['factor']]} {e['from']} → {e['to']} ({points(e)} points)"
                for e in study["accuracy_effects"]
                if e["rule"] == rule and is_clear(e)
            ]
            accuracy = ", ".join(clear) or "none of the factors, beyond the error bars"
            said.append(f"**Levers, {rule.upper()}**: {'; '.join(parts)}; accuracy by {accuracy}.")
    return said


def _sharing(study: Study) -> list[str]:
    """What an ADC for more columns costs in time, at most."""
    own = [e for e in study["effects"] if e["factor"] == "columns_per_adc"]
    if not own:
        return []
    slowest = max(own, key=lambda e: e["latency_ps"]["max"])
    saves = [e["area_um2"]["median"] for e in own if e["to"] == slowest["to"]]
    return [
        f"Sharing an ADC is nearly free in time: from {slowest['from']} to {slowest['to']} columns latency grows "
        f"by {100 * (slowest['latency_ps']['max'] - 1):.1f} % at most, while the chip shrinks to "
        f"{' and '.join(ratio(saving) for saving in saves)} (medians by rule)."
    ]


def _same_numbers(study: Study) -> list[str]:
    """Array sizes whose accuracies are the same in every seed, by rule and feedback."""
    of = {(a["rule"], a["feedback"], a["adc_bits"], a["array"]): a["of_seed"] for a in study["accuracy"]}
    said = []
    for one, other in pairwise(study["levels"]["array"]):
        kinds = [
            f"{rule.upper()} ({feedback})"
            for rule, feedback in dict.fromkeys(key[:2] for key in of)
            if all(
                of[key] == of.get((*key[:3], other)) for key in of if key[:2] == (rule, feedback) and key[3] == one
            )
        ]
        if kinds:
            said.append(
                f"With {' and '.join(kinds)}, arrays of {one} and {other} give the same accuracy to the last bit "
                "with "
                f"every seed; the widest layer has {study['most_inputs']} inputs."
            )
    return said


def _ends(study: Study) -> list[str]:
    """Factors of which the robust front knows one setting only, at an end of the grid."""
    robust = [study["lines"][i] for i in study["fronts"]["both"]["robust"]]
    said = []
    for name in ("adc_bits", "columns_per_adc", "pes"):
        levels, there = study["levels"][name], {line[name] for line in robust}
        ends = there & {levels[0], levels[-1]}
        if len(levels) > 1 and len(there) == 1 and ends:
            said.append(f"{_FACTOR[name]} {ends.pop()}")
    if not said:
        return []
    return [
        f"All robust configurations have {' and '.join(said)}, an end of what was tried: still better settings "
        "may lie beyond the grid."
    ]


def _choice(study: Study) -> str:
    bp, dfa = (study["fronts"][rule] for rule in ("bp", "dfa"))
    return (
        "**What to choose.** Where every point of accuracy counts, BP: its knee, "
        f"{_chosen(study, bp, bp['knee'])}, or its smallest chip, "
        f"{_chosen(study, bp, bp['best']['area_um2'])}. Where the battery counts, DFA: the least energy, "
        f"{_chosen(study, dfa, dfa['best']['energy_pj'])}, or its knee, {_chosen(study, dfa, dfa['knee'])}."
    )


def _chosen(study: Study, front: Mapping[str, Any], place: int) -> str:
    line = study["lines"][place]
    sure = "" if place in front["robust"] else "; not robust: a cheaper one is not clearly less accurate"
    accuracy = percent(line["accuracy"], line["accuracy_half_width"])
    return f"{short_config(line)} ({accuracy} %, {_costs(line)}{sure})"


def _costs(line: Line) -> str:
    return ", ".join(format_quantity(line[cost], KINDS[cost]) for cost in COSTS)


# ---- reading the mechanisms ----


def reading(study: Study) -> list[str]:
    """For each figure: what most of the difference of the extreme pairs is made of."""
    said = [_reads(study)]
    letters = {item["pair"]: "ABCDEFGH"[k] for k, item in enumerate(study["explained"])}
    for figure, cost in zip(FIGURES, COSTS, strict=True):
        for word in ("largest", "smallest"):
            item = next(e for e in study["explained"] if f"{word} {figure}" in e["why"])
            said.append(_largest_parts(study, item, letters[item["pair"]], word, cost))
    return said


def _reads(study: Study) -> str:
    """How much dearer BP's reads of the error are than DFA's."""
    parts = [item["parts"]["energy_pj"] for item in study["explained"]]
    ratios = [part["transposed_reads"] / -part["feedback_reads"] for part in parts if part["feedback_reads"]]
    return (
        f"In these pairs BP's transposed reads take {min(ratios):.1f} to {max(ratios):.1f} times the energy of "
        "DFA's feedback reads: BP drives as many error lines as the next layer has neurons, DFA as many as the "
        "network has outputs."
    )


def _largest_parts(study: Study, item: Line, letter: str, word: str, cost: str) -> str:
    pair = study["pairs"][item["pair"]]
    total = study["lines"][pair["bp"]][cost]
    difference = total - study["lines"][pair["dfa"]][cost]
    shares: Sequence[tuple[str, float]] = sorted(
        ((name, 100 * part / total) for name, part in item["parts"][cost].items()),
        key=lambda found: -abs(found[1]),
    )
    shown = [f"{TITLES[name]} {share:+.1f} %" for name, share in shares[:3] if abs(share) >= 0.05]
    adcs = _adc_share(study, item, cost)
    return (
        f"{TITLE[cost].capitalize()}, {word} (pair {letter}): {100 * difference / total:+.1f} % of BP's, most of "
        f"it {', '.join(shown)}.{adcs}"
    )


def _adc_share(study: Study, item: Line, cost: str) -> str:
    """Where energy or area of converters is large, how large with either rule."""
    if cost == "latency_ps":
        return ""
    parts = []
    for rule in RULES:
        total = study["lines"][study["pairs"][item["pair"]][rule]][cost]
        parts.append(f"{100 * item['components'][rule][cost].get('adc', 0.0) / total:.0f} % of {rule.upper()}'s")
    return (
        f" ADCs, with their leakage, are {' and '.join(parts)}."
        if cost == "energy_pj"
        else (f" ADCs are {' and '.join(parts)}.")
    )
