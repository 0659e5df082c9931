"""Uncertainty and sensitivity of results: tables for a terminal, plain data, and a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archsim.explore.conclusions import Conclusion
from archsim.explore.measures import kind_of
from archsim.explore.sensitivity import Sensitivity
from archsim.explore.uncertain import METRICS, Uncertain
from archsim.files import fresh_folder, inside, write_text
from archsim.plot import error_bars
from archsim.report import percent, text_table
from archsim.units import format_metric

N_SHOWN = 5
FILE = "uncertainty.json"


def uncertainty_text(
    found: Uncertain,
    numbers: dict[str, list[Sensitivity]],
    concluded: Sequence[Conclusion],
    shown: Sequence[str],
) -> str:
    """Error bars of `shown` metrics, which conclusions survive on which price, and which numbers matter most."""
    n_draws = len(found.draws[shown[0]][0])
    tables = [
        f"{n_draws} draws of {len(found.numbers)} uncertain numbers, seed {found.seed}; from, to: the middle 90 %",
        text_table(("metric", "chip", "listed", "from", "to"), _bars(found, shown)),
    ]
    if len(found.chips) > 1:
        tables.append(text_table(_CONCLUSION_COLUMNS, [_concluded(one) for one in concluded]))
        tables.append(_HOW_TO_READ)
        tables.append(text_table(("metric", "whole ranking holds"), _rankings(found, shown)))
    swings = [row for name in numbers for row in _swings(found, name, numbers[name], shown)]
    tables.append(
        f"the {N_SHOWN} numbers that move each metric most, one standard deviation down and up\n"
        + text_table(_NUMBER_COLUMNS, swings)
    )
    return "\n\n".join(tables)


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


_CONCLUSION_COLUMNS = (
    "metric", "chip", "needs less than", "ratio", "from", "to", "probability", "carried by", "turned over by",
    "spreads",
)  # fmt: skip
_HOW_TO_READ = """\
probability: share of the draws in which it holds; carried by: the price whose error explains most of the ratio's
variance; turned over by: how far the first price to do so, alone, would have to be off, and that in its spreads"""


def _concluded(one: Conclusion) -> list[str]:
    carried = f"{_short(one.carrier)} ({percent(one.carrier_share)})" if one.carrier else "-"
    turned, spreads = "no single price", "-"
    if one.turning_factor is not None and one.turning_spreads is not None:
        turned = f"{_short(one.turned_by)} {_times(one.turning_factor)}"
        spreads = f"{one.turning_spreads:.2g}"
    ratios = [f"{ratio:.3g}" for ratio in (one.ratio, *one.ratio_90)]
    return [one.metric, one.less, one.more, *ratios, percent(one.survives), carried, turned, spreads]


def _short(number: str) -> str:
    """The name of a number that many components share, in brief."""
    components, _, quantity = number.rpartition(".")
    first, *others = components.split("+")
    return f"{first} and {len(others)} more.{quantity}" if len(others) > 2 else number


def _times(factor: float) -> str:
    return f"x{factor:.3g}" if factor >= 1 else f"÷{1 / factor:.3g}"


def _rankings(found: Uncertain, shown: Sequence[str]) -> list[list[str]]:
    return [[metric, percent(found.ranking_survives(metric))] for metric in shown]


_NUMBER_COLUMNS = ("chip", "metric", "number", "factor", "listed", "down", "up", "share of variance (total)")


def _swings(found: Uncertain, chip: str, numbers: Sequence[Sensitivity], shown: Sequence[str]) -> list[list[str]]:
    rows = []
    for metric in shown:
        listed = found.nominal[metric][found.chips.index(chip)]
        for entry in [number for number in numbers if number.metric == metric][:N_SHOWN]:
            share = "-" if entry.total is None else f"{percent(entry.total)} ± {percent(entry.total_error or 0.0)}"
            values = (_shown(metric, value) for value in (listed, entry.low, entry.high))
            rows.append([chip, metric, entry.number, f"{entry.factor:.3g}", *values, share])
    return rows


def uncertainty_record(
    found: Uncertain, numbers: dict[str, list[Sensitivity]], n_draws: int, n_sobol: int | None
) -> dict[str, Any]:
    """Every metric of every chip, and what each number contributes, as plain data."""
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
                "probability_of_less": [[found.probability_of_less(metric, a, b) for b in n] for a in n],
                "ranking_survives": found.ranking_survives(metric),
            }
            for metric in METRICS
        },
        "sensitivities": {name: [vars(entry) for entry in entries] for name, entries in numbers.items()},
    }


def write_uncertainty(output: Path, record: dict[str, Any], found: Uncertain, shown: Sequence[str]) -> None:
    """Write the record and a picture of the `shown` metrics into a folder."""
    with fresh_folder(output) as folder:
        write_text(inside(folder, FILE), json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        listed = {metric: found.nominal[metric] for metric in shown}
        error_bars(found.chips, listed, found.draws, folder / "error_bars.png")
