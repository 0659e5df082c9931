"""The command line. What a command needs is imported when it runs, so that ``--help`` stays quick.

Exit codes: 0 done; 1 the run failed; 2 a wrong call, file, network or folder, or a chip or memory too small;
130 interrupted by Ctrl-C; 143 by SIGTERM. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from archsim import cli_export, cli_questions
from archsim.cli_main import main
from archsim.cli_options import (
    Assignments,
    ChipFile,
    Engine,
    EngineOption,
    Json,
    Kind,
    MaxMemory,
    Model,
    OnePhase,
    Part,
    Phases,
    Policy,
    PolicyOption,
    Rules,
    Seed,
    Suffix,
    Timesteps,
    Version,
    WorkloadAssignments,
    WorkloadFile,
    texts,
)
from archsim.cli_say import say
from archsim.cli_study import study
from archsim.cli_warnings import told_once
from archsim.cli_which import search, sweep
from archsim.errors import ArchsimError, DeadlockError, EngineError, TooLargeError

ABOUT_MEMORY = "ask for fewer timesteps, samples or vectors, smaller layers or fewer workers"


class _Commands(TyperGroup):
    """Turns what archsim raises on purpose into a message and an exit code; anything else is a bug and shown."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        with _told():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        with _told(), told_once():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ArchsimError as error:
        from archsim.cli_inputs import error_text

        say(error_text(str(error), one_fault=isinstance(error, DeadlockError)), err=True)
        failed = isinstance(error, EngineError) and not isinstance(error, TooLargeError)
        raise typer.Exit(1 if failed else 2) from None
    except MemoryError as error:
        said = f": {error}" if str(error) else ""
        say(f"error: there is not enough memory{said}; {ABOUT_MEMORY}", err=True)
        raise typer.Exit(2) from None
    except typer.BadParameter as wrong:
        wrong.message = wrong.message.removeprefix("Value error, ")
        raise
    except KeyboardInterrupt:  # typer has words and a code of its own for it; `cli_main` says what came
        raise SystemExit(130) from None


app = typer.Typer(
    cls=_Commands,
    help="Evaluate spiking networks on RRAM crossbars: latency, energy and area of inference and learning.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _options(version: Version = False) -> None:
    del version  # has ended the call by itself


@app.command()
def run(
    chip: ChipFile,
    workload: WorkloadFile,
    phase: Phases = None,
    engine: EngineOption = Engine.simpy,
    policy: PolicyOption = Policy.fifo,
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
    """Evaluate a workload on a chip.

    Prints latency, throughput, energy, area and power of each phase of the workload.
    """
    from archsim.cli_run import run as command

    how = {"policy": policy.value, "timesteps": timesteps, "max_memory": max_memory}
    command(chip, workload, texts(phase), engine.value, seed, set_ or [], set_workload or [], output, json, how)


@app.command()
def compare(
    items: Annotated[
        list[Path],
        typer.Argument(metavar="CHIP_OR_RESULT...", help="Chip files or result folders.", show_default=False),
    ],
    workload: Annotated[
        Path | None, typer.Option("--workload", metavar="WORKLOAD", help="What the chips compute.")
    ] = None,
    phase: Phases = None,
    engine: EngineOption = Engine.simpy,
    seed: Seed = 0,
    set_: Assignments = None,
    by: Annotated[Part, typer.Option("--by", help="Parts by which differences are told.")] = Part.component,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Write compare.md, compare.json, timelines there."),
    ] = None,
    json: Json = False,
) -> None:
    """Chips, results or phases side by side, and where they differ.

    With several items, all is compared to the first item in the same phase; with one, to its first phase.
    """
    from archsim.cli_compare import Asked
    from archsim.cli_compare import compare as command

    asked = Asked(workload, texts(phase), engine.value, seed, set_ or [], by.value)
    command(items, asked, output, json)


cli_questions.register(app)


@app.command()
def explore(
    chips: Annotated[
        list[Path],
        typer.Argument(metavar="CHIP...", help="One chip, or several to compare; or studies: their fronts."),
    ],
    uncertain: Annotated[int, typer.Option("--uncertain", min=2, metavar="N", help="Draws of the price list.")],
    workload: Annotated[
        Path | None, typer.Option("--workload", metavar="WORKLOAD", help="What they compute; a study brings it.")
    ] = None,
    sobol: Annotated[
        int | None,
        typer.Option("--sobol", metavar="N", help="Also Sobol's indices, from N points (a power of two).", min=2),
    ] = None,
    phase: OnePhase = None,
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
    """How sure an answer is, as the numbers of the price list may be off.

    Error bars of every metric, the probability that one chip beats another, which ranking survives, and which
    number is worth measuring better.
    """
    from archsim.cli_explore import explore as command

    command(chips, workload, uncertain, sobol, phase, seed, set_ or [], metric or [], output, json, max_memory)


@app.command()
def learn(
    chip: ChipFile,
    workload: WorkloadFile,
    rule: Rules = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many seeds, for means and intervals.")] = 1,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="The first; draws weights, splits, feedback and errors of cells.")
    ] = 0,
    engine: EngineOption = Engine.compiled,
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
    max_memory: MaxMemory = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on in that folder; what is finished is not done again.")
    ] = False,
    json: Json = False,
) -> None:
    """Train in the cloud, adapt on the chip, and price it.

    Prints accuracy before and after adaptation with each rule, and time, energy and area of the same run.
    """
    from archsim.cli_learn import learn as command

    rules = None if rule is None else [chosen for chosen in rule if chosen != "none"]
    command(chip, workload, rules, seeds, seed, set_ or [], output, resume, engine.value, json, max_memory)


