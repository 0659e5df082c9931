"""Write the page of a saved result, or of a study.

One HTML file that opens from disk. Of a run: figures, a timeline to zoom into, what takes how much, power, floor
plan. Of a study: all configurations, their front, a table to filter, which parameter counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.say import say
from archsim.errors import ArchsimError


@command
def report(
    item: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of a run, sweep or search.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="In the folder if not given; of a study, the folder to write into.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[
        bool,
        typer.Option(
            "--runs",
            help="Of a study: simulate its knee and the best of each objective once more, and keep their pages.",
        ),
    ] = False,
) -> None:
    if (item / "study.json").is_file():
        _study_page(item, output or item, runs)
    elif runs:
        raise ArchsimError(f"--runs is for the folder of a study; {item} is none")
    else:
        _run_page(item, output)


def _study_page(item: Path, output: Path, runs: bool) -> None:
    """With its tables and chips."""
    from archsim.explore.kept import keep_runs
    from archsim.explore.report import report as write_page
    from archsim.explore.results import notes_on, read_results

    found = read_results(item)
    if runs:
        keep_runs(found, output)
    say(str(write_page(found, output)))
    for note in notes_on(found):
        say(f"note: {note}", err=True)


def _run_page(item: Path, output: Path | None) -> None:
    from archsim.cli.inputs import refuse_no_result
    from archsim.files import inside, write_text
    from archsim.report import PAGE_FILE, html_report, load_result, read_results

    refuse_no_result(item, "-o of run, sweep or search")
    saved = read_results(item)
    target = output or inside(item if item.is_dir() else item.parent, PAGE_FILE)
    if target.is_dir():
        raise ArchsimError(f"{target}: is a folder; name a file, such as {target / PAGE_FILE}")
    write_text(target, html_report([load_result(item, phase) for phase in saved.results], saved.notes))
    say(str(target))
