"""Draw pictures of a saved result."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import Phases, ResultFolder, texts
from archsim.cli.say import say
from archsim.errors import ArchsimError


class Figure(StrEnum):
    """Pictures of a result."""

    pipeline = "pipeline"
    breakdown = "breakdown"
    power = "power"
    utilisation = "utilisation"
    latency = "latency"


class Suffix(StrEnum):
    """Formats of pictures."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


@command
def plot(
    result: ResultFolder,
    figure: Annotated[
        list[Figure] | None,
        typer.Option("--figure", "--kind", help="Only this picture; may be repeated.", show_default=False),
    ] = None,
    phase: Phases = None,
    format_: Annotated[
        Suffix, typer.Option("--format", help="png for screens, svg or pdf for print.")
    ] = Suffix.png,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Where to; into the result folder if not given."),
    ] = None,
) -> None:
    from archsim import plot as plots
    from archsim.files import inside, make_folder
    from archsim.metrics import phase_file
    from archsim.report import load_result, read_results

    if result.is_file() and result.suffix != ".json":
        raise ArchsimError(f"{result}: is no result; name the result folder, {result.parent}")
    if output is not None and output.is_file():
        raise ArchsimError(f"{output}: is a file; name a folder")
    found, figures = read_results(result).results, figure or list(Figure)
    missing = [one for one in texts(phase) if one not in found]
    if missing:
        raise ArchsimError(f"{result}: has no {', '.join(missing)}; there are: {', '.join(found)}")
    folder = output or (result if result.is_dir() else result.parent)
    make_folder(folder)
    for one in texts(phase) or found:
        whole = load_result(result, one)
        for kind in figures:
            file = inside(folder, phase_file(kind.value, one, format_.value))
            getattr(plots, kind.value)(whole, file)
            say(str(file))
