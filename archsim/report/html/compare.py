"""A page about two or more results: tables, and their timelines under each other."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from archsim.report.html.page import asset, html_report, template, typeset

if TYPE_CHECKING:
    from archsim.metrics import Result

# of the page of one run, only what is below its summary
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


class Frame(NamedTuple):
    """A run with its own timeline, which can be zoomed and searched."""

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
    page = template("compare.html.j2").render(
        style=asset("report.css"),
        tables=[table._replace(rows=[list(map(typeset, row)) for row in table.rows]) for table in tables],
        pictures=[(picture.title, base64.b64encode(picture.png).decode()) for picture in pictures],
        frames=[(frame.title, _inner(frame.result)) for frame in frames],
    )
    return str(page)


def _inner(result: Result) -> str:
    return html_report([result]).replace("</style>", _INNER + "</style>", 1)
