"""Spans as a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim.export.format import Format
from archsim.export.writing import packed_file
from archsim.registry import EXPORTS
from archsim.texts import as_cell

if TYPE_CHECKING:
    from archsim.metrics import Result

CHUNK = 65_536


@EXPORTS.register
class Csv(Format):
    """For spreadsheets."""

    kind = "csv"
    suffixes = (".csv",)

    def write(self, result: Result, path: str | Path) -> int:
        return write_csv(result, path)


def write_csv(result: Result, path: str | Path) -> int:
    """Write the spans as CSV (RFC 4180, UTF-8), ordered by resource, unit and start.

    Columns as in `Spans`, with names in words; an empty cell where there is no timestep or sample. A text that a
    spreadsheet would take for a formula, or that begins with an apostrophe, has an apostrophe before it: take
    one off when reading.

    Parameters
    ----------
    result : Result
    path : str or path
        Compressed if it ends in ``.gz``.

    Returns
    -------
    int
        How many spans were written.

    Raises
    ------
    ArchsimError
        The file cannot be written.
    """
    from archsim.metrics.spans import COLUMNS, NAMED

    spans = result.spans()
    texts = {key: [cell_text(name) for name in getattr(spans, f"{key}_names")] for key in NAMED}
    with packed_file(path) as file:
        file.write((",".join(COLUMNS) + "\r\n").encode())
        for low in range(0, spans.n_spans, CHUNK):
            columns = [_cells(key, getattr(spans, key)[low : low + CHUNK], texts) for key in COLUMNS]
            file.write("".join(["%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s\r\n" % row  # noqa: UP031  # twice as fast
                                for row in zip(*columns, strict=True)]).encode())  # fmt: skip
    return spans.n_spans


def _cells(key: str, column: Any, texts: dict[str, list[str]]) -> Sequence[object]:
    values: list[int] = column.tolist()
    if key in texts:
        names = texts[key]
        return [names[value] for value in values]
    return [value if value >= 0 else "" for value in values] if key in ("timestep", "sample") else values


def cell_text(text: str) -> str:
    """A text as a quoted cell that no spreadsheet evaluates.

    Examples
    --------
    >>> print(cell_text('=1+1'), cell_text('say "a"'))
    "'=1+1" "say ""a""\"
    """
    return '"' + as_cell(text).replace('"', '""') + '"'
