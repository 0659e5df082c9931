"""What the command ``crossbar`` looks at: weights on the arrays of a chip, and a batch of random inputs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim.cli_inputs import blaming_sets, progress, refuse_other_kind, split_assignments
from archsim.cli_weights import WeightFile, read_matrix
from archsim.crossbar import CrossbarArray
from archsim.crossbar.cells import Fault
from archsim.crossbar.mvm.inputs import n_cycles_of
from archsim.crossbar.mvm.readout import Adc
from archsim.engine.long.memory import check_memory
from archsim.errors import ArchsimError
from archsim.spec import Chip, load_chip
from archsim.spec.arrays import array_spec
from archsim.spec.values import AdcReadout, ArraySpec, CalibratedRange

Floats = NDArray[np.float64]
Place = tuple[int, int]

# random streams of the inputs, apart from those of the cells
_INPUTS, _CALIBRATION = 1, 2


@dataclass(frozen=True)
class Question:
    """What to look at: a chip, weights, and the inputs that are drawn.

    Parameters
    ----------
    chip : Path
    weights : Path
    key, layer : str or None
        Which array or layer of the weights file.
    place : str
        Row and column of the drawn array in the grid.
    seed : int
    n_vectors, density, input_bits
        The batch: how many inputs, which part of them is not zero, bits of one.
    assignments : sequence of str
        ``--set`` of the chip.
    max_memory_bytes : int, optional
        What it may take; half of the free memory if not given.
    """

    chip: Path
    weights: Path
    key: str | None
    layer: str | None
    place: str
    seed: int
    n_vectors: int
    density: float
    input_bits: int
    assignments: Sequence[str]
    max_memory_bytes: int | None = None


@dataclass(frozen=True, eq=False)
class Look:
    """An array after one batch, and all that is told and drawn of it."""

    question: Question
    chip: Chip
    weights: WeightFile
    array: CrossbarArray
    place: Place
    ideal: Floats
    output: Floats
    stored: Floats
    drop_frac: Floats | None
    sums: Floats

    @property
    def spec(self) -> ArraySpec:
        """The value side of the chip's arrays."""
        return self.array.spec

    @property
    def converter(self) -> Adc | None:
        """What converts the sums; none where they are read as they are."""
        return self.array.converter

    @property
    def faulty(self) -> dict[str, int]:
        """Cells of each kind of fault from manufacturing."""
        codes = self.array.fault_codes
        kinds = (Fault.STUCK_ON, Fault.STUCK_OFF, Fault.OPEN)
        return {kind.name.lower(): int(np.count_nonzero(codes == kind)) for kind in kinds}

    @property
    def range_ends(self) -> tuple[float, float] | None:
        """Of the converter, in full cells."""
        adc = self.converter
        return None if adc is None else (adc.lowest, adc.highest)


