"""Pairs of ideal and real output: what a learned error model is fitted to."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.errors import SpecError
from archsim.reading import open_text

Floats = NDArray[np.float64]

# the error's spread is estimated from groups of 8 residuals, and it needs more than one group
MIN_SAMPLES = 20
_ERRORS_SHOWN = 20


@dataclass(frozen=True, eq=False)
class ErrorSamples:
    """Errors of an output and the operating points at which they were seen.

    Parameters
    ----------
    names : tuple of str
        One name per feature; the first is always ``ideal``.
    features : array (n, k)
        The operating points; column 0 is the ideal output, in the unit of the error.
    error : array (n,)
        Measured minus ideal output.
    source : str
        Where the samples come from; kept in the saved model.

    Raises
    ------
    SpecError
        If shapes disagree, a number is not finite, names repeat, or there are fewer than 20 samples.

    Examples
    --------
    >>> ideal = np.linspace(0.0, 1.0, 20)
    >>> samples = ErrorSamples(("ideal",), ideal[:, None], -0.1 * ideal, source="a line")
    >>> samples.error[-1]
    np.float64(-0.1)
    """

    names: tuple[str, ...]
    features: Floats
    error: Floats
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        try:
            object.__setattr__(self, "features", np.array(self.features, dtype=np.float64))
            object.__setattr__(self, "error", np.array(self.error, dtype=np.float64))
        except (TypeError, ValueError):
            raise SpecError("features and error must be arrays of real numbers") from None
        errors = list(self._errors())
        if errors:
            raise SpecError("\n".join(errors))

    def _errors(self) -> Iterator[str]:
        if not self.names or self.names[0] != "ideal":
            yield f"names are {self.names}, the first must be 'ideal'"
        if len(set(self.names)) < len(self.names):
            yield f"names are {self.names}, each may come once"
        if self.features.ndim != 2 or self.features.shape[1] != len(self.names):
            yield f"features has shape {self.features.shape}, must be (n, {len(self.names)}): one column per name"
        if self.error.shape != self.features.shape[:1]:
            yield f"error has shape {self.error.shape}, must be {self.features.shape[:1]}: one per row of features"
        if len(self.error.ravel()) < MIN_SAMPLES:
            yield f"{self.error.size} sample(s), a spread needs at least {MIN_SAMPLES}"
        for name, values in (("features", self.features), ("error", self.error)):
            n_wrong = np.count_nonzero(~np.isfinite(values))
            if n_wrong:
                yield f"{name}: {n_wrong} number(s) are not finite"


def read_error_csv(path: str | os.PathLike[str]) -> ErrorSamples:
    """Read measurements of a chip.

    Parameters
    ----------
    path : path
        A CSV file in UTF-8 whose first line names the columns: ``ideal`` and ``measured`` (both in one unit),
        optionally ``active_rows``, and any other numeric column (temperature, column number, …), which becomes
        a feature under its name. Empty lines are passed over.

    Returns
    -------
    ErrorSamples
        Features ``ideal``, ``active_rows`` if it is there, then the others as in the file.

    Raises
    ------
    SpecError
        Every error with file and line: a column missing or twice, a row too short or long, something that is
        not a finite number, a negative number of active rows, fewer than 20 rows.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "chip.csv"
    ...     _ = file.write_text("ideal,measured\\n" + "".join(f"{i},{0.9 * i}\\n" for i in range(30)))
    ...     samples = read_error_csv(file)
    >>> samples.names, len(samples.error)
    (('ideal',), 30)
    """
    place = Path(path)
    errors: list[str] = []
    try:
        with open_text(place, encoding="utf-8-sig", newline="") as file:
            header, rows = _rows(place, csv.reader(file), errors)
    except OSError as broken:
        raise SpecError(f"{place}: cannot be read: {broken.strerror or broken}") from None
    except (UnicodeDecodeError, csv.Error) as broken:
        raise SpecError(f"{place}: is not a CSV file in UTF-8: {broken}") from None
    if not errors and len(rows) < MIN_SAMPLES:
        errors.append(f"{place}: has {len(rows)} row(s) of numbers, a spread needs at least {MIN_SAMPLES}")
    if errors:
        more = len(errors) - _ERRORS_SHOWN
        raise SpecError("\n".join(errors[:_ERRORS_SHOWN] + ([f"… and {more} more"] if more > 0 else [])))
    table = np.array(rows)
    further = [name for name in header if name not in ("ideal", "measured", "active_rows")]
    names = ["ideal", *(["active_rows"] if "active_rows" in header else []), *further]
    error = table[:, header.index("measured")] - table[:, header.index("ideal")]
    return ErrorSamples(tuple(names), table[:, [header.index(name) for name in names]], error, place.name)


def _rows(place: Path, reader: Any, errors: list[str]) -> tuple[list[str], list[list[float]]]:
    header = [name.strip() for name in next(reader, [])]
    if not any(header):
        errors.append(f"{place}:1: is empty; the first line must name the columns: ideal,measured[,active_rows,…]")
        return header, []
    for name in ("ideal", "measured"):
        if name not in header:
            errors.append(f"{place}:1: column {name!r} is missing; there are {', '.join(header)}")
    for name in sorted({name for name in header if header.count(name) > 1}):
        errors.append(f"{place}:1: column {name!r} comes {header.count(name)} times")
    if "" in header:
        errors.append(f"{place}:1: column {header.index('') + 1} has no name")
    rows = []
    for cells in reader:
        where = f"{place}:{reader.line_num}"
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            errors.append(f"{where}: has {len(cells)} value(s), the header names {len(header)}")
            continue
        rows.append([_number(where, name, cell, errors) for name, cell in zip(header, cells, strict=True)])
    return header, rows


def _number(where: str, name: str, cell: str, errors: list[str]) -> float:
    try:
        value = math.nan if "_" in cell else float(cell)  # Python reads 1_000, no instrument writes it
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        errors.append(f"{where}: {name} is {cell.strip()!r}, must be a finite number")
    elif name == "active_rows" and value < 0:
        errors.append(f"{where}: active_rows is {cell.strip()}, must be 0 or more")
    return value


def samples_from_array(
    measure: Callable[[Floats], ArrayLike],
    ideal: Callable[[Floats], ArrayLike],
    n_rows: int,
    n_vectors: int,
    densities: Sequence[float] = (0.05, 0.1, 0.2, 0.4, 0.8),
    seed: int = 0,
    source: str = "simulated array",
) -> ErrorSamples:
    """Drive an array with random spikes and collect its errors.

    Parameters
    ----------
    measure, ideal : callable
        Binary inputs (n_vectors, n_rows) → outputs (n_vectors, cols), with and without non-idealities.
        Each is called once, with the same inputs.
    n_rows, n_vectors : int
        Word lines; input vectors.
    densities : sequence of float
        Probability of a spike per row, 0 to 1; vector i has density i modulo their number.
    seed : int
        Of the inputs.
    source : str
        Kept in the model.

    Returns
    -------
    ErrorSamples
        n_vectors × cols samples with the features ``ideal`` and ``active_rows``.

    Raises
    ------
    SpecError
        If a count is below 1, a density is no probability, or an output is not (n_vectors, cols).

    Examples
    --------
    >>> weights = np.ones((8, 2))
    >>> samples = samples_from_array(lambda x: 0.9 * x @ weights, lambda x: x @ weights, 8, 20, seed=1)
    >>> samples.names, samples.features.shape
    (('ideal', 'active_rows'), (40, 2))
    """
    counts = (("n_rows", n_rows), ("n_vectors", n_vectors))
    errors = [f"{name} is {n!r}, must be a whole number, 1 or more" for name, n in counts if not _is_count(n)]
    chances = np.asarray(densities, dtype=np.float64)
    if chances.ndim != 1 or chances.size == 0 or not ((chances >= 0) & (chances <= 1)).all():
        errors.append(f"densities are {densities!r}, must be one or more numbers from 0 to 1")
    if errors:
        raise SpecError("\n".join(errors))
    rng = np.random.default_rng(seed)
    density = chances[np.arange(n_vectors) % len(chances)]
    inputs = (rng.random((n_vectors, n_rows)) < density[:, None]).astype(np.float64)
    active = inputs.sum(axis=1)
    want = np.asarray(ideal(inputs.copy()), dtype=np.float64)
    got = np.asarray(measure(inputs), dtype=np.float64)
    if want.ndim != 2 or len(want) != n_vectors or got.shape != want.shape:
        raise SpecError(f"ideal gave shape {want.shape}, measure {got.shape}; both must be ({n_vectors}, cols)")
    features = np.column_stack([want.ravel(), np.repeat(active, want.shape[1])])
    return ErrorSamples(("ideal", "active_rows"), features, (got - want).ravel(), source)


def _is_count(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= 1
