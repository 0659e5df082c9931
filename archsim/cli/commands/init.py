"""Copy the chips, workloads and studies of archsim into a folder, to begin with.

They are those that have names, such as wearable_rram; a file of your own wins over a name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import Json
from archsim.cli.say import say, say_json


@command
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made if it is not there.")],
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: Json = False,
) -> None:
    from archsim import examples

    written = examples.copied(folder, replace=force)
    if json:
        say_json([str(file) for file in written])
        return
    for file in written:
        say(str(file))
    chip, work = (examples.path(name).relative_to(examples.root()) for name in ("wearable_rram", "watch_mlp"))
    say(f"begin with: archsim run {folder / chip} {folder / work}", err=True)
