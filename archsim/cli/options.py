"""Arguments and options that commands share. Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from archsim.names import ENGINES, POLICIES
from archsim.registry import RULES


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from archsim.cli.say import say

        say(f"archsim {version('archsim')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Print the version.", callback=_say_version, is_eager=True)
]


def one_of(names: Callable[[], Sequence[str]]) -> Callable[[str], str]:
    """A parser of names; those that there are, plug-ins too, are asked when one is given, not for a help page."""

    def checked(value: str) -> str:
        if value not in names():
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(map(repr, names()))}.")
        return value

    return checked


def _phases() -> Sequence[str]:
    from archsim.workload import phases

    return phases()


_PHASE, _RULE = one_of(_phases), one_of(lambda: (*RULES, "none"))


ChipFile = Annotated[Path, typer.Argument(metavar="CHIP", help="A chip file (YAML).", show_default=False)]
WorkloadFile = Annotated[
    Path,
    typer.Argument(metavar="WORKLOAD", help="A workload file (YAML), or a network (.nir).", show_default=False),
]
_PHASES = "inference, program, or a learning rule such as bp"
Phases = Annotated[
    list[str] | None,
    typer.Option(
        "--phase", metavar="PHASE", parser=_PHASE, show_default=False,
        help=f"Only this phase ({_PHASES}); may be repeated.",
    ),
]  # fmt: skip
OnePhase = Annotated[
    str | None,
    typer.Option(
        "--phase", metavar="PHASE", parser=_PHASE, show_default=False,
        help=f"{_PHASES[0].upper()}{_PHASES[1:]}; the first one if not given.",
    ),
]  # fmt: skip
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule", metavar="RULE", parser=_RULE, show_default=False,
        help="Only this learning rule; may be repeated. bp and dfa if not given; none adapts nothing.",
    ),
]  # fmt: skip
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


def choice(option: str, names: Sequence[str], about: str) -> Any:
    """An option that takes one of some names that are always the same; its help shows them and the default."""
    return typer.Option(
        option, metavar="|".join(names), parser=one_of(lambda: names), show_default=True, help=about
    )


Engine = Annotated[str, choice("--engine", ENGINES, "All engines give the same result.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Draws which recordings or spikes drive the network.")]
Policy = Annotated[
    str,
    choice("--policy", POLICIES, "Order of service: first come, first served (fifo), or program order (static)."),
]
Timesteps = Annotated[
    int | None,
    typer.Option(
        "--timesteps", min=1, show_default=False,
        help="How many; the activity of the workload's own timesteps is repeated.",
    ),
]  # fmt: skip
MaxMemory = Annotated[
    str | None,
    typer.Option(
        "--max-memory", metavar="BYTES", show_default=False,
        help="Memory that a run may take, e.g. 2GB; half of the free memory if not given.",
    ),
]  # fmt: skip
Item = Annotated[
    Path, typer.Argument(metavar="RESULT|CHIP", help="A result folder, or a chip.", show_default=False)
]
ItsWorkload = Annotated[
    Path | None, typer.Argument(metavar="[WORKLOAD]", help="Workload of the chip.", show_default=False)
]
ResultFolder = Annotated[Path, typer.Argument(metavar="RESULT_FOLDER", help="Folder of a run (run -o).")]
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (YAML).", show_default=False)]
StudyOutput = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FOLDER", help="Results; goes on where it stopped. results/NAME if not given."
    ),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes; all cores if not given.", show_default=False)
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Evaluate on a Dask cluster: tcp://HOST:PORT, or local for one on this machine.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
