"""The study of tile configurations as tables and a page. All figures come from the record."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archsim.files import write_text
from archsim.report.table import markdown_table
from archsim.study.mechanisms import TITLES
from archsim.study.records import PUBLISHED, PUBLISHED_ACCURACY
from archsim.study.tile_effects_page import FACTOR_NAMES, accuracy_section, effects_section
from archsim.study.tile_findings import KINDS, TITLE, answer, percent, ratio, reading, short_config
from archsim.study.tile_fronts import COSTS, FACTORS, RULES, by_feedback, spread
from archsim.study.tile_sure import choices_of
from archsim.study.tile_sure_page import CHOICE, sure_section
from archsim.units import format_quantity

STUDY, TABLE, PAGE = "tiles.json", "tiles.csv", "tiles.md"
PICTURES = {"fronts": "tiles_fronts.png", "costs": "tiles_costs.png", "effects": "tiles_effects.png"}

Study = Mapping[str, Any]
Line = Mapping[str, Any]
_CONFIG = ("rule", "feedback", "array", "ADC bits", "columns per ADC", "PEs per tile")


def page(study: Study, command: str) -> str:
    """The study in Markdown.

    Parameters
    ----------
    study : dict
        What `archsim.study.tiles.tiles` gives.
    command : str
        What made it.
    """
    parts = [
        f"# Tile configurations of {study['name'].partition('/')[0]}: DFA and BP fronts side by side",
        f"Made by `{command}` from the three sweeps below; every figure on this page is computed. The same as "
        f"files: [{TABLE}]({TABLE}) (all configurations), [{STUDY}]({STUDY}) (accuracy of every seed, fronts, "
        "effects, pairs, and the three sweeps as they were made).",
        *_left_out(study),
        *_asked(study),
        "## Answer",
        "\n".join(f"- {said}" for said in answer(study)),
        *_fronts(study),
        *sure_section(study),
        *_pairs(study),
        *_why(study),
        *effects_section(study),
        f"![Effects]({PICTURES['effects']})",
        *accuracy_section(study),
        *_limits(study),
        *_made(study),
    ]
    return "\n\n".join(parts) + "\n"


def _left_out(study: Study) -> list[str]:
    if not study["left_out"]:
        return []
    said = "; ".join(f"{name}: {n} configurations" for name, n in study["left_out"].items())
    return [f"**The sweeps were not finished. Not done, and left out with all that needs them: {said}.**"]


def _asked(study: Study) -> list[str]:
    levels = study["levels"]
    said = "; ".join(f"{FACTOR_NAMES[name]} {', '.join(map(str, levels[name]))}" for name in FACTORS)
    n_seeds, device = study["accuracy"][0]["n"], _chip(study, "costs")["device"]
    return [
        "## What is asked",
        "Which tile should a chip have that adapts where it is worn, and does the answer depend on the learning "
        f"rule? {study['name']}, the whole grid: {said}. DFA reads no array backwards, so feedback counts for BP "
        f"alone: {_count(study, 'bp')} configurations with BP, {_count(study, 'dfa')} with DFA.",
        "**copy**: a second, transposed copy of the weights. **transposable**: one array that is read from both "
        "sides, with converters on both. **shared**: the same array, its converters switched between the sides. "
        "**fixed**: DFA's arrays of random numbers.",
        "Energy, latency and area are those of one adapted window: forward pass, learning pass, its share of the "
        "update, leakage. The chip has as many tiles and as large buffers as the network and the rule need. "
        f"Like the accuracies they are those of cells of {device['g_min']} to {device['g_max']}, which sets what "
        "a read costs. Spikes come from recordings through a network with random weights, every error counts as "
        "not zero, and every cell is written in every update: a trained network that adapts has sparser errors "
        "and writes, and DFA then saves less (`activity=recorded` in [DFA against BP](dfa_vs_bp.md) shows how "
        "much, for the base of that page).",
        "Accuracy is that of windows never seen, after adaptation on the chip's arrays, on cells of "
        f"{device['g_min']} to {device['g_max']} with these errors: {_errors(study)}. Means and 95 % intervals "
        "(Student "
        f"t) over {n_seeds} seeds. ADC sharing and PEs per tile change no number that is learned, nor does "
        "switching the "
        "converters, so these configurations have the accuracy of the same array, ADC bits and feedback (see the "
        "limits).",
        f"![The fronts: accuracy against each cost]({PICTURES['fronts']})",
    ]


def _count(study: Study, rule: str) -> int:
    return sum(line["rule"] == rule for line in study["lines"])


# ---- fronts ----


def _fronts(study: Study) -> list[str]:
    lines, fronts = study["lines"], study["fronts"]
    sizes = [
        [
            {"bp": "BP", "dfa": "DFA", "both": "both"}[rule], str(f["n"]), str(len(f["front"])),
            str(len(f["without_accuracy"])), str(len(f["robust"])), f"{f['hypervolume']:.3f}",
        ]
        for rule, f in fronts.items()
    ]  # fmt: skip
    choices = [
        [CHOICE[name], *_cells(lines[i])] for rule in RULES for name, i in choices_of(fronts[rule]).items()
    ]
    robust = [_cells(lines[i]) for i in fronts["both"]["robust"]]
    head = [*_CONFIG, "energy", "latency", "area", "accuracy (%)"]
    return [
        "## The fronts",
        markdown_table(
            ["rule", "configurations", "on the front", "on the front without accuracy", "robust", "hypervolume"],
            sizes,
        ),
        "Front: no other configuration is as good in all four objectives and better in one. Robust: and none that "
        "costs no more of anything and less of something has an accuracy whose interval overlaps; what is on the "
        "front only by an accuracy within the error bars is not robust. That is cautious: seeds are shared, so "
        "the paired differences below are sharper. Hypervolume: part of the box between the best and the worst of "
        "all configurations, the same box for all three (moocore).",
        "The configurations that an architect would look at, by rule; the knee is nearest to the best of all four "
        "objectives in the box of the rule's own configurations:",
        markdown_table(["choice", *head], choices),
        f"The robust front of both rules together, {len(robust)} configurations:",
        markdown_table(head, robust),
        f"![Energy and area of all configurations]({PICTURES['costs']})",
    ]


def _cells(line: Line) -> list[str]:
    return [
        line["rule"].upper(), line["feedback"], line["array"], str(line["adc_bits"]), str(line["columns_per_adc"]),
        str(line["pes"]), *(format_quantity(line[c], KINDS[c]) for c in COSTS),
        percent(line["accuracy"], line["accuracy_half_width"]),
    ]  # fmt: skip


# ---- pairs ----


def _pairs(study: Study) -> list[str]:
    rows = []
    for figure, title, shown in (
        ("energy_saved", "energy saved", _saved),
        ("latency_ratio", "latency BP / DFA", ratio),
        ("area_saved", "area saved", _saved),
    ):
        for feedback, found in by_feedback(study["pairs"], key=lambda pair: pair[figure]).items():
            low, high = found[0], found[-1]
            middle = spread([pair[figure] for pair in found])["median"]
            ends = [short_config(study["lines"][pair["bp"]]) for pair in (low, high)]
            rows.append([title, feedback, shown(middle), f"{shown(low[figure])} ({ends[0]})",
                         f"{shown(high[figure])} ({ends[1]})"])  # fmt: skip
    published = "; ".join(f"up to {p.text}" for p in (*PUBLISHED, PUBLISHED_ACCURACY))
    return [
        "## DFA against BP with the same tile",
        f"Each of the {len(study['pairs'])} BP configurations beside the DFA configuration with the same array, "
        "ADC and tile. A negative saving is what DFA takes more.",
        markdown_table(["figure", "BP's feedback", "median", "smallest", "largest"], rows),
        f"DFA_Sim (arXiv 2502.06736) reports {published}, for configurations that are not published: see the "
        "caveat in "
        "[DFA against BP](dfa_vs_bp.md). Here " + _reached(study),
    ]


def _saved(value: float) -> str:
    return f"{100 * value:.1f} %"


def _reached(study: Study) -> str:
    pairs = study["pairs"]
    said = []
    for p in PUBLISHED:
        n = sum(_as_published(p.figure, pair) >= p.value for pair in pairs)
        said.append(f"{n} of {len(pairs)} pairs have {p.text} or more")
    if _no_gain(study):
        said.append("no accuracy gain of DFA is seen in any setting (see below)")
    return (
        "; ".join(said) + ". Other cells, or errors as sparse as in a recorded adaptation, may give "
        "fewer: this confirms nothing of that paper."
    )


def _no_gain(study: Study) -> bool:
    return all(pair["mean"] <= 0 for pair in study["accuracy_pairs"])


def _as_published(figure: str, pair: Line) -> float:
    """A pair's figure as `PUBLISHED` writes it."""
    found: dict[str, float] = {
        "energy_saving_pct": 100 * pair["energy_saved"],
        "area_saving_pct": 100 * pair["area_saved"],
        "speedup": pair["latency_ratio"],
    }
    return found[figure]


