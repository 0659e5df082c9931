"""Print the JSON Schema of a kind of file."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.say import say_json


class Model(StrEnum):
    """Kinds of files."""

    chip = "chip"
    workload = "workload"
    study = "study"


@command
def schema(
    model: Annotated[Model, typer.Argument(metavar="chip|workload|study", help="Which kind of file.")],
) -> None:
    from archsim.schema import schema_of

    say_json(schema_of(model))
