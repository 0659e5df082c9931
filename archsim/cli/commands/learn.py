"""Train in the cloud, adapt on the chip, and price it.

Prints accuracy before and after adaptation with each rule, and time, energy and area of the same run.
"""

from __future__ import annotations

import os
import sys
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
    Rules,
    Workers,
    WorkloadFile,
)
from archsim.cli.say import say, say_json
from archsim.errors import ArchsimError


@command
def learn(
    chip: ChipFile,
    workload: WorkloadFile,
    rule: Rules = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many seeds, for means and intervals.")] = 1,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="The first; draws weights, splits, feedback and errors of cells.")
    ] = 0,
    engine: Engine = "compiled",
    set_: Assignments = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Keep every finished part there: checkpoints, networks (.nir), activity, result.",
        ),
    ] = None,
    workers: Workers = None,
    max_memory: MaxMemory = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on in that folder; what is finished is not done again.")
    ] = False,
    json: Json = False,
) -> None:
    from archsim.cli.inputs import load_both, memory_bytes
    from archsim.cli.meter import Meter
    from archsim.display import clear
    from archsim.files import inside, write_text
    from archsim.learn import learn as learned
    from archsim.learn.checkpoints import REPORT
    from archsim.learn.story import BP_AND_DFA
    from archsim.report.learning import learning_markdown, learning_text

    if resume and output is None:
        raise ArchsimError("--resume needs -o: the folder of the run to go on with")
    if resume and output is not None and not output.exists():
        raise ArchsimError(
            f"--resume: there is no folder {output} to go on with; leave --resume out to begin there"
        )
    allowed = memory_bytes(max_memory)
    the_chip, work = load_both(chip, workload, set_ or [])
    rules = [chosen for chosen in rule or BP_AND_DFA if chosen != "none"]
    try:
        result = learned(
            the_chip, work, rules, seeds, seed, output, resume, engine,
            Meter().tell if sys.stderr.isatty() else None, allowed, workers or os.cpu_count() or 1,
        )  # fmt: skip
    except KeyboardInterrupt:
        if output is not None:
            say(f"what is finished stays in {output}; go on with --resume", err=True)
        raise
    finally:
        clear()
    if output is not None:
        write_text(inside(output, REPORT), learning_markdown(result))
    if json:
        say_json(result.to_dict())
        return
    say(learning_text(result))
    if output is not None:
        say(f"written to {output}", err=True)
