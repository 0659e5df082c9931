"""The command ``budget``: does it fit a wearable, and how long does its cell last?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archsim.cli_inputs import load_both, refuse_other_kind
from archsim.cli_say import say
from archsim.errors import ArchsimError
from archsim.report import read_results, text_table
from archsim.report.summary import percent
from archsim.units import format_quantity, parse_quantity
from archsim.workload import INFERENCE, Workload

if TYPE_CHECKING:
    from archsim.metrics.budget import Budget, Cell, Load


class Use(NamedTuple):
    """How the chip is used, as written on the command line."""

    inferences_per_s: float
    adaptations_per_day: float
    limit: str | None
    cell: str | None
    capacity: str | None
    voltage: str | None
    usable: str
    sleep: str | None
    rest: str


def budget(
    item: Path,
    workload: Path | None,
    phase: str | None,
    seed: int,
    assignments: Sequence[str],
    use: Use,
    as_json: bool,
) -> None:
    """Print power, duty cycle and the life of a cell."""
    from archsim.metrics.budget import Load, day_of, power_cap_uw

    cell = _cell(use)
    limit = None if use.limit is None else _quantity("--limit", use.limit, "power")
    given = {
        "sleep_uw": None if use.sleep is None else _quantity("--sleep", use.sleep, "power"),
        "rest_uw": _quantity("--rest", use.rest, "power"),
        "usable_frac": _quantity("--usable", use.usable, "fraction"),
    }
    records = _records(item, workload, phase, seed, assignments, use)
    learning = [name for name in records if name != "inference" and phase in (None, name)]
    inference = Load.of(records["inference"], per_sample=True) if "inference" in records else None
    adaptation = Load.of(records[learning[0]], per_sample=False) if learning else None
    day = day_of(inference, adaptation, use.inferences_per_s, use.adaptations_per_day, cell=cell, **given)  # type: ignore[arg-type]
    cap = next((power_cap_uw(record.get("provenance", {})) for record in records.values()), None)
    if as_json:
        say(json.dumps(_record(day, inference, adaptation, cell, limit, cap), indent=1, allow_nan=False))
        return
    name = next(iter(records.values()))["name"]
    say(f"{name}: {_rates(use)}")
    say(text_table(("what", "energy", "time", "peak power"), _loads(inference, adaptation)))
    say("\n" + text_table(("of the day", "mean power", "share"), _shares(day)))
    notes = _choices(inference, adaptation, use, learning[1:])
    say("\n" + "\n".join([*_verdicts(day, cell, limit, cap), *notes]))


def _quantity(option: str, text: str, kind: str) -> float:
    try:
        return parse_quantity(float(text) if kind == "fraction" and _is_number(text) else text, kind)
    except ArchsimError as fault:
        raise ArchsimError(f"{option}: {fault}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cell(use: Use) -> Cell | None:
    from archsim.metrics.budget import CELLS, Cell

    if use.cell is not None and use.cell.lower() not in CELLS:
        raise ArchsimError(
            f"--cell {use.cell}: known are {', '.join(CELLS)}; for another one give --capacity and --voltage "
            "of its data sheet"
        )
    charge = None if use.capacity is None else _quantity("--capacity", use.capacity, "charge")
    voltage = None if use.voltage is None else _quantity("--voltage", use.voltage, "voltage")
    for option, value in (("--capacity", charge), ("--voltage", voltage)):
        if value is not None and value <= 0:
            raise ArchsimError(f"{option}: must be above zero")
    if use.cell is None:
        if (charge is None) != (voltage is None):
            raise ArchsimError("--capacity and --voltage describe a cell together; give both")
        return None if charge is None or voltage is None else Cell("your cell", charge, voltage, "given by hand")
    known = CELLS[use.cell.lower()]
    return replace(
        known, charge_c=charge if charge is not None else known.charge_c,
        voltage_v=voltage if voltage is not None else known.voltage_v,
        source=known.source + (", changed by hand" if (charge, voltage) != (None, None) else ""),
    )  # fmt: skip


def _records(
    item: Path, workload: Path | None, phase: str | None, seed: int, assignments: Sequence[str], use: Use
) -> dict[str, dict[str, Any]]:
    """Runs by phase: saved ones, or those that the use asks for, simulated now."""
    if item.is_dir() or item.suffix == ".json":
        if workload is not None or assignments:
            raise ArchsimError(f"{item} is a saved result; leave out the workload and --set, or name a chip file")
        return read_results(item).results
    if workload is None:
        refuse_other_kind(item, "chip", "; name a result folder, or a chip and a workload")
        raise ArchsimError(f"{item}: is no result folder; name one, or a chip and a workload")
    from archsim.simulate import simulate

    chip, work = load_both(item, workload, assignments)
    wanted = ["inference"] if use.inferences_per_s or "inference" in work.phases else []
    if use.adaptations_per_day:
        wanted.append(phase or _first_that_learns(work))
    runs = (simulate(chip, work, "compiled", seed, name) for name in dict.fromkeys(wanted))
    return {run.phase: run.to_dict() for run in runs}


def _first_that_learns(work: Workload) -> str:
    found = next((name for name in work.phases if name != INFERENCE), None)
    if found is None:
        raise ArchsimError(f"{work.name} names no phase that learns; choose the rule that adapts with --phase")
    return found


def _rates(use: Use) -> str:
    return f"{use.inferences_per_s:g} inferences a second, {use.adaptations_per_day:g} adaptations a day"


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


def _choices(inference: Load | None, adaptation: Load | None, use: Use, others: Sequence[str]) -> list[str]:
    """What was taken because nothing was said."""
    loads = [load for load in (inference, adaptation) if load is not None]
    lines = []
    if use.sleep is None and loads:
        most = max(loads, key=lambda load: load.leakage_uw)
        lines.append(f"asleep: what the chip of {most.phase} leaks, the most of all runs; see --sleep")
    if adaptation is not None and others:
        lines.append(f"adaptation: {adaptation.phase}, the first there is; --phase takes {' or '.join(others)}")
    return lines


def _verdicts(day: Budget, cell: Cell | None, limit: float | None, cap: float | None) -> list[str]:
    from archsim.metrics.budget import lifetime

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


def _record(
    day: Budget,
    inference: Load | None,
    adaptation: Load | None,
    cell: Cell | None,
    limit: float | None,
    cap: float | None,
) -> dict[str, Any]:
    return {
        "inference": None if inference is None else asdict(inference),
        "adaptation": None if adaptation is None else asdict(adaptation),
        "day": {**asdict(day), "average_power_uw": day.average_power_uw},
        "limit_uw": limit,
        "average_within_limit": None if limit is None else day.average_power_uw <= limit,
        "peak_within_limit": None if limit is None else day.peak_power_uw <= limit,
        "power_cap_uw": cap,
        "cell": None if cell is None else {**asdict(cell), "energy_j": cell.energy_j},
    }
