"""The page of a run, in a frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from archsim.files import path_of, write_text
from archsim.metrics import Result
from archsim.metrics.view import View
from archsim.registry import VIEWS
from archsim.report.html import html_report
from archsim.report.run import notes_of

HEIGHT_PX = 720


@dataclass(frozen=True)
class Page:
    """A page as a notebook shows it: in a frame of its own, with its own policy.

    Attributes
    ----------
    html : str
        The whole page, which needs nothing else.
    """

    html: str = field(repr=False)

    def save(self, path: str | Path) -> Path:
        """Write it into a file, for a browser.

        Raises
        ------
        WriteError
            The file cannot be written.
        """
        write_text(path_of(path), self.html)
        return Path(path)

    def _repr_html_(self) -> str:
        style = f"width: 100%; height: {HEIGHT_PX}px; border: 1px solid #8884"
        return f'<iframe srcdoc="{escape(self.html)}" title="page of the run" style="{style}"></iframe>'


@VIEWS.register
class PageView(View):
    """The page that `archsim run -o` writes as ``report.html``."""

    kind = "page"

    @staticmethod
    def of(result: Result) -> Page:
        """The page of one run."""
        return Page(html_report([result], notes_of((), [result])))
