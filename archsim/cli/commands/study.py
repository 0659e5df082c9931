"""Compare many configurations, and write a page."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli.command import PLAIN, Command
from archsim.cli.options import Assignments, Json, Seed, Workers
from archsim.cli.say import say, say_json
from archsim.errors import ExploreError
from archsim.files import check_folder
from archsim.registry import COMMANDS

if TYPE_CHECKING:
    from archsim.study.rules import Case

CHIP, WORKLOAD = Path("wearable_rram"), Path("watch_adapt")
CACHE = "cache"

ABOUT = __doc__ or ""
study = typer.Typer(**PLAIN, no_args_is_help=True)


@COMMANDS.register
class Study(Command):
    """A group: each study is a command of its own."""

    kind = "study"
    help = ABOUT

    @classmethod
    def app(cls) -> typer.Typer:
        """Of all studies."""
        return study


@study.callback(help=ABOUT)
def _group() -> None: ...


@study.command("dfa-vs-bp")
def dfa_vs_bp(
    chip: Annotated[
        Path | None, typer.Argument(metavar="[CHIP]", help="The base; the wearable chip if not given.")
    ] = None,
    workload: Annotated[
        Path | None, typer.Argument(metavar="[WORKLOAD]", help="The base; the watch's if not given.")
    ] = None,
    set_: Assignments = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few settings, short training.")] = False,
    accuracy: Annotated[
        bool, typer.Option("--accuracy/--no-accuracy", help="Also learn under noise, with both rules.")
    ] = True,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Of the accuracy part, for its intervals.")] = 5,
    seed: Seed = 0,
    workers: Workers = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Tables, page, pictures; a study resumes."),
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FOLDER", help="The same, without what is kept to resume.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare DFA with BP around a base: what DFA saves, by which mechanism.

    Varies one factor at a time around the base, then the strongest together. Energy, latency and area of one
    adapted sample, the parts that each mechanism brings, and where the published ratios are reached.
    """
    from archsim.cli.inputs import progress, split_assignments
    from archsim.study import Base
    from archsim.study.dfa_vs_bp import Question, summary_text, write_study
    from archsim.study.dfa_vs_bp import dfa_vs_bp as run

    files = _files(chip, workload)
    base = Base(*files, *map(tuple, split_assignments(set_ or [])))
    folders = [folder for folder in (output, write) if folder is not None]
    for folder in folders:
        check_folder(folder)
    question = Question(base, quick, accuracy, seeds, seed, workers or os.cpu_count() or 1)
    found = run(question, output / CACHE if output else None, progress)
    # the line that makes the same again; the number of workers makes no difference
    given = [item for assignment in set_ or [] for item in ("--set", assignment)]
    given += [*(["--quick"] if quick else []), *(["--seeds", str(seeds)] if accuracy else ["--no-accuracy"])]
    given += ["--seed", str(seed)] if seed else []
    given += ["-o", str(output)] if output and not write else []
    given += ["--write", str(write)] if write else []
    for folder in folders:
        write_study(folder, found, _command(files, given))
        say(f"written to {folder}", err=True)
    if json:
        say_json(found)
    else:
        say(summary_text(found))