# ---- why ----


def _why(study: Study) -> list[str]:
    lines, pairs = study["lines"], study["pairs"]
    found = study["explained"]
    names = "ABCDEFGH"
    rows = []
    for letter, item in zip(names, found, strict=False):
        pair = pairs[item["pair"]]
        why = ", ".join(w.replace("_", " ") for w in item["why"])
        rows.append([letter, short_config(lines[pair["bp"]]), why, *_three(pair),
                     f"{item['n_tiles']['bp']} / {item['n_tiles']['dfa']}"])  # fmt: skip
    parts = [
        "## Why: the pairs that differ most and least",
        markdown_table(["pair", "BP's configuration", "is", "energy saved", "latency BP / DFA", "area saved",
                        "tiles BP / DFA"], rows),
        "Percent of BP's total, BP less DFA, by the [mechanisms](dfa_vs_bp.md#which-mechanism-brings-how-much) of "
        "that study; the simulations are made once more, and give what the sweep recorded. In energy, \"all "
        "others\" is leakage: what one chip leaks more than the other (converters, buffers other than the "
        "history), over the mean time.",
    ]  # fmt: skip
    letters = names[: len(found)]
    for cost in COSTS:
        mechanisms = [name for name in TITLES if any(name in item["parts"][cost] for item in found)]
        table = []
        for name in mechanisms:
            shares = [
                100 * item["parts"][cost].get(name, 0.0) / lines[pairs[item["pair"]]["bp"]][cost] for item in found
            ]
            if any(abs(share) >= 0.05 for share in shares):
                table.append([TITLES[name], *(f"{round(share, 1) + 0.0:.1f}" for share in shares)])
        parts += [f"### {TITLE[cost].capitalize()}", markdown_table(["mechanism", *letters], table)]
    parts += [
        "### What the chips are made of",
        "Energy with leakage.",
        _component_table(study, letters),
        "### Reading",
    ]
    parts.append("\n".join(f"- {said}" for said in reading(study)))
    return parts


