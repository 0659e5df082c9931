"""A learned error model as a JSON file: numbers and their checksum, nothing that can run."""

from __future__ import annotations

import hashlib
import json
import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from archsim.crossbar.learned.posterior import Posterior
from archsim.errors import SpecError
from archsim.files import write_text
from archsim.reading import input_json

FORMAT = "archsim error model"
FORMAT_VERSION = 1
_PROCESSES = ("mean_process", "log_variance_process")
_ARRAYS = ("points", "weights", "noise", "lengths")
_SCALARS = ("constant", "white", "offset")


def versions(*packages: str) -> dict[str, str]:
    """Installed versions, for the record."""
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def write_model(path: str | os.PathLike[str], model: Any) -> None:
    """Write an ErrorModel; atomic.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    plain = ("shift", "scale", "n_samples", "seed", "source")
    content: dict[str, Any] = {name: getattr(model, name) for name in plain}
    content["names"] = list(model.names)
    content["versions"] = dict(model.versions)
    content["low"], content["high"] = model.low.tolist(), model.high.tolist()
    for name in _PROCESSES:
        process = getattr(model, name)
        content[name] = {key: getattr(process, key).tolist() for key in _ARRAYS}
        content[name] |= {key: getattr(process, key) for key in _SCALARS}
    document = {"format": FORMAT, "version": FORMAT_VERSION, "sha256": _digest(content), "model": content}
    write_text(path, json.dumps(document, allow_nan=False) + "\n")


def read_model(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The fields of an ErrorModel from its file.

    Raises
    ------
    SpecError
        If the file cannot be read, is no error model, has another version, or was damaged.
    """
    try:
        document = input_json(path)
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise SpecError(f"{path}: is not a whole JSON file: {error}; save the error model again") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise SpecError(f"{path}: is not an error model saved by archsim")
    if document.get("version") != FORMAT_VERSION:
        raise SpecError(
            f"{path}: has format version {document.get('version')!r}, this archsim reads {FORMAT_VERSION}; "
            "fit and save the error model again"
        )
    content = document.get("model")
    if not isinstance(content, dict) or document.get("sha256") != _digest(content):
        raise SpecError(f"{path}: was damaged or edited (its checksum does not fit); save the error model again")
    try:
        return _fields(content)
    except (KeyError, TypeError, ValueError) as error:
        raise SpecError(f"{path}: lacks something that an error model has: {error}") from None


def _fields(content: dict[str, Any]) -> dict[str, Any]:
    fields = dict(content)
    fields["names"] = tuple(content["names"])
    for name in ("low", "high"):
        fields[name] = np.array(content[name], dtype=np.float64)
    for name in _PROCESSES:
        stored = content[name]
        numbers: dict[str, Any] = {key: float(stored[key]) for key in _SCALARS}
        numbers |= {key: np.array(stored[key], dtype=np.float64) for key in _ARRAYS}
        fields[name] = Posterior(**numbers)
    return fields


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()
