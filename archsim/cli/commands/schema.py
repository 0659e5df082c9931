"""Print the JSON Schema of a kind of file."""

from __future__ import annotations

from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import one_of
from archsim.cli.say import say_json
from archsim.examples import KINDS


@command
def schema(
    model: Annotated[
        str,
        typer.Argument(metavar="|".join(KINDS), parser=one_of(lambda: KINDS), help="Which kind of file."),
    ],
) -> None:
    from archsim.schema import schema_of

    say_json(schema_of(model))