@app.command("map")
def map_(
    chip: ChipFile,
    workload: WorkloadFile,
    phase: OnePhase = None,
    max_memory: MaxMemory = None,
    set_: Assignments = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="PNG", help="Draw the floor plan into this file.")
    ] = None,
    json: Json = False,
) -> None:
    """Show which layer sits where on a chip.

    Prints layers, tiles and the shares of the buffers; with -o, draws the floor plan.
    """
    from archsim.cli_map import map_ as command

    command(chip, workload, phase, set_ or [], output, json, max_memory)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Chips, workloads, studies, .nir files.")],
) -> None:
    """Check chips, workloads, studies and networks.

    Names every good file on stdout, and every fault of the others on stderr.
    """
    from archsim.cli_show import check as command

    command(files)


@app.command()
def components(chip: ChipFile, set_: Assignments = None, json: Json = False) -> None:
    """Print what every component costs, and why.

    Energy, time, area and leakage, where the figures come from, and how they were scaled.
    """
    from archsim.cli_show import components as command

    command(chip, set_ or [], json)


@app.command()
def schema(model: Annotated[Model, typer.Argument(metavar="chip|workload", help="Which kind of file.")]) -> None:
    """Print the JSON Schema of a kind of file."""
    from archsim.cli_show import schema as command

    command(model.value)


@app.command()
def plot(
    result: Annotated[Path, typer.Argument(metavar="RESULT_FOLDER", help="What archsim run -o wrote.")],
    kind: Annotated[
        list[Kind] | None,
        typer.Option("--figure", "--kind", help="Only this picture; may be repeated.", show_default=False),
    ] = None,
    phase: Phases = None,
    format_: Annotated[
        Suffix, typer.Option("--format", help="png for screens, svg or pdf for print.")
    ] = Suffix.png,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Where to; into the result folder if not given."),
    ] = None,
) -> None:
    """Draw pictures of a saved result."""
    from archsim.cli_show import plot as command

    command(result, texts(kind or list(Kind)), texts(phase), format_.value, output)


cli_export.register(app)


@app.command()
def crossbar(
    chip: ChipFile,
    weights: Annotated[
        Path,
        typer.Option(
            "--weights",
            metavar="FILE",
            show_default=False,
            help="A matrix, one row for each input: .npy, .npz, .csv (numbers only), or a network (.nir).",
        ),
    ],
    key: Annotated[str | None, typer.Option("--key", metavar="NAME", help="Which array of an .npz file.")] = None,
    layer: Annotated[str | None, typer.Option("--layer", metavar="NAME", help="Which layer of a network.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Write crossbar.json and four pictures there."),
    ] = None,
    array: Annotated[str, typer.Option("--array", metavar="ROW,COL", help="Which array is drawn.")] = "0,0",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws the cells' errors and the inputs.")] = 0,
    vectors: Annotated[int, typer.Option("--vectors", min=1, max=2**24, help="Random inputs to read.")] = 256,
    density: Annotated[
        float, typer.Option("--density", min=0, max=1, help="Part of them that is not zero.")
    ] = 0.5,
    input_bits: Annotated[
        int, typer.Option("--input-bits", min=0, max=16, help="Bits of an input: 1 for spikes, 0 for analogue.")
    ] = 1,
    max_memory: MaxMemory = None,
    set_: Assignments = None,
    json: Json = False,
) -> None:
    """See one array: what its cells hold, what its wires cost, and how wrong the outputs are.

    Programs a matrix of weights on the arrays of a chip and reads random inputs through them.
    """
    from archsim.cli_crossbar import crossbar as command
    from archsim.cli_inputs import memory_bytes
    from archsim.cli_look import Question

    allowed, shape = memory_bytes(max_memory), (vectors, density, input_bits)
    command(Question(chip, weights, key, layer, array, seed, *shape, set_ or [], allowed), output, json)


app.add_typer(study, name="study")
app.command()(sweep)
app.command()(search)


if __name__ == "__main__":
    main()
