"""A study as a page: what was asked, what came out, where it does not hold. All figures come from the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archsim.report.table import markdown_table
from archsim.study.records import ACCURACY, PUBLISHED, STUDY, TABLE, Row, rows_of
from archsim.texts import bold
from archsim.units import format_quantity

PICTURES = {
    "ratios": "dfa_vs_bp_ratios.png",
    "mechanisms": "dfa_vs_bp_mechanisms.png",
    "accuracy": "dfa_vs_bp_accuracy.png",
}
_KINDS = (("energy_pj", "energy"), ("latency_ps", "latency"), ("area_um2", "area"))
_UNITS = {"energy_saving_pct": "{:.1f} %", "area_saving_pct": "{:.1f} %", "speedup": "{:.2f}x"}
WIDTH_PAGE, _WIDTH = "dfa_vs_bp_width.md", "width=256"  # written by hand, on this configuration
_SMALL = 0.05  # percent of BP's total that a table of tenths shows as zero

Study = Mapping[str, Any]


def page(study: Study, command: str, width_page: bool = False) -> str:
    """The study in Markdown.

    Parameters
    ----------
    study : dict
        What `dfa_vs_bp` gives.
    command : str
        What made it.
    width_page : bool
        `WIDTH_PAGE` lies beside it: it is linked where its configuration is the worst.

    Returns
    -------
    str
    """
    rows = rows_of(study)
    parts = [
        "# DFA against BP: what it saves on these chips, and why",
        f"Made by `{command}`; every figure below is computed. The same as files: [{TABLE}]({TABLE}) (all "
        f"configurations and mechanisms), [{STUDY}]({STUDY}) (with provenance)"
        + (f", [{ACCURACY}]({ACCURACY}) (every run)." if study["accuracy"] else "."),
        *_asked(study),
        *_answer(study, rows, width_page),
        *_mechanisms(study, rows),
        *(_accuracy(study) if study["accuracy"] else ()),
        *_configurations(study, rows),
        *_limits(study),
        *_provenance(study),
    ]
    return "\n\n".join(parts) + "\n"


def figure(name: str, value: float) -> str:
    """One of the ratios as people read it.

    Examples
    --------
    >>> figure("speedup", 2.1), figure("energy_saving_pct", -3.04)
    ('2.10x', '-3.0 %')
    """
    return _UNITS[name].format(value)


def _asked(study: Study) -> list[str]:
    accuracy = f", {study['accuracy_published']:g} % more accuracy"
    base = study["provenance"]["workload"]
    return [
        "## What is asked",
        "DFA_Sim (Bhattacharjee et al., arXiv 2502.06736) reports for online adaptation on RRAM crossbars, DFA "
        f'against back-propagation, each "up to": '
        f"{', '.join(p.text for p in PUBLISHED)}{accuracy}. Layer shapes, "
        "timesteps, crossbar and ADC choices, buffers and write costs are not published, so these are figures "
        "without a configuration. Here every configuration is known, and the question is where such ratios come "
        "out, and which mechanism brings how much.",
        f"The base is {study['name'].replace('/', ' with ')}: {base['timesteps']} timesteps, an "
        f"update after every "
        f"{base['batch']} samples, schedule {base['schedule']}. Figures are per adapted sample: forward pass, "
        "learning pass and its share of the update, leakage included. BP's chip has what BP needs (a second, "
        "transposed copy of the weights, or transposable arrays), DFA's chip its fixed feedback "
        "arrays and no way to "
        "read backwards; both have as many tiles and as large buffers as the rule needs.",
    ]


def _answer(study: Study, rows: Sequence[Row], width_page: bool) -> list[str]:
    lines = []
    for found in study["reached"]:
        name = found["figure"]
        by = _listed(found["by"], len(rows))
        crossed = "; ".join(crossing["text"] for crossing in found["crossings"]) or "none"
        best, least = (f"{figure(name, found[f'{which}_value'])} ({found[which]})" for which in ("best", "least"))
        lines.append([found["text"], figure(name, found["base_value"]), best, least, by, crossed])
    head = [
        "published, up to",
        "base",
        "largest here",
        "smallest here",
        "reached by",
        "crossings along one factor",
    ]
    said = [_verdict(found, len(rows)) for found in study["reached"]]
    slowest = [f for f in study["reached"] if f["figure"] == "speedup" and f["least"] == _WIDTH]
    if width_page and slowest:
        least = figure("speedup", slowest[0]["least_value"])
        said.append(f"The smallest speed-up, {least} at {_WIDTH}: [why]({WIDTH_PAGE}).")
    return [
        "## Answer",
        markdown_table(head, lines),
        "Crossings are interpolated linearly between two neighbouring settings of one factor, the others at the "
        "base; factors without an order have none.",
        "\n".join(f"- {sentence}" for sentence in said),
        f"![Ratios of every configuration]({PICTURES['ratios']})",
    ]


def _verdict(found: Mapping[str, Any], n_rows: int) -> str:
    value = figure(found["figure"], found["published"])
    best = figure(found["figure"], found["best_value"])
    if not found["by"]:
        return f"**{found['text']} is not reached** by any of the {n_rows} configurations; the largest is {best}."
    n = f"{len(found['by'])} of {n_rows} configurations"
    return f"{found['text']}: {value} or more in {n}; the largest is {best}."


def _listed(names: Sequence[str], n_rows: int) -> str:
    if not names:
        return bold("not reached")
    if len(names) == n_rows:
        return "all"
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return "; ".join(names[:6]) + more


# ---- mechanisms ----


def _mechanisms(study: Study, rows: Sequence[Row]) -> list[str]:
    base, shown = rows[0], chosen(study)
    parts = [
        "## Which mechanism brings how much",
        "Percent of BP's total, BP less DFA: a positive number is what DFA saves, a negative one "
        "what it takes more "
        "of. The parts sum to the difference in the last line.",
    ]
    for total, title in _KINDS:
        parts += [f"### {title.capitalize()}", _mechanism_table(study, total, shown)]
    common = ", ".join(
        f"{said} {100 * base.common[name] / base.bp['energy_pj']:.1f} %"
        for name, said in (("forward", "the forward pass"), ("outer", "outer products"), ("writes", "writes"))
    )
    parts += [
        f"Common to both rules at the base, in percent of BP's energy: {common}. No rule that only "
        f"changes how errors "
        "get to the layers can save these.",
        f"![Mechanisms]({PICTURES['mechanisms']})",
        "How the parts are found:",
        _HOW,
    ]
    return parts


_HOW = """\
- **Energy** is counted by phase and action in both event simulations. Reads (drive, read, convert, shift-add,
  collect, add) of the backward phase are BP's transposed reads, those of the feedback phase DFA's. Writes of
  the second copy are what BP's update takes more than DFA's. Keeping and recalling inputs and potentials, and
  the leakage of the memory for them, are the history buffers. Leakage is power times time, and both differ:
  the mean power over the difference in time is the longer run's part, the mean time over the difference in
  power goes to the history buffers and, for all else, to "all others". "All others" also holds what rounding
  leaves.
