"""Every value of a file by itself, changed by its type: numbers grow, switches flip, kinds become another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from archsim.units import FileModel

Keys = tuple[str | int, ...]
_NUMBER = re.compile(r"([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)( *)(.*)", re.DOTALL)
FACTORS = (1.5, 2.0, 0.5, 4.0)
TEXTS = {"name", "source"}  # for people


def leaves(data: Any, path: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Every value that is no mapping and no list of mappings, and where it stands."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else None
    if items is None:
        yield path, data
        return
    for key, item in items:
        yield from leaves(item, (*path, key))


def kinds_of(model: type[FileModel]) -> dict[str, set[str]]:
    """By key, wherever it stands: the texts that are allowed there."""
    found: dict[str, set[str]] = {}
    schema = model.model_json_schema(by_alias=True)
    for part in [schema, *schema["$defs"].values()]:
        for key, about in part.get("properties", {}).items():
            for one in [about, about.get("items", {}), *about.get("anyOf", [])]:
                texts = [*one.get("enum", []), *([one["const"]] if "const" in one else [])]
                found.setdefault(key, set()).update(text for text in texts if isinstance(text, str))
    return found


def changed(key: str | int, value: Any, kinds: dict[str, set[str]]) -> list[Any]:
    """Other values to try, in turn."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [*(round(value * f) for f in FACTORS if round(value * f) != value), value + 1, value - 1]
    if isinstance(value, float):
        return [value * f for f in FACTORS] if value else [0.25]
    if not isinstance(value, str):
        return []
    others: list[Any] = sorted(kinds.get(str(key), set()) - {value})
    if value == "auto":
        return [*others, "64 KiB", 3.0, 24]
    number = _NUMBER.fullmatch(value)
    if number is None:
        return others
    size = float(number[1])
    sizes = [size * f for f in FACTORS] if size else [1.0]
    given = [*(f"{s:.17g}" for s in sizes), *(str(round(s)) for s in sizes)]
    return [*(f"{s}{number[2]}{number[3]}" for s in given), *others]


def replaced(data: Any, path: Keys, value: Any) -> Any:
    """The data with one value changed; what is not on the way is shared."""
    if not path:
        return value
    copy = data.copy()
    copy[path[0]] = replaced(data[path[0]], path[1:], value)
    return copy
