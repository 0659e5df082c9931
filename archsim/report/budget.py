"""The budget of a wearable for a terminal, and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from archsim.metrics.budget import Budget, Cell, Load, lifetime
from archsim.report.summary import percent
from archsim.report.table import text_table
from archsim.units import format_quantity


class Found(NamedTuple):
    """A day of a chip, and what it was made of.

    Parameters
    ----------
    name : str
    day : Budget
    inference, adaptation : Load or None
    cell : Cell or None
    limit_uw, cap_uw : float or None
        The limit that was asked about; the one that the chip keeps by itself (``power.max``).
    notes : sequence of str
        What was taken because nothing was said.
    """

    name: str
    day: Budget
    inference: Load | None
    adaptation: Load | None
    cell: Cell | None
    limit_uw: float | None
    cap_uw: float | None
    notes: Sequence[str] = ()


def budget_text(found: Found, rates: str) -> str:
    """Power, duty cycle and the life of a cell."""
    return "\n".join([
        f"{found.name}: {rates}",
        text_table(("what", "energy", "time", "peak power"), _loads(found.inference, found.adaptation)),
        "",
        text_table(("of the day", "mean power", "share"), _shares(found.day)),
        "",
        *_verdicts(found),
        *found.notes,
    ])  # fmt: skip


def _loads(inference: Load | None, adaptation: Load | None) -> list[list[str]]:
    rows = []
    for what, load in (("one inference", inference), ("one adaptation", adaptation)):
        if load is not None:
            figures = (load.energy_pj, "energy"), (load.latency_ps, "time"), (load.peak_power_uw, "power")
            rows.append([f"{what} ({load.phase})", *(format_quantity(*figure) for figure in figures)])
    return rows


def _shares(day: Budget) -> list[list[str]]:
    total = day.average_power_uw
    parts = {
        "inference": day.inference_uw,
        "adaptation": day.adaptation_uw,
        "asleep": day.sleep_uw,
        "the rest": day.rest_uw,
    }
    rows = [
        [name, format_quantity(uw, "power"), percent(uw / total) if total else "-"] for name, uw in parts.items()
    ]
    return [*rows, ["all", format_quantity(total, "power"), "100 %"]]


def _verdicts(found: Found) -> list[str]:
    day, cell, limit, cap = found.day, found.cell, found.limit_uw, found.cap_uw
    lines = [f"duty cycle {percent(day.duty_cycle)}, peak power {format_quantity(day.peak_power_uw, 'power')}"]
    if limit is not None:
        for what, value in (("average", day.average_power_uw), ("peak", day.peak_power_uw)):
            verdict = f"the {what} is {'above' if value > limit else 'within'} it"
            share = f" ({percent(value / limit)})" if limit else ""
            lines.append(f"limit {format_quantity(limit, 'power')}: {verdict}{share}")
    if cap is not None:
        lines.append(f"the chip holds its power below {format_quantity(cap, 'power')} (power.max)")
    if cell is not None and day.life_s is not None:
        lines.append(f"{cell.name} ({cell.energy_j:.4g} J) lasts {lifetime(day.life_s)}; {cell.source}")
        if cell.pulse_a is not None and day.peak_power_uw > cell.pulse_a * cell.voltage_v * 1e6:
            given = format_quantity(cell.pulse_a * cell.voltage_v * 1e6, "power")
            lines.append(f"the peak is above the {given} that the cell gives in a pulse: it needs a capacitor")
    return lines


def budget_record(found: Found) -> dict[str, Any]:
    """The same as plain data."""
    day, limit = found.day, found.limit_uw
    parts = {"inference": found.inference, "adaptation": found.adaptation}
    return {
        **{name: None if load is None else asdict(load) for name, load in parts.items()},
        "day": {**asdict(day), "average_power_uw": day.average_power_uw},
        "limit_uw": limit,
        "average_within_limit": None if limit is None else day.average_power_uw <= limit,
        "peak_within_limit": None if limit is None else day.peak_power_uw <= limit,
        "power_cap_uw": found.cap_uw,
        "cell": None if found.cell is None else {**asdict(found.cell), "energy_j": found.cell.energy_j},
    }
