"""The base class of views: how a result shows itself in a notebook, by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar


class View(ABC):
    """One way to look at a result: a picture, a page, a text."""

    kind: ClassVar[str]
    for_long_runs: ClassVar[bool] = False
    """Whether it needs no trace, which a long run does not keep."""

    @staticmethod
    @abstractmethod
    def of(result: Any) -> Any:
        """Something that a notebook shows as the last line of a cell; `result` is a `Result`."""


class Told(str):
    """A text that shows itself as it is, and not as a piece of Python.

    Examples
    --------
    >>> Told("two\\nlines")
    two
    lines
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
