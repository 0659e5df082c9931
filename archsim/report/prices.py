"""The price list of a chip for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from archsim.report.table import text_table
from archsim.units import format_quantity

_COLUMNS = (
    "component", "where", "number", "action", "energy", "per", "latency", "area", "leakage", "spread", "source"
)  # fmt: skip


def price_text(rows: Sequence[dict[str, Any]], n_characters: int) -> str:
    """Rows of :func:`archsim.components.price_rows` as a table, the numbered sources below it.

    The spread is that of energy, area and leakage: two of three true values lie within ÷ factor to × factor.
    """
    cited = [_cited(row) for row in rows]
    sources = list(dict.fromkeys(cited))
    numbers = [sources.index(one) + 1 for one in cited]
    cells = [line for row, number in zip(rows, numbers, strict=True) for line in _lines(row, number)]
    width = max(60, min(120, n_characters))
    notes = (
        textwrap.fill(text, width, initial_indent=f"{number:>3}. ", subsequent_indent="     ")
        for number, text in enumerate(sources, start=1)
    )
    return "\n".join([text_table(_COLUMNS, cells), "", *notes])


def _cited(row: dict[str, Any]) -> str:
    """Where the figures of a component come from, how they were scaled, and who says how far they may be off."""
    said = [row["source"]]
    if row["scaling"]:
        said.append(f"Scaling: {row['scaling']}")
    # a cost that names no cause shares its error with what has the same source
    said += [f"Spread: {text}" for text in dict.fromkeys(one["source"] for one in row["spread"].values())]
    causes = dict.fromkeys(one["cause"] for one in row["spread"].values() if one["cause"] != row["source"])
    said += [f"Off together with all of cause: {cause}" for cause in causes]
    return ". ".join(said)


def _spread(row: dict[str, Any]) -> str:
    """The factors of energy, area and leakage."""
    factors = [row["spread"].get(quantity, {}).get("factor", 1) for quantity in ("energy", "area", "leakage")]
    return "x/÷ " + ", ".join(f"{factor:g}" for factor in factors)


def _lines(row: dict[str, Any], source: int) -> list[list[str]]:
    """A line for each action of a component; what belongs to the component stands in the first."""
    latency = "-" if row["latency_ps"] is None else format_quantity(row["latency_ps"], "time")
    prices = [[a["name"], format_quantity(a["energy_pj"], "energy"), a["per"]] for a in row["actions"]]
    prices = prices or [["-", "", ""]]
    head = [row["component"], row["where"], str(row["n_per_parent"])]
    area, leakage = format_quantity(row["area_um2"], "area"), format_quantity(row["leakage_uw"], "power")
    tail = [latency, area, leakage, _spread(row), str(source)]
    return [
        [*(head if i == 0 else ["", "", ""]), *price, *(tail if i == 0 else [""] * len(tail))]
        for i, price in enumerate(prices)
    ]


def array_text(chip: str, n_active_rows: int, tables: Mapping[str, Mapping[str, float]]) -> str:
    """One read of one array as a table: a line for each part, the total below.

    Examples
    --------
    >>> print(array_text("c", 2, {q: {"adc": 1.5, "total": 1.5} for q in ("energy_pj", "area_um2", "leakage_uw")}))
    One array of c, read with 2 active rows
    <BLANKLINE>
    part   energy     area  leakage
    adc    1.5 pJ  1.5 µm²   1.5 µW
    total  1.5 pJ  1.5 µm²   1.5 µW
    """
    energy_pj, area_um2, leakage_uw = (tables[name] for name in ("energy_pj", "area_um2", "leakage_uw"))
    names = [name for name in dict.fromkeys([*energy_pj, *area_um2]) if name != "total"]
    rows = [
        [
            name,
            format_quantity(energy_pj.get(name, 0.0), "energy"),
            format_quantity(area_um2.get(name, 0.0), "area"),
            format_quantity(leakage_uw.get(name, 0.0), "power"),
        ]
        for name in [*names, "total"]
    ]
    active = f"{n_active_rows} active row{'' if n_active_rows == 1 else 's'}"
    head = f"One array of {chip}, read with {active}"
    return f"{head}\n\n{text_table(('part', 'energy', 'area', 'leakage'), rows)}"