def array_asked(question: Question) -> tuple[Chip, WeightFile, ArraySpec, Place]:
    """Chip, weights, the chip's arrays, and which array of their grid is meant."""
    chip = _chip(question)
    weights = read_matrix(question.weights, key=question.key, layer=question.layer)
    spec = array_spec(chip, input_bits=question.input_bits)
    n_in, n_out = weights.values.shape
    grid = (-(-n_in // spec.n_rows), -(-n_out // spec.n_weights_per_row))
    return chip, weights, spec, _place(question.place, grid)


def looked(question: Question) -> Look:
    """Program the weights, send the batch through, and take the measures."""
    chip, weights, spec, place = array_asked(question)
    n_in, n_out = weights.values.shape
    check_memory(
        f"{question.n_vectors} vectors of {n_in} inputs on {n_in} x {n_out} weights",
        _bytes(spec, question.n_vectors, n_in, n_out), question.max_memory_bytes,
        "ask for fewer --vectors, or allow more with --max-memory",
    )  # fmt: skip
    progress(f"programming {n_in} x {n_out} weights ...")
    array = CrossbarArray(spec, weights.values, question.seed)
    if isinstance(spec.readout, AdcReadout) and isinstance(spec.readout.range, CalibratedRange):
        array.calibrate(_inputs(question, n_in, _CALIBRATION))
    x = _inputs(question, n_in, _INPUTS)
    progress(f"reading {question.n_vectors} vectors ...")
    return Look(
        question=question,
        chip=chip,
        weights=weights,
        array=array,
        place=place,
        ideal=x @ weights.values,
        output=array.mvm(x),
        stored=x @ array.weights,
        drop_frac=_drop(array, place),
        sums=_sums(array, x, place),
    )


def _bytes(spec: ArraySpec, n_vectors: int, n_in: int, n_out: int) -> int:
    """About what programming and reading take; measured on 128 x 64 weights, rounded up."""
    sums = 8 * n_cycles_of(spec.inputs) * min(n_out, spec.n_weights_per_row) * spec.n_columns_per_weight
    each = 36 * n_in + 48 * n_out + sums
    return 20_000_000 + 64 * n_in * n_out * spec.n_columns_per_weight + n_vectors * each


def _drop(array: CrossbarArray, place: Place) -> Floats | None:
    """Part of the drive that each cell lacks; nothing where that is not modelled, or no cell conducts."""
    spec = array.spec
    if spec.wires is not None and (spec.cell == "gated" or spec.curve is not None):
        return None
    drop = array.ir_drop(*place)
    return None if np.isnan(drop).all() else drop


def _sums(array: CrossbarArray, x: Floats, place: Place) -> Floats:
    """All sums of one array before conversion."""
    n_out, n_beside = array.shape[1], array.spec.n_weights_per_row
    first = place[1] * n_beside
    parts = {n_out: slice(first, first + n_beside), array.grid[1]: slice(place[1], place[1] + 1)}
    return np.concatenate([sums[..., parts[sums.shape[-1]]].ravel() for sums in array.adc_sums(x, place[0])])


def _chip(question: Question) -> Chip:
    for_chip, for_workload = split_assignments(question.assignments)
    if for_workload:
        raise ArchsimError(f"--set {for_workload[0]}: there is no workload here")
    refuse_other_kind(question.chip, "chip")
    return blaming_sets(lambda given: load_chip(question.chip, given), for_chip)


def _place(text: str, grid: Place) -> Place:
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


def _inputs(question: Question, n_in: int, stream: int) -> Floats:
    """Random inputs between 0 and 1 on the codes of the drivers; `density` of them are not zero."""
    if question.density <= 0:
        raise ArchsimError(f"--density {question.density:g}: no row would be driven; it must be above 0")
    rng = np.random.default_rng(np.random.SeedSequence((question.seed, stream)))
    shape = (question.n_vectors, n_in)
    active = rng.random(shape) < question.density
    if question.input_bits == 0:
        return np.where(active, 1.0 - rng.random(shape), 0.0)
    largest = 2**question.input_bits - 1
    return np.where(active, rng.integers(1, largest + 1, size=shape) / largest, 0.0)


def in_use(spec: ArraySpec, shape: tuple[int, int], place: Place) -> NDArray[np.bool_]:
    """Cells of one array that hold a weight or a reference; the last arrays of a grid may not be full.

    Examples
    --------
    >>> in_use(ArraySpec(rows=2, columns=4), (3, 2), (1, 0)).tolist()
    [[True, True, True, True], [False, False, False, False]]
    """
    n_rows = min(spec.n_rows, shape[0] - place[0] * spec.n_rows)
    n_weights = min(spec.n_weights_per_row, shape[1] - place[1] * spec.n_weights_per_row)
    used = np.zeros((spec.n_rows, spec.n_columns), dtype=bool)
    used[:n_rows, : n_weights * spec.n_columns_per_weight] = True
    used[:n_rows, -1] |= spec.signed == "offset"
    return used
