"""A command: what one of each part takes of the area, the largest first."""

from __future__ import annotations

from typing import Annotated

import typer

import archsim
from archsim.cli.command import command
from archsim.cli.options import ChipFile, Json
from archsim.cli.say import say, say_json


@command
def areas(
    chip: ChipFile,
    top: Annotated[int, typer.Option("--top", min=1, help="How many parts.")] = 3,
    json: Json = False,
) -> None:
    """Print the largest parts of a chip.

    The area of one of each, whatever their number.
    """
    from archsim.components import price_rows
    from archsim.units import format_quantity

    rows = sorted(price_rows(archsim.load_chip(chip)), key=lambda row: -row["area_um2"])[:top]
    if json:
        say_json({row["component"]: row["area_um2"] for row in rows})
    for row in [] if json else rows:
        say(f"{row['component']}: {format_quantity(row['area_um2'], 'area')}")


if __name__ == "__main__":  # as a plug-in it is called by `archsim areas CHIP`
    from archsim.cli.app import app

    app(["areas", "arch_specs/wearable_rram.yaml", "--top", "2"])
