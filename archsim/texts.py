"""Text that comes from files and arguments, shown as text: on a terminal, in Markdown, in a spreadsheet.

A name may hold anything: escape sequences that move a terminal's cursor, HTML, a formula. Here it becomes what it
is, so that looking at a result never runs what stands in it. Pages do the same by their templates.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from html import escape

# other than these, letters and signs of all scripts are left as they are
_UNSEEN = frozenset(("Cc", "Cs", "Zl", "Zp"))
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# a spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection"); ' is how a file says no
_FORMULA = tuple("=+-@\t\r\n＝＋－＠'")
_MARKS = re.compile(r"[\\`*~#|]|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:])|&(?=#|\w+;)|[<>]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_LIST_ITEM = re.compile(r"\A(?:[-+](?=[\s-])|\d+[.)](?=\s))")


def shown(text: str) -> str:
    """A text for a terminal: what would move its cursor or turn its writing around is spelled out.

    Parameters
    ----------
    text : str
        Its line ends and tabs stay.

    Examples
    --------
    >>> print(shown("\\x1b[31mred"), shown("a\\u202eb"), shown("1 µs, größer"))
    \\x1b[31mred a\\u202eb 1 µs, größer
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in "\n\t" or _is_seen(c) else _spelled(c) for c in text)


def one_line(text: str) -> str:
    """The same for a cell or a name: line ends and tabs are spelled out, too.

    Examples
    --------
    >>> print(one_line("two\\nlines"))
    two\\nlines
    """
    return shown(text).replace("\n", "\\n").replace("\t", "\\t")


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN and character not in _TURNING


def _spelled(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


class Markdown(str):
    """A text that is Markdown already; `as_markdown` leaves it as it is."""

    __slots__ = ()


def as_markdown(text: str) -> Markdown:
    """A text in a line, heading or cell of Markdown, as text: no HTML, heading, link, list or emphasis.

    Examples
    --------
    >>> print(as_markdown("# <b>fc_1</b> | [a](b)"), as_markdown("tile[3].adc_bank"))
    \\# &lt;b&gt;fc_1&lt;/b&gt; \\| [a\\](b) tile[3].adc_bank
    """
    if isinstance(text, Markdown):
        return text
    line = " ".join(one_line(text).split())
    escaped = _MARKS.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), line)
    return Markdown(_LIST_ITEM.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", escaped))


def bold(text: str) -> Markdown:
    """A text in bold.

    Examples
    --------
    >>> print(bold("a*b"))
    **a\\*b**
    """
    return Markdown(f"**{as_markdown(text)}**")


def as_cell(text: str) -> str:
    """A text in a spreadsheet, as text: an apostrophe before what would be a formula, or begins with one.

    Who reads it takes one apostrophe off.

    Examples
    --------
    >>> as_cell("=1+1"), as_cell("-5 ns"), as_cell("fc1")
    ("'=1+1", "'-5 ns", 'fc1')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def html_table(rows: Sequence[Sequence[str]], columns: Sequence[str] = ()) -> str:
    """A table for a notebook, in which everything is text; without titles, the first of each row is one.

    Examples
    --------
    >>> html_table([("a<b", "1")])
    '<table><tr><th>a&lt;b</th><td>1</td></tr></table>'
    >>> html_table([("x", "1")], ("name", "n"))
    '<table><tr><th>name</th><th>n</th></tr><tr><td>x</td><td>1</td></tr></table>'
    """
    head = f"<tr>{''.join(f'<th>{escape(title)}</th>' for title in columns)}</tr>" if columns else ""
    lines = [[f"<td>{escape(cell)}</td>" for cell in row] for row in rows]
    if not columns:
        lines = [[f"<th>{escape(row[0])}</th>", *cells[1:]] for row, cells in zip(rows, lines, strict=True)]
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in lines)
    return f"<table>{head}{body}</table>"
