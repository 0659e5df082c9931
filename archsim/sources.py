"""Inputs in place of a file: a path, an example's name, a file's text, or a dict of its content."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

from archsim.examples import Kind, located, near
from archsim.given import wrong_path
from archsim.yaml_reader import DEEPEST_NESTING, Document, Keys, read_text, read_yaml

Source = str | PathLike[str] | Mapping[str, Any]
"""A path or name; a text of several lines, as a file holds it; or the content of a file as a dict."""


def read_source(given: Source, kind: Kind, error: type[Exception]) -> Document:
    """The content of a file, however it is given; names in it are relative to the file, else to where we stand.

    Parameters
    ----------
    given : path, text or dict
        A text with a line break is the file itself, not its name.
    kind : "chip", "workload" or "study"
    error : type
        The class of the error to raise.

    Examples
    --------
    >>> from archsim.errors import SpecError
    >>> read_source("name: a\\nversion: 1", "chip", SpecError).data
    {'name': 'a', 'version': 1}
    >>> read_source({"name": "a"}, "chip", SpecError).where(("name",))
    'chip'
    >>> read_source("wearable_ram", "chip", SpecError)
    Traceback (most recent call last):
    archsim.errors.SpecError: wearable_ram: there is no such file; did you mean wearable_rram?
    """
    if isinstance(given, Mapping):
        return of_data(given, kind, error)
    if is_text(given):
        return read_text(str(given), Path(kind), error)
    if wrong := wrong_path(kind, given):
        said = "it must be a path, an example's name, a file's text or a dict of its content"
        raise error(f"{wrong.partition(';')[0]}; {said}")
    file = located(given, kind)
    hint = "" if file.exists() else near(given, kind)
    try:
        return read_yaml(file, error)
    except error as cause:
        if hint and str(cause).endswith("there is no such file"):
            raise error(f"{cause}{hint}") from None
        raise


def is_text(given: object) -> bool:
    """Whether something is a file's text, not its name."""
    return isinstance(given, str) and "\n" in given


def of_data(given: Mapping[str, Any], name: str, error: type[Exception]) -> Document:
    """The document of a dict; `name` stands in messages where the name of a file would.

    Raises
    ------
    Exception
        Of class `error`: what no file can hold, all of it at once.
    """
    errors: list[tuple[Keys, str]] = []
    data = _plain(given, (), errors)
    document = Document(data, Path(name), error, {(): name})
    if errors:
        raise document.fail(errors)
    return document


def _plain(item: Any, path: Keys, errors: list[tuple[Keys, str]]) -> Any:
    """The same as a file would give it; what it cannot hold is noted."""
    if len(path) > DEEPEST_NESTING:
        errors.append((path[:3], f"nested deeper than {DEEPEST_NESTING} levels"))
    elif isinstance(item, Mapping):
        if wrong := [key for key in item if not isinstance(key, str)]:
            errors.append((path, f"a key must be a text; {wrong[0]!r} is none"))
        return {key: _plain(value, (*path, key), errors) for key, value in item.items() if isinstance(key, str)}
    elif isinstance(item, list | tuple):
        return [_plain(value, (*path, place), errors) for place, value in enumerate(item)]
    elif isinstance(item, Integral) and not isinstance(item, bool):
        return int(item)
    elif isinstance(item, float) and not math.isfinite(item):
        errors.append((path, f"must be a finite number; got {item}"))
    elif not (item is None or isinstance(item, bool | float | str)):
        said = "a file holds texts, numbers, true, false, lists and mappings"
        errors.append((path, f"is of type {type(item).__name__}; {said}"))
    return item
