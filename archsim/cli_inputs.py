"""What commands take in: chips and workloads with their ``--set`` assignments, and what they tell on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from archsim.errors import ArchsimError, SpecError
from archsim.spec import Chip, load_chip
from archsim.units import close_match
from archsim.workload import Workload, load_workload
from archsim.workload.models import WorkloadModel


def keys_of(model: type[Chip] | type[WorkloadModel]) -> list[str]:
    """Keys on top of a kind of file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def split_assignments(assignments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which ``--set`` means the chip, which the workload.

    Raises
    ------
    ArchsimError
        Every assignment that means neither, or could mean both.

    Examples
    --------
    >>> split_assignments(["crossbar.rows=64", "samples=4", "workload.name=short"])
    (['crossbar.rows=64'], ['samples=4', 'name=short'])
    """
    chip_keys, workload_keys = keys_of(Chip), keys_of(WorkloadModel)
    for_chip: list[str] = []
    for_workload: list[str] = []
    faults = []
    for assignment in assignments:
        first, _, rest = assignment.partition("=")[0].strip().partition(".")
        prefixed = assignment.strip().partition(".")[2]
        in_chip, in_workload = first in chip_keys, first in workload_keys
        if first == "chip" and rest:
            for_chip.append(prefixed)
        elif first == "workload" and rest:
            for_workload.append(prefixed)
        elif in_chip and in_workload:
            faults.append(
                f"--set {assignment}: chips and workloads both have '{first}'; "
                f"write chip.{first} or workload.{first}"
            )
        elif in_chip:
            for_chip.append(assignment)
        elif in_workload:
            for_workload.append(assignment)
        else:
            hint = close_match(first, [*chip_keys, *workload_keys])
            faults.append(
                f"--set {assignment}: neither chips nor workloads have '{first}'{hint}; "
                f"a chip has: {', '.join(chip_keys)}; a workload has: {', '.join(workload_keys)}"
            )
    if faults:
        raise ArchsimError("\n".join(faults))
    return for_chip, for_workload


def priced_chip(path: Path, overrides: Sequence[str] = ()) -> Chip:
    """A chip whose cost models hold.

    Raises
    ------
    SpecError
        With every fault of the file, or of what its cost models can price.
    """
    from archsim.components import check

    chip = load_chip(path, overrides)
    faults = check(chip)
    if faults:
        raise SpecError("\n".join(f"{path}: {fault}" for fault in faults))
    return chip


def load_both(chip: Path, workload: Path, assignments: Sequence[str]) -> tuple[Chip, Workload]:
    """Chip and workload; what the reader of the network noted goes to stderr."""
    for_chip, for_workload = split_assignments(assignments)
    found = priced_chip(chip, for_chip), load_workload(workload, for_workload)
    for note in found[1].network.notes:
        typer.echo(f"note: {note}", err=True)
    return found


def progress(text: str) -> None:
    """Say what is going on, if somebody looks at it."""
    if sys.stderr.isatty():
        typer.echo(text, err=True)
