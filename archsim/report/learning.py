"""A learning run as one table: accuracy before and after adaptation, and what the same run costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archsim.learn import Estimate, LearningResult, Wear
from archsim.learn.result import RuleRun
from archsim.names import NONE
from archsim.report.activity import warning_lines
from archsim.report.summary import percent
from archsim.report.table import markdown_table, text_table
from archsim.spec.errors_on import errors_line
from archsim.texts import as_markdown
from archsim.units import format_quantity

ACCURACY_COLUMNS = ("rule", "before", "after", "ideal after", "recovered", "written", "first cell worn out")
HARDWARE_COLUMNS = ("latency/sample", "energy/sample", "area")


def learning_text(result: LearningResult) -> str:
    """For a terminal."""
    table = text_table(_columns(result), _rows(result))
    return "\n".join([_head(result), "", table, "", *_lines(result)])


def learning_markdown(result: LearningResult) -> str:
    """For the folder of the run."""
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
    """Notes below the table."""
    source, ideal = result.unadapted_accuracy("source"), result.unadapted_accuracy("ideal_before")
    lines = [
        f"Ideal arithmetic before adaptation: {source} on its own training windows, {ideal} on the test windows."
    ]
    lines += _adaptation_lines(result)
    if result.difference is not None:
        lines.append(f"DFA minus BP after adaptation, by seed: {_signed(result.difference)}.")
    lines += [errors_line(result.errors), *(f"Note: {note}" for note in result.notes)]
    return [*lines, *(f"Warning: {line}." for line in warning_lines(list(result.hardware.values())))]


def _adaptation_lines(result: LearningResult) -> list[str]:
    lines = []
    for rule in result.rules:
        run, whole = result.of(rule)[0], result.hardware[rule]["adaptation"]
        lines.append(
            f"One adaptation with {rule}: {run.n_windows} windows, {run.n_steps} updates, "
            f"{_estimated(whole['latency_ps'], 'time')}, {_estimated(whole['energy_pj'], 'energy')}; the busiest "
            f"cell gets {run.wear.most_writes} pulses. Simulated: {whole['way']}."
        )
        lines += [_window_line(rule, whole), _programming_line(rule, whole["programming"])]
        lines += _pulse_lines(run, whole["writes"])
        lines += _read_lines(run)
    missing = {result.of(rule)[0].wear.why_not for rule in result.rules} - {""}
    return [*lines, *(f"No years until cells wear out: {why}." for why in sorted(missing))]


def _estimated(found: Mapping[str, float], kind: Any) -> str:
    """A total of an adaptation, with its 95 % interval where only some batches were simulated."""
    said = format_quantity(found["value"], kind)
    return said if not found["half_width"] else f"{said} ± {format_quantity(found['half_width'], kind)}"


def _window_line(rule: str, whole: Mapping[str, Any]) -> str:
    each = whole["window_ps"]
    half, most, largest = (format_quantity(each[name], "time") for name in ("p50", "p99", "largest"))
    return (
        f"A window with {rule}, and what it waits for: {_estimated(each, 'time')} on average, {half} at most for "
        f"half of them, {most} for 99 of 100, {largest} for all; {_estimated(whole['window_pj'], 'energy')}."
    )


def _programming_line(rule: str, first: Mapping[str, float]) -> str:
    return (
        f"The first programming for {rule}: {first['cells']} cells, {first['pulses']:.6g} pulses, "
        f"{format_quantity(first['latency_ps'], 'time')}, {format_quantity(first['energy_pj'], 'energy')}."
    )


def _pulse_lines(run: RuleRun, writes: Mapping[str, Any]) -> list[str]:
    """Writes that the arrays counted, and writes that are priced."""
    counted = ("pulses", "verify_reads", "failed_writes")
    pulses, reads, failed = (sum(of.get(what, 0) for of in run.counters.values()) for what in counted)
    priced = ", ".join(f"{_number(writes[name])} {name}" for name in ("cells", "pulses"))
    return [
        f"Writes with {run.rule}: the arrays took {pulses} pulses and {reads} verify reads, {failed} writes "
        f"failed; what is priced takes {priced}, {_number(writes['failed'])} failed."
    ]


def _number(found: Mapping[str, float]) -> str:
    said = f"{found['value']:.6g}"
    return said if not found["half_width"] else f"{said} ± {found['half_width']:.2g}"


def _read_lines(run: RuleRun) -> list[str]:
    """How far what arrays read is from what was asked of them."""
    paths = [
        f"{path} {', '.join(f'{layer} {percent(error)}' for layer, error in of_layer.items())}"
        for path, of_layer in run.read_errors.items()
    ]
    return [f"Error of a read after it (relative rms): {'; '.join(paths)}."] if paths else []


def _signed(difference: Estimate) -> str:
    text: Any = difference
    return f"{'+' if difference.mean >= 0 else ''}{text}"
