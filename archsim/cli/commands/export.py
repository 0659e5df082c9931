"""Write a saved result for Perfetto, Konata, GTKWave, a spreadsheet or a data frame.

perfetto (.json, for ui.perfetto.dev), konata (.log with --format konata, or .kanata), vcd (.vcd, for GTKWave),
parquet, csv.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.kinds import kind_option
from archsim.cli.options import OnePhase, ResultFolder
from archsim.cli.say import say


@command
def export(
    result: ResultFolder,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Packed if it ends in .gz.", show_default=False)
    ],
    format_: Annotated[
        str | None,
        kind_option(
            "--format", "archsim.exports", "Told by the name of the file if not given.", show_default=False
        ),
    ] = None,
    phase: OnePhase = None,
) -> None:
    from archsim.export import export as write
    from archsim.export import format_of
    from archsim.registry import EXPORTS
    from archsim.report import load_result

    chosen = format_ or format_of(output)
    found = load_result(result, phase)
    n = write(found, output, chosen)
    say(f"{output}: {n} {EXPORTS[chosen].writes} of {found.name}, {found.phase}")
