"""The one reader of YAML files: plain data, and where each part of it stands.

YAML 1.2, core schema, without what a specification does not need: no anchors and aliases (so no file
grows when it is read), no tags, one document, texts as keys, every key once. ``yes``, ``on`` and
``1_000`` are texts. Every refusal is one message ``file:line:col: path: what is wrong``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from archsim.errors import UnitError
from archsim.given import refuse, wrong_path
from archsim.reading import input_bytes
from archsim.units import FileModel, errors_of, only_unit_errors
from archsim.units.either import EITHER, without

if TYPE_CHECKING:
    from ruamel.yaml.events import Event, ScalarEvent

Keys = tuple[str | int, ...]
Model = TypeVar("Model", bound=FileModel)

LARGEST_FILE_BYTES: Final = 1_000_000
DEEPEST_NESTING: Final = 50
MOST_ERRORS_SHOWN: Final = 50

# YAML 1.2.2, section 10.3.2 (core schema), without octal and hexadecimal numbers
_NULL: Final = re.compile(r"~|null|Null|NULL|")
_BOOL: Final = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT: Final = re.compile(r"[-+]?[0-9]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MOST_DIGITS: Final = 30


class _YamlError(Exception):
    """An error in a text at a place, before the name of its file is known."""

    def __init__(self, message: str, line: int, col: int, path: Keys = ()) -> None:
        super().__init__(message)
        self.message, self.line, self.col, self.path = message, line, col, path


def _dotted(path: Keys) -> str:
    return ".".join(map(str, path))


def _line(where: str, path: Keys, message: str) -> str:
    return ": ".join(part for part in (where, _dotted(path), message) if part)


@dataclass(frozen=True)
class Document:
    """Plain data from a file, and where each part of it stands.

    Attributes
    ----------
    data : dict
        Mappings, lists, texts, numbers, true/false and None only.
    path : pathlib.Path
        The file.
    error : type
        The class of every error that is raised about this file.
    marks : dict
        From the path of an item to its (line, column), both from 1, or to the ``--set`` that put it there.
    """

    data: dict[str, Any]
    path: Path
    error: type[Exception]
    marks: dict[Keys, tuple[int, int] | str] = field(repr=False)

    def _mark(self, path: Keys) -> tuple[int, int] | str:
        return next(self.marks[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.marks)

    def position(self, path: Sequence[str | int]) -> tuple[int, int] | None:
        """Line and column, from 1, of the item or the nearest part around it; None if a ``--set`` made it."""
        mark = self._mark(tuple(path))
        return None if isinstance(mark, str) else mark

    def where(self, path: Sequence[str | int]) -> str:
        """``file:line:col`` of an item, or the ``--set`` that put it there."""
        mark = self._mark(tuple(path))
        return mark if isinstance(mark, str) else f"{self.path}:{mark[0]}:{mark[1]}"

    def fail(self, errors: Iterable[tuple[Keys, str]], error: type[Exception] | None = None) -> Exception:
        """The exception (to be raised) that lists the errors in the order of the file, one per line."""

        def order(found: tuple[Keys, str]) -> tuple[float, float]:
            return self.position(found[0]) or (math.inf, math.inf)

        lines = [_line(self.where(path), path, message) for path, message in sorted(errors, key=order)]
        more = len(lines) - MOST_ERRORS_SHOWN
        shown = lines[:MOST_ERRORS_SHOWN] + ([f"… and {more} more"] if more > 0 else [])
        return (error or self.error)("\n".join(shown))

    def override(self, assignments: Sequence[str]) -> Document:
        """Apply ``--set`` assignments such as ``crossbar.rows=128`` or ``layers.0.name=input``.

        Parameters
        ----------
        assignments : sequence of str
            ``path=value``; keys and list indices with dots between, the value in YAML. A single text is one.

        Returns
        -------
        Document
            A new document; this one stays as it is.

        Raises
        ------
        Exception
            Of the document's class `error`: no ``=``, no value, a value that is no YAML, a path through
            something that is no mapping or list. Missing sections on the way are made.
        """
        given = [assignments] if isinstance(assignments, str) else assignments
        if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
            raise self.error("overrides: must be a list of texts, such as ['crossbar.rows=64', 'adc.rate=1 GS/s']")
        changed = Document(_copied(self.data), self.path, self.error, dict(self.marks))
        for assignment in given:
            _apply(changed, assignment)
        named: set[Keys] = {tuple(one.partition("=")[0].strip().split(".")) for one in given}
        for path in named & EITHER.keys():
            if EITHER[path] not in named:
                without(changed.data, EITHER[path])
        return changed


def _copied(data: Any) -> Any:
    """As copy.deepcopy, for what a file can hold, which is simpler and takes a fraction of the time."""
    if isinstance(data, dict):
        return {key: _copied(item) for key, item in data.items()}
    return [_copied(item) for item in data] if isinstance(data, list) else data


def with_dots(path: str) -> str:
    """A ``--set`` path that is written with brackets, as it should be; nothing if it has none.

    Examples
    --------
    >>> with_dots("network.layers[0].outputs"), with_dots("crossbar.rows")
    ('network.layers.0.outputs', '')
    """
    dotted = re.sub(r"\[\s*['\"]?([^\[\]'\"]*)['\"]?\s*\]", r".\1", path.strip())
    return "" if dotted == path.strip() else dotted


def _apply(document: Document, assignment: str) -> None:
    """Change the document in place; `Document.override` hands in a copy."""
    where = f"--set {assignment}"
    left, equals, text = assignment.partition("=")
    if dotted := with_dots(left):
        raise document.error(f"{where}: write it as {dotted}")
    parts = left.strip().split(".")
    if not equals or not all(parts):
        raise document.error(f"{where}: write it as path=value, e.g. --set crossbar.rows=128")
    if not text.strip():
        raise document.error(f"{where}: no value behind =; null or '' say that there is none")
    try:
        value = _copied(_value_of(text))
    except _YamlError as error:
        raise document.error(_line(where, tuple(parts), f"the value is wrong: {error.message}")) from None
    parent: Any = document.data
    path: Keys = ()
    for depth, part in enumerate(parts, start=1):
        try:
            key = _key_in(parent, part, path)
        except LookupError as error:
            raise document.error(f"{where}: {error.args[0]}") from None
        path = (*path, key)
        if depth < len(parts):
            # a section that the file leaves out, or a typing error: then the model names the unknown key
            if isinstance(parent, dict) and key not in parent:
                parent[key] = {}
                document.marks[path] = where
            parent = parent[key]
    old = parent.get(path[-1]) if isinstance(parent, dict) else parent[path[-1]]
    parent[path[-1]] = value
    if isinstance(old, dict | list):  # what it holds has marks of its own
        for mark in [mark for mark in document.marks if mark[: len(path)] == path]:
            del document.marks[mark]
    document.marks[path] = where


def _key_in(parent: object, part: str, path: Keys) -> str | int:
    """The key or index that a part of a ``--set`` path means; LookupError says what there is instead."""
    name = f"'{_dotted(path)}'" if path else "the file"
    if isinstance(parent, dict):
        return part
    if isinstance(parent, list):
        if part.isascii() and part.isdigit() and int(part[:9]) < len(parent):
            return int(part[:9])
        raise LookupError(
            f"{name} is a list of {len(parent)}; '{part}' must be an index from 0 to {len(parent) - 1}"
        )
    raise LookupError(f"{name} holds a single value and has no '{part}'")


def _scalar(text: str) -> str | int | float | bool | None:
    """A plain scalar by YAML's core schema; ValueError if it is a number that nothing can hold."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", "").lower())
    if not _FLOAT.fullmatch(text):
        return text
    if len(text) > _MOST_DIGITS or math.isinf(float(text)):
        raise ValueError("a number that is too long or too large")
    return int(text) if _INT.fullmatch(text) else float(text)


