"""The command ``run``."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from archsim.cli_inputs import load_both, progress
from archsim.report import (
    RUN_COLUMNS,
    Summary,
    bundle,
    link_lines,
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
        results = simulated(the_chip, work, phases, engine, seed)
    else:
        with result_folder(output) as folder:
            results = simulated(the_chip, work, phases, engine, seed)
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


def simulated(chip: Chip, work: Workload, phases: Sequence[str], engine: str, seed: int) -> list[Result]:
    from archsim.simulate import simulate

    results = []
    for phase in dict.fromkeys(phases or work.phases):
        progress(f"{chip.name}, {phase} ...")
        start = time.perf_counter()
        results.append(simulate(chip, work, engine=engine, seed=seed, phase=cast("Phase", phase)))
        progress(f"{chip.name}, {phase}: {results[-1].n_tasks} tasks in {time.perf_counter() - start:.1f} s")
    return results
