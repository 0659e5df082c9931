"""The command ``export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli_kinds import KindsCommand, kind_option
from archsim.cli_options import Phase
from archsim.cli_say import say


def export(
    result: Annotated[Path, typer.Argument(metavar="RESULT_FOLDER", help="What archsim run -o wrote.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Packed if it ends in .gz.", show_default=False)
    ],
    format_: Annotated[
        str | None,
        kind_option(
            "--format", "archsim.exports", "Told by the name of the file if not given.", show_default=False
        ),
    ] = None,
    phase: Annotated[
        Phase | None, typer.Option("--phase", help="May be left out if there is one.", show_default=False)
    ] = None,
) -> None:
    """Write a saved result for Perfetto, Konata, GTKWave, a spreadsheet, a data frame or a tool of a plug-in."""
    from archsim.export import export as write
    from archsim.export import format_of
    from archsim.registry import EXPORTS
    from archsim.report import load_result

    chosen = format_ or format_of(output)
    found = load_result(result, phase.value if phase else None)
    n = write(found, output, chosen)
    say(f"{output}: {n} {EXPORTS[chosen].writes} of {found.name}, {found.phase}")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(cls=KindsCommand)(export)
