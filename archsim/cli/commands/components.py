"""Print what every component costs, and why.

Energy, time, area and leakage, where the figures come from, and how they were scaled. With --array: what one read
of one bit on one array takes, part by part, and the array's area and leakage.
"""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import Assignments, ChipFile, Json
from archsim.cli.say import say, say_json
from archsim.errors import ArchsimError

OneArray = Annotated[
    bool, typer.Option("--array", help="One array with its periphery: energy of a read of one bit, area, leakage.")
]
ActiveRows = Annotated[
    int | None,
    typer.Option(
        "--active-rows", metavar="N", show_default=False, help="Rows with a 1, with --array; all if not given."
    ),
]


@command
def components(
    chip: ChipFile,
    array: OneArray = False,
    active_rows: ActiveRows = None,
    set_: Assignments = None,
    json: Json = False,
) -> None:
    from archsim.cli.inputs import only_for_chip, priced_chip
    from archsim.components import price_rows
    from archsim.report.prices import array_text, price_text

    if active_rows is not None and not array:
        raise ArchsimError("--active-rows: says how one array is read; give --array too")
    priced = priced_chip(chip, only_for_chip(set_ or [], "a chip has no workload"))
    if array:
        from archsim.lowering.one_read import price_one_read

        found = price_one_read(priced, active_rows)
        tables = {"energy_pj": found.energy_pj, "area_um2": found.area_um2, "leakage_uw": found.leakage_uw}
        say_json(tables) if json else say(array_text(priced.name, found.n_active_rows, tables))
        return
    rows = price_rows(priced)
    if json:
        say_json(rows)
    else:
        say(price_text(rows, shutil.get_terminal_size((110, 24)).columns))
