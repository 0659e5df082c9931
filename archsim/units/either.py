"""Keys of which a file gives one or the other: what is set later, or over a library, takes the other away."""

from __future__ import annotations

from typing import Any

Keys = tuple[str | int, ...]

EITHER: dict[Keys, Keys] = {}
"""By key the one that it stands for; models add theirs."""


def without(data: dict[str, Any], path: Keys) -> None:
    """Take a key out of nested mappings, if it is there."""
    within: Any = data
    for key in path[:-1]:
        within = within.get(key) if isinstance(within, dict) else None
    if isinstance(within, dict):
        within.pop(path[-1], None)
