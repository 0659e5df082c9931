"""A study in a notebook."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import Any

from archsim.explore.measures import kind_of
from archsim.texts import html_table
from archsim.units import format_metric

MOST_ROWS = 20


def explored_html(found: Any) -> str:
    """How many configurations of a study are done, and the front with its objectives; every name is text."""
    states = Counter(record["state"] for record in found.records)
    told = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
    names, objectives = list(found.study.parameters), list(found.study.model.objectives)
    rows = [_row(record, names, objectives) for record in found.front[:MOST_ROWS]]
    more = len(found.front) - MOST_ROWS
    rest = f"{more} more on the front; frame() has all" if more > 0 else ""
    head = f"<b>{escape(found.study.name)}</b>: {told}; the front:"
    return f"<div>{head}{html_table(rows, (*names, *objectives))}{rest}</div>"


def _row(record: dict[str, Any], names: list[str], objectives: list[str]) -> list[str]:
    given = [str(record["parameters"].get(name, "-")) for name in names]
    return given + [format_metric(record["metrics"][name], kind_of(name)) for name in objectives]


def study_html(study: Any) -> str:
    """Parameters and objectives of a `Study`."""
    varied = [(name, str(values) if (values := study.listed[name]) else "a range") for name in study.parameters]
    wanted = [(name, aim) for name, aim in study.model.objectives.items()]
    return f"<div><b>{escape(study.name)}</b>{html_table([*varied, *wanted])}</div>"
