"""Activity of the layers of a run, for people: a table, and warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archsim.report.summary import Record, percent

Table = tuple[tuple[str, ...], list[list[str]]]
"""Titles and cells."""
_FORWARD = ("layer", "firing rate", "sparsity", "active rows per read", "reads", "skipped")
_LEARNT = ("errors not zero", "cells written")


def activity_table(record: Record) -> Table | None:
    """Activity of the layers in one phase, without columns that are empty; None where it is not known.

    Examples
    --------
    >>> row = {"layer": "out", "firing_rate": 0.25, "sparsity": 0.75, "active_rows_per_read": 12.5, "reads": 40,
    ...        "reads_skipped": 10, "nonzero_errors_frac": 1.0, "errors_recorded": False, "cells_written": 0}
    >>> activity_table({"activity": [row]})[1]
    [['out', '25 %', '75 %', '12.5', '40', '20 %', 'all (not recorded)']]
    """
    rows = [_forward(row) + _learnt(row) for row in record.get("activity", [])]
    return _filled((*_FORWARD, *_LEARNT), rows) if rows else None


def activity_tables(records: Sequence[Record]) -> list[tuple[str, Table]]:
    """The same of several phases, each with its title: the forward pass once for all phases that share it."""
    known = [record for record in records if record.get("activity")]
    forward: dict[str, list[Record]] = {}
    for record in known:
        forward.setdefault(repr(_of_forward(record)), []).append(record)
    tables = [(_phases(group), _filled(_FORWARD, _of_forward(group[0]))) for group in forward.values()]
    learnt = [(record, [_learnt(row) for row in record["activity"]]) for record in known]
    learnt = [(record, cells) for record, cells in learnt if any(cell != "-" for row in cells for cell in row)]
    if learnt:
        titles = ("layer", *(f"{record['phase']}: {title}" for record, _ in learnt for title in _LEARNT))
        names = [row["layer"] for row in learnt[0][0]["activity"]]
        rows = [[name, *(c for _, of in learnt for c in of[i])] for i, name in enumerate(names)]
        tables.append((_phases([record for record, _ in learnt]), _filled(titles, rows)))
    return tables


def _phases(records: Sequence[Record]) -> str:
    return ", ".join(record["phase"] for record in records)


def _of_forward(record: Record) -> list[list[str]]:
    return [_forward(row) for row in record["activity"]]


def _forward(row: Mapping[str, Any]) -> list[str]:
    rate, lines, asked = row["firing_rate"], row["active_rows_per_read"], row["reads"] + row["reads_skipped"]
    return [
        row["layer"],
        "-" if rate is None else percent(rate),
        percent(row["sparsity"]),
        "-" if lines is None else f"{lines:.3g}",
        str(row["reads"]) if asked else "-",
        percent(row["reads_skipped"] / asked) if asked else "-",
    ]


def _learnt(row: Mapping[str, Any]) -> list[str]:
    errors = row["nonzero_errors_frac"]
    told = "-" if errors is None else percent(errors) if row["errors_recorded"] else "all (not recorded)"
    return [told, str(row["cells_written"] or "-")]


def _filled(titles: Sequence[str], rows: list[list[str]]) -> Table:
    """Without columns in which nothing stands, and rows of which only the name is left."""
    kept = [i for i in range(len(titles)) if any(row[i] != "-" for row in rows)]
    cut = [[row[i] for i in kept] for row in rows]
    return tuple(titles[i] for i in kept), [row for row in cut if any(cell != "-" for cell in row[1:])]


def warning_lines(records: Sequence[Record]) -> list[str]:
    """Warnings about the activity, each once; with its phase where not all runs say it.

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
