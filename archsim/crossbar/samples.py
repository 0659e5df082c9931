"""Training data of an error model: sums of a chip's arrays with their errors, and without."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.array import CrossbarArray
from archsim.crossbar.learned import ErrorSamples, samples_from_array
from archsim.crossbar.look import Question
from archsim.errors import ArchsimError
from archsim.spec import Chip
from archsim.spec.arrays import array_spec
from archsim.spec.cells import CellErrors
from archsim.spec.values import InputRules, no_converter

Floats = NDArray[np.float64]


def simulated_samples(
    chip: Chip, values: Floats, source: str, question: Question, tell: Callable[[str], None] = lambda _: None
) -> ErrorSamples:
    """Sums of one row of arrays with the chip's errors, and without, for spikes of several densities.

    Parameters
    ----------
    chip : Chip
    values : array (inputs, outputs)
        The weights; the row of arrays that `question` names is programmed.
    source : str
        Where the weights come from.
    question : Question
    tell : callable
        Called with what is going on.

    Raises
    ------
    ArchsimError
        The chip's errors are those of a learned model already.
    """
    spec = array_spec(chip, input_bits=question.input_bits)
    if spec.errors.learned is not None:
        raise ArchsimError("--fit: the chip's device.errors.learned is a learned model already; leave it out")
    spikes = spec.model_copy(update={"inputs": InputRules(), "readout": no_converter()})
    ideal = spikes.model_copy(update={"errors": CellErrors(), "wires": None, "curve": None})
    rows = slice(question.place[0] * spec.n_rows, (question.place[0] + 1) * spec.n_rows)
    part = values[rows]
    tell(f"programming {part.shape[0]} x {part.shape[1]} weights ...")
    real, exact = (CrossbarArray(each, part, question.seed) for each in (spikes, ideal))
    tell(f"reading {question.n_vectors} vectors ...")
    source = f"{chip.name}, {source}, seed {question.seed}"
    n_rows, n_vectors = part.shape[0], question.n_vectors
    return samples_from_array(
        lambda x: _sums(real, x), lambda x: _sums(exact, x), n_rows, n_vectors, seed=question.seed, source=source
    )


def _sums(array: CrossbarArray, x: Floats) -> Floats:
    """(n, sums of all lines) of an array of one row block, for spikes."""
    return np.concatenate([sums[0] for sums in array.adc_sums(x, 0)], axis=1)
