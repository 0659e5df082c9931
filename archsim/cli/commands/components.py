"""Print what every component costs, and why.

Energy, time, area and leakage, where the figures come from, and how they were scaled.
"""

from __future__ import annotations

import shutil

from archsim.cli.command import command
from archsim.cli.options import Assignments, ChipFile, Json
from archsim.cli.say import say, say_json


@command
def components(chip: ChipFile, set_: Assignments = None, json: Json = False) -> None:
    from archsim.cli.inputs import only_for_chip, priced_chip
    from archsim.components import price_rows
    from archsim.report.prices import price_text

    rows = price_rows(priced_chip(chip, only_for_chip(set_ or [], "a chip has no workload")))
    if json:
        say_json(rows)
    else:
        say(price_text(rows, shutil.get_terminal_size((110, 24)).columns))
