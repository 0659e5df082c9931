"""Show which layer sits where on a chip, and what runs through it.

Prints layers, tiles, the shares of the buffers and the activity; with -o, draws the floor plan.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archsim.cli.command import command
from archsim.cli.options import Assignments, ChipFile, Json, MaxMemory, OnePhase, Seed, WorkloadFile
from archsim.cli.say import say, say_json
from archsim.errors import ArchsimError

if TYPE_CHECKING:
    from archsim.spec import Chip
    from archsim.workload import Workload


@command
def map_(
    chip: ChipFile,
    workload: WorkloadFile,
    phase: OnePhase = None,
    max_memory: MaxMemory = None,
    seed: Seed = 0,
    set_: Assignments = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PNG", help="Draw the floor plan into this file.")
    ] = None,
    json: Json = False,
) -> None:
    from archsim.cli.inputs import load_both, memory_bytes
    from archsim.mapping import map_workload
    from archsim.memory import check_mapping
    from archsim.prepare import within_area
    from archsim.report.mapping import mapping_record, mapping_text

    allowed = memory_bytes(max_memory)
    the_chip, work = load_both(chip, workload, set_ or [])
    chosen = phase or work.phases[0]
    check_mapping(the_chip, work, chosen, allowed)
    mapping = map_workload(within_area(the_chip, work, chosen), work, chosen)
    if output is not None:
        from archsim.plot import floor_plan

        if output.suffix != ".png":
            raise ArchsimError(f"{output}: the picture is a PNG; give a name that ends in .png")
        floor_plan(mapping, output)
    found = {**mapping_record(mapping, work), **_activity(the_chip, work, chosen, seed, allowed)}
    if json:
        say_json(found)
    else:
        say(mapping_text(f"{the_chip.name}/{work.name}", found))


def _activity(chip: Chip, work: Workload, phase: str, seed: int, allowed: int | None) -> dict[str, Any]:
    """Activity of the layers; None where the data that it needs are missing, as a map needs none."""
    from archsim.metrics import activity_record
    from archsim.prepare import prepare
    from archsim.sight import in_sight_of

    try:
        ready = prepare(chip, work, seed, phase, allowed)
    except ArchsimError as error:
        say(f"note: the activity is not shown: {str(error).splitlines()[0]}", err=True)
        return {}
    return activity_record(in_sight_of(ready.chip, ready.work, ready.mapping, ready.activity, seed))
