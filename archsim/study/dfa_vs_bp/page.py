"""The study as a page, tables and pictures. All figures come from the record; the words are in ``page.md.j2``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from archsim.plot.study import study_accuracy, study_mechanisms, study_ratios
from archsim.report import text_table
from archsim.study import records
from archsim.study.comparison import TOTALS, Comparison, comparisons_of
from archsim.study.configurations import RULES
from archsim.study.crossings import PUBLISHED
from archsim.study.dfa_vs_bp.run import FORMAT
from archsim.units import format_quantity

FILES = {
    "study": "dfa_vs_bp.json",
    "table": "dfa_vs_bp.csv",
    "accuracy": "dfa_vs_bp_accuracy.csv",
    "page": "dfa_vs_bp.md",
}
PICTURES = {name: f"dfa_vs_bp_{name}.png" for name in ("ratios", "mechanisms", "accuracy")}
WIDTH_PAGE = "dfa_vs_bp_width.md"  # written by hand, on the configuration width=256
_NAMES = {"energy_pj": "energy", "latency_ps": "latency", "area_um2": "area"}
_KINDS = {"energy_pj": "energy", "latency_ps": "time", "area_um2": "area"}
_SHAPES = {"energy_saving_pct": "{:.1f} %", "area_saving_pct": "{:.1f} %", "speedup": "{:.2f}x"}
_SMALL = 0.05  # percent of BP's total that a table of tenths shows as zero

Study = Mapping[str, Any]
Table = tuple[list[str], list[list[str]]]


def read_study(path: str | Path) -> dict[str, Any]:
    """Read ``dfa_vs_bp.json``, or the folder that holds it.

    Raises
    ------
    ExploreError
        There is no such file, or it holds something else.
    """
    file = Path(path)
    return records.read_record(file / FILES["study"] if file.is_dir() else file, FORMAT)


def write_study(folder: Path, study: Study, command: str) -> None:
    """Tables, page and pictures of a study, all of them or none.

    Raises
    ------
    ArchsimError
        The folder cannot be written.
    """
    accuracy = study["accuracy"]
    texts = {
        FILES["study"]: records.json_text(study),
        FILES["table"]: table_csv(comparisons_of(study)),
        **({FILES["accuracy"]: accuracy_csv(accuracy)} if accuracy else {}),
        FILES["page"]: page(study, command, (folder / WIDTH_PAGE).is_file()),
    }
    published = {p.figure: p.value for p in PUBLISHED}
    shares = {row.name: {total: row.shares(total) for total in TOTALS} for row in chosen(study)}
    with records.fresh_folder(folder) as place:
        records.write_texts(place, texts)
        study_ratios(study["factors"], study["configurations"], published, place / PICTURES["ratios"])
        study_mechanisms(shares, study["mechanisms"], place / PICTURES["mechanisms"])
        if accuracy:
            study_accuracy(accuracy["levels"], study["accuracy_published"], place / PICTURES["accuracy"])


def page(study: Study, command: str, width_page: bool = False) -> str:
    """The study in Markdown.

    Parameters
    ----------
    study : dict
        What `dfa_vs_bp` returns.
    command : str
        The command that made it.
    width_page : bool
        `WIDTH_PAGE` lies beside it: it is linked where its configuration is the worst.
    """
    rows = comparisons_of(study)
    return records.from_template(
        (files("archsim.study.dfa_vs_bp") / "page.md.j2").read_text(encoding="utf-8"),
        study=study,
        command=command,
        work=study["provenance"]["workload"],
        rows=rows,
        files=FILES,
        pictures=PICTURES,
        published=PUBLISHED,
        totals=_NAMES,
        figure=figure,
        width_page=WIDTH_PAGE if width_page else "",
        reached_table=_reached_table(study, len(rows)),
        mechanism_table=lambda total: _mechanism_table(study, total),
        accuracy_table=_accuracy_table(study) if study["accuracy"] else (),
        configuration_table=_configuration_table(rows),
    )


def summary_text(study: Study) -> str:
    """What fits on a terminal: ratios of every configuration, and where the published ones are reached."""
    names = [found["figure"] for found in study["reached"]]
    head = ["configuration", "energy saved", "area saved", "latency BP/DFA"]
    lines = [[row["name"], *(figure(name, row[name]) for name in names)] for row in study["configurations"]]
    parts = [f"{study['name']}: DFA against BP, per adapted sample", text_table(head, lines), ""]
    for found in study["reached"]:
        by = f"reached by {len(found['by'])} of {len(lines)} configurations" if found["by"] else "not reached"
        best = figure(found["figure"], found["best_value"])
        parts.append(f"published up to {found['text']}: {by}; largest {best} ({found['best']})")
    if study["accuracy"]:
        head, lines = _accuracy_table(study, sign="")
        parts += [
            "",
            text_table(["accuracy (%), cells", "spread (%)", *head[2:5], "DFA - BP"], [x[:6] for x in lines]),
        ]
    parts += [f"no figures for {gap['name']}: {gap['why_not']}" for gap in study["gaps"]]
    return "\n".join(parts)


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
    rows = comparisons_of(study)
    names = ["base", *(row.name for row in rows if list(row.settings) in (["feedback"], ["activity"]))]
    names += [found["best"] for found in study["reached"]]
    by_name = {row.name: row for row in rows}
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name]


# ---- tables ----


def _reached_table(study: Study, n_rows: int) -> Table:
    lines = []
    for found in study["reached"]:
        name = found["figure"]
        crossed = "; ".join(crossing["text"] for crossing in found["crossings"]) or "none"
        best, least = (f"{figure(name, found[f'{which}_value'])} ({found[which]})" for which in ("best", "least"))
        by = _listed(found["by"], n_rows)
        lines.append([found["text"], figure(name, found["base_value"]), best, least, by, crossed])
    head = [
        "published, up to",
        "base",
        "largest here",
        "smallest here",
        "reached by",
        "crossings along one factor",
    ]
    return head, lines


def _listed(names: Sequence[str], n_rows: int) -> str:
    if not names:
        return "**not reached**"
    if len(names) == n_rows:
        return "all"
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return "; ".join(names[:6]) + more


def _mechanism_table(study: Study, total: str) -> Table:
    shown = chosen(study)
    shares = [row.shares(total) for row in shown]
    lines = [
        [title, *(_tenths(share[name]) if name in share else "" for share in shares)]
        for name, title in study["mechanisms"].items()
        if any(abs(share.get(name, 0.0)) >= _SMALL or (name == "outer" and name in share) for share in shares)
    ]
    lines.append(["**difference**", *(f"{sum(share.values()):.1f}" for share in shares)])
    return ["mechanism", *(row.name for row in shown)], lines


def _tenths(value: float) -> str:
    return f"{value + 0.0:.1f}" if abs(value) >= _SMALL else "0.0"


def _accuracy_table(study: Study, sign: str = " %") -> Table:
    def percent(estimate: Mapping[str, Any]) -> str:
        half = estimate["half_width"]
        return f"{100 * estimate['mean']:.1f}" + ("" if half is None else f" ± {100 * half:.1f}") + sign

    keys = ("before", "bp", "dfa", "gain", "bp_ideal", "dfa_ideal")
    head = ["cells", "spread", "before", "BP", "DFA", "DFA − BP", "BP, ideal", "DFA, ideal"]
    levels = study["accuracy"]["levels"]
    lines = [[x["level"], f"{x['spread_pct']:.1f}{sign}", *(percent(x[key]) for key in keys)] for x in levels]
    return head, lines


def _configuration_table(rows: Sequence[Comparison]) -> Table:
    head = ["configuration", "BP energy", "DFA energy", "saved", "BP latency", "DFA latency", "speed-up", "BP area",
            "DFA area", "saved area"]  # fmt: skip
    return head, [line_of(row) for row in rows]


def line_of(row: Comparison) -> list[str]:
    """A configuration as a line of the big table."""
    cells = [row.name]
    for total, ratio in zip(TOTALS, ("energy_saving_pct", "speedup", "area_saving_pct"), strict=True):
        cells += [format_quantity(getattr(row, rule)[total], _KINDS[total]) for rule in RULES]
        cells.append(figure(ratio, row.figure(ratio)))
    return cells


def table_csv(rows: Sequence[Comparison]) -> str:
    """One line for each configuration: totals, ratios, and by mechanism the percent of BP's total."""
    names = [(total, n) for total in TOTALS for n in dict.fromkeys(n for row in rows for n in row.parts[total])]
    lines: list[list[Any]] = [
        [
            "configuration", *(f"{rule}_{total}" for total in TOTALS for rule in RULES),
            *(published.figure for published in PUBLISHED),
            *(f"{_NAMES[total]}_{name}_pct" for total, name in names), "note",
        ]
    ]  # fmt: skip
    for row in rows:
        totals = [f"{getattr(row, rule)[total]:.8g}" for total in TOTALS for rule in RULES]
        ratios = [f"{row.figure(published.figure):.6g}" for published in PUBLISHED]
        shares = {total: row.shares(total) for total in TOTALS}
        parts = [f"{shares[total][name]:.6g}" if name in shares[total] else "" for total, name in names]
        lines.append([row.name, *totals, *ratios, *parts, row.note])
    return records.csv_text(lines)


def accuracy_csv(accuracy: Mapping[str, Any]) -> str:
    """One line for each noise level, seed and rule."""
    head = ["level", "spread_pct", "seed", "rule", "before", "after", "ideal_after"]
    return records.csv_text([head, *([run[key] for key in head] for run in accuracy["runs"])])
