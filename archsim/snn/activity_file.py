"""The file of an activity: a compressed npz that says what it is, and with which network it was recorded."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from archsim.errors import WorkloadError
from archsim.files import write_arrays
from archsim.json_reader import read_json
from archsim.reading import input_arrays
from archsim.snn.windows import Array
from archsim.workload.network import INPUT, Network

FORMAT = "archsim activity"
FORMAT_VERSION = 3
READS = (1, 2, 3)
"""Version 1 holds spikes only; 2 may hold errors and writes too, named in its header; 3 pulses and codes."""
FURTHER = ("errors", "writes", "pulses", "codes", "error_codes", "fed_back")
PARTS = ("spikes", *FURTHER)

_NOT_OURS = "is an npz file, but not an activity that archsim has saved"

Parts = dict[str, dict[str, Array]]
"""Arrays by part, one of `PARTS`, and name."""


def write_parts(path: str | os.PathLike[str], network: Network, parts: Parts) -> None:
    """Write a file, whole or not at all.

    Raises
    ------
    WriteError
        If it cannot be written.
    """
    header: dict[str, Any] = {"format": FORMAT, "version": FORMAT_VERSION, "structure": _structure(network)}
    arrays: dict[str, Array] = {}
    for part, by_name in parts.items():
        names = [INPUT, *network.names] if part == "spikes" else sorted(by_name)
        header |= {} if part == "spikes" else {part: names}
        arrays |= {f"{part}_{i}": by_name[name] for i, name in enumerate(names)}
    write_arrays(path, {"header": np.array(json.dumps(header, allow_nan=False)), **arrays})


def read_parts(path: str | os.PathLike[str], network: Network) -> Parts:
    """Read what `write_parts` wrote for the same network.

    Raises
    ------
    WorkloadError
        If the file is missing, no activity, of an unknown version, damaged, or of another network.
    """
    try:
        arrays = input_arrays(path)
    except FileNotFoundError:
        raise WorkloadError(f"there is no activity file {path}") from None
    except OSError as error:
        raise WorkloadError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise WorkloadError(f"{path} is not an activity file (npz), or is damaged: {error}") from None
    header = _checked_header(path, arrays, network)
    names = {"spikes": [INPUT, *network.names]}
    names |= {part: header[part] for part in FURTHER}
    found: Parts = {}
    for part, of_part in names.items():
        missing = [name for i, name in enumerate(of_part) if f"{part}_{i}" not in arrays]
        if missing:
            raise WorkloadError(f"{path}: the {part} of {', '.join(missing)} are missing; record it again")
        found[part] = {name: arrays[f"{part}_{i}"] for i, name in enumerate(of_part)}
    return found


def _checked_header(path: str | os.PathLike[str], arrays: Mapping[str, Array], network: Network) -> dict[str, Any]:
    header = _read_header(path, arrays)
    kind, version, structure = header["format"], header["version"], header["structure"]
    if kind != FORMAT or version not in READS:
        known = ", ".join(map(str, READS))
        raise WorkloadError(
            f"{path}: this archsim reads {FORMAT!r} of versions {known}, the file is {kind!r} of version "
            f"{version}; record it again, or use the archsim that wrote it"
        )
    here = _structure(network)
    if structure != here:
        raise WorkloadError(
            f"{path} was recorded with another network than {network.name!r}; what differs: "
            f"{', '.join(_differences(structure, here)) or 'the input shape or the order of the layers'}"
        )
    return header


def _read_header(path: str | os.PathLike[str], arrays: Mapping[str, Array]) -> dict[str, Any]:
    """The header with every field of its type."""
    text = arrays.get("header")
    if text is None or text.shape != () or text.dtype.kind != "U":
        raise WorkloadError(f"{path} {_NOT_OURS}: it has no header")
    try:
        header = read_json(str(text[()]))
    except ValueError as error:
        raise WorkloadError(f"{path} {_NOT_OURS}: its header is damaged: {error}") from None
    if not isinstance(header, dict):
        raise WorkloadError(f"{path} {_NOT_OURS}: its header holds no fields")
    header = {**{part: [] for part in FURTHER}, **header}
    errors = [f"{key} is missing" for key in ("format", "version", "structure") if key not in header]
    for part in FURTHER:
        if not isinstance(header[part], list) or not all(isinstance(name, str) for name in header[part]):
            errors.append(f"{part} must be a list of names of layers")
    if errors:
        raise WorkloadError(f"{path} {_NOT_OURS}: its header is damaged: {'; '.join(errors)}")
    return header


def _structure(network: Network) -> dict[str, Any]:
    """All that decides the shapes and rows, without weights and neuron parameters."""
    layers = [
        {
            "name": layer.name,
            "op": {"type": type(layer.op).__name__, **asdict(layer.op)},
            "inputs": layer.inputs,
            "in_shape": layer.in_shape,
            "out_shape": layer.out_shape,
            "neuron": layer.neuron.kind if layer.neuron else None,
            "recurrent": layer.recurrent,
            "delay": layer.delay,
        }
        for layer in network.layers
    ]
    structure = {"input_shape": network.input_shape, "layers": layers}
    plain: dict[str, Any] = json.loads(json.dumps(structure, default=int, allow_nan=False))  # tuples become lists
    return plain


def _differences(there: Any, here: dict[str, Any]) -> list[str]:
    """Names of the layers that only one of two structures has, or that differ."""
    try:
        one, other = ({str(layer["name"]): layer for layer in s["layers"]} for s in (there, here))
    except (KeyError, TypeError):
        return ["its structure, which names no layers"]
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]
