"""The runs of one call, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from archsim.metrics import Result
from archsim.report.activity import activity_tables, warning_lines
from archsim.report.summary import RUN_COLUMNS, Record, Summary, idle_line, link_lines, write_lines
from archsim.report.table import text_table


def notes_of(network: Sequence[str], results: Sequence[Result]) -> tuple[str, ...]:
    """Notes of the network's reader, and what is unusual of the chip and the runs, each once."""
    unusual = (text for result in results for text in cast("list[str]", result.provenance.get("unusual", [])))
    return (*network, *dict.fromkeys(unusual))


def run_text(results: Sequence[Result], engine: str, seed: int) -> str:
    """A row for each phase, the most loaded links, what was written and what is idle, and how runs were played."""
    records = [result.to_dict() for result in results]
    n = Summary.of(records[0]).n_samples
    ran = ", ".join(dict.fromkeys(str(result.provenance.get("engine", engine)) for result in results))
    lines = [
        f"{results[0].name}: {n} sample{'s' if n != 1 else ''}, seed {seed}, engine {ran}",
        text_table(RUN_COLUMNS, [Summary.of(record).row() for record in records]),
        *(line for record in records for line in (*link_lines(record), *write_lines(record))),
        *filter(None, map(idle_line, records)),
        *_activity(records),
    ]
    ways = ((result.phase, result.provenance.get("way")) for result in results)
    return "\n".join([*lines, *(f"{phase}: {way}" for phase, way in ways if way)])


def _activity(records: Sequence[Record]) -> list[str]:
    """Tables of the activity, and what looks wrong."""
    shown = [f"\nactivity, {title}:\n{text_table(*table)}" for title, table in activity_tables(records)]
    return [*shown, *(f"warning: {line}" for line in warning_lines(records))]
