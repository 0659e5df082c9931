"""The same chip with other values, by their paths in a chip file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeVar

from archsim.errors import SpecError
from archsim.sources import of_data
from archsim.units import FileModel, file_data
from archsim.yaml_reader import fill

Model = TypeVar("Model", bound=FileModel)


def replaced(model: Model, changes: Mapping[str, object]) -> Model:
    """A model with some values replaced at once.

    Parameters
    ----------
    model : Chip
    changes : dict of str to object
        By path, as ``--set`` takes it: ``"adc.resolution"``. Values as a chip file writes them: ``"6 bit"``,
        ``64``; None takes a key away that may be left out.

    Raises
    ------
    SpecError
        With every error: a path that is no text, a value that no file can hold, or one that is wrong there.
    UnitError
        If all errors are quantities without a unit or with a wrong one.

    Examples
    --------
    >>> from archsim import load_chip
    >>> chip = load_chip("wearable_rram")
    >>> replaced(chip, {"crossbar.columns": 64, "write.parallel_cells": 64}).crossbar.n_columns
    64
    """
    assignments, errors = [], []
    for path, value in changes.items():
        if not isinstance(path, str) or not path.strip() or "=" in path:
            errors.append(f"{path!r}: is no path in a chip file, such as 'crossbar.rows'")
            continue
        try:
            assignments.append(f"{path}={json.dumps(value, allow_nan=False)}")
        except (TypeError, ValueError):
            errors.append(f"{path}: {value!r} is nothing that a file holds: a text, a number, true, false, a list")
    if errors:
        raise SpecError("\n".join(errors))
    try:
        return fill(type(model), of_data(file_data(model), "chip", SpecError).override(assignments))
    except SpecError as error:
        lines = (line.removeprefix("--set ") for line in str(error).splitlines())
        raise type(error)("\n".join(lines)) from None
