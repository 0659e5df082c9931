"""How a result shows itself in a notebook."""

from __future__ import annotations

from html import escape
from typing import Any

from archsim.units import format_quantity

N_COMPONENTS = 10


def result_html(result: Any) -> str:
    """Totals of a `Result` and the components that take most, as HTML; every name is text."""
    busiest = result.busiest_resource
    totals = {
        "latency": format_quantity(result.latency_ps, "time"),
        "throughput": f"{result.throughput_per_s:.4g} /s",
        "energy": format_quantity(result.energy_pj, "energy"),
        "area": format_quantity(result.area_um2, "area"),
        "average power": format_quantity(result.average_power_uw, "power"),
        "peak power": format_quantity(result.peak_power_uw, "power"),
        "busiest resource": f"{busiest.name} ({100 * busiest.utilisation:.3g} %)",
    }
    size = f"{result.n_samples} samples, {result.n_tasks} tasks"
    head = f"<b>{escape(result.name)}</b>, {escape(result.phase)}: {size}"
    rows = [f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in totals.items()]
    return f"<div>{head}<table>{''.join(rows)}</table>{_components(result)}</div>"


def _components(result: Any) -> str:
    parts = sorted(result.breakdown("component").items(), key=lambda item: -item[1]["energy_pj"])[:N_COMPONENTS]
    lines = []
    for name, part in parts:
        cells = [
            escape(name),
            format_quantity(part["energy_pj"], "energy"),
            f"{100 * part['energy_pj'] / result.energy_pj:.3g} %" if result.energy_pj else "-",
            format_quantity(part["busy_ps"], "time"),
            format_quantity(part["area_um2"], "area"),
        ]
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{title}</th>" for title in ("component", "energy", "share", "busy", "area"))
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"
