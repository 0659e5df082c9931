"""The study as a page, tables and pictures. All figures come from the record; the words are in ``page.md.j2``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from archsim.files import fresh_folder
from archsim.plot.study import study_accuracy, study_mechanisms, study_ratios
from archsim.report import csv_text, from_template, json_text, read_record, text_table, write_texts
from archsim.study.comparison import TOTALS, Comparison, comparisons_of
from archsim.study.configurations import RULES
from archsim.study.crossings import PUBLISHED
from archsim.study.dfa_vs_bp.run import FORMAT
from archsim.units import format_figure, without_unit

STUDY, TABLE, PAGE, ACCURACY = "dfa_vs_bp.json", "dfa_vs_bp.csv", "dfa_vs_bp.md", "dfa_vs_bp_accuracy.csv"
PICTURES = {name: f"dfa_vs_bp_{name}.png" for name in ("ratios", "mechanisms", "accuracy")}
_NAMES = {total: without_unit(total) for total in TOTALS}
_SHAPES = {"energy_saving_pct": "{:.1f} %", "area_saving_pct": "{:.1f} %", "speedup": "{:.2f}x"}
_SMALL = 0.05  # percent of BP's total that a table of tenths shows as zero

Study = Mapping[str, Any]


def read_study(path: str | Path) -> dict[str, Any]:
    """Read ``dfa_vs_bp.json``, or the folder that holds it.

    Raises
    ------
    ExploreError
        There is no such file, or it holds something else.
    """
    file = Path(path)
    return read_record(file / STUDY if file.is_dir() else file, FORMAT)


def write_study(folder: Path, study: Study, command: str) -> None:
    """Tables, page and pictures of a study, all of them or none.

    Raises
    ------
    ArchsimError
        The folder cannot be written.
    """
    accuracy = study["accuracy"]
    texts = {STUDY: json_text(study), TABLE: table_csv(comparisons_of(study))}
    texts |= {PAGE: page(study, command)}
    texts |= {ACCURACY: accuracy_csv(accuracy)} if accuracy else {}
    shares = {row.name: {total: row.shares(total) for total in TOTALS} for row in chosen(study)}
    published = {p.figure: p.value for p in PUBLISHED}
    with fresh_folder(folder) as place:
        write_texts(place, texts)
        study_ratios(study["factors"], study["configurations"], published, place / PICTURES["ratios"])
        study_mechanisms(shares, study["mechanisms"], place / PICTURES["mechanisms"])
        if accuracy:
            study_accuracy(accuracy["levels"], study["accuracy_published"], place / PICTURES["accuracy"])


def page(study: Study, command: str) -> str:
    """The study in Markdown.

    Parameters
    ----------
    study : dict
        What `dfa_vs_bp` returns.
    command : str
        The command that made it.
    """
    shown = chosen(study)

    def is_shown(total: str, name: str) -> bool:
        parts = [shares[name] for row in shown if name in (shares := row.shares(total))]
        return any(abs(part) >= _SMALL for part in parts) or (name == "outer" and bool(parts))

    return from_template(
        (files("archsim.study.dfa_vs_bp") / "page.md.j2").read_text(encoding="utf-8"),
        study=study,
        command=command,
        work=study["provenance"]["workload"],
        rows=comparisons_of(study),
        shown=shown,
        is_shown=is_shown,
        files={"study": STUDY, "table": TABLE, "accuracy": ACCURACY},
        pictures=PICTURES,
        published=PUBLISHED,
        totals=_NAMES,
        figure=figure,
        tenths=lambda share: f"{share:.1f}" if abs(share) >= _SMALL else "0.0",
        line_of=line_of,
    )


def figure(name: str, value: float) -> str:
    """One of the ratios as people read it.

    Examples
    --------
    >>> figure("speedup", 2.1), figure("energy_saving_pct", -3.04)
    ('2.10x', '-3.0 %')
    """
    return _SHAPES[name].format(value)


def chosen(study: Study) -> list[Comparison]:
    """Configurations whose mechanisms are shown: the base, both other ways to read backwards, the best ones."""
    rows = {row.name: row for row in comparisons_of(study)}
    names = ["base", *(name for name, row in rows.items() if list(row.settings) in (["feedback"], ["activity"]))]
    names += [found["best"] for found in study["reached"]]
    return [rows[name] for name in dict.fromkeys(names)]


def line_of(row: Comparison) -> list[str]:
    """A configuration as a line of the big table."""
    cells = [row.name]
    for total, ratio in zip(TOTALS, ("energy_saving_pct", "speedup", "area_saving_pct"), strict=True):
        cells += [format_figure(getattr(row, rule)[total], total) for rule in RULES]
        cells.append(figure(ratio, row.figure(ratio)))
    return cells


def summary_text(study: Study) -> str:
    """Summary for a terminal: ratios of every configuration, and where the published ones are reached."""
    names = [found["figure"] for found in study["reached"]]
    head = ["configuration", "energy saved", "area saved", "latency BP/DFA"]
    lines = [[row["name"], *(figure(name, row[name]) for name in names)] for row in study["configurations"]]
    parts = [f"{study['name']}: DFA against BP, per adapted sample", text_table(head, lines), ""]
    for found in study["reached"]:
        by = f"reached by {len(found['by'])} of {len(lines)} configurations" if found["by"] else "not reached"
        best = figure(found["figure"], found["best_value"])
        parts.append(f"published up to {found['text']}: {by}; largest {best} ({found['best']})")
    if study["accuracy"]:
        head = ["accuracy (%), cells", "spread (%)", "before", "BP", "DFA", "DFA - BP"]
        lines = [
            [x["level"], f"{x['spread_pct']:.1f}", *(_percent(x[key]) for key in ("before", "bp", "dfa", "gain"))]
            for x in study["accuracy"]["levels"]
        ]
        parts += ["", text_table(head, lines)]
    return "\n".join([*parts, *(f"no figures for {gap['name']}: {gap['why_not']}" for gap in study["gaps"])])


def _percent(mean: Mapping[str, Any]) -> str:
    half = mean["half_width"]
    return f"{100 * mean['mean']:.1f}" + ("" if half is None else f" ± {100 * half:.1f}")


def table_csv(rows: Sequence[Comparison]) -> str:
    """One line for each configuration: totals, ratios, and by mechanism the percent of BP's total."""
    names = [(total, n) for total in TOTALS for n in dict.fromkeys(n for row in rows for n in row.parts[total])]
    totals, ratios = [(rule, t) for t in TOTALS for rule in RULES], [p.figure for p in PUBLISHED]
    parts = [f"{_NAMES[total]}_{name}_pct" for total, name in names]
    lines = [["configuration", *("_".join(key) for key in totals), *ratios, *parts, "note"]]
    for row in rows:
        cells = [row.name, *(f"{getattr(row, rule)[total]:.8g}" for rule, total in totals)]
        cells += [f"{row.figure(name):.6g}" for name in ratios]
        shares = {total: row.shares(total) for total in TOTALS}
        cells += [f"{shares[total][name]:.6g}" if name in shares[total] else "" for total, name in names]
        lines.append([*cells, row.note])
    return csv_text(lines)


def accuracy_csv(accuracy: Mapping[str, Any]) -> str:
    """One line for each noise level, seed and rule."""
    head = ["level", "spread_pct", "seed", "rule", "before", "after", "ideal_after"]
    return csv_text([head, *([run[key] for key in head] for run in accuracy["runs"])])
