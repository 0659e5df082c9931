"""The one JSON reader: what it returns can be computed with; anything else is refused, by the name of its field.

JSON as archsim writes it holds no NaN, no infinity and no whole number beyond 64 bits; a figure that is not finite
is null.
"""

from __future__ import annotations

import json
import math
from typing import Any

DEEPEST_NESTING = 100
_END = 2**64  # the smallest whole number that no 64 bits hold
_MOST_DIGITS = 400  # of a whole number; the time to read one grows with their square


def read_json(text: str | bytes) -> Any:
    """Read JSON from a file that may have been changed.

    Parameters
    ----------
    text : str or bytes
        Bytes are UTF-8.

    Returns
    -------
    object
        Plain data: every number finite and, where it is whole, below 2**64 in size; at most 100 levels deep.

    Raises
    ------
    ValueError
        It is no JSON, or holds something else; the message begins with the path of the field.

    Examples
    --------
    >>> read_json('{"totals": {"latency_ps": 5}}')
    {'totals': {'latency_ps': 5}}
    >>> read_json('{"totals": {"latency_ps": NaN}}')
    Traceback (most recent call last):
    ValueError: totals.latency_ps: is nan; a finite number is needed
    """
    try:
        found = json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), found)]
    while todo:
        path, value = todo.pop()
        if said := _error(value, len(path)):
            raise ValueError(": ".join(filter(None, (shown_path(path[:6]), said))))
        if isinstance(value, dict):
            todo += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            todo += [((*path, k), item) for k, item in enumerate(value)]
    return found


_TOO_DEEP = f"is nested deeper than {DEEPEST_NESTING} levels"


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


def _error(value: Any, depth: int) -> str:
    """The error of a value itself, apart from what it contains; empty if there is none."""
    if depth > DEEPEST_NESTING:
        return _TOO_DEEP
    if isinstance(value, float) and not math.isfinite(value):
        return f"is {value}; a finite number is needed"
    if isinstance(value, int) and abs(value) >= _END:
        return f"is a whole number of {len(str(abs(value)))} digits; at most 64 bits are read"
    return ""


def shown_path(path: tuple[str | int, ...]) -> str:
    """A path in a file, for people.

    Examples
    --------
    >>> shown_path(("links", "link[0 to 1]", 3))
    'links.link[0 to 1].3'
    """
    return ".".join(part if len(part) <= 60 else part[:59] + "…" for part in map(str, path))
