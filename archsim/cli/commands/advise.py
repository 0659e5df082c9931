"""Say what to change: every design move, simulated anew, and the best pairs of them.

For each change its effect on latency, energy, area and peak power, whether the network's results are others, and
the --set that makes it. Each figure is that of a run of the changed files. With -o, writes the result folder of
the design as it is, with the advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli.command import command
from archsim.cli.options import Assignments, ChipFile, Json, MaxMemory, OnePhase, Seed, WorkloadFile
from archsim.cli.say import say, say_json

if TYPE_CHECKING:
    from archsim.advise import Advice, Asked, Design


@command
def advise(
    chip: ChipFile,
    workload: WorkloadFile,
    phase: OnePhase = None,
    goal: Annotated[
        str, typer.Option("--goal", metavar="FIGURE", help="To be small: latency, energy, area, edp, power, ...")
    ] = "latency",
    budget: Annotated[
        list[str] | None,
        typer.Option("--budget", metavar="FIGURE<VALUE", help="Rank what keeps to it first, e.g. 'area<2mm2'."),
    ] = None,
    move: Annotated[
        list[str] | None,
        typer.Option("--move", metavar="KIND", help="Try this kind of move only; may be repeated."),
    ] = None,
    seed: Seed = 0,
    set_: Assignments = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Lines of each table.")] = 20,
    max_memory: MaxMemory = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Write a result folder with it.")
    ] = None,
    accuracy: Annotated[
        bool, typer.Option("--accuracy", help="Find accuracy too: learns with each change that touches it.")
    ] = False,
    json: Json = False,
) -> None:
    from archsim.advise import Asked, Budget, goal_of
    from archsim.cli.inputs import memory_bytes
    from archsim.report.advice import advice_text

    budgets = tuple(Budget.parse(text) for text in budget or [])
    asked = Asked(phase, seed, goal_of(goal), budgets, tuple(move or ()), memory_bytes(max_memory), accuracy)
    found = _advice(_design(chip, workload, set_ or []), asked, output)
    record = {"name": found.base.name, "phase": found.base.phase, **found.record()}
    if json:
        say_json({**record, "base": dict(found.figures)})
        return
    say(advice_text(record, top))
    if output is not None:
        say(f"written to {output}", err=True)


def _design(chip: Path, workload: Path, assignments: Sequence[str]) -> Design:
    """Both files, which must be right as they are."""
    from archsim.advise import Design
    from archsim.cli.inputs import load_both, split_assignments

    load_both(chip, workload, assignments)
    return Design.of_files(chip, workload, *split_assignments(assignments))


def _advice(design: Design, asked: Asked, output: Path | None) -> Advice:
    """The advice; with a folder, also a result in which it stands."""
    from archsim.advise import advise as ask
    from archsim.cli.inputs import progress
    from archsim.report import notes_of, result_folder, write_results

    def tell(n: int, of: int, what: str) -> None:
        progress(f"{n + 1} of {of}: {what[:60]} ...")

    if output is None:
        return ask(design, asked, tell)
    with result_folder(output) as folder:
        found = ask(design, asked, tell)
        advised = replace(found.base, advice=found.record())
        write_results(folder, [advised], notes_of((), [advised]))
    return found
