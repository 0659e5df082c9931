"""What ran through the layers of a run, for people: a table, and what looks wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archsim.report.summary import Record, percent

ACTIVITY_COLUMNS = (
    "layer", "firing rate", "sparsity", "active rows per read", "reads", "skipped", "errors not zero",
    "cells written",
)  # fmt: skip


def activity_rows(record: Record) -> list[list[str]]:
    """The cells of `ACTIVITY_COLUMNS`, a row for each layer; none where the activity is not known.

    Examples
    --------
    >>> row = {"layer": "out", "firing_rate": 0.25, "sparsity": 0.75, "active_rows_per_read": 12.5, "reads": 40,
    ...        "reads_skipped": 10, "nonzero_errors_frac": 1.0, "errors_recorded": False, "cells_written": 0}
    >>> activity_rows({"activity": [row]})
    [['out', '25 %', '75 %', '12.5', '40', '20 %', 'all (not recorded)', '-']]
    """
    return [_cells(row) for row in record.get("activity", [])]


def _cells(row: Mapping[str, Any]) -> list[str]:
    rate, lines, errors = row["firing_rate"], row["active_rows_per_read"], row["nonzero_errors_frac"]
    asked = row["reads"] + row["reads_skipped"]
    return [
        row["layer"],
        "-" if rate is None else percent(rate),
        percent(row["sparsity"]),
        "-" if lines is None else f"{lines:.3g}",
        str(row["reads"]) if asked else "-",
        percent(row["reads_skipped"] / asked) if asked else "-",
        "-" if errors is None else percent(errors) if row["errors_recorded"] else "all (not recorded)",
        str(row["cells_written"] or "-"),
    ]


def warning_lines(records: Sequence[Record]) -> list[str]:
    """What looks wrong with the activity, each once; with its phase where not all runs say it.

    Examples
    --------
    >>> warning_lines([{"phase": "bp", "warnings": [{"text": "out never fires: its rate is 0"}]}])
    ['out never fires: its rate is 0']
    """
    said: dict[str, list[str]] = {}
    for record in records:
        for warning in record.get("warnings", []):
            said.setdefault(warning["text"], []).append(record["phase"])
    return [text if len(of) == len(records) else f"{', '.join(of)}: {text}" for text, of in said.items()]
