"""A page about two or more results: tables, and their timelines under each other."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from archsim.report.html.page import asset, html_report, render, script

if TYPE_CHECKING:
    from archsim.metrics import Result

# of the page of one run, only what is below its summary
_OUTER = """
iframe { width: 100%; height: 900px; border: 1px solid var(--line); }
img { max-width: 100%; background: #ffffff; }"""
_INNER = "header, main > section:first-of-type, nav.runs, footer { display: none !important }"


class Table(NamedTuple):
    """Cells under a heading."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Picture(NamedTuple):
    """A PNG."""

    title: str
    png: bytes

    def encoded(self) -> tuple[str, str]:
        """Title, and the bytes as a page holds them."""
        return self.title, base64.b64encode(self.png).decode()


class Frame(NamedTuple):
    """A run with its own timeline, which can be searched, and zoomed with the others."""

    title: str
    result: Result


def compare_page(tables: Sequence[Table], pictures: Sequence[Picture], frames: Sequence[Frame]) -> str:
    """Write a page that needs nothing else: no file, no network.

    Parameters
    ----------
    tables, pictures, frames
        From top to bottom.

    Returns
    -------
    str
        HTML. Every name in it is text.
    """
    from archsim.plot import rule_colours

    colours = rule_colours([frame.result.phase for frame in frames])
    return render(
        "compare.html.j2",
        "report.css",
        asset("compare.js"),
        more_style=_OUTER,
        inner=[asset("report.css") + _INNER, script()],
        tables=tables,
        pictures=[picture.encoded() for picture in pictures],
        frames=[
            (frame.title, colours[frame.result.phase], html_report([frame.result], more_style=_INNER))
            for frame in frames
        ],
    )
