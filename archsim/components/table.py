"""The price list as a table: every component with its actions, area, leakage and sources."""

from __future__ import annotations

from typing import Any

from archsim.components.costs import ChipCosts
from archsim.components.faults import buffer_of
from archsim.components.records import BUFFERS, Action, AreaItem
from archsim.spec.chip import Chip

SHOWN_AUTO_BYTES = 1024

# what one count of an action is; `read` is counted as ChipCosts.read_counts says
COUNT_UNITS = {
    "drive": "active row",
    "convert": "conversion",
    "shift_add": "value",
    "fetch": "access",
    "receive": "access",
    "collect": "beat",
    "add": "value",
    "pool": "value",
    "update": "neuron",
    "emit": "access",
    "unload": "access",
    "hop": "flit",
    "load_global": "access",
    "store_global": "access",
    "keep": "access",
    "recall": "access",
    "error": "value",
    "surrogate": "value",
    "outer": "MAC",
    "optimize": "weight",
    "normalise": "weight",
    "load_gradient": "access",
    "program": "cell",
    "verify": "cell",
}


def count_unit(costs: ChipCosts, action: str) -> str:
    """What one count of an action is, by its name."""
    base = action.split("@")[0]
    if base == "read":
        return "active cell" if costs.read_counts == "cell" else "read"
    return COUNT_UNITS[base]


def all_actions(costs: ChipCosts) -> list[Action]:
    """Every action once: reads for a spike and for an error, at mid-window conductance, one tile apart."""
    chip = costs.chip
    middle = (chip.device.g_min_siemens + chip.device.g_max_siemens) / 2
    cycles = dict.fromkeys(
        [*costs.read_cycles(1, False), *costs.read_cycles(chip.execution.error_resolution_bits, True)]
    )
    found = [costs.drive(cycle) for cycle in cycles]
    repeats = costs.reads_per_vector(chip.crossbar.n_columns)
    found += [costs.read(cycle, "mid-window", middle, repeats) for cycle in cycles]
    found += [costs.convert(cycle) for cycle in cycles]
    found += [costs.shift_add(), costs.fetch(), costs.receive(), costs.collect(), costs.add(), costs.pool()]
    found += [costs.update(1), costs.emit(), costs.unload(), costs.hop(costs.tile_pitch_mm())]
    found += [costs.load_global(), costs.store_global(), costs.keep(), costs.recall()]
    found += [costs.error(), costs.surrogate(), costs.outer(), costs.load_gradient()]
    found += [costs.program(chip.write.n_parallel_cells), costs.verify(middle, chip.crossbar.n_columns)]
    return list({action.name: action for action in found}.values())


def catalog_rows(chip: Chip, costs: ChipCosts | None = None) -> list[dict[str, Any]]:
    """The price list of a chip, one row per component.

    Parameters
    ----------
    chip : Chip
    costs : ChipCosts, optional
        With the tiles and buffer sizes of a mapped workload. Without, `auto` is shown as one tile and
        1 KiB, and `scaling` says so.

    Returns
    -------
    list of dict
        Keys ``component``, ``where``, ``n_per_parent``, ``actions`` (list of ``name``, ``energy_pj``,
        ``per``), ``latency_ps`` (of one access, conversion, beat, flit or result; None if it has none),
        ``area_um2`` and ``leakage_uw`` (of one instance), ``source``, ``scaling``.

    Raises
    ------
    SpecError
        As `ChipCosts`.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> rows = catalog_rows(load_chip("arch_specs/wearable_rram.yaml"))
    >>> all(row["source"] for row in rows)
    True
    """
    assumed: set[str] = set()
    if costs is None:
        assumed = {name for name in BUFFERS if buffer_of(chip, name).size_bytes == "auto"}
        n_tiles = 1 if chip.n_tiles == "auto" else chip.n_tiles
        costs = ChipCosts(chip, n_tiles, dict.fromkeys(assumed, SHOWN_AUTO_BYTES))
    actions = all_actions(costs)
    return [_row(costs, item, actions, item.component in assumed) for item in costs.items()]


def _row(costs: ChipCosts, item: AreaItem, actions: list[Action], assumed: bool) -> dict[str, Any]:
    notes = [f"size auto, shown for {SHOWN_AUTO_BYTES // 1024} KiB"] if assumed else []
    time_ps = costs.time_of_one_ps(item.component)
    return {
        "component": item.component,
        "where": item.where,
        "n_per_parent": item.n_per_parent,
        "actions": [
            {"name": action.name, "energy_pj": charge.energy_pj, "per": count_unit(costs, action.name)}
            for action in actions
            for charge in action.charges
            if charge.component == item.component
        ],
        "latency_ps": None if time_ps is None else float(time_ps),
        "area_um2": item.area_um2,
        "leakage_uw": item.leakage_uw,
        "source": item.source,
        "scaling": "; ".join([*notes, item.scaling] if item.scaling else notes),
    }
