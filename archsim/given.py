"""Arguments of public functions: wrong kinds, types and numbers are refused where they enter.

Each check tells what is wrong, or nothing; `refuse` raises all of it at once.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from os import PathLike
from typing import Any, Literal, get_args, get_origin, get_type_hints

from archsim.errors import ArchsimError

_MOST_SHOWN = 60


def refuse(errors: Iterable[str | None], error: type[Exception] = ArchsimError) -> None:
    """Raise what the checks found, one error per line.

    Examples
    --------
    >>> refuse([wrong_kind("phase", "banana", ("bp", "dfa")), wrong_whole("seed", -1)])
    Traceback (most recent call last):
    archsim.errors.ArchsimError: phase is 'banana'; allowed are bp, dfa
    seed is -1; it must be a whole number of 0 or more
    """
    if found := [error for error in errors if error]:
        raise error("\n".join(found))


def wrong_kind(what: str, value: object, kinds: Sequence[str] | Any) -> str | None:
    """A text that is none of the known kinds: of a sequence, or of a `Literal` type."""
    known = get_args(kinds) or tuple(kinds)
    if any(type(value) is type(kind) and value == kind for kind in known):
        return None
    near = get_close_matches(value, [k for k in known if isinstance(k, str)], 1) if isinstance(value, str) else []
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{what} is {_shown(value)}; allowed are {', '.join(map(str, known))}{hint}"


def wrong_type(what: str, value: object, wanted: type | tuple[type, ...], made_by: str) -> str | None:
    """A value of another type than `wanted`; `made_by` says what gives the right one."""
    if isinstance(value, wanted):
        return None
    names = " or ".join(kind.__name__ for kind in (wanted if isinstance(wanted, tuple) else (wanted,)))
    article = "an" if names[0] in "AEIO" else "a"
    return f"{what} is {_shown(value)}; it must be {article} {names}, as {made_by} gives"


def wrong_path(what: str, value: object) -> str | None:
    """Anything that names no file."""
    if isinstance(value, str | PathLike) and str(value):
        return None
    return f"{what} is {_shown(value)}; it must be the path of a file, a text or a pathlib.Path"


def wrong_whole(what: str, value: object, least: int = 0, most: int | None = None) -> str | None:
    """A number that is not whole, below `least` or above `most`; numpy's whole numbers are numbers too.

    Examples
    --------
    >>> wrong_whole("seeds", 10**9, 1, 10_000)
    'seeds is 1000000000; it must be a whole number of 1 to 10000'
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is not None and number >= least and (most is None or number <= most):
        return None
    ends = f"{least} or more" if most is None else f"{least} to {most}"
    return f"{what} is {_shown(value)}; it must be a whole number of {ends}"


def wrong_kinds(item: object, about: str = "") -> list[str | None]:
    """The errors of a dataclass's fields that hold one of a few texts."""
    known = _literals(type(item))  # type: ignore[arg-type]  # classes are hashable
    return [wrong_kind(f"{about}{name}", getattr(item, name), kinds) for name, kinds in known.items()]


@cache
def _literals(of: type) -> dict[str, Any]:
    hints = get_type_hints(of)
    names = [field.name for field in fields(of)]
    return {name: hints[name] for name in names if get_origin(hints[name]) is Literal}


def _shown(value: object) -> str:
    text = repr(value)
    if not isinstance(value, str | int | float | None):
        return f"of type {type(value).__name__}"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
