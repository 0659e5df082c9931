"""The command ``export``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archsim.cli_options import OnePhase
from archsim.cli_say import say


class Format(StrEnum):
    """Formats of other tools."""

    perfetto = "perfetto"
    konata = "konata"
    vcd = "vcd"
    parquet = "parquet"
    csv = "csv"


def export(
    result: Annotated[Path, typer.Argument(metavar="RESULT_FOLDER", help="What archsim run -o wrote.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Packed if it ends in .gz.", show_default=False)
    ],
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="Told by the name of the file if not given.", show_default=False),
    ] = None,
    phase: OnePhase = None,
) -> None:
    """Write a saved result for Perfetto, Konata, GTKWave, a spreadsheet or a data frame.

    perfetto (.json, for ui.perfetto.dev), konata (.log with --format konata, or .kanata), vcd (.vcd, for GTKWave),
    parquet, csv.
    """
    from archsim.export import export as write
    from archsim.export import format_of
    from archsim.report import load_result

    chosen = format_.value if format_ else format_of(output)
    found = load_result(result, phase)
    n = write(found, output, chosen)
    what = {"konata": "stages", "vcd": "changes"}.get(chosen, "spans")
    say(f"{output}: {n} {what} of {found.name}, {found.phase}")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(export)
