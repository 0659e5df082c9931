"""Files with one matrix of weights: numpy's, comma-separated numbers, a layer of a NIR network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import ArchsimError
from archsim.examples import located
from archsim.reading import array_names, input_array, input_arrays, input_text, open_input
from archsim.units import close_match

Floats = NDArray[np.float64]
LONGEST = 40
LARGEST_MATRIX_BYTES = 1 << 29
LARGEST_CSV_BYTES = 1 << 25  # a number takes two bytes or more in the file, and 32 while it is read


@dataclass(frozen=True, eq=False)
class WeightFile:
    """One matrix of a file.

    Parameters
    ----------
    values : array (inputs, outputs)
    source : str
        File, and which part of it.
    """

    values: Floats
    source: str

    @property
    def sha256(self) -> str:
        """Hash of shape and numbers; the same for every kind of file."""
        data = np.ascontiguousarray(self.values, dtype="<f8").tobytes()
        return hashlib.sha256(f"{self.values.shape}".encode() + data).hexdigest()


def read_matrix(file: Path, *, key: str | None = None, layer: str | None = None) -> WeightFile:
    """Read a matrix: a row for each input (word line), a column for each output.

    Parameters
    ----------
    file : Path
        ``.npy``; ``.npz`` (`key` says which array if there are several); ``.csv``, commas between numbers, no
        header; ``.nir`` (`layer` says which one if several have weights; a convolution as im2col lays it out).
    key, layer : str, optional

    Raises
    ------
    ArchsimError
        The file cannot be read, is damaged, holds something else, or `key` or `layer` fits nothing in it.
    """
    file = located(file, "workload")  # a network of archsim's by its name
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise ArchsimError(f"{file}: is of no kind that holds weights; there are {', '.join(_READERS)}")
    for option, given, suffix in (("--key", key, ".npz"), ("--layer", layer, ".nir")):
        if given is not None and file.suffix.lower() != suffix:
            raise ArchsimError(f"{file}: {option} is for {suffix} files; leave it out")
    if file.is_dir():
        raise ArchsimError(f"{file}: is a folder; name a file in it")
    try:
        values, part = reader(file, key or layer)
    except FileNotFoundError:
        raise ArchsimError(f"{file}: there is no such file") from None
    except OSError as cause:
        raise ArchsimError(f"{file}: cannot be read: {cause.strerror or cause}") from None
    return WeightFile(_checked(file, values), f"{file}{part}")


def _checked(file: Path, values: NDArray[Any]) -> Floats:
    """A matrix of finite numbers, or what it is instead."""
    if values.dtype.kind not in "biuf":
        raise ArchsimError(f"{file}: holds {values.dtype}, not real numbers")
    if values.ndim != 2:
        hint = "; reshape it to (inputs, 1) for one output, (1, outputs) for one input" if values.ndim == 1 else ""
        raise ArchsimError(f"{file}: has shape {values.shape}; a matrix (inputs, outputs) is needed{hint}")
    if not values.size:
        raise ArchsimError(f"{file}: is empty, shape {values.shape}")
    matrix = values.astype(np.float64)
    wrong = np.argwhere(~np.isfinite(matrix))
    if len(wrong):
        row, column = wrong[0]
        many = f"{len(wrong)} numbers are" if len(wrong) > 1 else "1 number is"
        raise ArchsimError(f"{file}: {many} not finite, the first in row {row}, column {column} (counted from 0)")
    return matrix


def _npy(file: Path, _: str | None) -> tuple[NDArray[Any], str]:
    try:
        if _head(file).startswith(b"PK") and array_names(file):
            raise ArchsimError(f"{file}: is an archive of arrays; name it .npz")
        return input_array(file, LARGEST_MATRIX_BYTES), ""
    except ValueError as cause:
        raise ArchsimError(f"{file}: cannot be read as numpy's file: {cause}") from None


def _npz(file: Path, key: str | None) -> tuple[NDArray[Any], str]:
    try:
        if _head(file).startswith(b"\x93NUMPY") and input_array(file, LARGEST_MATRIX_BYTES).ndim:
            raise ArchsimError(f"{file}: is a single array; name it .npy")
        chosen = _chosen(file, "array", "--key", key, array_names(file))
        return input_arrays(file, LARGEST_MATRIX_BYTES, [chosen])[chosen], f", array '{chosen}'"
    except ValueError as cause:
        raise ArchsimError(f"{file}: cannot be read as numpy's file: {cause}") from None


def _head(file: Path) -> bytes:
    with open_input(file) as raw:
        return raw.read(6)


def _csv(file: Path, _: str | None) -> tuple[NDArray[Any], str]:
    try:
        text = input_text(file, LARGEST_CSV_BYTES, "utf-8-sig")
    except UnicodeDecodeError:
        raise ArchsimError(f"{file}: is no text file (UTF-8)") from None
    rows: list[list[float]] = []
    first = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        rows.append(_numbers(file, number, line, not rows))
        first = first or number
        if len(rows[-1]) != len(rows[0]):
            lengths = f"a row of {len(rows[-1])}, but line {first} has {len(rows[0])}"
            raise ArchsimError(f"{file}, line {number}: {lengths}")
    if not rows:
        raise ArchsimError(f"{file}: is empty")
    return np.array(rows), ""


def _numbers(file: Path, number: int, line: str, is_first: bool) -> list[float]:
    found = []
    for place, cell in enumerate(line.split(","), start=1):
        try:
            found.append(float(cell))
        except ValueError:
            text = cell.strip()
            text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
            said = f"{file}, line {number}, field {place}: '{text}' is no number"
            if ";" in line or "\t" in line:
                said += "; numbers are separated by commas, decimals have a point"
            elif is_first and text:
                said += "; a header is not read: remove this line"
            raise ArchsimError(said) from None
    return found


def _nir(file: Path, name: str | None) -> tuple[NDArray[Any], str]:
    from archsim.workload import Conv, from_nir

    layers = {layer.name: layer for layer in from_nir(file).layers if layer.weight is not None}
    if name is None and not layers:
        raise ArchsimError(f"{file}: no layer has weights")
    layer = layers[_chosen(file, "layer with weights", "--layer", name, list(layers))]
    if isinstance(layer.op, Conv) and layer.op.groups > 1:
        raise ArchsimError(f"{file}: layer '{layer.name}' has {layer.op.groups} groups; choose one without groups")
    weight = np.asarray(layer.weight)
    return weight.reshape(len(weight), -1).T, f", layer '{layer.name}'"


def _chosen(file: Path, what: str, option: str, given: str | None, names: list[str]) -> str:
    """The part that is meant: the one named, or the only one."""
    if given is None and len(names) == 1:
        return names[0]
    there_are = f"there are: {', '.join(names)}" if names else "there is none"
    if given is None:
        raise ArchsimError(f"{file}: say with {option} which {what}; {there_are}")
    if given not in names:
        raise ArchsimError(f"{file}: has no {what} '{given}'{close_match(given, names)}; {there_are}")
    return given


_READERS: dict[str, Callable[[Path, str | None], tuple[NDArray[Any], str]]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".csv": _csv,
    ".nir": _nir,
}
