"""The budget of a wearable: power against a limit, duty cycle, and how long a cell lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archsim.cli.command import command
from archsim.cli.options import Assignments, Item, ItsWorkload, Json, OnePhase, Seed
from archsim.cli.say import say, say_json
from archsim.errors import ArchsimError

if TYPE_CHECKING:
    from archsim.cli.runs import Asked
    from archsim.metrics.budget import Cell, Load
    from archsim.workload import Workload


@command
def budget(
    item: Item,
    workload: ItsWorkload = None,
    inferences_per_second: Annotated[float, typer.Option("--inferences-per-second", metavar="RATE")] = 1.0,
    adaptations_per_day: Annotated[
        float,
        typer.Option("--adaptations-per-day", metavar="RATE", help="Learning runs, each of all its samples."),
    ] = 0.0,
    limit: Annotated[str | None, typer.Option(metavar="POWER", help="E.g. '20 mW'.", show_default=False)] = None,
    cell: Annotated[str | None, typer.Option(metavar="NAME", help="cr2032 or cr2450.", show_default=False)] = None,
    capacity: Annotated[
        str | None, typer.Option(metavar="CHARGE", help="Of another cell, e.g. '45 mAh'.", show_default=False)
    ] = None,
    voltage: Annotated[
        str | None, typer.Option(metavar="VOLTAGE", help="Of that cell.", show_default=False)
    ] = None,
    usable: Annotated[str, typer.Option(metavar="PART", help="Of the cell's energy.")] = "100 %",
    sleep: Annotated[
        str | None,
        typer.Option(
            metavar="POWER", help="Between the work; the chip's leakage if not given.", show_default=False
        ),
    ] = None,
    rest: Annotated[str, typer.Option(metavar="POWER", help="Of all else on the cell.")] = "0 uW",
    phase: OnePhase = None,
    seed: Seed = 0,
    set_: Assignments = None,
    json: Json = False,
) -> None:
    from archsim.cli.runs import Asked
    from archsim.metrics.budget import Load, day_of, power_cap_uw
    from archsim.report.budget import Found, budget_record, budget_text
    from archsim.workload import learns

    the_cell = _cell(cell, capacity, voltage)
    limit_uw = None if limit is None else _quantity("--limit", limit, "power")
    sleep_uw = None if sleep is None else _quantity("--sleep", sleep, "power")
    rest_uw, usable_frac = _quantity("--rest", rest, "power"), _quantity("--usable", usable, "fraction")
    asked = Asked(item, workload, phase, seed, set_ or [])
    records = _records(asked, bool(inferences_per_second), bool(adaptations_per_day))
    learning = [name for name in records if learns(name) and asked.phase in (None, name)]
    inference = Load.of(records["inference"], per_sample=True) if "inference" in records else None
    adaptation = Load.of(records[learning[0]], per_sample=False) if learning else None
    day = day_of(
        inference, adaptation, inferences_per_second, adaptations_per_day,
        cell=the_cell, sleep_uw=sleep_uw, rest_uw=rest_uw, usable_frac=usable_frac,
    )  # fmt: skip
    cap_uw = next((power_cap_uw(record.get("provenance", {})) for record in records.values()), None)
    notes = [*_sleep_note(sleep, inference, adaptation), *_rule_note(learning)]
    name = next(iter(records.values()))["name"]
    found = Found(name, day, inference, adaptation, the_cell, limit_uw, cap_uw, notes)
    if json:
        say_json(budget_record(found))
    else:
        rates = f"{inferences_per_second:g} inferences a second, {adaptations_per_day:g} adaptations a day"
        say(budget_text(found, rates))


def _quantity(option: str, text: str, kind: str) -> float:
    from archsim.units import parse_quantity

    try:
        return parse_quantity(float(text) if kind == "fraction" and _is_number(text) else text, kind)
    except ArchsimError as error:
        raise ArchsimError(f"{option}: {error}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cell(name: str | None, capacity: str | None, voltage: str | None) -> Cell | None:
    from archsim.metrics.budget import CELLS, Cell

    if name is not None and name.lower() not in CELLS:
        raise ArchsimError(
            f"--cell {name}: known are {', '.join(CELLS)}; for another one give --capacity and --voltage "
            "of its data sheet"
        )
    charge_c = None if capacity is None else _quantity("--capacity", capacity, "charge")
    voltage_v = None if voltage is None else _quantity("--voltage", voltage, "voltage")
    for option, value in (("--capacity", charge_c), ("--voltage", voltage_v)):
        if value is not None and value <= 0:
            raise ArchsimError(f"{option}: must be above zero")
    if name is not None:
        return _changed(CELLS[name.lower()], charge_c, voltage_v)
    if (charge_c is None) != (voltage_v is None):
        raise ArchsimError("--capacity and --voltage describe a cell together; give both")
    if charge_c is None or voltage_v is None:
        return None
    return Cell("your cell", charge_c, voltage_v, "given by hand")


def _changed(known: Cell, charge_c: float | None, voltage_v: float | None) -> Cell:
    return replace(
        known, charge_c=charge_c if charge_c is not None else known.charge_c,
        voltage_v=voltage_v if voltage_v is not None else known.voltage_v,
        source=known.source + (", changed by hand" if (charge_c, voltage_v) != (None, None) else ""),
    )  # fmt: skip


def _records(asked: Asked, infers: bool, adapts: bool) -> dict[str, dict[str, Any]]:
    """Runs by phase: saved ones, or those that the use asks for, simulated now."""
    from archsim.cli.runs import RunOptions, simulated
    from archsim.report import read_results

    if asked.is_saved:
        return read_results(asked.item).results
    chip, work = asked.inputs()
    wanted = ["inference"] if infers or "inference" in work.phases else []
    if adapts:
        wanted.append(asked.phase or _first_that_learns(work))
    return {run.phase: run.to_dict() for run in simulated(chip, work, RunOptions(wanted, seed=asked.seed))}


def _first_that_learns(work: Workload) -> str:
    from archsim.workload import learns

    found = next((name for name in work.phases if learns(name)), None)
    if found is None:
        raise ArchsimError(f"{work.name} names no phase that learns; choose the rule that adapts with --phase")
    return found


def _sleep_note(sleep: str | None, inference: Load | None, adaptation: Load | None) -> list[str]:
    loads = [load for load in (inference, adaptation) if load is not None]
    if sleep is not None or not loads:
        return []
    most = max(loads, key=lambda load: load.leakage_uw)
    return [f"asleep: what the chip of {most.phase} leaks, the most of all runs; see --sleep"]


def _rule_note(learning: Sequence[str]) -> list[str]:
    if len(learning) < 2:
        return []
    return [f"adaptation: {learning[0]}, the first there is; --phase takes {' or '.join(learning[1:])}"]
