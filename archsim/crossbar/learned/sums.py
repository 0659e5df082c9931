"""A learned error model in use: it adds errors to the sums of lines before they are converted."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.learned.model import ErrorModel
from archsim.errors import SpecError

FEATURES = ("ideal", "active_rows")
"""Features of a sum that an array knows: its ideal value in full cells, and how many lines are driven."""


def model_of_sums(path: str) -> ErrorModel:
    """The error model of a file, if an array can use it; read once for each state of the file.

    Parameters
    ----------
    path : str
        Relative to the working directory, or absolute.

    Raises
    ------
    SpecError
        The file cannot be read, is no error model, or its model needs a feature that an array does not know.
    """
    try:
        state = os.stat(path)
    except OSError as error:
        said = f"errors.learned: {path}: cannot be read: {error.strerror or error}"
        made = f"archsim crossbar CHIP --weights FILE --fit {path}"
        raise SpecError(f"{said}; make an error model with: {made}") from None
    return _read(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _read(path: str, _changed_ns: int, _n_bytes: int) -> ErrorModel:
    model = ErrorModel.load(path)
    unknown = [name for name in model.names if name not in FEATURES]
    if unknown:
        said = f"errors.learned: {path}: the model needs {', '.join(unknown)}, which an array does not know"
        raise SpecError(f"{said}; fit it on {' and '.join(FEATURES)} alone")
    return model


def with_errors(
    model: ErrorModel, sums: NDArray[Any], digits: NDArray[Any], rng: np.random.Generator
) -> NDArray[Any]:
    """Sums (n, width) of one line as real ones, for digits (n, rows) of one block; their kind of number stays."""
    active = np.count_nonzero(digits, axis=1) if "active_rows" in model.names else None
    return model.apply(sums, active, rng).astype(sums.dtype, copy=False)
