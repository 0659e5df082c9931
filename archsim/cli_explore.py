"""The command ``explore``: how sure the answer is when the price list may be off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from archsim.cli_inputs import load_both, progress
from archsim.errors import ArchsimError
from archsim.explore.sensitivity import Sensitivity, one_at_a_time, sobol
from archsim.explore.uncertain import METRICS, Priced, Uncertain, propagate
from archsim.metrics.folder import fresh_folder
from archsim.provenance import provenance
from archsim.report import percent, text_table
from archsim.simulate import simulate
from archsim.units import format_quantity

if TYPE_CHECKING:
    from archsim.simulate import Phase

_KINDS = {"latency_ps": "time", "energy_pj": "energy", "area_um2": "area", "average_power_uw": "power"}
N_SHOWN = 5
FILE = "uncertainty.json"


def explore(
    chips: Sequence[Path],
    workload: Path,
    n_draws: int,
    n_sobol: int | None,
    phase: str | None,
    seed: int,
    assignments: Sequence[str],
    output: Path | None,
    as_json: bool,
) -> None:
    """Error bars of every metric, who beats whom how surely, and which number to measure better."""
    priced, origins = _priced(chips, workload, phase, seed, assignments)
    found = propagate(priced, n_draws, seed)
    numbers = {
        chip.name: one_at_a_time(chip) if n_sobol is None else sobol(chip, n_sobol, seed) for chip in priced
    }
    record = _record(found, numbers, n_draws, n_sobol) | {"provenance": origins}
    if output is not None:
        _write(output, record, found)
    if as_json:
        typer.echo(json.dumps(record, indent=1))
        return
    n_numbers = len(found.numbers)
    typer.echo(f"{n_draws} draws of {n_numbers} uncertain numbers, seed {seed}; from, to: the middle 90 %\n")
    typer.echo(text_table(("metric", "chip", "listed", "from", "to"), _bars(found)) + "\n")
    if len(found.chips) > 1:
        typer.echo(text_table(("metric", "chip", "needs less than", "probability"), _duels(found)) + "\n")
        typer.echo(text_table(("metric", "whole ranking holds"), _rankings(found)) + "\n")
    typer.echo(f"the {N_SHOWN} numbers that move each metric most, one standard deviation down and up")
    swings = [row for name in numbers for row in _swings(found, name, numbers[name])]
    typer.echo(text_table(_NUMBER_COLUMNS, swings))
    if output is not None:
        typer.echo(f"written to {output}", err=True)


def _priced(
    chips: Sequence[Path], workload: Path, phase: str | None, seed: int, assignments: Sequence[str]
) -> tuple[list[Priced], list[dict[str, object]]]:
    """Every chip simulated, with names that tell them apart, and where each result came from."""
    loaded = [load_both(path, workload, assignments) for path in chips]
    names = [chip.name for chip, _ in loaded]
    if len(set(map(str, chips))) < len(chips):
        raise ArchsimError("one chip file stands there twice; it would be compared with itself")
    found, origins = [], []
    for path, (chip, work) in zip(chips, loaded, strict=True):
        progress(f"{chip.name} ...")
        chosen = cast("Phase", phase or work.phases[0])
        result = simulate(chip, work, engine="compiled", seed=seed, phase=chosen)
        found.append(Priced(chip.name if names.count(chip.name) == 1 else str(path), chip, result))
        origins.append(provenance(chip, work, "compiled", seed, chosen))
    return found, origins


def _shown(metric: str, value: float) -> str:
    return format_quantity(value, _KINDS[metric])


def _bars(found: Uncertain) -> list[list[str]]:
    return [
        [
            metric,
            chip,
            _shown(metric, found.nominal[metric][k]),
            *(_shown(metric, value) for value in found.interval(metric, k)),
        ]
        for metric in METRICS
        for k, chip in enumerate(found.chips)
    ]


def _duels(found: Uncertain) -> list[list[str]]:
    rows = []
    for metric in METRICS:
        order = sorted(range(len(found.chips)), key=lambda k: found.nominal[metric][k])
        for at, first in enumerate(order):
            for second in order[at + 1 :]:
                chance = percent(found.beats(metric, first, second))
                rows.append([metric, found.chips[first], found.chips[second], chance])
    return rows


def _rankings(found: Uncertain) -> list[list[str]]:
    return [[metric, percent(found.ranking_survives(metric))] for metric in METRICS]


_NUMBER_COLUMNS = ("chip", "metric", "number", "factor", "listed", "down", "up", "share of variance")


def _swings(found: Uncertain, chip: str, numbers: Sequence[Sensitivity]) -> list[list[str]]:
    rows = []
    for metric in METRICS:
        listed = found.nominal[metric][found.chips.index(chip)]
        for entry in [number for number in numbers if number.metric == metric][:N_SHOWN]:
            share = "-" if entry.total is None else percent(entry.total)
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


def _write(output: Path, record: dict[str, Any], found: Uncertain) -> None:
    from archsim.plot import error_bars

    with fresh_folder(output) as folder:
        (folder / FILE).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        error_bars(found.chips, found.nominal, found.draws, folder / "error_bars.png")
