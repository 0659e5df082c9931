"""Shared by ``sweep`` and ``search``: they end with the Pareto front of a study."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archsim.cli.inputs import memory_bytes, refuse_other_kind
from archsim.cli.say import say, say_json
from archsim.errors import ArchsimError, ExploreError

if TYPE_CHECKING:
    from archsim.explore import Explored


class Asked(NamedTuple):
    """A study, and where its configurations are evaluated."""

    study: Path
    output: Path | None
    workers: int | None
    scheduler: str | None
    max_memory: str | None


def show_front(evaluate: Callable[..., Explored], asked: Asked, as_json: bool) -> None:
    """Evaluate the configurations of a study and print the front."""
    allowed = memory_bytes(asked.max_memory)
    refuse_other_kind(asked.study, "study")
    with _kept(asked):
        found = evaluate(
            asked.study, asked.output, asked.workers or os.cpu_count() or 1,
            scheduler=asked.scheduler, max_memory_bytes=allowed,
        )  # fmt: skip
    _show(found, as_json)


@contextmanager
def _kept(asked: Asked) -> Iterator[None]:
    """Says after Ctrl-C what is kept, and how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        from archsim.explore import read_results, read_study
        from archsim.explore.run import folder_of

        with suppress(ArchsimError):  # it had not begun
            folder = folder_of(read_study(asked.study), asked.output)
            n = len(read_results(folder).records)
            say(f"\n{n} evaluations are kept in {folder}; the same command goes on", err=True)
        raise


def _show(found: Explored, as_json: bool) -> None:
    from archsim.explore.results import notes_on
    from archsim.explore.summary import summary, summary_record

    if as_json:
        say_json(summary_record(found))
    else:
        say(summary(found))
        say(f"written to {found.folder}", err=True)
    for note in notes_on(found):
        say(f"note: {note}", err=True)
    if found.records and all(record["state"] == "failed" for record in found.records):
        first = found.records[0]["error"]
        raise ExploreError(f"all {len(found.records)} configurations failed; the first: {first}")
