"""Why a run takes as long as it does.

What the critical path is spent on, which tasks waited for which, and how much slack there is.
"""

from __future__ import annotations

from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import Assignments, Item, ItsWorkload, Json, OnePhase, Seed
from archsim.cli.say import say, say_json


@command
def why(
    item: Item,
    workload: ItsWorkload = None,
    phase: OnePhase = None,
    seed: Seed = 0,
    set_: Assignments = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Lines of each table.")] = 8,
    json: Json = False,
) -> None:
    from archsim.cli.runs import Asked, result_of
    from archsim.report.why import why_text
    from archsim.whatif.explain import explain

    found = explain(result_of(Asked(item, workload, phase, seed, set_ or [])), top)
    if json:
        say_json(found)
    else:
        say(why_text(found, top))
