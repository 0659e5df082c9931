"""The page of tile configurations: how sure what the chosen ones cost is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archsim.report.table import markdown_table
from archsim.study.tile_findings import KINDS, TITLE, short_config
from archsim.study.tile_fronts import COSTS, RULES
from archsim.study.tile_sure import choices_of, open_orders
from archsim.units import format_quantity

CHOICE = {
    "knee": "knee", "energy_pj": "least energy", "latency_ps": "least latency", "area_um2": "least area",
    "accuracy": "most accurate",
}  # fmt: skip


def sure_section(study: Mapping[str, Any]) -> list[str]:
    """Error bars of the choices, and how probably DFA needs less than BP."""
    found, lines, fronts = study["sure"], study["lines"], study["fronts"]
    rows = []
    for rule in RULES:
        names: dict[int, list[str]] = {}
        for name, line in choices_of(fronts[rule]).items():
            names.setdefault(line, []).append(CHOICE[name])
        for line in found[rule]:
            bars = (_bar(found["interval_90"][str(line)][c], lines[line][c], KINDS[c]) for c in COSTS)
            rows.append([", ".join(names[line]), rule.upper(), short_config(lines[line]), *bars])
    said = "; ".join(f"{TITLE[c]} {_percent(found['all_less'][c])}" for c in COSTS)
    doubtful = [
        [TITLE[c], short_config(lines[dfa]), short_config(lines[bp]), _percent(chance)]
        for c in COSTS for dfa, bp, chance in open_orders(found, c)
    ]  # fmt: skip
    return [
        "## How sure the costs are",
        f"Each number of the price list is off by a factor of its own ([factors](../models/uncertainty.md)), the "
        f"same one for both rules where they use the same part. {found['draws']} draws (seed {found['seed']}), "
        "simulated anew where times change; listed figures, and the middle 90 % of the draws:",
        markdown_table(["choice", "rule", "configuration", *(TITLE[c] for c in COSTS)], rows),
        "As the errors are shared, orders are surer than the bars. How probable it is that every choice of DFA "
        f"needs less than every one of BP: {said}.",
        *_open(doubtful),
    ]


def _open(rows: list[list[str]]) -> list[str]:
    if not rows:
        return ["The order of no DFA and no BP choice is open (between 5 % and 95 %)."]
    return [
        "Pairs whose order is open (between 5 % and 95 %):",
        markdown_table(["figure", "DFA's choice", "BP's choice", "DFA needs less"], rows),
    ]


def _bar(interval: list[float], listed: float, kind: str) -> str:
    low, high = (format_quantity(end, kind) for end in interval)
    if low == high:
        return format_quantity(listed, kind)
    return f"{format_quantity(listed, kind)} ({low} to {high})"


def _percent(chance: float) -> str:
    return f"{100 * chance:.1f} %"
