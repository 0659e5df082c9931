"""The commands that ask about a run: ``why``, ``whatif``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli_options import Assignments, Json, Phase, Seed

Item = Annotated[
    Path, typer.Argument(metavar="RESULT|CHIP", help="A result folder, or a chip.", show_default=False)
]
ItsWorkload = Annotated[
    Path | None, typer.Argument(metavar="[WORKLOAD]", help="What the chip computes.", show_default=False)
]
OnePhase = Annotated[Phase | None, typer.Option("--phase", help="The first one if not given.", show_default=False)]
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

    command(Asked(item, workload, phase.value if phase else None, seed, set_ or []), top, json)


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

    asked = Asked(item, workload, phase.value if phase else None, seed, set_ or [])
    command(asked, speedup or [], capacity or [], top, json)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (why, whatif):
        app.command()(command)
