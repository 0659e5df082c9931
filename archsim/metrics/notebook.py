"""How a result shows itself in a notebook."""

from __future__ import annotations

from html import escape
from typing import Any

from archsim.errors import ArchsimError
from archsim.metrics.view import Told
from archsim.registry import VIEWS
from archsim.texts import html_table
from archsim.units import close_match, format_quantity

N_COMPONENTS = 10
TEXT, PAGE = "summary", "page"


class Shown:
    """Display of a result in a notebook; pictures and pages are views (:mod:`archsim.metrics.view`)."""

    def summary(self) -> Told:
        """Totals, links, writes, idle area, activity and warnings, as `archsim run` prints them.

        Returns
        -------
        str
            It shows itself as it is.
        """
        told: Told = self._view(TEXT)
        return told

    def plot(self, kind: str = "pipeline") -> Any:
        """A picture, shown as the last line of a cell.

        Parameters
        ----------
        kind : str
            "pipeline", "breakdown", "power", "utilisation", "latency", or a view of your own.

        Returns
        -------
        Inline
            ``png`` holds the picture, ``data`` what was drawn.

        Raises
        ------
        ArchsimError
            There is no such picture, or a long run has no trace for it.
        """
        return self._view(kind)

    def show(self) -> Any:
        """The page of the run, in a frame; ``show().save("report.html")`` writes it.

        Raises
        ------
        ArchsimError
            A long run has no page.
        """
        return self._view(PAGE)

    def _view(self, kind: str) -> Any:
        if kind not in VIEWS:
            near = close_match(kind, list(VIEWS))
            raise ArchsimError(f"no view is called {kind!r}{near}; there are: {', '.join(VIEWS)}")
        with VIEWS.calling(kind) as view:
            if not view.for_long_runs and not hasattr(self, "trace"):
                raise ArchsimError(f"{kind}: a long run keeps no trace to draw; run fewer timesteps for it")
            return view.of(self)


def result_html(result: Any) -> str:
    """Totals of a `Result`, the components that take most, and what looks wrong, as HTML; every name is text."""
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
    return f"<div>{head}{html_table(list(totals.items()))}{_components(result)}{_warnings(result)}</div>"


def _components(result: Any) -> str:
    parts = sorted(result.breakdown("component").items(), key=lambda item: -item[1]["energy_pj"])[:N_COMPONENTS]
    lines = [
        (
            name,
            format_quantity(part["energy_pj"], "energy"),
            f"{100 * part['energy_pj'] / result.energy_pj:.3g} %" if result.energy_pj else "-",
            format_quantity(part["busy_ps"], "time"),
            format_quantity(part["area_um2"], "area"),
        )
        for name, part in parts
    ]
    return html_table(lines, ("component", "energy", "share", "busy", "area"))


def _warnings(result: Any) -> str:
    told = () if result.activity is None else result.activity.warnings
    return html_table([("warning", warning.text) for warning in told]) if told else ""