class _Builder:
    """Builds plain data from ruamel's events and notes where each part stands."""

    def __init__(self, events: Iterator[Event]) -> None:
        self.events = events
        self.marks: dict[Keys, tuple[int, int] | str] = {}

    def document(self) -> object:
        """The data of the one document; None if there is none."""
        from ruamel.yaml.events import DocumentStartEvent, StreamEndEvent

        next(self.events)  # start of the stream
        start = next(self.events)
        if isinstance(start, StreamEndEvent):
            return None
        version = getattr(start, "version", None)
        if version not in (None, (1, 2)):
            raise _error("only YAML 1.2 is read", start)
        value = self.value(next(self.events), ())
        next(self.events)  # end of the document
        end = next(self.events)
        if isinstance(end, DocumentStartEvent):
            raise _error("a second document starts here; a file holds one", end)
        return value

    def value(self, event: Event, path: Keys) -> object:
        from ruamel.yaml.events import AliasEvent, MappingStartEvent, SequenceStartEvent

        if isinstance(event, AliasEvent):
            raise _error(f"an alias (*{event.anchor}) is not allowed; write the value out", event, path)
        if anchor := getattr(event, "anchor", None):
            raise _error(f"an anchor (&{anchor}) is not allowed; remove it", event, path)
        if tag := getattr(event, "tag", None):
            raise _error(f"a tag ({_short(tag)}) is not allowed; remove it", event, path)
        if len(path) > DEEPEST_NESTING:
            raise _error(f"nested deeper than {DEEPEST_NESTING} levels", event, path[:3])
        if not path:
            self.marks[()] = _start(event)
        if isinstance(event, MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(path)
        scalar = cast("ScalarEvent", event)  # nothing else can stand here
        if not scalar.implicit[0]:  # quoted, or a block of text
            return str(scalar.value)
        try:
            return _scalar(scalar.value)
        except ValueError as cause:
            raise _error(str(cause), event, path) from None

    def mapping(self, path: Keys) -> dict[str, object]:
        from ruamel.yaml.events import MappingEndEvent, ScalarEvent

        result: dict[str, object] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = self.value(event, (*path, "…")) if isinstance(event, ScalarEvent) else None
            if not isinstance(key, str):
                written = getattr(event, "value", None) or "this"
                raise _error(f"a key must be a text; {_short(written)} is none (quote it)", event, path)
            here = (*path, key)
            if key in result:
                first = self.marks[here]
                raise _error(f"a duplicate key; it stands already in line {first[0]}", event, here)
            self.marks[here] = _start(event)
            result[key] = self.value(next(self.events), here)
        return result

    def sequence(self, path: Keys) -> list[object]:
        from ruamel.yaml.events import SequenceEndEvent

        result: list[object] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            here = (*path, len(result))
            self.marks[here] = _start(event)
            result.append(self.value(event, here))
        return result


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _start(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _error(message: str, event: Event, path: Keys = ()) -> _YamlError:
    return _YamlError(message, *_start(event), path)


def _parse(text: str) -> tuple[object, dict[Keys, tuple[int, int] | str]]:
    """The data in a text and the position of each part; _YamlError if there is none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    builder = _Builder(iter(YAML(typ="safe", pure=True).parse(text)))
    try:
        value = builder.document()
    except MarkedYAMLError as cause:
        mark = cause.problem_mark or cause.context_mark
        line, col = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _YamlError(_syntax_words(cause.problem, cause.context), line, col) from None
    except (YAMLError, ValueError, OverflowError) as cause:
        position = int(getattr(cause, "position", 0))
        line, col = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
        raise _YamlError("a character that YAML does not allow", line, col) from None
    if not builder.marks:
        raise _YamlError("empty; nothing but blanks and comments", 1, 1)
    return value, builder.marks


_KEPT = 2**16  # characters of a text that is kept as it was read


@lru_cache(maxsize=32)
def _parsed(text: str) -> tuple[object, dict[Keys, tuple[int, int] | str]]:
    """The same of files: many configurations start from one, and reading it takes longer than most of them."""
    return _parse(text)


@cache
def _value_of(text: str) -> object:
    """The value of a ``--set``; many configurations set the same."""
    return _parse(text)[0]


def _syntax_words(problem: str | None, context: str | None) -> str:
    if problem and "'\\t'" in problem:
        return "a tab; indent with spaces"
    return "not valid YAML: " + ", ".join(part for part in (context, problem) if part)


def _text_of(path: Path) -> str:
    """The text of a file; OSError or _YamlError if it has none."""
    raw = input_bytes(path, LARGEST_FILE_BYTES)
    if b"\0" in raw:
        raise _YamlError("a binary file; YAML text in UTF-8 is needed", 1, 1)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        before = raw[: cause.start].decode("utf-8-sig", errors="replace")
        line, col = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise _YamlError("not UTF-8; YAML text in UTF-8 is needed", line, col) from None


def read_yaml(path: str | PathLike[str], error: type[Exception]) -> Document:
    """Read a file of one mapping.

    Parameters
    ----------
    path : str or path
        The file, at most 1 MB.
    error : type
        The class of the error to raise: `SpecError` or `WorkloadError`.

    Raises
    ------
    Exception
        Of class `error`, with one message: the file cannot be read, is empty, binary, too large or no
        YAML 1.2; it has a duplicate key, an anchor, an alias, a tag, a key that is no text, a second
        document, or something else than a mapping on top.
    """
    refuse([wrong_path("path", path)], error)
    file = Path(path)
    try:
        return read_text(_text_of(file), file, error)
    except _YamlError as wrong:
        raise error(_line(f"{file}:{wrong.line}:{wrong.col}", wrong.path, wrong.message)) from None
    except FileNotFoundError:
        raise error(f"{file}: there is no such file") from None
    except (OSError, ValueError) as cause:
        if isinstance(cause, error):
            raise
        reason = getattr(cause, "strerror", None) or str(cause)
        raise error(f"{file}: cannot be read: {reason}") from None


def read_text(text: str, file: Path, error: type[Exception]) -> Document:
    """As `read_yaml`, of the text that stands in a file, or is to stand there."""
    try:
        data, marks = (_parsed if len(text) < _KEPT else _parse)(text)
        data, marks = _copied(data), dict(marks)
        if not isinstance(data, dict):
            raise _YamlError("a mapping (key: value) is needed on top", *_pair(marks[()]))
    except _YamlError as wrong:
        raise error(_line(f"{file}:{wrong.line}:{wrong.col}", wrong.path, wrong.message)) from None
    return Document(data, file, error, marks)


def _pair(mark: tuple[int, int] | str) -> tuple[int, int]:
    return (1, 1) if isinstance(mark, str) else mark


def fill(model_class: type[Model], document: Document) -> Model:
    """Fill a model from a document.

    Raises
    ------
    Exception
        Of the document's class, with every error, one per line, in the order of the file. It is a `UnitError`
        if that is derived from it and every error is one of units.
    """
    try:
        return model_class.model_validate(document.data)
    except ValueError as cause:
        units_only = issubclass(UnitError, document.error) and only_unit_errors(cause)
        error = UnitError if units_only else document.error
        raise document.fail(errors_of(cause, model_class), error) from None
