"""The command ``explore``: how sure the answer is when the price list may be off."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from archsim.cli_inputs import load_both, memory_bytes, progress
from archsim.cli_say import say
from archsim.errors import ArchsimError
from archsim.explore.measures import kind_of
from archsim.explore.sensitivity import Sensitivity, one_at_a_time, sobol
from archsim.explore.uncertain import MAIN, METRICS, Priced, Uncertain, propagate
from archsim.files import fresh_folder, inside, write_text
from archsim.provenance import provenance
from archsim.report import percent, text_table
from archsim.simulate import simulate
from archsim.spec import Chip
from archsim.units import close_match, format_metric
from archsim.workload import Workload

N_SHOWN = 5
FILE = "uncertainty.json"


class _Asked(NamedTuple):
    """What is priced; a chip of a study with what was tried there."""

    name: str
    chip: Chip
    work: Workload
    phase: str
    seed: int
    parameters: Mapping[str, Any] = {}


def explore(
    chips: Sequence[Path],
    workload: Path | None,
    n_draws: int,
    n_sobol: int | None,
    phase: str | None,
    seed: int,
    assignments: Sequence[str],
    metrics: Sequence[str],
    output: Path | None,
    as_json: bool,
    max_memory: str | None = None,
) -> None:
    """Error bars of every metric, who beats whom how surely, and which number to measure better."""
    shown = tuple(dict.fromkeys(metrics)) or MAIN
    if unknown := [metric for metric in shown if metric not in METRICS]:
        hint = close_match(unknown[0], METRICS)
        raise ArchsimError(f"--metric {', '.join(unknown)}: no such metric{hint}; there are: {', '.join(METRICS)}")
    allowed = memory_bytes(max_memory)
    asked = _asked(chips, workload, phase, seed, assignments)
    priced, origins = _priced(asked, allowed)
    found = propagate(priced, n_draws, seed)
    numbers = {
        chip.name: one_at_a_time(chip, shown) if n_sobol is None else sobol(chip, n_sobol, seed, shown)
        for chip in priced
    }
    record = _record(found, numbers, n_draws, n_sobol) | {"provenance": origins}
    if output is not None:
        _write(output, record, found, shown)
    if as_json:
        say(json.dumps(record, indent=1, allow_nan=False))
        return
    n_numbers = len(found.numbers)
    if names := list(dict.fromkeys(name for item in asked for name in item.parameters)):
        rows = [[item.name, *(str(item.parameters.get(name, "")) for name in names)] for item in asked]
        say(text_table(("chip", *names), rows) + "\n")
    say(f"{n_draws} draws of {n_numbers} uncertain numbers, seed {seed}; from, to: the middle 90 %\n")
    say(text_table(("metric", "chip", "listed", "from", "to"), _bars(found, shown)) + "\n")
    if len(found.chips) > 1:
        say(text_table(("metric", "chip", "needs less than", "probability"), _duels(found, shown)) + "\n")
        say(text_table(("metric", "whole ranking holds"), _rankings(found, shown)) + "\n")
    say(f"the {N_SHOWN} numbers that move each metric most, one standard deviation down and up")
    swings = [row for name in numbers for row in _swings(found, name, numbers[name], shown)]
    say(text_table(_NUMBER_COLUMNS, swings))
    if output is not None:
        say(f"written to {output}", err=True)


def _asked(
    items: Sequence[Path], workload: Path | None, phase: str | None, seed: int, assignments: Sequence[str]
) -> list[_Asked]:
    """Chips of files with one workload, or those of the front of studies, which bring their own."""
    studies = [item for item in items if (item / "study.json").is_file()]
    if studies and (len(studies) < len(items) or workload or phase or assignments):
        raise ArchsimError(
            f"{studies[0]}: is the folder of a study, whose chips bring their workloads and phases; name studies "
            "alone, without --workload, --phase and --set"
        )
    if studies:
        return [asked for item in studies for asked in _chosen(item, len(studies) > 1)]
    if missing := [item for item in items if not item.exists()]:
        raise ArchsimError(f"{missing[0]}: there is no such file or folder")
    if folders := [item for item in items if item.is_dir()]:
        raise ArchsimError(f"{folders[0]}: is a folder without a study; name chips, or what a sweep made")
    if workload is None:
        raise ArchsimError("--workload WORKLOAD is missing: what do the chips compute?")
    loaded = [load_both(path, workload, assignments) for path in items]
    names = [chip.name for chip, _ in loaded]
    if len(set(map(str, items))) < len(items):
        raise ArchsimError("one chip file stands there twice; it would be compared with itself")
    return [
        _Asked(chip.name if names.count(chip.name) == 1 else str(path), chip, work, phase or work.phases[0], seed)
        for path, (chip, work) in zip(items, loaded, strict=True)
    ]


def _chosen(folder: Path, is_one_of_many: bool) -> list[_Asked]:
    """Of a study's front: the knee, and the best of each objective."""
    from archsim.explore.results import choices, notes_on, read_results

    found = read_results(folder)
    for note in notes_on(found):
        say(f"note: {note}", err=True)
    chosen = choices(found)
    if not chosen:
        raise ArchsimError(f"{folder}: no configuration keeps to all constraints; there is no front to be sure of")
    asked = []
    for name, record in chosen.items():
        given = found.study.resolve(record["parameters"])
        full = f"{folder.name} {name}" if is_one_of_many else name
        asked.append(_Asked(full, given.chip, given.work, given.phase, given.seed, record["parameters"]))
    return asked


