"""Make a saved result again: the same bits, or which input or version is another one.

Exit code 0 if every figure is the same to the last bit, else 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import Json
from archsim.cli.say import say, say_json


@command
def rerun(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT", help="A result folder, of run or learn.", show_default=False)
    ],
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="FOLDER", help="Where files lie that its workload names."),
    ] = None,
    json: Json = False,
) -> None:
    from archsim.cli.inputs import progress
    from archsim.rerun import rerun as again

    progress(f"{result} again ...")
    found = again(result, folder)
    if json:
        say_json(found.to_dict())
    else:
        say(str(found))
    if not found.is_same:
        raise typer.Exit(1)
