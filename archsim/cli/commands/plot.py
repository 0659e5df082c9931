"""Draw pictures of a saved result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import Phases, ResultFolder, choice, one_of
from archsim.cli.say import say
from archsim.errors import ArchsimError


def _pictures() -> list[str]:
    from archsim.plot import Picture
    from archsim.registry import VIEWS

    return [name for name in VIEWS if issubclass(VIEWS[name], Picture)]


@command
def plot(
    result: ResultFolder,
    figure: Annotated[
        list[str] | None,
        typer.Option(
            "--figure",
            "--kind",
            metavar="PICTURE",
            parser=one_of(_pictures),
            show_default=False,
            help="Only this picture, such as pipeline, power or latency; may be repeated.",
        ),
    ] = None,
    phase: Phases = None,
    format_: Annotated[
        str, choice("--format", ("png", "svg", "pdf"), "png for screens, svg or pdf for print.")
    ] = "png",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Where to; into the result folder if not given."),
    ] = None,
) -> None:
    from archsim.cli.inputs import refuse_no_result
    from archsim.files import inside, make_folder
    from archsim.metrics import phase_file
    from archsim.registry import VIEWS
    from archsim.report import load_result, read_results

    refuse_no_result(result)
    if output is not None and output.is_file():
        raise ArchsimError(f"{output}: is a file; name a folder")
    found = read_results(result).results
    missing = [one for one in phase or [] if one not in found]
    if missing:
        raise ArchsimError(f"{result}: has no {', '.join(missing)}; there are: {', '.join(found)}")
    folder = output or (result if result.is_dir() else result.parent)
    make_folder(folder)
    for one in phase or found:
        whole = load_result(result, one)
        for kind in figure or _pictures():
            file = inside(folder, phase_file(kind, one, format_))
            with VIEWS.calling(kind) as picture:
                picture.draw(whole, file)
            say(str(file))
