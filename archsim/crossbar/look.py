"""Survey of weights on a chip's arrays: cells, and errors of a batch of random inputs (``archsim crossbar``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.array import CrossbarArray
from archsim.crossbar.cells import Fault
from archsim.crossbar.mvm.inputs import n_cycles_of
from archsim.crossbar.readouts.converter import Adc
from archsim.spec import Chip
from archsim.spec.arrays import array_spec
from archsim.spec.values import ArraySpec

Floats = NDArray[np.float64]
Place = tuple[int, int]

# random streams of the inputs, apart from those of the cells
_INPUTS, _CALIBRATION = 1, 2


@dataclass(frozen=True)
class Question:
    """Which array to look at, and the inputs that are drawn.

    Parameters
    ----------
    place : tuple of int
        Row and column of the drawn array in the grid.
    seed : int
    n_vectors : int
        Inputs of the batch.
    density : float
        Part of an input that is not zero, above 0 and at most 1.
    input_bits : int
        Bits of an input; 1 for spikes, 0 for analogue.
    """

    place: Place
    seed: int
    n_vectors: int
    density: float
    input_bits: int


@dataclass(frozen=True, eq=False)
class Look:
    """An array after one batch, and all that is reported and drawn of it."""

    question: Question
    chip: Chip
    values: Floats
    array: CrossbarArray
    ideal: Floats
    output: Floats
    stored: Floats
    drop_frac: Floats | None
    sums: Floats

    @property
    def place(self) -> Place:
        """Of the drawn array in the grid."""
        return self.question.place

    @property
    def spec(self) -> ArraySpec:
        """The value side of the chip's arrays."""
        return self.array.spec

    @property
    def converter(self) -> Adc | None:
        """The converter of the sums; None where they are read as they are."""
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


def looked(chip: Chip, values: Floats, question: Question, tell: Callable[[str], None] = lambda _: None) -> Look:
    """Program the weights, send the batch through, and take the measures.

    Parameters
    ----------
    chip : Chip
    values : array (inputs, outputs)
        The weights.
    question : Question
    tell : callable
        Called with what is going on.
    """
    spec = array_spec(chip, input_bits=question.input_bits)
    n_in, n_out = values.shape
    tell(f"programming {n_in} x {n_out} weights ...")
    array = CrossbarArray(spec, values, question.seed)
    if spec.readout.percentile is not None:
        array.calibrate(_inputs(question, n_in, _CALIBRATION))
    x = _inputs(question, n_in, _INPUTS)
    tell(f"reading {question.n_vectors} vectors ...")
    return Look(
        question=question,
        chip=chip,
        values=values,
        array=array,
        ideal=x @ values,
        output=array.mvm(x),
        stored=x @ array.weights,
        drop_frac=_drop(array, question.place),
        sums=_sums(array, x, question.place),
    )


def grid_of(spec: ArraySpec, shape: tuple[int, int]) -> Place:
    """Arrays across and beside each other that weights of a shape take."""
    return -(-shape[0] // spec.n_rows), -(-shape[1] // spec.n_weights_per_row)


def bytes_of(spec: ArraySpec, n_vectors: int, shape: tuple[int, int]) -> int:
    """About what programming and reading take; measured on 128 x 64 weights, rounded up."""
    n_in, n_out = shape
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


def _inputs(question: Question, n_in: int, stream: int) -> Floats:
    """Random inputs between 0 and 1 on the codes of the drivers; `density` of them are not zero."""
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