def _three(pair: Line) -> list[str]:
    return [_saved(pair["energy_saved"]), ratio(pair["latency_ratio"]), _saved(pair["area_saved"])]


def _component_table(study: Study, letters: str) -> str:
    rows = []
    for letter, item in zip(letters, study["explained"], strict=True):
        for rule in RULES:
            total = study["lines"][study["pairs"][item["pair"]][rule]]
            for cost in ("energy_pj", "area_um2"):
                parts = list(item["components"][rule][cost].items())[:4]
                shares = ((name, 100 * value / total[cost]) for name, value in parts)
                text = ", ".join(f"{name} {share:.0f} %" for name, share in shares if share >= 1)
                rows.append([letter, rule.upper(), TITLE[cost], format_quantity(total[cost], KINDS[cost]), text])
    return markdown_table(["pair", "rule", "figure", "total", "largest components"], rows)


# ---- limits, commands, files ----


def _chip(study: Study, part: str) -> Mapping[str, Any]:
    """The chip's file, as a sweep had it."""
    chip: Mapping[str, Any] = study["provenance"]["sweeps"][part]["study"]["files"]["chip"]
    return chip


def _errors(study: Study) -> str:
    """What of the cells' errors is on where accuracy is measured."""
    found = _chip(study, "bp")["device"].get("errors") or {}
    return ", ".join(f"`{name}: {_plain(value)}`" for name, value in found.items()) or "none"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) + "}"
    return str(value)


