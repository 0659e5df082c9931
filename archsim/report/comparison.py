"""Runs side by side, and where they differ: text, plain data, and a folder with pictures and a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from archsim.errors import ArchsimError
from archsim.files import inside, write_text
from archsim.metrics import Result, phase_file
from archsim.plot import timelines
from archsim.report.differences import Differences, as_data, difference_rows, difference_table, differences
from archsim.report.folder import read_results
from archsim.report.html.compare import Frame, Picture, Table, compare_page
from archsim.report.load import load_result
from archsim.report.summary import Summary, compare_columns, compare_rows
from archsim.report.table import markdown_table, text_table
from archsim.texts import as_markdown

N_PARTS = 8


@dataclass(frozen=True)
class Run:
    """One phase of one item."""

    item: Path
    summary: Summary
    record: Mapping[str, Any]
    result: Result | None  # None: saved

    def whole(self) -> Result:
        """The result with its task graph and trace."""
        return load_result(self.item, self.summary.phase) if self.result is None else self.result


class Pair(NamedTuple):
    """A run, what it is compared to, and where they differ; None if they are the same run."""

    base: Run
    run: Run
    found: dict[str, Differences] | None


def saved_runs(item: Path, phases: Sequence[str]) -> dict[str, Run]:
    """Runs of a saved result by phase: those that are named, or all.

    Raises
    ------
    ArchsimError
        It has no such phase.
    """
    records = read_results(item).results
    missing = [phase for phase in phases if phase not in records]
    if missing:
        raise ArchsimError(f"{item}: has no {', '.join(missing)}; there are: {', '.join(records)}")
    chosen = {phase: records[phase] for phase in phases or records}
    return {phase: Run(item, Summary.of(record), record, None) for phase, record in chosen.items()}


def pairs_of(items: Sequence[Path], compared: Sequence[dict[str, Run]], by: str) -> list[Pair]:
    """Each run with what it is compared to.

    Parameters
    ----------
    items : sequence of Path
    compared : sequence of dict
        The runs of each item by phase.
    by : str
        Parts by which differences are told.

    Raises
    ------
    ArchsimError
        An item lacks a phase of the first one.
    """
    names = [run.summary.name for found in compared for run in list(found.values())[:1]]
    if len(set(names)) < len(names):  # results of one chip and workload are told apart by their files
        for item, found in zip(items, compared, strict=True):
            for phase, run in found.items():
                found[phase] = replace(run, summary=replace(run.summary, name=str(item)))
    if len(compared) == 1:
        runs = list(compared[0].values())
        return [_pair(runs[0], run, by) for run in runs]
    first = compared[0]
    for item, found in zip(items, compared, strict=True):
        missing = [phase for phase in first if phase not in found]
        if missing:
            raise ArchsimError(
                f"{item}: has no {', '.join(missing)}; there are: {', '.join(found)}; choose with --phase"
            )
    return [_pair(first[phase], found[phase], by) for phase in first for found in compared]


def _pair(base: Run, run: Run, by: str) -> Pair:
    return Pair(base, run, None if run is base else differences(base.record, run.record, by))


def comparison_text(pairs: Sequence[Pair], by: str) -> str:
    """The figures with ratios, and a table of differences for each run but the first."""
    tables = [text_table(compare_columns(), _rows(pairs))]
    for pair in pairs:
        if pair.found is not None:
            tables.append(f"{_title(pair)}\n{difference_table(pair.found, by, N_PARTS)}")
    return "\n\n".join(tables)


def comparison_record(pairs: Sequence[Pair], by: str) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [_record(pair, by) for pair in pairs]


def _rows(pairs: Sequence[Pair]) -> list[list[str]]:
    return compare_rows([pair.run.summary for pair in pairs], [pair.base.summary for pair in pairs])


def _title(pair: Pair) -> str:
    item, base = pair.run.summary, pair.base.summary
    against = base.name if base.name != item.name else base.phase
    return f"{item.name}, {item.phase}, against {against}:"


def _record(pair: Pair, by: str) -> dict[str, Any]:
    item, base = pair.run.summary, pair.base.summary
    values = [(what, value, base.compared[what]) for what, value in item.compared.items()]
    ratios = {what: value / other if other else None for what, value, other in values}
    figures = {key: value if value != float("inf") else None for key, value in asdict(item).items()}
    found = None if pair.found is None else {"by": by, **as_data(pair.found)}
    return {
        **figures,
        "ratio_to": {"name": base.name, "phase": base.phase},
        "ratio": ratios,
        "differences": found,
    }


def write_comparison(folder: Path, pairs: Sequence[Pair], by: str) -> None:
    """Write ``compare.md``, ``compare.json``, ``compare.html``, and the timelines of each phase."""
    by_base: dict[int, list[Run]] = {}
    for pair in pairs:
        by_base.setdefault(id(pair.base), []).append(pair.run)
    pictures, drawn, frames = [], [], []
    for runs in by_base.values():
        phase = runs[0].summary.phase
        name = phase_file("timelines", phase, "png")
        titles = [f"{run.summary.name}, {run.summary.phase}" for run in runs]
        wholes = [run.whole() for run in runs]
        timelines(wholes, inside(folder, name), titles)
        pictures.append(f"![Timelines, {as_markdown(phase)}]({name})")
        drawn.append(Picture(f"{phase}, on one axis of time", (folder / name).read_bytes()))
        frames += [Frame(title, whole) for title, whole in zip(titles, wholes, strict=True)]
    tables = [Table("Totals", compare_columns(), _rows(pairs))]
    for pair in pairs:
        if pair.found is not None:
            tables.append(Table(_title(pair)[:-1], *difference_rows(pair.found, by, N_PARTS)))
    write_text(inside(folder, "compare.html"), compare_page(tables, drawn, frames))
    text = ["# Comparison", markdown_table(compare_columns(), _rows(pairs))]
    for pair in pairs:
        if pair.found is not None:
            parts = difference_table(pair.found, by, N_PARTS, as_markdown=True)
            text += [f"## {as_markdown(_title(pair)[:-1])}", parts]
    text += ["## Timelines", *pictures]
    write_text(inside(folder, "compare.md"), "\n\n".join(text) + "\n")
    lines = json.dumps(comparison_record(pairs, by), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(inside(folder, "compare.json"), lines + "\n")
