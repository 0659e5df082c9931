"""Draw pictures of a saved result."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from archsim.cli.command import command
from archsim.cli.options import Phases, ResultFolder, texts
from archsim.cli.say import say
from archsim.errors import ArchsimError

if TYPE_CHECKING:
    from archsim.metrics import Result
    from archsim.plot import Drawing


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
    from archsim.files import inside, make_folder
    from archsim.metrics import phase_file
    from archsim.plot import Drawing
    from archsim.report import load_result, read_results, spans_file

    if result.is_file() and result.suffix != ".json":
        raise ArchsimError(f"{result}: is no result; name the result folder, {result.parent}")
    if output is not None and output.is_file():
        raise ArchsimError(f"{output}: is a file; name a folder")
    found, figures = read_results(result).results, figure or list(Figure)
    missing = [one for one in texts(phase) if one not in found]
    if missing:
        raise ArchsimError(f"{result}: has no {', '.join(missing)}; there are: {', '.join(found)}")
    source = result if result.is_dir() else result.parent
    folder = output or source
    make_folder(folder)
    for one in texts(phase) or found:
        drawing = Drawing.load(source / spans_file(one))
        whole = load_result(result, one) if {Figure.utilisation, Figure.latency} & set(figures) else None
        for kind in figures:
            file = inside(folder, phase_file(kind.value, one, format_.value))
            _draw(kind, drawing, whole, file)
            say(str(file))


def _draw(figure: Figure, drawing: Drawing, whole: Result | None, file: Path) -> None:
    from archsim import plot

    match figure:
        case Figure.pipeline:
            plot.pipeline(drawing, file)
        case Figure.breakdown:
            plot.breakdown(drawing, file)
        case Figure.power:
            plot.power(drawing, file)
        case Figure.utilisation:
            assert whole is not None
            plot.utilisation(whole, file)
        case Figure.latency:
            assert whole is not None
            plot.latency(whole, file)
        case _:
            assert_never(figure)
