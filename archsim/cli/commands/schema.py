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


@command
def schema(model: Annotated[Model, typer.Argument(metavar="chip|workload", help="Which kind of file.")]) -> None:
    from archsim.spec import Chip
    from archsim.workload.models import WorkloadModel

    models: dict[Model, type[Chip] | type[WorkloadModel]] = {Model.chip: Chip, Model.workload: WorkloadModel}
    found = models[model].model_json_schema(by_alias=True)
    say_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **found})
