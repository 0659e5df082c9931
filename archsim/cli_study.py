"""The command ``study dfa-vs-bp``."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archsim.cli_inputs import progress, refuse_other_kind, split_assignments
from archsim.cli_say import say
from archsim.errors import ExploreError
from archsim.files import check_folder
from archsim.report.table import text_table

CHIP, WORKLOAD = Path("arch_specs/wearable_rram.yaml"), Path("workloads/watch_adapt.yaml")
CACHE = "cache"


@dataclass(frozen=True)
class Asked:
    """What stood on the command line."""

    chip: Path | None
    workload: Path | None
    assignments: Sequence[str]
    quick: bool
    accuracy: bool
    n_seeds: int
    seed: int
    workers: int | None
    output: Path | None
    write: Path | None

    @property
    def files(self) -> tuple[Path, Path]:
        """Chip and workload; the project's own if none is named."""
        return self.chip or CHIP, self.workload or WORKLOAD

    @property
    def command(self) -> str:
        """The line that makes the same again; the number of workers makes no difference."""
        given = ["archsim", "study", "dfa-vs-bp", *map(str, self.files)]
        for assignment in self.assignments:
            given += ["--set", assignment]
        given += ["--quick"] if self.quick else []
        given += [] if self.accuracy else ["--no-accuracy"]
        given += ["--seeds", str(self.n_seeds)] if self.accuracy else []
        given += ["--seed", str(self.seed)] if self.seed else []
        given += ["-o", str(self.output)] if self.output and not self.write else []
        given += ["--write", str(self.write)] if self.write else []
        return shlex.join(given)


def dfa_vs_bp(asked: Asked, as_json: bool) -> None:
    """Run the study; a table or JSON on stdout, tables, pictures and a page in the folders that are named."""
    from archsim.study import Question
    from archsim.study import dfa_vs_bp as run
    from archsim.study.costs import Files

    chip, workload = existing_files(asked.chip, asked.workload)
    for_chip, for_workload = split_assignments(asked.assignments)
    files = Files(chip, workload, tuple(for_chip), tuple(for_workload))
    workers = asked.workers or os.cpu_count() or 1
    question = Question(files, asked.quick, asked.accuracy, asked.n_seeds, asked.seed, workers)
    for folder in (asked.output, asked.write):
        if folder is not None:
            check_folder(folder)
    cache = asked.output / CACHE if asked.output else None
    study = run(question, cache, progress)
    for folder in (asked.output, asked.write):
        if folder is not None:
            write(folder, study, asked.command)
            say(f"written to {folder}", err=True)
    say(json.dumps(study, indent=1, allow_nan=False) if as_json else summary(study))


def existing_files(asked_chip: Path | None, asked_workload: Path | None) -> tuple[Path, Path]:
    """Chip and workload, the project's own where none is named.

    Raises
    ------
    ArchsimError
        A default is not in this folder, or a file is of the other kind.
    """
    chip, workload = asked_chip or CHIP, asked_workload or WORKLOAD
    if asked_chip is None and not chip.exists():
        raise ExploreError(f"name a CHIP and a WORKLOAD: the default, {chip}, is not in this folder")
    if asked_workload is None and not workload.exists():
        raise ExploreError(f"name a WORKLOAD: the default, {workload}, is not in this folder")
    refuse_other_kind(chip, "chip", "; are the arguments swapped?")
    refuse_other_kind(workload, "workload", "; are the arguments swapped?")
    return chip, workload


def write(folder: Path, study: dict[str, Any], command: str) -> None:
    """Tables, page and pictures of a study, all of them or none.

    Raises
    ------
    ArchsimError
        The folder cannot be written.
    """
    from archsim.files import fresh_folder, write_text
    from archsim.plot.study import study_accuracy, study_mechanisms, study_ratios
    from archsim.study import PUBLISHED, page, write_tables
    from archsim.study.page import PICTURES, WIDTH_PAGE, chosen
    from archsim.study.records import PAGE, TOTALS

    width_page = (folder / WIDTH_PAGE).is_file()
    with ExitStack() as stack:
        place = stack.enter_context(fresh_folder(folder))
        write_tables(place, study)
        write_text(place / PAGE, page(study, command, width_page))
        published = {p.figure: p.value for p in PUBLISHED}
        study_ratios(study["factors"], study["configurations"], published, place / PICTURES["ratios"])
        shares = {row.name: {total: row.shares(total) for total in TOTALS} for row in chosen(study)}
        study_mechanisms(shares, study["mechanisms"], place / PICTURES["mechanisms"])
        if study["accuracy"]:
            levels = study["accuracy"]["levels"]
            study_accuracy(levels, study["accuracy_published"], place / PICTURES["accuracy"])


def summary(study: dict[str, Any]) -> str:
    """What fits on a terminal: ratios of every configuration, and where the published ones are reached."""
    from archsim.study.page import figure

    names = [found["figure"] for found in study["reached"]]
    head = ["configuration", "energy saved", "area saved", "latency BP/DFA"]
    lines = [[row["name"], *(figure(name, row[name]) for name in names)] for row in study["configurations"]]
    parts = [f"{study['name']}: DFA against BP, per adapted sample", text_table(head, lines), ""]
    for found in study["reached"]:
        by = f"reached by {len(found['by'])} of {len(lines)} configurations" if found["by"] else "not reached"
        best = figure(found["figure"], found["best_value"])
        parts.append(f"published up to {found['text']}: {by}; largest {best} ({found['best']})")
    if study["accuracy"]:
        parts += ["", _accuracy_table(study)]
    for gap in study["gaps"]:
        parts.append(f"no figures for {gap['name']}: {gap['why_not']}")
    return "\n".join(parts)


def _accuracy_table(study: dict[str, Any]) -> str:
    def percent(estimate: dict[str, Any]) -> str:
        half = estimate["half_width"]
        return f"{100 * estimate['mean']:.1f}" + ("" if half is None else f" ± {100 * half:.1f}")

    head = ["accuracy (%), cells", "spread (%)", "before", "BP", "DFA", "DFA - BP"]
    lines = [
        [
            level["level"],
            f"{level['spread_pct']:.1f}",
            *(percent(level[k]) for k in ("before", "bp", "dfa", "gain")),
        ]
        for level in study["accuracy"]["levels"]
    ]
    return text_table(head, lines)
