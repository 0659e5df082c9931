"""Chips, results or phases side by side, and where they differ.

With several items, all is compared to the first item in the same phase; with one, to its first phase.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import Assignments, Engine, Json, Phases, Seed, choice
from archsim.cli.say import say, say_json
from archsim.errors import ArchsimError
from archsim.names import BREAKDOWNS

if TYPE_CHECKING:
    from archsim.cli.runs import RunOptions
    from archsim.report.comparison import Run


@command
def compare(
    items: Annotated[
        list[Path],
        typer.Argument(metavar="CHIP_OR_RESULT...", help="Chip files or result folders.", show_default=False),
    ],
    workload: Annotated[
        Path | None, typer.Option("--workload", metavar="WORKLOAD", help="The workload that the chips compute.")
    ] = None,
    phase: Phases = None,
    engine: Engine = "simpy",
    seed: Seed = 0,
    set_: Assignments = None,
    by: Annotated[str, choice("--by", BREAKDOWNS, "Parts by which differences are listed.")] = BREAKDOWNS[0],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Write compare.md, compare.json, timelines there."),
    ] = None,
    json: Json = False,
) -> None:
    from archsim.cli.inputs import progress, refuse_missing
    from archsim.cli.runs import RunOptions
    from archsim.report import result_folder
    from archsim.report.comparison import Pair, comparison_record, comparison_text, pairs_of, write_comparison

    def found() -> list[Pair]:
        runs = [_runs(item, workload, set_ or [], options) for item in items]
        return pairs_of(items, runs, by)

    refuse_missing(items)
    _refuse_what_results_ignore(items, workload, set_ or [])
    options = RunOptions(phase or [], engine, seed)
    if output is None:
        pairs = found()
    else:
        with result_folder(output) as folder:
            pairs = found()
            progress("drawing the timelines ...")
            write_comparison(folder, pairs, by)
    if json:
        say_json(comparison_record(pairs, by))
    else:
        say(comparison_text(pairs, by))
    if output is not None:
        say(f"written to {output}", err=True)


def _refuse_what_results_ignore(items: list[Path], workload: Path | None, assignments: list[str]) -> None:
    from archsim.cli.runs import is_result

    given = [*(["--workload"] if workload else []), *(f"--set {assignment}" for assignment in assignments)]
    if given and all(map(is_result, items)):
        raise ArchsimError(
            f"{given[0]}: only chips are simulated here, and all that is compared are saved results; "
            "leave it out, or name a chip file"
        )


def _runs(item: Path, workload: Path | None, assignments: list[str], options: RunOptions) -> dict[str, Run]:
    """By phase: of a saved result, or of a chip that is simulated now."""
    from archsim.cli.inputs import load_both
    from archsim.cli.runs import is_result, simulated
    from archsim.report import Summary
    from archsim.report.comparison import Run, saved_runs

    if is_result(item):
        return saved_runs(item, options.phases)
    if workload is None:
        raise ArchsimError(f"{item}: is a chip; say what it computes with --workload")
    runs = {}
    for result in simulated(*load_both(item, workload, assignments), options):
        record = result.to_dict()
        runs[result.phase] = Run(item, Summary.of(record), record, result)
    return runs
