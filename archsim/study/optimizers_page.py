"""The study of optimizers as tables and a page. All figures come from the record."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archsim.files import write_text
from archsim.learn.result import estimate
from archsim.report.table import markdown_table
from archsim.study.optimizers import TUNING_SPLIT
from archsim.units import format_quantity

STUDY, TABLE, PAGE, PICTURE = "optimizers.json", "optimizers.csv", "optimizers.md", "optimizers.png"
NAMES = {"sgd": "SGD", "momentum": "momentum", "adam": "Adam", "sink": "SinkGD"}
_COLUMNS = (
    "optimizer", "rule", "rate", "numbers per weight", "accuracy (%)", "in ideal arithmetic (%)",
    "energy per sample", "of it the update", "latency per sample", "gradient buffer", "chip area",
)  # fmt: skip

Study = Mapping[str, Any]
Line = Mapping[str, Any]


def rows(study: Study) -> list[list[str]]:
    """One row for each optimizer and rule, as people read it."""
    return [
        [
            NAMES[line["optimizer"]],
            line["rule"].upper(),
            f"{line['rate']:g}" + (" (end of its row)" if line["at_end"] else ""),
            str(line["n_states"]),
            _percent(line["after"]),
            _percent(line["ideal_after"]),
            format_quantity(line["energy_pj"], "energy"),
            f"{100 * line['update_energy_pj'] / line['energy_pj']:.1f} %",
            format_quantity(line["latency_ps"], "time"),
            f"{line['gradient_buffer_bytes'] / 1024:.1f} KiB",
            format_quantity(line["area_um2"], "area"),
        ]
        for line in study["lines"]
    ]


def columns() -> tuple[str, ...]:
    """The heads of `rows`."""
    return _COLUMNS


def _percent(estimate: Mapping[str, Any]) -> str:
    half = estimate["half_width"]
    return f"{100 * estimate['mean']:.1f}" + ("" if half is None else f" ± {100 * half:.1f}")


def page(study: Study, command: str) -> str:
    """The study in Markdown.

    Parameters
    ----------
    study : dict
        What `optimizers` gives.
    command : str
        What made it.
    """
    seeds, tuning = study["provenance"]["seeds"], study["tuning"]
    before = study["lines"][0]["before"]
    parts = [
        "# Optimizer state on the chip: what it costs, what it brings",
        f"Made by `{command}`; every figure below is computed. The same as files: [{TABLE}]({TABLE}), "
        f"[{STUDY}]({STUDY}) (every run, with provenance).",
        "## What is asked",
        f"{study['name']}: a trained network meets left arms and adapts on cells with {study['level']} spread, "
        "with SGD (no state), momentum (one number for each weight), Adam (two) or SinkGD (none; the gradient is "
        "normalised by rows and columns in turn). Numbers kept lie in the gradient buffer beside the gradients "
        "with their residuals (the table counts these, too), and are read and written in every update. Before "
        f"adaptation: {_percent(before)} %. "
        f"Means and 95 % intervals over {len(seeds)} seed{'s' if len(seeds) != 1 else ''}.",
        f"Each optimizer has a rate of its own for each rule: the best mean of {len(tuning['seeds'])} seeds (from "
        f"{tuning['seeds'][0]} on) on another task, `{tuning['split']}`, in ideal arithmetic. No window that is "
        "tested here was tested there.",
        *(["**Quick form: short training and two rates. No figures to cite.**"] if study["quick"] else []),
        "## Answer",
        *_findings(study),
        markdown_table(_COLUMNS, rows(study)),
        f"![Accuracy, energy and area of each optimizer]({PICTURE})",
        "## The rates",
        markdown_table(("optimizer", "rule", f"mean accuracy (%) by rate, {TUNING_SPLIT}"), _rates(study)),
        "## Limits",
        "One network, one data set, one spread of cells; area and energy are those of the base chip, whose "
        "buffers are fitted to what is kept, in powers of two. A division or a root counts as one result of "
        "the gradient unit, so Adam is a lower bound. Neighbouring rates differ by about three; they were "
        "chosen without noise. States are exact digital numbers in the learning; in the buffer they take the "
        "gradient's bits.",
    ]
    return "\n\n".join(parts) + "\n"


def _findings(study: Study) -> list[str]:
    """Which optimizer is best for each rule, and what the best stateless one gives up, in words."""
    found = []
    for rule in ("bp", "dfa"):
        lines = [line for line in study["lines"] if line["rule"] == rule]
        best = max(lines, key=lambda line: line["after"]["mean"])
        without = [line for line in lines if line["optimizer"] in ("sgd", "sink")]
        stateless = max(without, key=lambda line: line["after"]["mean"])
        said = f"**{rule.upper()}**: {NAMES[best['optimizer']]} reaches most, {_percent(best['after'])} %"
        if near := [line for line in lines if line is not best and not _is_clear(study, best, line)]:
            also = ", ".join(f"{NAMES[line['optimizer']]} ({_percent(line['after'])} %)" for line in near)
            said += f", not clearly more than {also}"
        if best is not stateless:
            said += (
                f"; without state {NAMES[stateless['optimizer']]} reaches {_percent(stateless['after'])} %, with "
                f"{_less(best, stateless, 'energy_pj')} energy, {_less(best, stateless, 'latency_ps')} latency "
                f"and {_less(best, stateless, 'area_um2')} area"
            )
        found.append(said + ".")
    return found


def _is_clear(study: Study, best: Line, other: Line) -> bool:
    """Whether the 95 % interval of the differences, paired by seed, is above zero."""
    after = {(run["optimizer"], run["seed"]): run["after"] for run in study["runs"] if run["rule"] == best["rule"]}
    seeds = sorted({seed for _, seed in after})
    gain = estimate([after[best["optimizer"], seed] - after[other["optimizer"], seed] for seed in seeds])
    return gain.half_width is not None and gain.mean > gain.half_width


def _less(base: Line, other: Line, figure: str) -> str:
    """How much less of a figure the other needs.

    Examples
    --------
    >>> _less({"x": 100.0}, {"x": 90.0}, "x"), _less({"x": 100.0}, {"x": 104.0}, "x")
    ('10.0 % less', '4.0 % more')
    """
    percent = 100 * (1 - other[figure] / base[figure])
    return f"{abs(percent):.1f} % {'less' if percent >= 0 else 'more'}"


def _rates(study: Study) -> list[list[str]]:
    return [
        [NAMES[kind], rule.upper(), "; ".join(f"{rate}: {100 * m:.1f}" for rate, m in found["means"].items())]
        for kind, of_kind in study["tuning"]["rates"].items()
        for rule, found in of_kind.items()
    ]


def write_tables(folder: Path, study: Study) -> None:
    """JSON and CSV into an existing folder."""
    text = json.dumps(study, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / STUDY, text + "\n")
    table = io.StringIO()
    plain = ("optimizer", "rule", "rate", "n_states", "energy_pj", "update_energy_pj", "latency_ps", "area_um2",
             "gradient_buffer_bytes", "gradient_buffer_area_um2")  # fmt: skip
    writer = csv.writer(table, lineterminator="\n")
    spread = [(key, part) for key in ("before", "after", "ideal_after") for part in ("mean", "half_width")]
    writer.writerow([*plain, *(f"{key}_{part}" for key, part in spread)])
    for line in study["lines"]:
        writer.writerow([*(line[key] for key in plain), *(line[key][part] for key, part in spread)])
    write_text(folder / TABLE, table.getvalue())
