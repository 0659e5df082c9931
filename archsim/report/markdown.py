"""A report of one or more runs in Markdown."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from archsim.names import BREAKDOWNS, NONE
from archsim.report.activity import activity_table, warning_lines
from archsim.report.advice import advice_markdown
from archsim.report.summary import RUN_COLUMNS, Record, Summary, idle_line, percent, rate, write_lines
from archsim.report.table import markdown_table
from archsim.texts import as_markdown
from archsim.units import format_quantity

_QUANTITIES = ("energy_pj", "busy_ps", "latency_ps", "area_um2", "count")


def markdown(results: Sequence[Record], notes: Sequence[str] = ()) -> str:
    """Write a report: a summary, the four breakdowns of every run, where it all came from.

    Parameters
    ----------
    results : sequence of dict
        Runs as `Result.to_dict` gives them, one for each phase.
    notes : sequence of str
        What people should know, such as what a reader repaired.

    Raises
    ------
    ArchsimError
        A record is no result of archsim.
    """
    summaries = [Summary.of(record) for record in results]
    names = list(dict.fromkeys(summary.name for summary in summaries))
    parts = [f"# {as_markdown(', '.join(names))}", "## Summary"]
    parts.append(markdown_table(RUN_COLUMNS, [summary.row() for summary in summaries]))
    if told := warning_lines(results):
        parts += ["## Warnings", "\n".join(f"- {as_markdown(line)}" for line in told)]
    for record, summary in zip(results, summaries, strict=True):
        parts += _phase(record, summary)
    if notes:
        parts += ["## Notes", "\n".join(f"- {as_markdown(note)}" for note in notes)]
    parts += _provenance([record.get("provenance", {}) for record in results])
    return "\n\n".join(parts) + "\n"


def _phase(record: Record, summary: Summary) -> list[str]:
    totals, phase = record["totals"], as_markdown(summary.phase)
    samples = f"{summary.n_samples} sample{'s' if summary.n_samples != 1 else ''}"
    parts = [
        f"## {phase}",
        f"{samples}, {totals['n_tasks']} tasks. Of the energy, "
        f"{format_quantity(totals['dynamic_energy_pj'], 'energy')} are dynamic and "
        f"{format_quantity(totals['leakage_energy_pj'], 'energy')} leakage. Lines of zeros only are left out. "
        "Where busy is a dash, there are no tasks of its own: it rests, or its energy is part of another "
        "component's task.",
        _picture(record, summary.phase),
    ]
    parts += [as_markdown(text) for text in (*filter(None, [idle_line(record)]), *write_lines(record))]
    if (table := activity_table(record)) is not None:
        source = as_markdown(str(record.get("activity_source", "not said")))
        parts += [f"### {phase}: activity", f"Spikes: {source}.", markdown_table(*table)]
    parts += advice_markdown(record)
    for by in BREAKDOWNS:
        parts += [f"### {phase} by {by}", _breakdown(by, record["breakdown"][by], totals)]
    return parts


def _picture(record: Record, phase: str) -> str:
    """The pipeline; or which way a long run went, and what it does not tell."""
    if "way" not in record:
        from archsim.metrics import phase_file

        return f"![Pipeline of {as_markdown(phase)}]({phase_file('pipeline', phase, 'png')})"
    missing = "\n".join(f"- {name.replace('_', ' ')}: {why}" for name, why in record["not_available"].items())
    return f"A long run: {record['way']}. Not available:\n\n{missing}"


def _breakdown(by: str, parts: Mapping[str, Mapping[str, Any]], totals: Mapping[str, Any]) -> str:
    columns = [by, "energy", "share", "busy", "on the critical path", "area", "share", "count", "could sustain"]
    rows = []
    for name, part in sorted(parts.items(), key=lambda item: -item[1]["energy_pj"]):
        if not any(part[key] for key in _QUANTITIES):
            continue
        alone = part["throughput_per_s"]
        has_tasks = part["count"] > 0 or part["busy_ps"] > 0 or part["latency_ps"] > 0
        rows.append(
            [
                name or NONE,
                format_quantity(part["energy_pj"], "energy"),
                _share(part["energy_pj"], totals["energy_pj"]),
                format_quantity(part["busy_ps"], "time") if has_tasks else "-",
                format_quantity(part["latency_ps"], "time") if has_tasks else "-",
                format_quantity(part["area_um2"], "area"),
                _share(part["area_um2"], totals["area_um2"]),
                str(part["count"]),
                "-" if alone is None or math.isinf(alone) else rate(alone),
            ]
        )
    return markdown_table(columns, rows)


def _share(part: float, whole: float) -> str:
    return percent(part / whole) if whole else "-"


def _provenance(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Seed, engine, versions and hashes; the resolved chip and workload in full."""
    known = [item for item in found if item]
    if not known:
        return []
    first = known[0]
    versions = ", ".join(f"{name} {version}" for name, version in first.get("versions", {}).items())
    rows = [["seed", str(first.get("seed"))], ["engine", str(first.get("engine"))], ["versions", versions]]
    rows += [[f"SHA-256 of the inputs of {item.get('phase')}", str(item.get("inputs_sha256"))] for item in known]
    parts = ["## Provenance", markdown_table(["", ""], rows)]
    for key in ("chip", "workload"):
        parts += [f"### Resolved {key}", f"```json\n{json.dumps(first.get(key), indent=1, allow_nan=False)}\n```"]
    return parts
