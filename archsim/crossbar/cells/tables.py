"""Measured standard deviation against target conductance: named devices and files of the same form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archsim.errors import SpecError
from archsim.json_reader import read_json
from archsim.reading import input_json

Floats = NDArray[np.float64]

# so many to a siemens
_UNITS: Final = {"microsiemens": 1e6, "siemens": 1.0}
_WORDS: Final = ("note", "unit", "source")


@dataclass(frozen=True, eq=False)
class DeviceTable:
    """Standard deviation of the programmed conductance against the target, linear between the points.

    Parameters
    ----------
    target_siemens, sigma_siemens : array (points,)
    source : str
        Where the figures come from.
    """

    target_siemens: Floats
    sigma_siemens: Floats
    source: str

    @property
    def window_siemens(self) -> tuple[float, float]:
        """First and last target."""
        return float(self.target_siemens[0]), float(self.target_siemens[-1])


def device_names() -> tuple[str, ...]:
    """Names of the devices that come with the package.

    Examples
    --------
    >>> device_names()
    ('wan', 'milo', 'joshi')
    """
    return _devices_in(_shipped())


def device_table(name_or_path: str) -> DeviceTable:
    """A named device of the package, or the table of a JSON file.

    Parameters
    ----------
    name_or_path : str
        "wan" (RRAM, NeuRRAM type), "milo" (RRAM), "joshi" (PCM); or the path of a file
        ``{"unit": "microsiemens", "note": …, "my_device": {"target": […], "sigma": […]}}``, with ``#name``
        behind it where the file holds several devices. The unit is "microsiemens" or "siemens".

    Returns
    -------
    DeviceTable

    Raises
    ------
    SpecError
        The name is unknown, the file is no such file, or the table has gaps, targets that do not increase,
        negative deviations or another unit; all errors at once.

    Notes
    -----
    Wan et al., Nature 608, 504 (2022); Milo et al., IRPS (2021); Joshi et al., Nat. Commun. 11, 2473 (2020), as
    the device models of CrossSim 3.2 give them.

    Examples
    --------
    >>> wan = device_table("wan")
    >>> [float(round(g * 1e6, 3)) for g in wan.window_siemens]
    [0.1, 39.26]
    """
    if name_or_path in device_names():
        return _table(_shipped(), name_or_path, f"device '{name_or_path}'")
    path, _, name = name_or_path.partition("#")
    if not Path(path).is_file():
        known = ", ".join(device_names())
        raise SpecError(f"device '{name_or_path}': neither a device of the package ({known}) nor a file")
    document = _read(path)
    devices = _devices_in(document)
    if not name and len(devices) != 1:
        said = "holds no device" if not devices else f"holds {', '.join(devices)}: choose with {path}#{devices[0]}"
        raise SpecError(f"{path}: {said}")
    name = name or devices[0]
    if name not in devices:
        raise SpecError(f"{path}: no device '{name}'; it holds {', '.join(devices) or 'none'}")
    return _table(document, name, f"{path}, device '{name}'")


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Any]:
    text = (files("archsim.crossbar") / "tables" / "device_noise.json").read_text(encoding="utf-8")
    document: dict[str, Any] = read_json(text)
    return document


def _read(path: str) -> dict[str, Any]:
    try:
        document = input_json(path)
    except (OSError, ValueError) as error:
        raise SpecError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise SpecError(f"{path}: must hold an object with 'unit' and one key for each device")
    return document


def _devices_in(document: dict[str, Any]) -> tuple[str, ...]:
    return tuple(key for key in document if key not in _WORDS)


def _table(document: dict[str, Any], name: str, where: str) -> DeviceTable:
    device, errors = document[name], list[str]()
    unit = str(document.get("unit"))
    if unit not in _UNITS:
        errors.append(f"unit must be one of {', '.join(_UNITS)}; got '{unit}'")
    if not isinstance(device, dict) or not {"target", "sigma"} <= set(device):
        errors.append("must be an object with the lists 'target' and 'sigma'")
        device = {}
    lists = {key: _numbers(device.get(key, []), key, errors) for key in ("target", "sigma")}
    if not errors:
        errors += _errors_of(lists["target"], lists["sigma"])
    if errors:
        raise SpecError("\n".join(f"{where}: {error}" for error in errors))
    per_siemens = _UNITS[unit]
    target, sigma = (np.array(lists[key]) / per_siemens for key in ("target", "sigma"))
    target.flags.writeable = sigma.flags.writeable = False
    source = device.get("source") or document.get("source") or document.get("note") or where
    return DeviceTable(target, sigma, str(source))


def _numbers(values: object, key: str, errors: list[str]) -> list[float]:
    """A list of finite numbers; what is none is a gap."""
    if not isinstance(values, list):
        errors.append(f"{key} must be a list of numbers")
        return []
    gaps = [
        k
        for k, value in enumerate(values)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value)
    ]
    errors += [f"{key}[{k}] is {values[k]!r}: the table has a gap there; give a finite number" for k in gaps]
    return [] if gaps else [float(value) for value in values]


def _errors_of(target: list[float], sigma: list[float]) -> list[str]:
    errors = []
    if len(target) != len(sigma):
        errors.append(f"{len(target)} targets but {len(sigma)} deviations: each target needs one")
    if len(target) < 2:
        errors.append(f"needs two points or more; has {len(target)}")
    if target and target[0] < 0:
        errors.append(f"target[0] is {target[0]:g}: a conductance is never negative")
    errors += [
        f"target[{k}] is {b:g} after {a:g}: targets must increase"
        for k, (a, b) in enumerate(pairwise(target), start=1)
        if b <= a
    ]
    errors += [f"sigma[{k}] is {value:g}: must not be negative" for k, value in enumerate(sigma) if value < 0]
    return errors
