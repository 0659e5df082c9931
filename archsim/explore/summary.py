"""Summary of a sweep or a search, for a terminal and as plain data."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from archsim.errors import ArchsimError
from archsim.explore.evaluate import Limit, limits_of, metrics_of
from archsim.explore.front import is_feasible, nearest
from archsim.explore.measures import kind_of, needs_learning
from archsim.explore.results import common_metrics, shown
from archsim.explore.run import Explored
from archsim.report.table import text_table
from archsim.spec.errors_on import errors_line, errors_on

MOST_SHOWN = 20
_KEPT = ("key", "state", "parameters", "metrics", "error")


def summary_record(found: Explored) -> dict[str, Any]:
    """How many configurations ended how, and the front."""
    front = [{key: record[key] for key in _KEPT} for record in found.front]
    record = {"study": found.study.name, "states": _states(found), "front": front}
    errors = errors_of(found)
    return {**record, "errors": errors} if errors else record


def errors_of(found: Explored) -> dict[str, str]:
    """Which errors count in the accuracies of a study, by part; empty where it looks at none."""
    if not needs_learning(metrics_of(found.study)):
        return {}
    said: dict[str, set[str]] = {}
    for record in [*found.front, *found.records[:MOST_SHOWN]]:
        with suppress(ArchsimError):  # it is no chip
            for part, words in errors_on(found.study.resolve(record["parameters"]).chip).items():
                said.setdefault(part, set()).add(words)
    return {part: " | ".join(sorted(words)) for part, words in said.items()}


def _states(found: Explored) -> dict[str, int]:
    return {
        state: sum(record["state"] == state for record in found.records)
        for state in ("done", "cheap", "pruned", "failed")
    }


def summary(found: Explored) -> str:
    """The front as a table, and how many configurations there were."""
    states = _states(found)
    counts = ", ".join(f"{n} {state}" for state, n in states.items() if n)
    front = found.front
    kept = sum(is_feasible(found.study, record) for record in found.records)
    bound = f"{kept} keep to all constraints, " if found.study.model.constraints else ""
    lines = [
        f"{found.study.name}: {len(found.records)} configurations ({counts}), {found.n_new} evaluated now, "
        f"{bound}{len(front)} on the front"
    ]
    if front:
        names, metrics = list(found.study.parameters), common_metrics(front)
        rows = [
            [str(record["parameters"].get(name, "")) for name in names]
            + [shown(record["metrics"][metric], kind_of(metric)) for metric in metrics]
            for record in front[:MOST_SHOWN]
        ]
        lines.append(text_table([*names, *metrics], rows))
        if len(front) > MOST_SHOWN:
            lines.append(f"and {len(front) - MOST_SHOWN} more, in the folder")
    elif states["failed"] < len(found.records):
        lines.append(f"no configuration keeps to all constraints{_nearest(found)}")
    if errors := errors_of(found):
        lines.append(errors_line(errors))
    if front and states["failed"]:
        first = next(record["error"] for record in found.records if record["state"] == "failed")
        lines.append(f"the first of the {states['failed']} that failed: {first}")
    return "\n".join(lines)


def _nearest(found: Explored) -> str:
    """The constraints that the nearest configuration breaks; else the first error."""
    for record in nearest(found.study, found.records, 1):
        metrics = record["metrics"]
        broken = [
            f"{limit.metric} {shown(metrics[limit.metric], kind_of(limit.metric))} ({_bound(limit)})"
            for limit in limits_of(found.study)
            if limit.violation(metrics[limit.metric]) > 0
        ]
        where = ", ".join(f"{name} {value}" for name, value in record["parameters"].items())
        return f"; nearest comes {where}: {', '.join(broken)}"
    errors = [record["error"] for record in found.records if record["error"]]
    return f"; {errors[0]}" if errors else ""


def _bound(limit: Limit) -> str:
    words = (("at least", limit.at_least), ("at most", limit.at_most))
    return " and ".join(
        f"{word} {shown(value, kind_of(limit.metric))}" for word, value in words if value is not None
    )
