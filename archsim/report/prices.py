"""The price list of a chip for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from archsim.report.table import text_table
from archsim.units import format_quantity

_COLUMNS = ("component", "where", "number", "action", "energy", "per", "latency", "area", "leakage", "source")


def price_text(rows: Sequence[dict[str, Any]], n_characters: int) -> str:
    """Rows of :func:`archsim.components.price_rows` as a table, the numbered sources below it."""
    cited = [(row["source"], row["scaling"]) for row in rows]
    sources = list(dict.fromkeys(cited))
    numbers = [sources.index(one) + 1 for one in cited]
    cells = [line for row, number in zip(rows, numbers, strict=True) for line in _lines(row, number)]
    width = max(60, min(120, n_characters))
    said = (f"{source}. Scaling: {scaling}" if scaling else source for source, scaling in sources)
    notes = (
        textwrap.fill(text, width, initial_indent=f"{number:>3}. ", subsequent_indent="     ")
        for number, text in enumerate(said, start=1)
    )
    return "\n".join([text_table(_COLUMNS, cells), "", *notes])


def _lines(row: dict[str, Any], source: int) -> list[list[str]]:
    """A line for each action of a component; what belongs to the component stands in the first."""
    latency = "-" if row["latency_ps"] is None else format_quantity(row["latency_ps"], "time")
    prices = [[a["name"], format_quantity(a["energy_pj"], "energy"), a["per"]] for a in row["actions"]]
    prices = prices or [["-", "", ""]]
    head = [row["component"], row["where"], str(row["n_per_parent"])]
    area, leakage = format_quantity(row["area_um2"], "area"), format_quantity(row["leakage_uw"], "power")
    tail = [latency, area, leakage, str(source)]
    return [
        [*(head if i == 0 else ["", "", ""]), *price, *(tail if i == 0 else ["", "", "", ""])]
        for i, price in enumerate(prices)
    ]


def array_text(chip: str, n_active_rows: int, tables: Mapping[str, Mapping[str, float]]) -> str:
    """One read of one array as a table: a line for each part, the total below.

    Examples
    --------
    >>> print(array_text("c", 2, {q: {"adc": 1.5, "total": 1.5} for q in ("energy_pj", "area_um2", "leakage_uw")}))
    One array of c, read with 2 active rows
    <BLANKLINE>
    part   energy  area     leakage
    adc    1.5 pJ  1.5 um2  1.5 uW
    total  1.5 pJ  1.5 um2  1.5 uW
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
