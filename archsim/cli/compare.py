"""The command ``compare``: chips, saved results or phases side by side, and where they differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archsim.cli.inputs import load_both, progress
from archsim.cli.run import simulated
from archsim.cli.say import say
from archsim.errors import ArchsimError
from archsim.files import inside, write_text
from archsim.report import (
    Summary,
    compare_columns,
    compare_rows,
    load_result,
    markdown_table,
    read_results,
    result_folder,
    spans_file,
    text_table,
)
from archsim.report.differences import Differences, as_data, difference_rows, difference_table, differences
from archsim.texts import as_markdown

if TYPE_CHECKING:
    from archsim.metrics import Result
    from archsim.plot import Drawing

N_PARTS = 8


class Asked(NamedTuple):
    """How chips are simulated, and what is told of the differences."""

    workload: Path | None
    phases: Sequence[str]
    engine: str
    seed: int
    assignments: Sequence[str]
    by: str


@dataclass(frozen=True)
class _Run:
    """One phase of one item."""

    item: Path
    summary: Summary
    record: Mapping[str, Any]
    result: Result | None  # None: saved

    def drawing(self) -> Drawing:
        """The spans, as they were saved or as they are."""
        from archsim.plot import Drawing

        if self.result is not None:
            return Drawing.of(self.result)
        folder = self.item if self.item.is_dir() else self.item.parent
        file = folder / spans_file(self.summary.phase)
        if file.is_file():
            return Drawing.load(file)
        return Drawing.of(self.whole())

    def whole(self) -> Result:
        """The result with its task graph and trace."""
        return load_result(self.item, self.summary.phase) if self.result is None else self.result


class _Pair(NamedTuple):
    base: _Run
    run: _Run
    found: dict[str, Differences] | None  # None: the same run


def compare(items: Sequence[Path], asked: Asked, output: Path | None, as_json: bool) -> None:
    """Figures with ratios to the first item in the same phase, or to the first phase; where differences lie."""
    if all(map(_is_result, items)):
        given = [
            *(["--workload"] if asked.workload else []),
            *(f"--set {assignment}" for assignment in asked.assignments),
        ]
        if given:
            raise ArchsimError(
                f"{given[0]}: only chips are simulated here, and all that is compared are saved results; "
                "leave it out, or name a chip file"
            )
    if output is None:
        pairs = _pairs(items, asked)
    else:
        with result_folder(output) as folder:
            pairs = _pairs(items, asked)
            _write(folder, pairs, asked.by)
    if as_json:
        say(json.dumps([_line(pair, asked.by) for pair in pairs], indent=1, allow_nan=False))
    else:
        say(text_table(compare_columns(), _rows(pairs)))
        for pair in pairs:
            if pair.found is not None:
                say(f"\n{_title(pair)}\n{difference_table(pair.found, asked.by, N_PARTS)}")
    if output is not None:
        say(f"written to {output}", err=True)


def _is_result(item: Path) -> bool:
    """Whether an item of a comparison was saved before."""
    return item.is_dir() or item.suffix == ".json"


def _pairs(items: Sequence[Path], asked: Asked) -> list[_Pair]:
    compared = [_runs(item, asked) for item in items]
    names = [run.summary.name for found in compared for run in list(found.values())[:1]]
    if len(set(names)) < len(names):  # results of one chip and workload are told apart by their files
        for item, found in zip(items, compared, strict=True):
            for phase, run in found.items():
                found[phase] = replace(run, summary=replace(run.summary, name=str(item)))
    if len(compared) == 1:
        runs = list(compared[0].values())
        return [_pair(runs[0], run, asked.by) for run in runs]
    first = compared[0]
    for item, found in zip(items, compared, strict=True):
        missing = [phase for phase in first if phase not in found]
        if missing:
            raise ArchsimError(
                f"{item}: has no {', '.join(missing)}; there are: {', '.join(found)}; choose with --phase"
            )
    return [_pair(first[phase], found[phase], asked.by) for phase in first for found in compared]


def _pair(base: _Run, run: _Run, by: str) -> _Pair:
    return _Pair(base, run, None if run is base else differences(base.record, run.record, by))


def _runs(item: Path, asked: Asked) -> dict[str, _Run]:
    """By phase: of a saved result, or of a chip that is simulated now."""
    if _is_result(item):
        records = read_results(item).results
        missing = [phase for phase in asked.phases if phase not in records]
        if missing:
            raise ArchsimError(f"{item}: has no {', '.join(missing)}; there are: {', '.join(records)}")
        chosen = {phase: records[phase] for phase in asked.phases or records}
        return {phase: _Run(item, Summary.of(record), record, None) for phase, record in chosen.items()}
    if asked.workload is None:
        raise ArchsimError(f"{item}: is a chip; say what it computes with --workload")
    chip, work = load_both(item, asked.workload, asked.assignments)
    results = simulated(chip, work, asked.phases, asked.engine, asked.seed)
    found = {}
    for result in results:
        record = result.to_dict()
        found[result.phase] = _Run(item, Summary.of(record), record, result)
    return found


def _rows(pairs: Sequence[_Pair]) -> list[list[str]]:
    return compare_rows([pair.run.summary for pair in pairs], [pair.base.summary for pair in pairs])


def _title(pair: _Pair) -> str:
    item, base = pair.run.summary, pair.base.summary
    against = base.name if base.name != item.name else base.phase
    return f"{item.name}, {item.phase}, against {against}:"


def _line(pair: _Pair, by: str) -> dict[str, Any]:
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


def _write(folder: Path, pairs: Sequence[_Pair], by: str) -> None:
    """``compare.md``, ``compare.json``, ``compare.html``, and the timelines of each phase under each other."""
    from archsim.metrics import phase_file
    from archsim.plot import timelines
    from archsim.report.html.compare import Frame, Picture, Table, compare_page

    progress("drawing the timelines ...")
    by_base: dict[int, list[_Run]] = {}
    for pair in pairs:
        by_base.setdefault(id(pair.base), []).append(pair.run)
    pictures, drawn, frames = [], [], []
    for runs in by_base.values():
        phase = runs[0].summary.phase
        name = phase_file("timelines", phase, "png")
        titles = [f"{run.summary.name}, {run.summary.phase}" for run in runs]
        timelines([run.drawing() for run in runs], inside(folder, name), titles)
        pictures.append(f"![Timelines, {as_markdown(phase)}]({name})")
        drawn.append(Picture(f"{phase}, on one axis of time", (folder / name).read_bytes()))
        frames += [Frame(title, run.whole()) for title, run in zip(titles, runs, strict=True)]
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
    lines = json.dumps([_line(pair, by) for pair in pairs], indent=1, ensure_ascii=False, allow_nan=False)
    write_text(inside(folder, "compare.json"), lines + "\n")
