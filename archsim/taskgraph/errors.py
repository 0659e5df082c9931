"""Errors of a task that is refused, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archsim.errors import EngineError
from archsim.taskgraph.graph import Claims
from archsim.taskgraph.whole import is_whole

# An error is (is it a matter of type?, what is wrong).
Error = tuple[bool, str]


def text_errors(texts: dict[str, str]) -> Iterator[Error]:
    """Errors of labels that are no text."""
    for name, value in texts.items():
        if not isinstance(value, str):
            yield True, f"{name} {value!r} must be text"


def number_errors(numbers: dict[str, tuple[int, int, int]]) -> Iterator[Error]:
    """Numbers, with the least and the one above the most."""
    for name, (value, low, high) in numbers.items():
        if not is_whole(value):
            yield True, f"{name} {value!r} must be a whole number"
        elif value < low:
            yield False, f"{name} {value} must be {low} or more"
        elif value >= high:
            yield False, f"{name} {value} must be below {high}"


def after_errors(after: Iterable[int], task: int) -> Iterator[Error]:
    """Tasks that must exist before a task."""
    if not isinstance(after, Iterable):
        yield True, f"after {after!r} must be a list of task ids"
        return
    for p in after:
        if not is_whole(p):
            yield True, f"after {p!r} must be a task id (a whole number)"
        elif p < 0:
            yield False, f"after {p} is no task id (ids count from 0)"
        elif p >= task:
            yield False, f"after {p} names a task that does not exist yet (ids so far: below {task})"


def claim_errors(claims_of: dict[str, Claims], n_resources: int) -> Iterator[Error]:
    """Resources and units."""
    for name, claims in claims_of.items():
        try:
            pairs = [(r, u) for r, u in claims]
        except (TypeError, ValueError):
            yield True, f"{name} {claims!r} must be a list of (resource, units)"
            continue
        for r, u in pairs:
            if not is_whole(r):
                yield True, f"{name}: resource {r!r} must be a number that resource() returned"
            elif not 0 <= r < n_resources:
                yield False, f"{name}: resource {r} is unknown (there are {n_resources}, counting from 0)"
            if not is_whole(u):
                yield True, f"{name}: units {u!r} must be a whole number"
            elif not 1 <= u < 2**63:
                yield False, f"{name}: units {u} must be 1 or more, below 2**63"


def refuse(task: int, action: object, errors: list[Error], reason: str) -> None:
    """Raise one exception that names every error of a task."""
    text = "; ".join(what for _, what in errors) or reason
    message = f"task {task} ({action}): {text}"
    if not errors or any(of_type for of_type, _ in errors):
        raise ValueError(message)
    raise EngineError(message)