def _limits(study: Study) -> list[str]:
    n_seeds = study["accuracy"][0]["n"]
    wires = _chip(study, "bp")["crossbar"].get("wires")
    work = study["provenance"]["sweeps"]["costs"]["study"]["files"]["workload"]
    return [
        "## Limits",
        f"One network, one data set, one kind of cell, {n_seeds} seeds. The most accurate of many settings is "
        "chosen by the same seeds that it is judged by, so its mean is a little too high; intervals are not "
        "corrected for the number of comparisons. The optimizer and its rate are the workload's, for both rules "
        "([optimizers](optimizers.md) says what a rate of its own brings to each). Of the cells' errors, those "
        f"that are not named above are off; wires {'resist' if wires else 'do not resist'}. Every ADC resolution "
        "converts at the chip's one rate, so bits cost no time. The fronts are those of the listed prices; how "
        "sure they are is shown for the chosen configurations. Converters, whose area is known badly, are most of "
        "many of these chips: other comparisons of area hold for these prices alone. "
        "[DFA against BP](dfa_vs_bp.md) has another base, with cells and buffers of its own: figures of the two "
        "pages do not compare. Times are "
        f"the simulation's, with the schedule `{work.get('schedule', 'pipelined')}`.",
        "That ADC sharing, PEs per tile and switched converters change no learned number follows from the model, "
        "in which they are no input of the arithmetic; a test holds it to the last bit on a small network. A real "
        "converter that is switched between more columns would also add noise.",
    ]


def _made(study: Study) -> list[str]:
    sweeps = study["provenance"]["sweeps"]
    names = [about["study"]["name"] for about in sweeps.values()]
    commands = [f".venv/bin/archsim sweep workloads/studies/{name}.yaml" for name in names]
    return [
        "## How to make it again",
        "\n".join(["```sh", *commands, _join(sweeps), "```"]),
        f"Sweeps by archsim {sweeps['costs']['model']}; "
        + ", ".join(f"{name} {version}" for name, version in study["provenance"]["versions"].items())
        + ".",
    ]


def _join(sweeps: Mapping[str, Any]) -> str:
    folders = " ".join(f"results/{about['study']['name']}" for about in sweeps.values())
    return f".venv/bin/archsim study tiles {folders} --write docs/studies"


def write_tables(folder: Path, study: Study) -> None:
    """JSON and CSV into an existing folder."""
    text = json.dumps(study, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / STUDY, text + "\n")
    table = io.StringIO()
    on = {f"on_front_{rule}": set(found["front"]) for rule, found in study["fronts"].items()}
    on |= {f"robust_{rule}": set(found["robust"]) for rule, found in study["fronts"].items()}
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*study["lines"][0], *on])
    for i, line in enumerate(study["lines"]):
        writer.writerow([*line.values(), *(int(i in members) for members in on.values())])
    write_text(folder / TABLE, table.getvalue())


def summary(study: Study) -> tuple[Sequence[str], list[list[str]]]:
    """Head and rows of what fits on a terminal: what to choose, by rule."""
    rows = []
    for rule in RULES:
        rows += [
            [CHOICE[name], *_cells(study["lines"][i])] for name, i in choices_of(study["fronts"][rule]).items()
        ]
    return ["choice", *_CONFIG, "energy", "latency", "area", "accuracy (%)"], rows

