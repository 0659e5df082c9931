"""The commands ``sweep`` and ``search``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from archsim.cli.inputs import memory_bytes, refuse_other_kind
from archsim.cli.say import say
from archsim.errors import ArchsimError, ExploreError
from archsim.report.table import text_table

MOST_SHOWN = 20


def sweep(
    study: Path,
    output: Path | None,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
    max_memory: str | None = None,
) -> None:
    """Evaluate the configurations of a study; the Pareto front on stdout."""
    from archsim.explore import sweep as run

    allowed = memory_bytes(max_memory)
    refuse_other_kind(study, "study")
    with _kept(study, output):
        found = run(study, output, workers or os.cpu_count() or 1, scheduler=scheduler, max_memory_bytes=allowed)
    _show(found, as_json)


def search(
    study: Path,
    output: Path | None,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
    max_memory: str | None = None,
) -> None:
    """Search the space of a study; the Pareto front on stdout."""
    from archsim.explore import search as run

    allowed = memory_bytes(max_memory)
    refuse_other_kind(study, "study")
    with _kept(study, output):
        found = run(study, output, workers or os.cpu_count() or 1, scheduler=scheduler, max_memory_bytes=allowed)
    _show(found, as_json)


@contextmanager
def _kept(study: Path, output: Path | None) -> Iterator[None]:
    """Says after Ctrl-C what is kept, and how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        from archsim.explore import read_results, read_study
        from archsim.explore.run import folder_of

        with suppress(ArchsimError):  # it had not begun
            folder = folder_of(read_study(study), output)
            n = len(read_results(folder).records)
            say(f"\n{n} evaluations are kept in {folder}; the same command goes on", err=True)
        raise


def _show(found: Any, as_json: bool) -> None:
    from archsim.explore.results import notes_on

    if sys.stderr.isatty():
        say(err=True)  # ends the line of progress
    if as_json:
        kept = ("key", "state", "parameters", "metrics", "error")
        front = [{key: record[key] for key in kept} for record in found.front]
        states = _states(found)
        say(json.dumps({"study": found.study.name, "states": states, "front": front}, indent=1, allow_nan=False))
    else:
        say(summary(found))
        say(f"written to {found.folder}", err=True)
    for note in notes_on(found):
        say(f"note: {note}", err=True)
    if found.records and all(record["state"] == "failed" for record in found.records):
        first = found.records[0]["error"]
        raise ExploreError(f"all {len(found.records)} configurations failed; the first: {first}")


def _states(found: Any) -> dict[str, int]:
    return {
        state: sum(record["state"] == state for record in found.records)
        for state in ("done", "cheap", "pruned", "failed")
    }


def summary(found: Any) -> str:
    """The front as a table, and how many configurations there were."""
    from archsim.explore.front import is_feasible
    from archsim.explore.measures import kind_of
    from archsim.explore.results import shown

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
        names, metrics = list(found.study.parameters), list(front[0]["metrics"])
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
    if front and states["failed"]:
        first = next(record["error"] for record in found.records if record["state"] == "failed")
        lines.append(f"the first of the {states['failed']} that failed: {first}")
    return "\n".join(lines)


def _nearest(found: Any) -> str:
    """What the configuration that comes nearest breaks; else the first thing that was said."""
    from archsim.explore.evaluate import limits_of
    from archsim.explore.front import nearest
    from archsim.explore.measures import kind_of
    from archsim.explore.results import shown

    for record in nearest(found.study, found.records, 1):
        metrics = record["metrics"]
        broken = [
            f"{limit.metric} {shown(metrics[limit.metric], kind_of(limit.metric))} ({_bound(found, limit.metric)})"
            for limit in limits_of(found.study)
            if limit.violation(metrics[limit.metric]) > 0
        ]
        where = ", ".join(f"{name} {value}" for name, value in record["parameters"].items())
        return f"; nearest comes {where}: {', '.join(broken)}"
    errors = [record["error"] for record in found.records if record["error"]]
    return f"; {errors[0]}" if errors else ""


def _bound(found: Any, metric: str) -> str:
    """As the study writes it."""
    bound = found.study.model.constraints[metric]
    words = (("at least", bound.at_least), ("at most", bound.at_most))
    return " and ".join(f"{word} {value}" for word, value in words if value is not None)
