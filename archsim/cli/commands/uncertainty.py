"""Uncertainty and sensitivity of the figures to the price list.

Error bars of every metric; which conclusions survive (one chip, or one phase, needs less than another), which
single price carries each of them, and by how much it may be off; which number is worth measuring better.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import Assignments, Json, MaxMemory, Phases, Seed
from archsim.cli.say import say, say_json
from archsim.errors import ArchsimError


@command
def uncertainty(
    chips: Annotated[
        list[Path],
        typer.Argument(metavar="CHIP...", help="One chip, or several to compare; or studies: their fronts."),
    ],
    uncertain: Annotated[int, typer.Option("--uncertain", min=2, metavar="N", help="Draws of the price list.")],
    workload: Annotated[
        Path | None, typer.Option("--workload", metavar="WORKLOAD", help="Their workload; a study brings it.")
    ] = None,
    sobol: Annotated[
        int | None,
        typer.Option("--sobol", metavar="N", help="Also Sobol's indices, from N points (a power of two).", min=2),
    ] = None,
    phase: Phases = None,
    seed: Seed = 0,
    set_: Assignments = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="Show this one instead of the main four; may be repeated."),
    ] = None,
    max_memory: MaxMemory = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Write figures and a picture there.")
    ] = None,
    json: Json = False,
) -> None:
    from archsim.cli.inputs import memory_bytes
    from archsim.cli.priced import parameter_table, priced, runs_of
    from archsim.explore.conclusions import conclusions
    from archsim.explore.sensitivity import one_at_a_time
    from archsim.explore.sensitivity import sobol as indices
    from archsim.explore.uncertain import propagate
    from archsim.explore.uncertainty import uncertainty_record, uncertainty_text, write_uncertainty

    shown = _shown(metric or [])
    allowed = memory_bytes(max_memory)
    asked = runs_of(chips, workload, phase or [], seed, set_ or [])
    results, origins = priced(asked, allowed)
    found = propagate(results, uncertain, seed)
    numbers = {
        chip.name: one_at_a_time(chip, shown) if sobol is None else indices(chip, sobol, seed, shown)
        for chip in results
    }
    concluded = conclusions(results, found, shown)
    record = uncertainty_record(found, numbers, uncertain, sobol) | {
        "conclusions": [vars(one) for one in concluded],
        "provenance": origins,
    }
    if output is not None:
        write_uncertainty(output, record, found, shown)
    if json:
        say_json(record)
        return
    say(parameter_table(asked) + uncertainty_text(found, numbers, concluded, shown))
    if output is not None:
        say(f"written to {output}", err=True)


def _shown(metrics: list[str]) -> tuple[str, ...]:
    from archsim.explore.uncertain import MAIN, METRICS
    from archsim.units import close_match

    if unknown := [metric for metric in metrics if metric not in METRICS]:
        hint = close_match(unknown[0], METRICS)
        raise ArchsimError(f"--metric {', '.join(unknown)}: no such metric{hint}; there are: {', '.join(METRICS)}")
    return tuple(dict.fromkeys(metrics)) or MAIN
