"""What-if analysis: plays a run out again with one thing changed, and ranks the changes.

Without options every part is tried twice as fast and infinitely fast, doubled and unlimited.
"""

from __future__ import annotations

from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import Assignments, Item, ItsWorkload, Json, OnePhase, Seed
from archsim.cli.say import say, say_json


@command
def whatif(
    item: Item,
    workload: ItsWorkload = None,
    speedup: Annotated[
        list[str] | None,
        typer.Option(
            "--speedup", metavar="NAME=FACTOR", help="Faster parts, e.g. adc=2 or adc=inf.", show_default=False
        ),
    ] = None,
    capacity: Annotated[
        list[str] | None,
        typer.Option(
            "--capacity",
            metavar="NAME=FACTOR",
            help="More units or space, e.g. 'tile.*.adc=2'.",
            show_default=False,
        ),
    ] = None,
    phase: OnePhase = None,
    seed: Seed = 0,
    set_: Assignments = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Lines of the table.")] = 20,
    json: Json = False,
) -> None:
    from archsim.cli.inputs import progress
    from archsim.cli.runs import Asked, result_of
    from archsim.report.why import whatif_text
    from archsim.whatif import Change, what_if
    from archsim.whatif.explain import record

    changes = [Change.parse("speedup", text) for text in speedup or []]
    changes += [Change.parse("capacity", text) for text in capacity or []]
    result = result_of(Asked(item, workload, phase, seed, set_ or []))
    outcomes = what_if(
        result.graph, result.trace, changes or None, result.actions, result.policy,
        progress=lambda n, of: progress(f"change {n + 1} of {of} ...") if n % 10 == 0 else None,
    )  # fmt: skip
    found = record(result, outcomes)
    if json:
        say_json(found)
    else:
        say(whatif_text(found, len(outcomes) if changes else top))