@study.command("rules")
def rules(
    chip: Annotated[Path | None, typer.Argument(metavar="[CHIP]", help="The wearable chip if not given.")] = None,
    workload: Annotated[
        Path | None, typer.Argument(metavar="[WORKLOAD]", help="The watch's if not given.")
    ] = None,
    set_: Assignments = None,
    contenders: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="NAME", help="A rule with its choices, such as DRTP; all if not given."),
    ] = None,
    depths: Annotated[str, typer.Option("--depths", metavar="N,N", help="Hidden layers.")] = "2",
    bits: Annotated[str, typer.Option("--bits", metavar="N,N", help="Of an error.")] = "8",
    quantisers: Annotated[
        str, typer.Option("--quantisers", metavar="NAME,NAME", help="vector_maximum, power_of_two, stochastic.")
    ] = "vector_maximum",
    passes: Annotated[str, typer.Option("--passes", metavar="N,N", help="Over the windows.")] = "1",
    cases: Annotated[
        list[str] | None,
        typer.Option(
            "--case",
            metavar="NAME:PATH=VALUE;…",
            help="What else is set, such as 'few:learning.adapt.windows=128'.",
        ),
    ] = None,
    rates: Annotated[
        str, typer.Option("--rates", metavar="X,X", help="Each rule chooses of these.")
    ] = "0.001,0.002,0.005,0.01,0.02",
    tuning: Annotated[
        str, typer.Option("--tuning", metavar="SPLIT", help="The task on which rates are chosen.")
    ] = "left_to_right",
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="For intervals.")] = 3,
    seed: Seed = 0,
    workers: Workers = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Table, page, pictures; a study resumes."),
    ] = None,
    json: Json = False,
) -> None:
    """Compare learning rules on one chip: accuracy and price of the same adaptations.

    Every rule gets its rate from the same row, on another task. Differences to BP are paired by seed, with 95 %
    intervals, and called clear after a correction for their number.
    """
    from archsim.cli.inputs import progress, split_assignments
    from archsim.study import Base
    from archsim.study.rules import Cross, Question, rules_study, summary_text, write_study
    from archsim.study.rules.cells import AS_IT_IS
    from archsim.study.rules.contenders import chosen

    files = _files(chip, workload)
    base = Base(*files, *map(tuple, split_assignments(set_ or [])))
    if output is not None:
        check_folder(output)
    counts = {"depths": depths, "bits": bits, "passes": passes}
    numbers = {name: _numbers(f"--{name}", text) for name, text in counts.items()}
    cross = Cross(
        numbers["depths"], numbers["bits"], tuple(quantisers.split(",")), numbers["passes"],
        (AS_IT_IS, *(_case(text, split_assignments) for text in cases or [])),
    )  # fmt: skip
    question = Question(
        base, chosen(contenders), (cross,), tuple(sorted(_rates(rates))), tuning, n_seeds=seeds, seed=seed,
        workers=workers or os.cpu_count() or 1,
    )  # fmt: skip
    found = rules_study(question, output / CACHE if output else None, progress)
    given = [word for name in contenders or [] for word in ("--rule", name)]
    given += [word for item in set_ or [] for word in ("--set", item)]
    given += ["--depths", depths, "--bits", bits, "--quantisers", quantisers, "--passes", passes, "--rates", rates]
    given += [word for text in cases or [] for word in ("--case", text)]
    given += ["--tuning", tuning, "--seeds", str(seeds), *(["--seed", str(seed)] if seed else [])]
    if output is not None:
        words = ["archsim", "study", "rules", *map(str, files), *given, "-o", str(output)]
        write_study(output, found, shlex.join(words))
        say(f"written to {output}", err=True)
    if json:
        say_json(found)
    else:
        say(summary_text(found))


def _numbers(option: str, text: str) -> tuple[int, ...]:
    """Whole numbers with commas between; ExploreError names the option."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 0 < int(part) < 1000 for part in parts):
        raise ExploreError(f"{option} {text}: must be numbers from 1 on with commas between, such as 2,4")
    return tuple(dict.fromkeys(map(int, parts)))


def _case(text: str, split: Callable[[list[str]], tuple[list[str], list[str]]]) -> Case:
    """A name and assignments to the two files; ExploreError says how it is written."""
    from archsim.study.rules import Case

    name, colon, given = text.partition(":")
    if not (name.strip() and colon and given.strip()):
        raise ExploreError(f"--case {text}: must be NAME:PATH=VALUE, more assignments behind semicolons")
    for_chip, for_workload = split([item.strip() for item in given.split(";") if item.strip()])
    return Case(name.strip(), tuple(for_chip), tuple(for_workload))


def _rates(text: str) -> set[float]:
    try:
        found = {float(part) for part in text.split(",")}
    except ValueError:
        found = set()
    if not found or not all(0 < rate < 1e6 for rate in found):
        raise ExploreError(f"--rates {text}: must be numbers above 0 with commas between, such as 0.002,0.005")
    return found


def _command(files: Sequence[Path], given: Sequence[str]) -> str:
    return shlex.join(["archsim", "study", "dfa-vs-bp", *map(str, files), *given])


def _files(asked_chip: Path | None, asked_workload: Path | None) -> tuple[Path, Path]:
    """Chip and workload, archsim's own where none is named; ArchsimError if a file is of the other kind."""
    from archsim.cli.inputs import refuse_other_kind

    chip, workload = asked_chip or CHIP, asked_workload or WORKLOAD
    refuse_other_kind(chip, "chip", "; are the arguments swapped?")
    refuse_other_kind(workload, "workload", "; are the arguments swapped?")
    return chip, workload