- **Latency** overlaps, so it is found by running the same task graph again while the tasks of one mechanism
  after the other take no time: for BP the second copy's writes, the history, the transposed reads, errors on
  their way; for DFA the history, the feedback reads, errors on their way. What is left between the two then
  is order: BP's outer products and writes wait for the backward pass, which begins when the sample's forward
  pass is over and goes through layers and timesteps one after the other, while DFA's begin in the first
  timestep. So **sequential backward = transposed reads + order**. With another order of these steps the parts
  would shift where mechanisms overlap; their sum would not.
- **Area** is BP's chip less DFA's chip. Arrays count with drivers and converters. A tile that is begun is
  built whole; what that brings (idle crossbars, links, units, other buffers) is a line of its own."""


def chosen(study: Study) -> list[Row]:
    """Configurations whose mechanisms are shown: the base, both other ways to read backwards, the best ones."""
    rows = rows_of(study)
    names = ["base", *(row.name for row in rows if list(row.settings) in (["feedback"], ["activity"]))]
    names += [found["best"] for found in study["reached"]]
    by_name = {row.name: row for row in rows}
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name]


def _mechanism_table(study: Study, total: str, shown: Sequence[Row]) -> str:
    shares = [row.shares(total) for row in shown]
    names = [
        name
        for name in study["mechanisms"]
        if any(abs(share.get(name, 0.0)) >= _SMALL or (name == "outer" and name in share) for share in shares)
    ]
    lines = [
        [study["mechanisms"][name], *(_tenths(share[name]) if name in share else "" for share in shares)]
        for name in names
    ]
    lines.append([bold("difference"), *(f"{sum(share.values()):.1f}" for share in shares)])
    return markdown_table(["mechanism", *(row.name for row in shown)], lines)


def _tenths(value: float) -> str:
    return f"{value + 0.0:.1f}" if abs(value) >= _SMALL else "0.0"


# ---- accuracy ----


def _accuracy(study: Study) -> list[str]:
    accuracy = study["accuracy"]
    head = ["cells", "spread", "before", "BP", "DFA", "DFA − BP", "BP, ideal", "DFA, ideal"]
    lines = [
        [
            level["level"], f"{level['spread_pct']:.1f} %",
            *(_percent(level[key]) for key in ("before", "bp", "dfa", "gain", "bp_ideal", "dfa_ideal")),
        ]
        for level in accuracy["levels"]
    ]  # fmt: skip
    n = accuracy["levels"][0]["gain"]["n"]
    data = study["provenance"]["workload"]["learning"]["data"]
    window = " and ".join(item.removeprefix("device.").replace("=", " = ") for item in accuracy["window"])
    return [
        "## Accuracy under noise",
        f"The network is trained in ideal arithmetic, programmed, and adapts on the chip to "
        f"{data['split']} of the "
        f"{data['set']} data; accuracy on windows that it never saw. Every level changes only how "
        f"far a cell lands "
        f"from its target when it is programmed and whenever it is written ({window}; spread is the mean standard "
        'deviation in percent of that window). The level "NeuRRAM" is the measured spread of NeuRRAM\'s cells '
        f"(table `wan`). {n} seeds; mean and 95 % interval (Student t), the difference taken within each seed.",
        markdown_table(head, lines),
        "\n".join(f"- {sentence}" for sentence in _gains(study)),
        f"![Accuracy]({PICTURES['accuracy']})",
    ]


def _percent(estimate: Mapping[str, Any]) -> str:
    mean, half = 100 * estimate["mean"], estimate["half_width"]
    return f"{mean:.1f} %" if half is None else f"{mean:.1f} ± {100 * half:.1f} %"


def _gains(study: Study) -> list[str]:
    published, levels = study["accuracy_published"], study["accuracy"]["levels"]
    said = []
    for level in levels:
        gain = level["gain"]
        if gain["half_width"] is None:
            continue
        low, high = (100 * (gain["mean"] + sign * gain["half_width"]) for sign in (-1, 1))
        if low > 0:
            word = "DFA is better"
        elif high < 0:
            word = "BP is better"
        else:
            word = "no difference is shown: the interval holds zero"
        said.append(f"{level['level']}: {word} (DFA − BP from {low:.1f} to {high:.1f} points).")
    first, last = levels[0], levels[-1]
    lost = {rule: 100 * (first[rule]["mean"] - last[rule]["mean"]) for rule in ("bp", "dfa")}
    said.append(
        f"From {first['level']} to {last['level']}, the mean falls by {lost['bp']:.1f} points with BP and by "
        f"{lost['dfa']:.1f} with DFA."
    )
    best = max(levels, key=lambda level: level["gain"]["mean"])
    reached = 100 * best["gain"]["mean"] >= published
    said.append(
        f"The published {published:g} % more accuracy is {'' if reached else '**not** '}reached: the largest mean "
        f"difference is {100 * best['gain']['mean']:.1f} points ({best['level']})."
    )
    return said


# ---- the rest ----


def _configurations(study: Study, rows: Sequence[Row]) -> list[str]:
    head = ["configuration", "BP energy", "DFA energy", "saved", "BP latency", "DFA latency", "speed-up",
            "BP area", "DFA area", "saved area"]  # fmt: skip
    parts = ["## All configurations", markdown_table(head, [line_of(row) for row in rows])]
    titles = {factor["name"]: factor["title"] for factor in study["factors"]}
    parts.append("Factors: " + "; ".join(f"`{name}`: {title}" for name, title in titles.items()) + ".")
    told = [f"- {row.name}: {row.note}" for row in rows if row.note]
    told += [f"- {gap['name']} has no figures: {gap['why_not']}" for gap in study["gaps"]]
    return [*parts, "\n".join(told)] if told else parts


def line_of(row: Row) -> list[str]:
    """A configuration as a line of the big table."""
    quantities = {
        (total, rule): format_quantity(getattr(row, rule)[total], kind)
        for total, kind in (("energy_pj", "energy"), ("latency_ps", "time"), ("area_um2", "area"))
        for rule in ("bp", "dfa")
    }
    return [
        row.name,
        *(quantities["energy_pj", rule] for rule in ("bp", "dfa")),
        figure("energy_saving_pct", row.energy_saving_pct),
        *(quantities["latency_ps", rule] for rule in ("bp", "dfa")),
        figure("speedup", row.speedup),
        *(quantities["area_um2", rule] for rule in ("bp", "dfa")),
        figure("area_saving_pct", row.area_saving_pct),
    ]


def _limits(study: Study) -> list[str]:
    recorded = " `activity=recorded` shows how much that is for the base." if study["accuracy"] else ""
    said = [
        "Spikes come from real recordings through networks with random weights, every error counts as not zero, "
        "and every cell is written in every update; a trained network that adapts has sparser errors and writes."
        f"{recorded}",
        "Along `crossbar` and `adc_share`, prices of one cell, driver, converter and conversion stay as the chip "
        "file has them, cited for its own array size; a larger array would want more bits and stronger drivers.",
        "A factor is varied alone, and only the strongest ones together; others together may reach more.",
    ]
    if study["accuracy"]:
        said.append(
            "Accuracy is of one network, one data set and one shift, with the same optimizer and rate for both "
            "rules; only the programming spread of the cells is varied, and converters read sums without their "
            "own rounding unless the chip file gives `adc.conversion`."
        )
    return ["## What this does not say", "\n".join(f"- {line}" for line in [*said, *study["notes"]])]


def _provenance(study: Study) -> list[str]:
    made = study["provenance"]
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    return [
        "## Where it comes from",
        f"Inputs `{made['inputs_sha256'][:16]}…` (chip and workload are in {STUDY}), seed {made['seed']}, engine "
        f"{made['engine']}; {versions}.",
    ]
