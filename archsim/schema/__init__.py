"""JSON schemas of the files that people write, each key with what it means.

The models say type, unit, range and default; the meaning of each key stands beside this file, in one for each
kind, by model and key. A test holds that no key is without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from archsim.errors import SpecError
from archsim.yaml_reader import read_yaml

FOLDER: Final = Path(str(files("archsim") / "schema"))
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of a chip, workload or study file.

    Parameters
    ----------
    kind : "chip", "workload" or "study"

    Returns
    -------
    dict
        Draft 2020-12; every property has a ``description``.

    Raises
    ------
    KeyError
        There is no such kind of file.

    Examples
    --------
    >>> schema_of("chip")["properties"]["device"]["description"]
    'the RRAM cell'
    """
    found = {"$schema": _DRAFT, **_model(kind).model_json_schema(by_alias=True)}
    texts = read_yaml(FOLDER / f"{kind}.yaml", SpecError).data
    for path, key, place in keys(found, kind):
        if said := meaning(texts, path, key):
            place["description"] = f"{said}. {place['description']}" if "description" in place else said
    return found


def keys(schema: dict[str, Any], kind: str) -> Iterator[tuple[tuple[str, ...], str, dict[str, Any]]]:
    """Every key of a schema: the model that holds it, as a path; its name; its own schema."""
    yield from _below(schema, (kind,))
    for name, model in schema.get("$defs", {}).items():
        yield from _below(model, (name,))


def meaning(texts: dict[str, dict[str, str]], path: tuple[str, ...], key: str) -> str | None:
    """Meaning of a key of a model: by the model, by the key that holds it, or everywhere alike."""
    tables = (texts.get(".".join(path), {}), texts.get(path[-1], {}), texts.get("*", {}))
    return next((table[key] for table in tables if key in table), None)


def _model(kind: str) -> Any:
    if kind == "chip":
        from archsim.spec import Chip

        return Chip
    if kind == "workload":
        from archsim.workload.models import WorkloadModel

        return WorkloadModel
    if kind == "study":
        from archsim.explore.models import StudyModel

        return StudyModel
    raise KeyError(kind)


def _below(model: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, dict[str, Any]]]:
    for key, place in model.get("properties", {}).items():
        yield path, key, place
        for arm in _arms(place):
            yield from _below(arm, (*path, key))


def _arms(place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A key's own schema and those that it may choose from."""
    yield place
    for name in ("anyOf", "oneOf", "allOf"):
        for arm in place.get(name, []):
            yield from _arms(arm)
