"""See one array: what its cells hold, what its wires cost, and how large the output errors are.

Programs a matrix of weights on the arrays of a chip and reads random inputs through them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archsim.cli.command import command
from archsim.cli.options import Assignments, ChipFile, Json, MaxMemory
from archsim.cli.say import say, say_json
from archsim.errors import ArchsimError

if TYPE_CHECKING:
    from archsim.crossbar.look import Floats, Look, Question
    from archsim.spec import Chip


@command
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
    fit: Annotated[
        Path | None,
        typer.Option(
            "--fit",
            metavar="MODEL",
            help="Learn the error of the sums of that row of arrays and write an error model, for "
            "device.errors.learned of a chip file.",
        ),
    ] = None,
    measured: Annotated[
        Path | None,
        typer.Option(
            "--measured",
            metavar="CSV",
            help="For --fit: learn from measurements (columns ideal, measured[, active_rows]) in full cells.",
        ),
    ] = None,
    max_memory: MaxMemory = None,
    set_: Assignments = None,
    json: Json = False,
) -> None:
    from archsim.cli.inputs import memory_bytes, progress
    from archsim.cli.weights import read_matrix
    from archsim.crossbar.look import Question, looked
    from archsim.report import result_folder
    from archsim.report.crossbar import crossbar_record, crossbar_text, write_crossbar

    def look() -> tuple[Look, dict[str, Any]]:
        the_chip = _chip(chip, set_ or [])
        matrix = read_matrix(weights, key=key, layer=layer)
        place = _checked(the_chip, matrix.values.shape, array, vectors, density, input_bits, allowed)
        found = looked(the_chip, matrix.values, Question(place, seed, vectors, density, input_bits), progress)
        return found, crossbar_record(found, matrix.source, matrix.sha256)

    allowed = memory_bytes(max_memory)
    if fit is not None or measured is not None:
        the_chip, matrix = _chip(chip, set_ or []), read_matrix(weights, key=key, layer=layer)
        place = _checked(the_chip, matrix.values.shape, array, vectors, density, input_bits, allowed)
        asked = Question(place, seed, vectors, density, input_bits)
        _fit(the_chip, matrix.values, matrix.source, asked, fit, measured, json)
        return
    if output is None:
        _, record = look()
    else:
        with result_folder(output) as folder:
            found, record = look()
            progress("drawing ...")
            write_crossbar(folder, found, record)
    if json:
        say_json(record)
        return
    say(crossbar_text(record))
    if output is not None:
        say(f"written to {output}", err=True)


def _fit(
    chip: Chip,
    values: Floats,
    source: str,
    question: Question,
    model_file: Path | None,
    measured: Path | None,
    as_json: bool,
) -> None:
    """Fit an error model, write it, and say what it found."""
    from archsim.cli.inputs import progress
    from archsim.crossbar.learned import ErrorModel, read_error_csv
    from archsim.crossbar.samples import simulated_samples
    from archsim.report.error_fit import fit_record, fit_text

    if model_file is None:
        raise ArchsimError("--measured needs --fit MODEL, the file that the error model is written to")
    if measured is not None:
        samples = read_error_csv(measured)
    else:
        samples = simulated_samples(chip, values, source, question, progress)
    progress(f"fitting {len(samples.error)} samples ...")
    model = ErrorModel.fit(samples, seed=question.seed)
    model.save(model_file)
    record = fit_record(model, samples, model_file)
    if as_json:
        say_json(record)
    else:
        say(fit_text(record))


def _chip(file: Path, assignments: list[str]) -> Chip:
    from archsim.cli.inputs import blaming_sets, only_for_chip, refuse_other_kind
    from archsim.spec import load_chip

    for_chip = only_for_chip(assignments, "there is no workload here")
    refuse_other_kind(file, "chip")
    return blaming_sets(lambda given: load_chip(file, given), for_chip)


def _checked(
    chip: Chip,
    shape: tuple[int, ...],
    array: str,
    n_vectors: int,
    density: float,
    input_bits: int,
    max_memory_bytes: int | None,
) -> tuple[int, int]:
    """The array that is meant, if the batch can be read; ArchsimError if not."""
    from archsim.crossbar.look import bytes_of, grid_of
    from archsim.engine.long.memory import check_memory
    from archsim.spec.arrays import array_spec

    n_in, n_out = shape
    spec = array_spec(chip, input_bits=input_bits)
    place = _place(array, grid_of(spec, (n_in, n_out)))
    check_memory(
        f"{n_vectors} vectors of {n_in} inputs on {n_in} x {n_out} weights",
        bytes_of(spec, n_vectors, (n_in, n_out)), max_memory_bytes,
        "ask for fewer --vectors, or allow more with --max-memory",
    )  # fmt: skip
    if density <= 0:
        raise ArchsimError(f"--density {density:g}: no row would be driven; it must be above 0")
    return place


def _place(text: str, grid: tuple[int, int]) -> tuple[int, int]:
    """The array that is meant.

    Examples
    --------
    >>> _place("1,0", (2, 3))
    (1, 0)
    """
    found = re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s*", text)
    if found is None:
        raise ArchsimError(f"--array {text}: write ROW,COL, counted from 0, such as 0,0")
    row, column = int(found[1]), int(found[2])
    if row >= grid[0] or column >= grid[1]:
        said = f"the weights take {grid[0]} x {grid[1]} arrays, 0,0 to {grid[0] - 1},{grid[1] - 1}"
        raise ArchsimError(f"--array {text}: {said}")
    return row, column
