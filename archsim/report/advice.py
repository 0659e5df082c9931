"""Advice on a design, for people: what each change brings, the best pairs, and what brings nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archsim.report.summary import Record
from archsim.report.table import markdown_table, text_table
from archsim.texts import as_markdown

COLUMNS = ("move", "latency", "energy", "area", "peak power", "accuracy", "over budget", "--set")
_FIGURES = ("latency", "energy", "area", "peak_power")
_LONGEST = 60
Row = Mapping[str, Any]


def advice_text(record: Record, top: int) -> str:
    """For a terminal: tables of the best moves and pairs, `top` lines each, and what is not in them.

    Parameters
    ----------
    record : dict
        What `archsim.advise.Advice.record()` gave, with ``name`` and ``phase``.
    top : int
    """
    moves, pairs = record["advice"], record["advice_pairs"]
    what = f"{record['name']}, {record['phase']}"
    lines = [f"{what}: the best for {_goal(record)} first; changes from the design as it is"]
    lines += [text_table(COLUMNS, [_row(row) for row in moves[:top]]), *_more(len(moves) - top, "moves")]
    if pairs:
        lines += ["\nthe best two at once:", text_table(COLUMNS, [_row(row) for row in pairs[:top]])]
        lines += _more(len(pairs) - top, "pairs")
    lines += [f"in full: {text}" for text in _in_full([*moves[:top], *pairs[:top]])]
    return "\n".join([*lines, *_learned(record), *_notes(moves[:top]), *_rest(record)])


def advice_markdown(record: Record) -> list[str]:
    """Parts of ``report.md``; none where no advice was asked."""
    if "advice" not in record:
        return []
    phase = as_markdown(record["phase"])
    parts = [f"### {phase}: advice", f"The best for {_goal(record)} first; changes from the design as it is."]
    parts.append(markdown_table(COLUMNS, [_row(row, whole=True) for row in record["advice"]]))
    if record["advice_pairs"]:
        pairs = [_row(row, whole=True) for row in record["advice_pairs"]]
        parts += ["The best two at once:", markdown_table(COLUMNS, pairs)]
    told = [*_learned(record), *_notes(record["advice"]), *_rest(record)]
    return [*parts, "\n".join(f"- {as_markdown(line)}" for line in told)] if told else parts


def _goal(record: Record) -> str:
    budgets = record["advice_budgets"]
    return str(record["advice_goal"]) + (f" within {', '.join(budgets)}" if budgets else "")


def _row(row: Row, *, whole: bool = False) -> list[str]:
    sets = " ".join(f"--set {_quoted(one if whole else _short(one))}" for one in row["set"])
    figures = [_change(row[f"delta_{name}_frac"]) for name in _FIGURES]
    return [row["title"], *figures, _accuracy(row), ", ".join(row["over_budget"]) or "-", sets]


def _accuracy(row: Row) -> str:
    """Whether a change touches the network's results, and by how much, where that was looked for.

    Examples
    --------
    >>> _accuracy({"accuracy": None}), _accuracy({"accuracy": {"why": "rounded", "change": None}})
    ('same', 'changes')
    >>> _accuracy({"accuracy": {"why": "rounded", "change": -0.0125}})
    '−1.25 points'
    """
    touched = row.get("accuracy")
    if touched is None:
        return "same" if "accuracy" in row else "-"  # older results do not say
    change = touched["change"]
    return "changes" if change is None else f"{100 * change:+.3g} points".replace("-", "−")


def _change(part: float | None) -> str:
    """A change as people write it.

    Examples
    --------
    >>> _change(-0.4966), _change(0.0), _change(1.5), _change(None)
    ('−49.7 %', '0 %', '+150 %', 'from 0')
    """
    if part is None:
        return "from 0"
    return "0 %" if part == 0 else f"{100 * part:+.3g} %".replace("-", "−")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _quoted(text: str) -> str:
    return f"'{text}'" if set(text) & set(' {}"*…') else text


def _in_full(rows: Sequence[Row]) -> list[str]:
    """Assignments that were cut, each once."""
    long = dict.fromkeys(one for row in rows for one in row["set"] if len(one) > _LONGEST)
    return [f"--set {_quoted(one)}" for one in long]


def _more(n: int, what: str) -> list[str]:
    return [f"{n} more {what}; --top shows more"] if n > 0 else []


def _notes(rows: Sequence[Row]) -> list[str]:
    """Effects that the figures do not show, by move."""
    said: dict[str, dict[str, None]] = {}
    for row in rows:
        touched = row.get("accuracy")
        for note in (*row["notes"], *([touched["why"]] if touched else [])):
            said.setdefault(note, {})[row["title"]] = None
    return [f"note: {', '.join(titles)}: {note}" for note, titles in said.items()]


def _learned(record: Record) -> list[str]:
    """Note under the column of accuracy: its base, or how it is found."""
    found = record.get("advice_accuracy")
    if found:
        when = f"{found['when']} adapting on the chip by {found['rule']}"
        return [f"accuracy of the design as it is: {100 * found['value']:.3g} %, {when}; one seed"]
    if any(row.get("accuracy") for row in (*record["advice"], *record["advice_pairs"])):
        return [
            "accuracy was not looked for; --accuracy does, for a workload that says how it learns, as watch_adapt"
        ]
    return []


def _rest(record: Record) -> list[str]:
    """Moves that change nothing, that were refused, and of which there is none."""
    idle = ", ".join(" ".join(row["set"]) for row in record["advice_idle"])
    lines = [f"change nothing here: {idle}"] if idle else []
    lines += [f"refused: {' '.join(map(_short, row['set']))}: {row['why']}" for row in record["advice_refused"]]
    return [*lines, *(f"not tried: {kind}: {why}" for kind, why in record["advice_untried"].items())]
