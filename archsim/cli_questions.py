"""The commands that ask about a run: ``report``, ``why``, ``whatif``, ``budget``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli_options import Assignments, Json, OnePhase, Seed

Item = Annotated[
    Path, typer.Argument(metavar="RESULT|CHIP", help="A result folder, or a chip.", show_default=False)
]
ItsWorkload = Annotated[
    Path | None, typer.Argument(metavar="[WORKLOAD]", help="What the chip computes.", show_default=False)
]
Top = Annotated[int, typer.Option("--top", min=1, help="Lines of each table.")]


def why(
    item: Item,
    workload: ItsWorkload = None,
    phase: OnePhase = None,
    seed: Seed = 0,
    set_: Assignments = None,
    top: Top = 8,
    json: Json = False,
) -> None:
    """Why a run takes as long as it does.

    What the critical path is spent on, which tasks waited for which, and how much slack there is.
    """
    from archsim.cli_why import Asked
    from archsim.cli_why import why as command

    command(Asked(item, workload, phase, seed, set_ or []), top, json)


def whatif(
    item: Item,
    workload: ItsWorkload = None,
    speedup: Annotated[
        list[str] | None,
        typer.Option(
            "--speedup", metavar="NAME=FACTOR", help="Faster parts, e.g. adc=2 or adc=inf.", show_default=False
        ),
    ] = None,
    capacity: Annotated[
        list[str] | None,
        typer.Option(
            "--capacity",
            metavar="NAME=FACTOR",
            help="More units or space, e.g. 'tile.*.adc=2'.",
            show_default=False,
        ),
    ] = None,
    phase: OnePhase = None,
    seed: Seed = 0,
    set_: Assignments = None,
    top: Top = 20,
    json: Json = False,
) -> None:
    """What would help: plays a run out again with one thing changed, and ranks the changes.

    Without options every part is tried twice as fast and infinitely fast, doubled and unlimited.
    """
    from archsim.cli_why import Asked
    from archsim.cli_why import whatif as command

    asked = Asked(item, workload, phase, seed, set_ or [])
    command(asked, speedup or [], capacity or [], top, json)


def budget(
    item: Item,
    workload: ItsWorkload = None,
    inferences_per_second: Annotated[float, typer.Option("--inferences-per-second", metavar="RATE")] = 1.0,
    adaptations_per_day: Annotated[
        float,
        typer.Option("--adaptations-per-day", metavar="RATE", help="Learning runs, each of all its samples."),
    ] = 0.0,
    limit: Annotated[str | None, typer.Option(metavar="POWER", help="E.g. '20 mW'.", show_default=False)] = None,
    cell: Annotated[str | None, typer.Option(metavar="NAME", help="cr2032 or cr2450.", show_default=False)] = None,
    capacity: Annotated[
        str | None, typer.Option(metavar="CHARGE", help="Of another cell, e.g. '45 mAh'.", show_default=False)
    ] = None,
    voltage: Annotated[
        str | None, typer.Option(metavar="VOLTAGE", help="Of that cell.", show_default=False)
    ] = None,
    usable: Annotated[str, typer.Option(metavar="PART", help="Of the cell's energy.")] = "100 %",
    sleep: Annotated[
        str | None,
        typer.Option(
            metavar="POWER", help="Between the work; the chip's leakage if not given.", show_default=False
        ),
    ] = None,
    rest: Annotated[str, typer.Option(metavar="POWER", help="Of all else on the cell.")] = "0 uW",
    phase: OnePhase = None,
    seed: Seed = 0,
    set_: Assignments = None,
    json: Json = False,
) -> None:
    """The budget of a wearable: power against a limit, duty cycle, and how long a cell lasts."""
    from archsim.cli_budget import Use
    from archsim.cli_budget import budget as command

    use = Use(
        inferences_per_second, adaptations_per_day, limit, cell, capacity, voltage, usable, sleep, rest
    )  # fmt: skip
    command(item, workload, phase, seed, set_ or [], use, json)


def report(
    result: Annotated[Path, typer.Argument(metavar="FOLDER", help="What run -o, sweep or search wrote.")],
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
) -> None:
    """Write the page of a saved result, or of a study.

    One HTML file that opens from disk: figures, a timeline to zoom into, what takes how much, power, floor plan.
    """
    from archsim.cli_report import report as command

    command(result, output)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (why, whatif, budget, report):
        app.command()(command)
