"""The command ``learn``: accuracy before and after adaptation, and what the same run costs, in one table."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim.cli_inputs import load_both, memory_bytes
from archsim.cli_say import say
from archsim.errors import ArchsimError
from archsim.files import inside, write_text
from archsim.learn.checkpoints import REPORT
from archsim.names import NONE
from archsim.report import markdown_table, percent, text_table
from archsim.texts import as_markdown, one_line
from archsim.units import format_quantity

if TYPE_CHECKING:
    from archsim.learn import Estimate, LearningResult, Wear
    from archsim.snn.learn.trainer import Progress

ACCURACY_COLUMNS = ("rule", "before", "after", "ideal after", "recovered", "written", "first cell worn out")
HARDWARE_COLUMNS = ("latency/sample", "energy/sample", "area")
_REDRAW_S = 0.2


def learn(
    chip: Path,
    workload: Path,
    rules: Sequence[str] | None,
    seeds: int,
    seed: int,
    assignments: Sequence[str],
    output: Path | None,
    resume: bool,
    engine: str,
    as_json: bool,
    max_memory: str | None = None,
) -> None:
    """Tell the whole story; a table or JSON on stdout, everything in a folder if one is named."""
    if resume and output is None:
        raise ArchsimError("--resume needs -o: the folder of the run to go on with")
    allowed = memory_bytes(max_memory)
    the_chip, work = load_both(chip, workload, assignments)
    from archsim.learn import learn as told
    from archsim.learn.story import BP_AND_DFA

    meter = Meter()
    try:
        result = told(
            the_chip, work, BP_AND_DFA if rules is None else rules, seeds, seed, output, resume, engine,
            meter.tell if sys.stderr.isatty() else None, allowed,
        )  # fmt: skip
    except KeyboardInterrupt:
        if output is not None:
            say(f"what is finished stays in {output}; go on with --resume", err=True)
        raise
    finally:
        meter.clear()
    if output is not None:
        write_text(inside(output, REPORT), _markdown(result))
    if as_json:
        say(json.dumps(result.to_dict(), indent=1, allow_nan=False))
        return
    say("\n".join(_text(result)))
    if output is not None:
        say(f"written to {output}", err=True)


class Meter:
    """One line on a terminal: what is going on, how far it is and how long it still takes."""

    def __init__(self) -> None:
        self._what, self._start, self._drawn, self._width = "", time.monotonic(), 0.0, 0

    def tell(self, what: str, progress: Progress | None) -> None:
        """Draw the line again, a few times a second at most."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._start, self._drawn = what, now, 0.0
        if progress is None or now - self._drawn >= _REDRAW_S or progress.step == progress.n_steps:
            self._drawn = now
            self._draw(f"{one_line(what)} {_far(progress, now - self._start)}")

    def _draw(self, line: str) -> None:
        sys.stderr.write(f"\r{line:<{self._width}}")
        sys.stderr.flush()
        self._width = len(line)

    def clear(self) -> None:
        """Leave an empty line."""
        if self._width:
            self._draw("")
            sys.stderr.write("\r")


def _far(progress: Progress | None, seconds: float) -> str:
    """How far and how long.

    Examples
    --------
    >>> from archsim.snn.learn.trainer import Progress
    >>> _far(Progress(0, 25, 100, 1.5), 10.0)
    '25 %, loss 1.5, 30 s left'
    >>> _far(None, 3.0)
    '...'
    """
    if progress is None:
        return "..."
    left = seconds / progress.step * (progress.n_steps - progress.step)
    said = f"{left:.0f} s" if left < 100 else f"{left / 60:.0f} min"
    return f"{100 * progress.step // progress.n_steps} %, loss {progress.loss:.3g}, {said} left"


def _text(result: LearningResult) -> list[str]:
    """The result for a terminal."""
    return [_head(result), "", text_table(_columns(result), _rows(result)), "", *_lines(result)]


def _markdown(result: LearningResult) -> str:
    lines = [f"# {as_markdown(_head(result))}", "", markdown_table(_columns(result), _rows(result)), ""]
    return "\n".join([*lines, *(f"- {as_markdown(line)}" for line in _lines(result))]) + "\n"


def _head(result: LearningResult) -> str:
    seeds = result.seeds
    said = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]} (mean ± 95 % interval)"
    return f"{result.name}: {said}"


def _columns(result: LearningResult) -> list[str]:
    accuracy = ACCURACY_COLUMNS if result.rules else ACCURACY_COLUMNS[:2]
    return [*accuracy, *HARDWARE_COLUMNS]


def _rows(result: LearningResult) -> list[list[str]]:
    rows = [[rule, *_accuracy_cells(result, rule), *_hardware_cells(result, rule)] for rule in result.rules]
    if "inference" in result.hardware:
        before = str(result.unadapted_accuracy("before"))
        empty = [""] * (len(ACCURACY_COLUMNS) - 2) if result.rules else []
        rows.append([NONE, before, *empty, *_hardware_cells(result, "inference")])
    return rows


def _accuracy_cells(result: LearningResult, rule: str) -> list[str]:
    runs = result.of(rule)
    written = sum(run.written_frac for run in runs) / len(runs)
    accuracies = [str(result.accuracy(rule, which)) for which in ("before", "after", "ideal_after", "recovered")]
    return [*accuracies, percent(written), _wear_cell(runs[0].wear)]


def _wear_cell(wear: Wear) -> str:
    if wear.years is not None:
        return "never" if wear.years == float("inf") else f"{wear.years:.3g} years"
    if wear.adaptations is not None:
        return f"{wear.adaptations:.3g} adaptations"
    return "not known"


def _hardware_cells(result: LearningResult, phase: str) -> list[str]:
    found = result.per_sample(phase)
    return [
        format_quantity(found["latency_ps"], "time"),
        format_quantity(found["energy_pj"], "energy"),
        format_quantity(found["area_um2"], "area"),
    ]


def _lines(result: LearningResult) -> list[str]:
    """What stands below the table."""
    source, ideal = result.unadapted_accuracy("source"), result.unadapted_accuracy("ideal_before")
    lines = [
        f"Ideal arithmetic before adaptation: {source} on its own training windows, {ideal} on the test windows."
    ]
    lines += _adaptation_lines(result)
    if result.difference is not None:
        lines.append(f"DFA minus BP after adaptation, by seed: {_signed(result.difference)}.")
    lines += [f"Note: {note}" for note in result.notes]
    return lines


def _adaptation_lines(result: LearningResult) -> list[str]:
    lines = []
    for rule in result.rules:
        run, each = result.of(rule)[0], result.per_sample(rule)
        whole = (each["latency_ps"] * run.n_windows, each["energy_pj"] * run.n_windows)
        lines.append(
            f"One adaptation with {rule}: {run.n_windows} windows, {run.n_steps} updates, "
            f"{format_quantity(whole[0], 'time')}, {format_quantity(whole[1], 'energy')}; the busiest cell gets "
            f"{run.wear.most_writes} pulses."
        )
    missing = {result.of(rule)[0].wear.why_not for rule in result.rules} - {""}
    return [*lines, *(f"No years until cells wear out: {why}." for why in sorted(missing))]


def _signed(difference: Estimate) -> str:
    text: Any = difference
    return f"{'+' if difference.mean >= 0 else ''}{text}"
