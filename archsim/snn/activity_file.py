"""The file of an activity: a compressed npz that says what it is, and with which network it was recorded."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from archsim.errors import WorkloadError
from archsim.files import write_arrays
from archsim.snn.windows import Array
from archsim.workload.network import INPUT, Network

FORMAT = "archsim activity"
FORMAT_VERSION = 2
READS = (1, 2)
"""Version 1 holds spikes only; version 2 may hold errors and writes beside them, named in its header."""

Parts = dict[str, dict[str, Array]]
"""Arrays by part ("spikes", "errors", "writes") and name."""

# what numpy, zipfile and zlib raise for files that are cut off, overwritten or something else altogether
_DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, AttributeError, KeyError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error),
)


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
    write_arrays(path, {"header": np.array(json.dumps(header)), **arrays})


def read_parts(path: str | os.PathLike[str], network: Network) -> Parts:
    """Read what `write_parts` wrote for the same network.

    Raises
    ------
    WorkloadError
        If the file is missing, no activity, of an unknown version, damaged, or of another network.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as content:
            if not isinstance(content, np.lib.npyio.NpzFile):
                raise ValueError("one bare array")
            arrays = {name: content[name] for name in content.files}
    except FileNotFoundError:
        raise WorkloadError(f"there is no activity file {path}") from None
    except _DAMAGE as error:
        raise WorkloadError(f"{path} is not an activity file (npz), or is damaged: {error}") from None
    header = _checked_header(path, arrays, network)
    names = {"spikes": [INPUT, *network.names]}
    names |= {part: header[part] for part in ("errors", "writes")}
    found: Parts = {}
    for part, of_part in names.items():
        missing = [name for i, name in enumerate(of_part) if f"{part}_{i}" not in arrays]
        if missing:
            raise WorkloadError(f"{path}: the {part} of {', '.join(missing)} are missing; record it again")
        found[part] = {name: arrays[f"{part}_{i}"] for i, name in enumerate(of_part)}
    return found


def _checked_header(
    path: str | os.PathLike[str], arrays: Mapping[str, Array], network: Network
) -> dict[str, Any]:
    try:
        header: dict[str, Any] = json.loads(str(arrays["header"][()]))
        kind, version, structure = header["format"], header["version"], header["structure"]
        header |= {part: [str(name) for name in header.get(part, [])] for part in ("errors", "writes")}
    except (KeyError, ValueError, TypeError, IndexError):
        raise WorkloadError(f"{path} is an npz file, but not an activity that archsim has saved") from None
    if kind != FORMAT or version not in READS:
        known = " and ".join(map(str, READS))
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
    plain: dict[str, Any] = json.loads(json.dumps(structure, default=int))  # tuples become lists
    return plain


def _differences(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    """Names of the layers that only one of two structures has, or that differ."""
    one, other = ({layer["name"]: layer for layer in s["layers"]} for s in (there, here))
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]
