"""What stands on the command line of ``sweep`` and ``search``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.options import MaxMemory

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (YAML).", show_default=False)]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FOLDER", help="Results; goes on where it stopped. results/NAME if not given."
    ),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes; all cores if not given.", show_default=False)
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Evaluate on a Dask cluster: tcp://HOST:PORT, or local for one on this machine.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


def sweep(
    study: StudyFile,
    output: Output = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    max_memory: MaxMemory = None,
    json: Json = False,
) -> None:
    """Try the configurations of a study: a grid, or at random.

    Prints the Pareto front. Nothing that is finished is lost or done again: the same command goes on.
    """
    from archsim.cli.sweep import sweep as command

    command(study, output, workers, scheduler, json, max_memory)


def search(
    study: StudyFile,
    output: Output = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    max_memory: MaxMemory = None,
    json: Json = False,
) -> None:
    """Search for the best configurations of a study.

    Optuna chooses what is tried: TPE, NSGA-II, NSGA-III, or at random. Prints the Pareto front.
    """
    from archsim.cli.sweep import search as command

    command(study, output, workers, scheduler, json, max_memory)
