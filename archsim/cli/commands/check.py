"""Check chips, workloads, studies and networks.

Names every good file on stdout, and every error of the others on stderr.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.command import command
from archsim.cli.say import say
from archsim.errors import ArchsimError


@command
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Chips, workloads, studies, .nir files.")],
) -> None:
    from archsim.cli.inputs import error_text

    wrong = 0
    for file in files:
        try:
            say(f"ok: {file} ({_checked(file)})")
        except ArchsimError as error:
            wrong += 1
            # what is found behind the reader does not know the file
            known = (str(file), "…")
            lines = [line if line.startswith(known) else f"{file}: {line}" for line in str(error).splitlines()]
            say(error_text("\n".join(lines)), err=True)
    if wrong:
        raise typer.Exit(2)


def _checked(file: Path) -> str:
    """Description of a valid file."""
    from archsim.cli.inputs import idle_keys, kind_of_file, priced_chip
    from archsim.examples import located
    from archsim.workload import load_workload

    file = located(file)
    if file.is_dir():
        raise ArchsimError(f"{file}: is a folder; name the files in it")
    if file.suffix == ".nir":
        work = load_workload(file)
        _note(file, work.network.notes)
        n_layers = len(work.network.layers)
        return f"network {work.name}, {n_layers} layer{'s' if n_layers != 1 else ''}"
    if kind_of_file(file) == "study":
        from archsim.explore.study_reader import read_study

        return f"study {read_study(file).name}"
    if _is_workload(file):
        work = load_workload(file)
        _note(file, [*work.network.notes, *idle_keys(work)])
        return f"workload {work.name}"
    chip = priced_chip(file)
    _note(file, idle_keys(chip))
    return f"chip {chip.name}"


def _note(file: Path, notes: list[str] | tuple[str, ...]) -> None:
    for note in notes:
        say(f"note: {file}: {note}", err=True)


def _is_workload(file: Path) -> bool:
    """Whether a file has more keys of a workload than of a chip; ArchsimError if it has none of either."""
    from archsim.cli.inputs import keys_of
    from archsim.spec import Chip
    from archsim.workload.models import WorkloadModel
    from archsim.yaml_reader import read_yaml

    keys = set(read_yaml(file, ArchsimError).data)
    only_chip = set(keys_of(Chip)) - set(keys_of(WorkloadModel))
    only_workload = set(keys_of(WorkloadModel)) - set(keys_of(Chip))
    if not keys & (only_chip | only_workload):
        raise ArchsimError(
            f"{file}: neither a chip (keys {', '.join(sorted(only_chip))}) nor a workload "
            f"(keys {', '.join(sorted(only_workload))})"
        )
    return len(keys & only_workload) > len(keys & only_chip)
