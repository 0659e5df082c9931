"""Arguments and options that commands share. Nothing heavy is imported here."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Phase(StrEnum):
    """What is computed."""

    inference = "inference"
    bp = "bp"
    dfa = "dfa"


class Engine(StrEnum):
    """All give the same result."""

    simpy = "simpy"
    heap = "heap"
    compiled = "compiled"


class Rule(StrEnum):
    """How the chip learns."""

    bp = "bp"
    dfa = "dfa"
    none = "none"


class Kind(StrEnum):
    """Pictures of a result."""

    pipeline = "pipeline"
    breakdown = "breakdown"
    power = "power"


class Part(StrEnum):
    """What a breakdown is made of."""

    component = "component"
    layer = "layer"
    phase = "phase"
    action = "action"


class Model(StrEnum):
    """Kinds of files."""

    chip = "chip"
    workload = "workload"


ChipFile = Annotated[Path, typer.Argument(metavar="CHIP", help="A chip file (YAML).", show_default=False)]
WorkloadFile = Annotated[
    Path,
    typer.Argument(metavar="WORKLOAD", help="A workload file (YAML), or a network (.nir).", show_default=False),
]
Phases = Annotated[
    list[Phase] | None, typer.Option("--phase", help="Only this phase; may be repeated.", show_default=False)
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Replace a value of the chip or the workload, e.g. crossbar.rows=64 or samples=4; "
        "chip.PATH or workload.PATH says which.",
        show_default=False,
    ),
]
WorkloadAssignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set-workload", metavar="PATH=VALUE", help="Replace a value of the workload.", show_default=False
    ),
]
EngineOption = Annotated[Engine, typer.Option("--engine", help="All engines give the same result.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Draws which recordings or spikes drive the network.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


def texts(choices: list[Any] | None) -> list[str]:
    """The words that were chosen."""
    return [choice.value for choice in choices or []]
