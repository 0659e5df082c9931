"""The commands ``run`` and ``compare``."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from archsim.cli_inputs import load_both, progress
from archsim.errors import ArchsimError
from archsim.report import (
    RUN_COLUMNS,
    Summary,
    bundle,
    compare_columns,
    compare_rows,
    link_lines,
    read_results,
    result_folder,
    text_table,
    write_results,
)
from archsim.spec import Chip
from archsim.workload import Workload

if TYPE_CHECKING:
    from archsim.metrics import Result
    from archsim.simulate import Phase


def run(
    chip: Path,
    workload: Path,
    phases: Sequence[str],
    engine: str,
    seed: int,
    assignments: Sequence[str],
    for_workload: Sequence[str],
    output: Path | None,
    as_json: bool,
) -> None:
    """Simulate every phase; a table or JSON on stdout, everything in a folder if one is named."""
    given = [*assignments, *(f"workload.{assignment}" for assignment in for_workload)]
    the_chip, work = load_both(chip, workload, given)
    notes = work.network.notes
    if output is None:
        results = _simulated(the_chip, work, phases, engine, seed)
    else:
        with result_folder(output) as folder:
            results = _simulated(the_chip, work, phases, engine, seed)
            progress("writing the result folder ...")
            write_results(folder, results, notes)
    records = [result.to_dict() for result in results]
    if as_json:
        typer.echo(json.dumps(bundle(records, notes), indent=1, allow_nan=False))
        return
    samples = f"{work.n_samples} sample{'s' if work.n_samples != 1 else ''}"
    typer.echo(f"{results[0].name}: {samples}, seed {seed}, engine {engine}")
    typer.echo(text_table(RUN_COLUMNS, [Summary.of(record).row() for record in records]))
    for line in (line for record in records for line in link_lines(record)):
        typer.echo(line)
    if output is not None:
        typer.echo(f"written to {output}", err=True)


def _simulated(chip: Chip, work: Workload, phases: Sequence[str], engine: str, seed: int) -> list[Result]:
    from archsim.simulate import simulate

    results = []
    for phase in dict.fromkeys(phases or work.phases):
        progress(f"{chip.name}, {phase} ...")
        start = time.perf_counter()
        results.append(simulate(chip, work, engine=engine, seed=seed, phase=cast("Phase", phase)))
        progress(f"{chip.name}, {phase}: {results[-1].n_tasks} tasks in {time.perf_counter() - start:.1f} s")
    return results


def compare(
    items: Sequence[Path],
    workload: Path | None,
    phases: Sequence[str],
    engine: str,
    seed: int,
    assignments: Sequence[str],
    as_json: bool,
) -> None:
    """Figures of chips and results, with ratios to the first item in the same phase, or to the first phase."""
    if all(map(_is_result, items)):
        given = [*(["--workload"] if workload else []), *(f"--set {assignment}" for assignment in assignments)]
        if given:
            raise ArchsimError(
                f"{given[0]}: only chips are simulated here, and all that is compared are saved results; "
                "leave it out, or name a chip file"
            )
    compared = [_summaries(item, workload, phases, engine, seed, assignments) for item in items]
    names = [summary.name for found in compared for summary in list(found.values())[:1]]
    if len(set(names)) < len(names):  # results of one chip and workload are told apart by their files
        for item, found in zip(items, compared, strict=True):
            found.update({phase: replace(summary, name=str(item)) for phase, summary in found.items()})
    if len(compared) > 1:
        first = list(compared[0])
        for item, found in zip(items, compared, strict=True):
            missing = [phase for phase in first if phase not in found]
            if missing:
                raise ArchsimError(
                    f"{item}: has no {', '.join(missing)}; there are: {', '.join(found)}; choose with --phase"
                )
        lines = [found[phase] for phase in first for found in compared]
        bases = [compared[0][phase] for phase in first for _ in compared]
    else:
        lines = list(compared[0].values())
        bases = [lines[0]] * len(lines)
    if as_json:
        typer.echo(json.dumps([_line(*pair) for pair in zip(lines, bases, strict=True)], indent=1))
    else:
        typer.echo(text_table(compare_columns(), compare_rows(lines, bases)))


def _line(item: Summary, base: Summary) -> dict[str, Any]:
    pairs = [(what, value, base.compared[what]) for what, value in item.compared.items()]
    ratios = {what: value / other if other else None for what, value, other in pairs}
    figures = {key: value if value != float("inf") else None for key, value in asdict(item).items()}
    return {**figures, "ratio_to": {"name": base.name, "phase": base.phase}, "ratio": ratios}


def _is_result(item: Path) -> bool:
    """Whether an item of a comparison was saved before."""
    return item.is_dir() or item.suffix == ".json"


def _summaries(
    item: Path,
    workload: Path | None,
    phases: Sequence[str],
    engine: str,
    seed: int,
    assignments: Sequence[str],
) -> dict[str, Summary]:
    """By phase: of a saved result, or of a chip that is simulated now."""
    if _is_result(item):
        found = {phase: Summary.of(record) for phase, record in read_results(item).results.items()}
        missing = [phase for phase in phases if phase not in found]
        if missing:
            raise ArchsimError(f"{item}: has no {', '.join(missing)}; there are: {', '.join(found)}")
        return {phase: found[phase] for phase in phases or found}
    if workload is None:
        raise ArchsimError(f"{item}: is a chip; say what it computes with --workload")
    chip, work = load_both(item, workload, assignments)
    results = _simulated(chip, work, phases, engine, seed)
    return {result.phase: Summary.of(result.to_dict()) for result in results}
