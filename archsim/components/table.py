"""The price list as a table: every part with its actions, area, leakage and sources."""

from __future__ import annotations

from typing import Any

from archsim.components.part import Part
from archsim.components.parts import Parts, buffer_kinds
from archsim.components.records import Action, AreaItem
from archsim.components.uncertainty import spreads
from archsim.spec.chip import Chip

SHOWN_AUTO_BYTES = 1024


def price_rows(chip: Chip, parts: Parts | None = None) -> list[dict[str, Any]]:
    """The price list of a chip, one row per part.

    Parameters
    ----------
    chip : Chip
    parts : Parts, optional
        With the tiles and buffer sizes of a mapped workload. Without, sizes by workload are shown as one tile and
        1 KiB, and `scaling` says so.

    Returns
    -------
    list of dict
        Keys ``component``, ``where``, ``n_per_parent``, ``actions`` (list of ``name``, ``energy_pj``,
        ``per``), ``latency_ps`` (of one access, conversion, beat, flit or result; None if it has none),
        ``area_um2`` and ``leakage_uw`` (of one instance), ``source``, ``scaling``, and ``spread``: by quantity
        (energy, area, leakage, time) the ``factor`` of one standard deviation, the ``cause`` that it shares with
        other prices, and the ``source`` of the factor; quantities that are sure are left out.

    Raises
    ------
    SpecError
        As `Parts`.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> rows = price_rows(load_chip("arch_specs/wearable_rram.yaml"))
    >>> all(row["source"] for row in rows)
    True
    """
    assumed: dict[str, str] = {}
    if parts is None:
        memories = {name: kind.of_file(chip) for name, kind in buffer_kinds().items()}
        sizes = {name: memory.size_bytes for name, memory in memories.items() if memory is not None}
        assumed = {name: size for name, size in sizes.items() if not isinstance(size, int)}
        n_tiles = chip.n_tiles if isinstance(chip.n_tiles, int) else 1
        parts = Parts(chip, n_tiles, dict.fromkeys(assumed, SHOWN_AUTO_BYTES))
    spread: dict[str, dict[str, Any]] = {}
    for one in spreads(chip):
        said = {"factor": one.factor, "cause": one.of, "source": one.source}
        spread.setdefault(one.component, {})[one.quantity] = said
    actions = [(part, action) for part in parts for action in dict.fromkeys(part.examples())]
    return [
        _row(part, item, actions, assumed.get(item.component)) | {"spread": spread.get(item.component, {})}
        for part, item in zip(parts, parts.items(), strict=True)
    ]


def _row(part: Part, item: AreaItem, actions: list[tuple[Part, Action]], assumed: str | None) -> dict[str, Any]:
    notes = [f"size {assumed}, shown for {SHOWN_AUTO_BYTES // 1024} KiB"] if assumed else []
    time_ps = part.time_of_one_ps()
    own_first = sorted(actions, key=lambda pair: pair[0] is not part)
    return {
        "component": item.component,
        "where": item.where,
        "n_per_parent": item.n_per_parent,
        "actions": [
            {"name": action.name, "energy_pj": charge.energy_pj, "per": of.count_unit(action.name.split("@")[0])}
            for of, action in own_first
            for charge in action.charges
            if charge.component == item.component
        ],
        "latency_ps": None if time_ps is None else float(time_ps),
        "area_um2": item.area_um2,
        "leakage_uw": item.leakage_uw,
        "source": item.source,
        "scaling": "; ".join([*notes, item.scaling] if item.scaling else notes),
    }
