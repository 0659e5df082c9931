"""Spans as a table for data frames and databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archsim.errors import ArchsimError
from archsim.export.format import Format
from archsim.export.writing import packed_file
from archsim.registry import EXPORTS

if TYPE_CHECKING:
    from archsim.metrics import Result, Spans


@EXPORTS.register
class Parquet(Format):
    """For data frames and databases."""

    kind = "parquet"
    suffixes = (".parquet",)

    def write(self, result: Result, path: str | Path) -> int:
        return write_parquet(result, path)


def write_parquet(result: Result, path: str | Path) -> int:
    """Write the spans as Parquet; names as dictionaries, null where there is no timestep or sample.

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
