"""Spans as a table: CSV for spreadsheets, Parquet for data frames and databases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archsim.errors import ArchsimError
from archsim.export.writing import packed_file
from archsim.texts import as_cell

if TYPE_CHECKING:
    from archsim.metrics import Result, Spans

CHUNK = 65_536


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


def write_parquet(result: Result, path: str | Path) -> int:
    """Write the spans as Parquet; names as dictionaries, null where there is no timestep or sample.

    Parameters
    ----------
    result : Result
    path : str or path

    Returns
    -------
    int
        How many spans were written. The provenance is in the file's metadata, under ``archsim``.

    Raises
    ------
    ArchsimError
        pyarrow is not installed, or the file cannot be written.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ArchsimError("Parquet needs pyarrow: pip install 'archsim[export]'") from None
    spans = result.spans()
    said = {"name": result.name, "phase": result.phase, "provenance": result.provenance}
    about = json.dumps(said, default=str, allow_nan=False)
    table = pyarrow.table(_arrow_columns(spans)).replace_schema_metadata({"archsim": about})
    with packed_file(path) as file:
        pyarrow.parquet.write_table(table, file)
    return spans.n_spans


def _arrow_columns(spans: Spans) -> dict[str, Any]:
    import pyarrow

    from archsim.metrics.spans import COLUMNS, NAMED

    columns = {}
    for key in COLUMNS:
        values = getattr(spans, key)
        if key in NAMED:
            names = pyarrow.array(getattr(spans, f"{key}_names"), pyarrow.string())
            columns[key] = pyarrow.DictionaryArray.from_arrays(pyarrow.array(values.astype(np.int32)), names)
        else:
            missing = values < 0 if key in ("timestep", "sample") else None
            columns[key] = pyarrow.array(values, mask=missing)
    return columns
