"""A mapping in a notebook."""

from __future__ import annotations

from html import escape
from typing import Any

from archsim.mapping.plan import LayerPlan
from archsim.texts import html_table

_COLUMNS = ("layer", "rows x columns", "blocks", "replicas", "copy", "feedback", "tiles", "homes")


def mapping_html(mapping: Any) -> str:
    """Where a `Mapping` puts each layer; every name is text."""
    used, there = mapping.n_crossbars, mapping.n_crossbars_available
    head = f"{escape(mapping.phase)}: {used} of {there} crossbars on {mapping.n_tiles} tiles"
    return f"<div><b>{escape(mapping.chip.name)}</b>, {head}{html_table(_rows(mapping), _COLUMNS)}</div>"


def _rows(mapping: Any) -> list[tuple[str, ...]]:
    return [_row(plan) for plan in mapping.plans.values()]


def _row(plan: LayerPlan) -> tuple[str, ...]:
    homes = (str(home.tile) for home in plan.homes)
    return (
        plan.layer.name,
        f"{plan.n_rows} x {plan.layer.n_columns}" if plan.forward else "-",
        str(len(plan.forward)),
        str(max((block.replica + 1 for block in plan.forward), default=0)),
        str(len(plan.copy)),
        str(len(plan.feedback)),
        ", ".join(map(str, plan.tiles)),
        ", ".join(homes),
    )
