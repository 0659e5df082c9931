"""Inputs of commands: chips and workloads with their ``--set`` assignments, and what they tell on stderr."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from archsim.cli.say import say
from archsim.display import show
from archsim.errors import ArchsimError, UnitError
from archsim.examples import Kind, located, near
from archsim.spec import Chip, load_chip
from archsim.spec.library import read_chip
from archsim.units import close_match, parse_quantity, paths_to
from archsim.workload import Workload, load_workload
from archsim.workload.models import WorkloadModel
from archsim.yaml_reader import read_yaml, with_dots

Read = TypeVar("Read")


def keys_of(model: type[Chip] | type[WorkloadModel]) -> list[str]:
    """Keys on top of a kind of file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def split_assignments(assignments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which ``--set`` means the chip, which the workload.

    Raises
    ------
    ArchsimError
        Every assignment that means neither, could mean both, or sets what another one sets.

    Examples
    --------
    >>> split_assignments(["crossbar.rows=64", "samples=4", "workload.name=short"])
    (['crossbar.rows=64'], ['samples=4', 'name=short'])
    """
    for_chip: list[str] = []
    for_workload: list[str] = []
    errors = []
    for assignment in assignments:
        try:
            in_chip, bare = _meant(assignment)
        except ArchsimError as error:
            errors.append(str(error))
            continue
        chosen = for_chip if in_chip else for_workload
        path = _path_of(bare)
        if any(_path_of(other) == path for other in chosen):
            errors.append(f"--set {assignment}: {path} is set twice; which one is meant?")
        if inner := [other for other in chosen if other.startswith(f"{path}.")]:
            errors.append(f"--set {assignment}: takes back --set {inner[0]}; write it in front, or leave one out")
        chosen.append(bare)
    if errors:
        raise ArchsimError("\n".join(errors))
    return for_chip, for_workload


def only_for_chip(assignments: Sequence[str], why_not: str) -> list[str]:
    """Assignments of a command that takes no workload; ArchsimError if one means the workload."""
    for_chip, for_workload = split_assignments(assignments)
    if for_workload:
        raise ArchsimError(f"--set {for_workload[0]}: {why_not}")
    return for_chip


def _path_of(assignment: str) -> str:
    return assignment.partition("=")[0].strip()


def _meant(assignment: str) -> tuple[bool, str]:
    """Whether a ``--set`` means the chip, and the assignment without prefix; ArchsimError if nothing tells."""
    path = _path_of(assignment)
    first, _, rest = path.partition(".")
    if dotted := with_dots(path):
        raise ArchsimError(f"--set {assignment}: write it as {dotted}")
    if first in ("chip", "workload") and rest:
        return first == "chip", assignment.strip().partition(".")[2]
    in_chip, in_workload = first in keys_of(Chip), first in keys_of(WorkloadModel)
    if in_chip and in_workload:
        raise ArchsimError(
            f"--set {assignment}: chips and workloads both have '{first}'; write chip.{first} or workload.{first}"
        )
    if not in_chip and not in_workload:
        raise ArchsimError(f"--set {assignment}: neither chips nor workloads have '{first}'{_hint(path)}")
    return in_chip, assignment


_MOST_HINTS = 4


def _hint(path: str) -> str:
    """Where the keys of a path stand deeper down, or what it may mean, or all that there is on top."""
    chip_keys, workload_keys = keys_of(Chip), keys_of(WorkloadModel)
    deeper = paths_to(Chip, path) + paths_to(WorkloadModel, path)
    if deeper:
        more = f" or {len(deeper) - _MOST_HINTS} more" if len(deeper) > _MOST_HINTS else ""
        return f" on top; did you mean {', '.join(deeper[:_MOST_HINTS])}{more}?"
    return close_match(path.partition(".")[0], [*chip_keys, *workload_keys]) or (
        f"; a chip has: {', '.join(chip_keys)}; a workload has: {', '.join(workload_keys)}"
    )


def refuse_other_kind(file: Path, wanted: Kind, hint: str = "") -> None:
    """Refuse a chip where a workload is wanted, a study where a chip is wanted and so on, by what the file is.

    Parameters
    ----------
    file : Path
    wanted : "chip", "workload" or "study"
    hint : str
        What may have gone wrong if it is a chip or a workload.

    Raises
    ------
    ArchsimError
        By the keys on top; a file that cannot be read is left to the reader of its kind.
    """
    found = kind_of_file(file, wanted)
    if found is None or found == wanted or (found, wanted) == ("network (.nir)", "workload"):
        return
    if wanted == "study":
        hint = "; a study names a chip and a workload, parameters and objectives, as workloads/studies/tiny.yaml"
    elif found == "study":
        hint = f"; try its configurations with archsim sweep {file} or archsim search {file}"
    raise ArchsimError(f"{file} is a {found}, not a {wanted}{hint}")


def refuse_missing(items: Sequence[Path]) -> None:
    """Refuse what is neither a file, nor a folder, nor the name of a chip that comes with archsim."""
    if missing := [item for item in items if not (item.exists() or located(item, "chip").exists())]:
        raise ArchsimError(f"{missing[0]}: there is no such file or folder{near(missing[0], 'chip')}")


def refuse_no_result(item: Path, made_by: str = "archsim run -o") -> None:
    """Refuse a file that is no saved result by its name."""
    if item.is_file() and item.suffix != ".json":
        beside = (item.parent / "result.json").is_file()
        raise ArchsimError(
            f"{item}: is no result; name the folder that {made_by} made{f', {item.parent}' * beside}"
        )


_ONLY_IN = {
    "chip": {"crossbar", "tile", "library"},
    "workload": {"network"},
    "study": {"parameters", "objectives"},
}


def kind_of_file(file: Path, wanted: Kind | None = None) -> str | None:
    """The kind of a file by its top keys: chip, workload, study or network (.nir); None if that does not tell.

    A name is that of an example of the kind that is wanted, else of any.
    """
    file = located(file, wanted)
    file = file if file.exists() else located(file)
    if file.suffix == ".nir":
        return "network (.nir)"
    try:
        keys = set(read_yaml(file, ArchsimError).data)
    except ArchsimError:
        return None
    kinds = [kind for kind, own in _ONLY_IN.items() if keys & own]
    return kinds[0] if len(kinds) == 1 else None


def blaming_sets(read: Callable[[Sequence[str]], Read], overrides: Sequence[str]) -> Read:
    """The result of `read` with the assignments; an error in a line of the file that came with one names it.

    Raises
    ------
    ArchsimError
        Of the class that `read` raises. An error is blamed on the assignments without which, each by itself, it is
        not there; on all if there is none such.
    """
    try:
        return read(overrides)
    except ArchsimError as error:
        told = str(error).splitlines()
        own = _errors_with(read, ())
        new = [line for line in told if line not in own and not line.startswith(("--set ", "… "))]
        without = {item: _errors_with(read, [o for o in overrides if o != item]) for item in overrides}
        blamed = {
            line: [item for item, left in without.items() if line not in left] or list(overrides) for line in new
        }
        if not overrides or not new:
            raise
        lines = [f"--set {' --set '.join(blamed[line])}: {line}" if line in blamed else line for line in told]
        raise type(error)("\n".join(lines)) from None


def _errors_with(read: Callable[[Sequence[str]], object], overrides: Sequence[str]) -> set[str]:
    try:
        read(overrides)
    except ArchsimError as error:
        return set(str(error).splitlines())
    return set()


def priced_chip(path: Path, overrides: Sequence[str] = ()) -> Chip:
    """A chip whose cost models hold.

    Raises
    ------
    SpecError
        With every error of the file, or of what its cost models can price.
    """
    refuse_other_kind(path, "chip")
    return blaming_sets(lambda given: _priced(path, given), overrides)


def _priced(path: Path, overrides: Sequence[str]) -> Chip:
    from archsim.components import check
    from archsim.crossbar.cells import with_expected_pulses

    chip = with_expected_pulses(load_chip(path, overrides))
    errors = check(chip)
    if errors:
        document = read_chip(path, overrides)
        parts = (error.partition(": ") for error in errors)
        raise document.fail([(tuple(where.split(".")), said) for where, _, said in parts])
    return chip


def load_both(chip: Path, workload: Path, assignments: Sequence[str]) -> tuple[Chip, Workload]:
    """Chip and workload; what the reader of the network noted goes to stderr."""
    refuse_other_kind(chip, "chip", "; are the arguments swapped?")
    refuse_other_kind(workload, "workload", "; are the arguments swapped?")
    for_chip, for_workload = split_assignments(assignments)
    found = priced_chip(chip, for_chip), read_workload(workload, for_workload)
    for note in found[1].network.notes:
        say(f"note: {note}", err=True)
    return found


def idle_keys(item: Chip | Workload) -> list[str]:
    """Which keys of a chip or workload change nothing."""
    from archsim.components import without_effect
    from archsim.workload import notes

    return without_effect(item) if isinstance(item, Chip) else notes.without_effect(item)


def read_workload(path: Path, overrides: Sequence[str]) -> Workload:
    """A workload; an error that comes with a ``--set`` names it."""
    return blaming_sets(lambda given: load_workload(path, given), overrides)


def memory_bytes(text: str | None) -> int | None:
    """The number of bytes that ``--max-memory`` allows."""
    if text is None:
        return None
    try:
        return int(parse_quantity(text, "bytes"))
    except UnitError as error:
        raise ArchsimError(f"--max-memory: {error}") from None


def progress(text: str) -> None:
    """Show the progress, on a terminal only."""
    show(text)


def error_text(message: str, *, is_one: bool = False) -> str:
    """The text on stderr for a message of one error on each line, or of one error that takes several.

    Examples
    --------
    >>> print(error_text("rows: must be at least 1"))
    error: rows: must be at least 1
    >>> print(error_text("rows: missing\\ncolumns: missing"))
    error: 2 errors
    rows: missing
    columns: missing
    """
    lines = message.splitlines()
    if len(lines) < 2 or is_one:
        return f"error: {message}"
    unseen = re.fullmatch(r"… and (\d+) more", lines[-1])
    n_errors = len(lines) - 1 + int(unseen[1]) if unseen else len(lines)
    return "\n".join([f"error: {n_errors} errors", *lines])
