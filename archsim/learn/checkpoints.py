"""Checkpoints of a learning run, as files: written whole or not at all, refused where they do not belong.

A checkpoint is an npz file with a header (what it is, what it was made from), a record, arrays, and a checksum of
all of it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import ArchsimError, WorkloadError
from archsim.files import make_folder, write_arrays
from archsim.json_reader import read_json
from archsim.reading import input_arrays
from archsim.snn.weights import initialise
from archsim.units import shape_error
from archsim.workload.network import Network

FORMAT = "archsim checkpoint"
VERSION = 1
RESULT = "learning.json"
REPORT = "report.md"
_OURS = re.compile(r"learning\.json|report\.md|seed_\d+_\w+\.(npz|nir)|hardware_\w+\.npz|\.\S+\.part")
_MOST_DIFFERENCES = 4
_AGAIN = "delete it to do this part again"
_DAMAGE = (OSError, ValueError, TypeError, AttributeError, KeyError, RuntimeError, MemoryError)
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """A finished part: what it was made from, its record, its arrays."""

    made_from: dict[str, Any]
    record: dict[str, Any]
    arrays: Arrays

    def save(self, path: Path) -> None:
        """Write it, whole or not at all.

        Raises
        ------
        WriteError
            The file cannot be written.
        """
        header = {"format": FORMAT, "version": VERSION, "made_from": self.made_from, "record": self.record}
        header["sha256"] = _checksum(self.made_from, self.record, self.arrays)
        arrays: Arrays = {f"array_{name}": array for name, array in self.arrays.items()}
        write_arrays(path, {"header": np.array(json.dumps(header, allow_nan=False)), **arrays})

    @classmethod
    def load(cls, path: Path, made_from: Mapping[str, Any], shape: type[Any]) -> Checkpoint:
        """Read it back, if it was made from the same.

        Parameters
        ----------
        path : Path
        made_from : mapping
            What it must have been made from.
        shape : type
            That of its record (:mod:`archsim.learn.shapes`).

        Raises
        ------
        WorkloadError
            It is damaged or no checkpoint, of another version, or was made from something else (what).
        """
        try:
            content = input_arrays(path)
            header = read_json(str(content.pop("header")[()]))
            arrays = {name.removeprefix("array_"): array for name, array in content.items()}
            kind, version = header["format"], header["version"]
            found = cls(header["made_from"], header["record"], arrays)
        except _DAMAGE as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise WorkloadError(f"{path}: the checkpoint is damaged or none ({said}); {_AGAIN}") from None
        if kind != FORMAT or version != VERSION:
            raise WorkloadError(f"{path}: format {kind!r}, version {version}, is not read; {_AGAIN}")
        if header.get("sha256") != _checksum(found.made_from, found.record, found.arrays):
            raise WorkloadError(f"{path}: the checkpoint is damaged (its checksum does not fit); {_AGAIN}")
        differs = differences(found.made_from, _plain(made_from))
        if differs:
            raise WorkloadError(
                f"{path}: the checkpoint is of another run: {'; '.join(differs)}. Name another folder, or make "
                "chip, workload and options as they were"
            )
        if said := shape_error(found.record, shape):
            raise WorkloadError(f"{path}: the checkpoint is damaged ({said}); {_AGAIN}")
        return found

    def network(self, path: Path, network: Network, n_timesteps: int) -> Network:
        """The network with its arrays, of an input of so many timesteps.

        Raises
        ------
        WorkloadError
            An array is not one of numbers in the layer's shape.
        """
        wanted = arrays_of(initialise(network, 0, n_timesteps=n_timesteps))
        try:
            for name, array in self.arrays.items():
                # one bias for all neurons may have become one for each
                if name in wanted and wanted[name].ndim and array.shape != wanted[name].shape:
                    raise WorkloadError(f"array {name!r} has shape {array.shape}, not {wanted[name].shape}")
            return with_arrays(network, self.arrays)
        except ArchsimError as error:
            raise WorkloadError(f"{path}: the checkpoint is damaged ({error}); {_AGAIN}") from None


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


def _checksum(made_from: Mapping[str, Any], record: Mapping[str, Any], arrays: Arrays) -> str:
    digest = hashlib.sha256(json.dumps([made_from, record], sort_keys=True, allow_nan=False).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Differences between two descriptions, by path; the first few, and how many more.

    Examples
    --------
    >>> differences({"seed": 1, "chip": {"tiles": 2}}, {"seed": 1, "chip": {"tiles": 4}})
    ['chip.tiles was 2, is 4']
    """
    one, other = dict(_leaves(there)), dict(_leaves(here))
    found = [
        f"{path} was {one.get(path, 'not there')}, is {other.get(path, 'not there')}"
        for path in {**one, **other}
        if one.get(path) != other.get(path)
    ]
    more = [f"and {len(found) - _MOST_DIFFERENCES} more"] if len(found) > _MOST_DIFFERENCES else []
    return found[:_MOST_DIFFERENCES] + more


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    items: Any = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    if not items and path:
        yield path, value
    for key, item in items:
        yield from _leaves(item, f"{path}.{key}" if path else str(key))


def open_folder(path: Path, resume: bool) -> Path:
    """The folder of a run, made if it is not there.

    Raises
    ------
    WorkloadError
        It holds other files, or an earlier run that is not to be resumed.
    WriteError
        It is a file, or cannot be written.
    """
    target = make_folder(path)
    found = sorted(entry.name for entry in target.iterdir())
    foreign = [name for name in found if not _OURS.fullmatch(name)]
    if foreign:
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise WorkloadError(
            f"{target}: holds files that are no learning run of archsim ({', '.join(foreign[:3])}{more}); name "
            "another folder, or empty it"
        )
    if found and not resume:
        raise WorkloadError(
            f"{target}: holds an earlier learning run; go on with it by --resume, or name another folder"
        )
    return target


_FIELDS = ("weight", "bias", "recurrent_weight")


def arrays_of(network: Network) -> Arrays:
    """Learned values of a network, by layer and field."""
    found = {f"{field}_{k}": getattr(layer, field) for k, layer in enumerate(network.layers) for field in _FIELDS}
    return {name: np.asarray(array) for name, array in found.items() if array is not None}


def with_arrays(network: Network, arrays: Arrays) -> Network:
    """The network with what :func:`arrays_of` gave.

    Raises
    ------
    WorkloadError
        An array is not one of finite numbers, or belongs to no layer or is not of its shape.
    """
    layers = []
    names = {f"{field}_{k}": field for k in range(len(network.layers)) for field in _FIELDS}
    if foreign := sorted(set(arrays) - set(names)):
        raise WorkloadError(f"array {foreign[0]!r} belongs to no layer")
    for name, array in arrays.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise WorkloadError(f"array {name!r}: must hold finite numbers")
    for k, layer in enumerate(network.layers):
        changes: dict[str, Any] = {f: arrays[f"{f}_{k}"] for f in _FIELDS if f"{f}_{k}" in arrays}
        layers.append(replace(layer, **changes))
    return replace(network, layers=tuple(layers))


def fingerprint(network: Network) -> str:
    """Of a network's learned values."""
    digest = hashlib.sha256()
    for name, array in arrays_of(network).items():
        digest.update(name.encode() + np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return digest.hexdigest()[:16]
