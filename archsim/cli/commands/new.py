"""Write a commented chip file with all parts, to begin with.

The parts are those of the component library of the nearest node, with their prices, sources and spreads; what is
not asked for is as there. Without -o the file goes to the terminal.
"""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.say import say
from archsim.errors import ArchsimError


class Made(StrEnum):
    """Kinds of files."""

    chip = "chip"


@command
def new(
    what: Annotated[Made, typer.Argument(metavar="chip", help="Which kind of file.")],
    node: Annotated[str, typer.Option("--node", metavar="LENGTH", help="Manufacturing node.")] = "22nm",
    array: Annotated[
        str | None, typer.Option("--array", metavar="ROWSxCOLUMNS", help="Cells of one array.", show_default=False)
    ] = None,
    adc: Annotated[
        str | None,
        typer.Option(
            "--adc",
            metavar="KIND:BITS/COLUMNS",
            show_default=False,
            help="Kind, bits, and columns that share one: sar:5bit/8.",
        ),
    ] = None,
    interconnect: Annotated[
        str | None, typer.Option("--interconnect", metavar="KIND", help="Between the tiles.", show_default=False)
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Of the chip; that of FILE if not given.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    from archsim.components.process import nominal_v
    from archsim.files import write_text
    from archsim.spec.new_chip import library_for, new_chip, nodes_nm, wanted

    del what  # there is one kind
    choices = wanted(node, array, adc, interconnect)
    if output is not None and output.exists() and not force:
        raise ArchsimError(f"{output}: is there already; give --force to replace it, or another name")
    if name is not None and not name.strip():
        raise ArchsimError("--name: is empty; give the chip a name, or leave it out")
    called = name or (output.stem if output is not None else "my_chip")
    given = {"--node": node, "--array": array, "--adc": adc, "--interconnect": interconnect}
    words = [word for option, value in given.items() if value is not None for word in (option, value)]
    library = library_for(choices.node_nm)
    is_between = nodes_nm()[library] != choices.node_nm
    supply_v = nominal_v(choices.node_nm) if is_between else None
    text = new_chip(choices, called, f"archsim new chip {shlex.join(words)}", supply_v)
    _check(text, "" if adc is None else f"--adc {adc}: ")
    if is_between:
        said = "prices and the supply are scaled, clocks and times of reads and writes are as there"
        say(f"note: the parts are those of {library}: {said}", err=True)
    if output is None:
        say(text.rstrip("\n"))
        return
    write_text(output, text)
    say(f"written to {output}; archsim run {output} WORKLOAD simulates it", err=True)


def _check(text: str, asked: str) -> None:
    """Refuse choices that make no chip, or one that cannot be priced."""
    from archsim.components import check
    from archsim.errors import SpecError
    from archsim.spec import Chip
    from archsim.yaml_reader import fill, read_text

    file = Path("chip")
    try:
        errors = check(fill(Chip, read_text(text, file, SpecError)))
    except SpecError as error:
        errors = [line.partition(": ")[2] for line in str(error).splitlines()]
    lines = [f"{asked}{error}" if error.startswith("adc.") else error for error in errors]
    if lines:
        raise ArchsimError("\n".join(lines))
