"""The commands ``check``, ``components``, ``schema`` and ``plot``."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from archsim.cli_inputs import (
    error_text,
    idle_keys,
    keys_of,
    kind_of_file,
    priced_chip,
    split_assignments,
)
from archsim.cli_say import say
from archsim.errors import ArchsimError
from archsim.files import inside, make_folder
from archsim.report import load_result, read_results, spans_file, text_table
from archsim.spec import Chip
from archsim.units import format_quantity
from archsim.workload import load_workload
from archsim.workload.models import WorkloadModel
from archsim.yaml_reader import read_yaml

if TYPE_CHECKING:
    from archsim.metrics import Result
    from archsim.plot import Drawing


def check(files: Sequence[Path]) -> None:
    """A line for each good file on stdout; every fault of the others on stderr, then exit code 2."""
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
    """What a good file is."""
    if file.is_dir():
        raise ArchsimError(f"{file}: is a folder; name the files in it")
    if file.suffix == ".nir":
        work = load_workload(file)
        for note in work.network.notes:
            say(f"note: {file}: {note}", err=True)
        n_layers = len(work.network.layers)
        return f"network {work.name}, {n_layers} layer{'s' if n_layers != 1 else ''}"
    if kind_of_file(file) == "study":
        from archsim.explore.study_reader import read_study

        return f"study {read_study(file).name}"
    keys = set(read_yaml(file, ArchsimError).data)
    only_chip = set(keys_of(Chip)) - set(keys_of(WorkloadModel))
    only_workload = set(keys_of(WorkloadModel)) - set(keys_of(Chip))
    if not keys & (only_chip | only_workload):
        raise ArchsimError(
            f"{file}: neither a chip (keys {', '.join(sorted(only_chip))}) nor a workload "
            f"(keys {', '.join(sorted(only_workload))})"
        )
    if len(keys & only_workload) > len(keys & only_chip):
        work = load_workload(file)
        for note in [*work.network.notes, *idle_keys(work)]:
            say(f"note: {file}: {note}", err=True)
        return f"workload {work.name}"
    chip = priced_chip(file)
    for note in idle_keys(chip):
        say(f"note: {file}: {note}", err=True)
    return f"chip {chip.name}"


_COLUMNS = ("component", "where", "number", "action", "energy", "per", "latency", "area", "leakage", "source")


def components(chip: Path, assignments: Sequence[str], as_json: bool) -> None:
    """The price list, the sources below it."""
    from archsim.components import price_rows

    for_chip, for_workload = split_assignments(assignments)
    if for_workload:
        raise ArchsimError(f"--set {for_workload[0]}: a chip has no workload")
    rows = price_rows(priced_chip(chip, for_chip))
    if as_json:
        say(json.dumps(rows, indent=1, allow_nan=False))
        return
    cited = [(row["source"], row["scaling"]) for row in rows]
    sources = list(dict.fromkeys(cited))
    numbers = [sources.index(one) + 1 for one in cited]
    cells = [line for row, number in zip(rows, numbers, strict=True) for line in _price_lines(row, number)]
    say(text_table(_COLUMNS, cells) + "\n")
    width = max(60, min(120, shutil.get_terminal_size((110, 24)).columns))
    for number, (source, scaling) in enumerate(sources, start=1):
        text = f"{source}. Scaling: {scaling}" if scaling else source
        say(textwrap.fill(text, width, initial_indent=f"{number:>3}. ", subsequent_indent="     "))


def _price_lines(row: dict[str, Any], source: int) -> list[list[str]]:
    """A line for each action of a component; what belongs to the component stands in the first."""
    latency = "-" if row["latency_ps"] is None else format_quantity(row["latency_ps"], "time")
    prices = [[a["name"], format_quantity(a["energy_pj"], "energy"), a["per"]] for a in row["actions"]]
    prices = prices or [["-", "", ""]]
    head = [row["component"], row["where"], str(row["n_per_parent"])]
    area, leakage = format_quantity(row["area_um2"], "area"), format_quantity(row["leakage_uw"], "power")
    tail = [latency, area, leakage, str(source)]
    return [
        [*(head if i == 0 else ["", "", ""]), *price, *(tail if i == 0 else ["", "", "", ""])]
        for i, price in enumerate(prices)
    ]


def schema(model: str) -> None:
    """JSON Schema of chips or workloads."""
    found = (Chip if model == "chip" else WorkloadModel).model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
    say(json.dumps(schema, indent=1, allow_nan=False))


def plot(result: Path, kinds: Sequence[str], phases: Sequence[str], suffix: str, output: Path | None) -> None:
    """Pictures of a saved result; the names of the files on stdout."""
    from archsim.metrics import phase_file
    from archsim.plot import Drawing

    if result.is_file() and result.suffix != ".json":
        raise ArchsimError(f"{result}: is no result; name the result folder, {result.parent}")
    if output is not None and output.is_file():
        raise ArchsimError(f"{output}: is a file; name a folder")
    found = read_results(result).results
    missing = [phase for phase in phases if phase not in found]
    if missing:
        raise ArchsimError(f"{result}: has no {', '.join(missing)}; there are: {', '.join(found)}")
    source = result if result.is_dir() else result.parent
    folder = output or source
    make_folder(folder)
    for phase in phases or found:
        drawing = Drawing.load(source / spans_file(phase))
        whole = load_result(result, phase) if set(kinds) & {"utilisation", "latency"} else None
        for kind in kinds:
            file = inside(folder, phase_file(kind, phase, suffix))
            _picture(kind, drawing, whole, file)
            say(str(file))


def _picture(kind: str, drawing: Drawing, whole: Result | None, file: Path) -> None:
    from archsim.plot import breakdown, latency, pipeline, power, utilisation

    if whole is not None and kind in ("utilisation", "latency"):
        (utilisation if kind == "utilisation" else latency)(whole, file)
    elif kind == "pipeline":
        pipeline(drawing, file)
    elif kind == "breakdown":
        breakdown(drawing, file)
    elif kind == "power":
        power(drawing, file)
    else:
        raise ArchsimError(f"figure {kind!r} is unknown")
