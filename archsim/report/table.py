"""Tables: plain aligned text for terminals, the same rows as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archsim.texts import as_markdown, one_line

_BOLD = re.compile(r"\*\*([0-9 .+±x%()−-]+)\*\*")  # figures only: no name can make itself bold
_NUMBER = re.compile(r"[-+]?[0-9.].*|inf( .*)?|-|")


def text_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns, two blanks between them; columns of numbers to the right.

    Examples
    --------
    >>> print(text_table(["phase", "latency"], [["inference", "1.25 µs"], ["bp", "10 µs"]]))
    phase      latency
    inference  1.25 µs
    bp           10 µs
    """
    lines = [[one_line(cell) for cell in row] for row in [columns, *rows]]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    right = _numeric_columns(len(columns), rows)
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same as a Markdown table, in whose cells everything is text, but for what is bold as a whole.

    Examples
    --------
    >>> print(markdown_table(["phase", "latency"], [["bp", "10 µs"]]))
    | phase | latency |
    | --- | ---: |
    | bp | 10 µs |
    """
    right = _numeric_columns(len(columns), rows)
    rule = ["---:" if to_right else "---" for to_right in right]
    lines: list[list[str]] = [[_cell(cell) for cell in line] for line in [columns, *rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def _cell(text: str) -> str:
    """A cell as text; ``**0.8 ± 0.7**`` stays bold."""
    bold = _BOLD.fullmatch(text)
    return f"**{as_markdown(bold[1])}**" if bold else as_markdown(text)


def _numeric_columns(n_columns: int, rows: Sequence[Sequence[str]]) -> list[bool]:
    """Columns whose cells are all numbers, with or without a unit, or empty."""
    return [all(_NUMBER.fullmatch(row[i]) for row in rows) and bool(rows) for i in range(n_columns)]
