"""Evaluate a workload on a chip.

Prints latency, throughput, energy, area and power of each phase of the workload.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import (
    Assignments,
    ChipFile,
    Engine,
    Json,
    MaxMemory,
    Phases,
    Policy,
    Seed,
    Timesteps,
    WorkloadAssignments,
    WorkloadFile,
)
from archsim.cli.say import say, say_json
from archsim.compiling import put_off

MANY = 100_000
"""Tasks, from which on it is worth a line that they went through plain loops."""


@command
def run(
    chip: ChipFile,
    workload: WorkloadFile,
    phase: Phases = None,
    engine: Engine = "simpy",
    policy: Policy = "fifo",
    timesteps: Timesteps = None,
    max_memory: MaxMemory = None,
    seed: Seed = 0,
    set_: Assignments = None,
    set_workload: WorkloadAssignments = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Write result.json, report.md and pictures there."),
    ] = None,
    json: Json = False,
) -> None:
    from archsim.cli.inputs import idle_keys, load_both, memory_bytes, progress
    from archsim.cli.runs import RunOptions, simulated
    from archsim.report import bundle, notes_of, result_folder, run_text, write_results

    options = RunOptions(phase or [], engine, seed, policy, timesteps, memory_bytes(max_memory))
    given = [*(set_ or []), *(f"workload.{assignment}" for assignment in set_workload or [])]
    the_chip, work = load_both(chip, workload, given)
    idle = [*idle_keys(the_chip), *idle_keys(work)]
    if output is None:
        results = simulated(the_chip, work, options)
        notes = notes_of([*work.network.notes, *idle], results)
    else:
        with result_folder(output) as folder:
            results = simulated(the_chip, work, options)
            notes = notes_of([*work.network.notes, *idle], results)
            progress("writing the result folder ...")
            write_results(folder, results, notes)
    if json:
        say_json(bundle([result.to_dict() for result in results], notes))
        return
    say(run_text(results, options.engine, seed))
    for note in idle:
        say(f"note: {note}", err=True)
    if (n := put_off()) >= MANY:
        say(f"note: {n:,} tasks went through plain loops; --engine compiled compiles quicker ones, once", err=True)
    if output is not None:
        say(f"written to {output}", err=True)
