"""The base class of views that are pictures."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from archsim.metrics import Result
from archsim.metrics.view import View
from archsim.plot.inline import Inline, inline


class Picture(View):
    """A picture of a result: `Result.plot` shows it in a notebook, ``archsim plot`` writes it into a file."""

    @staticmethod
    @abstractmethod
    def draw(result: Result, path: str | Path) -> object:
        """Draw it into a file; what comes back is what was drawn."""

    @classmethod
    def of(cls, result: Result) -> Inline:
        """A picture that a notebook shows; `png` holds its bytes, `data` what was drawn."""
        return inline(cls.draw, result)