def _priced(
    asked: Sequence[_Asked], max_memory_bytes: int | None
) -> tuple[list[Priced], list[dict[str, object]]]:
    """Everything simulated, with names that tell them apart, and where each result came from."""
    found, origins = [], []
    for name, chip, work, phase, seed, _ in asked:
        progress(f"{name} ...")
        which = phase
        result = simulate(chip, work, "compiled", seed, which, max_memory_bytes=max_memory_bytes)
        found.append(Priced(name, chip, result))
        origins.append(provenance(chip, work, "compiled", seed, phase))
    return found, origins


def _shown(metric: str, value: float) -> str:
    return format_metric(value, kind_of(metric))


def _bars(found: Uncertain, shown: Sequence[str]) -> list[list[str]]:
    return [
        [
            metric,
            chip,
            _shown(metric, found.nominal[metric][k]),
            *(_shown(metric, value) for value in found.interval(metric, k)),
        ]
        for metric in shown
        for k, chip in enumerate(found.chips)
    ]


def _duels(found: Uncertain, shown: Sequence[str]) -> list[list[str]]:
    rows = []
    for metric in shown:
        order = sorted(range(len(found.chips)), key=lambda k: found.nominal[metric][k])
        for at, first in enumerate(order):
            for second in order[at + 1 :]:
                chance = percent(found.beats(metric, first, second))
                rows.append([metric, found.chips[first], found.chips[second], chance])
    return rows


def _rankings(found: Uncertain, shown: Sequence[str]) -> list[list[str]]:
    return [[metric, percent(found.ranking_survives(metric))] for metric in shown]


_NUMBER_COLUMNS = ("chip", "metric", "number", "factor", "listed", "down", "up", "share of variance (total)")


def _swings(
    found: Uncertain, chip: str, numbers: Sequence[Sensitivity], shown: Sequence[str]
) -> list[list[str]]:
    rows = []
    for metric in shown:
        listed = found.nominal[metric][found.chips.index(chip)]
        for entry in [number for number in numbers if number.metric == metric][:N_SHOWN]:
            share = "-" if entry.total is None else f"{percent(entry.total)} ± {percent(entry.total_error or 0.0)}"
            values = (_shown(metric, value) for value in (listed, entry.low, entry.high))
            rows.append([chip, metric, entry.number, f"{entry.factor:.3g}", *values, share])
    return rows


def _record(
    found: Uncertain, numbers: dict[str, list[Sensitivity]], n_draws: int, n_sobol: int | None
) -> dict[str, Any]:
    n = range(len(found.chips))
    return {
        "chips": list(found.chips),
        "draws": n_draws,
        "seed": found.seed,
        "sobol_points": n_sobol,
        "numbers": [vars(number) for number in found.numbers.values()],
        "metrics": {
            metric: {
                "listed": found.nominal[metric],
                "interval_90": [list(found.interval(metric, k)) for k in n],
                "mean": found.draws[metric].mean(axis=1).tolist(),
                "probability_of_less": [[found.beats(metric, a, b) for b in n] for a in n],
                "ranking_survives": found.ranking_survives(metric),
            }
            for metric in METRICS
        },
        "sensitivities": {name: [vars(entry) for entry in entries] for name, entries in numbers.items()},
    }


def _write(output: Path, record: dict[str, Any], found: Uncertain, shown: Sequence[str]) -> None:
    from archsim.plot import error_bars

    with fresh_folder(output) as folder:
        write_text(inside(folder, FILE), json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        listed = {metric: found.nominal[metric] for metric in shown}
        error_bars(found.chips, listed, found.draws, folder / "error_bars.png")
