"""Puts a page together: template, style, scripts and data in one text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from archsim.report.activity import warning_lines
from archsim.report.html.floor import floor
from archsim.report.html.network import network
from archsim.report.html.parts import areas, cells, power
from archsim.report.html.timeline import timeline
from archsim.report.html.why import why
from archsim.report.summary import RUN_COLUMNS, Summary, idle_line, percent
from archsim.units import format_quantity, shown_units

if TYPE_CHECKING:
    from archsim.metrics import Result

SCRIPTS = (
    "words.js", "theme.js", "together.js", "columns.js", "rows.js", "raster.js", "timeline.js", "states.js",
    "edges.js", "ranges.js", "moves.js", "talk.js", "search.js", "minimap.js", "parts.js", "power.js", "plan.js",
    "network.js", "activity.js", "why.js", "main.js",
)  # fmt: skip
STUDY_SCRIPTS = (
    "words.js", "theme.js", "raster.js", "study_columns.js", "study_charts.js", "study_table.js", "study.js",
)  # fmt: skip
LIBRARY = "echarts.js"
_DRAWN = ("time", "energy", "power", "area")
_SPLIT = RUN_COLUMNS.index("energy") + 1
# none of these may stand in a script element as they are, whatever a name holds
_ESCAPES: dict[str, str | int | None] = {
    "<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029",
}  # fmt: skip


def html_report(results: Sequence[Result], notes: Sequence[str] = (), more_style: str = "") -> str:
    """Write a page about one or more runs of a chip and workload.

    Parameters
    ----------
    results : sequence of Result
        One for each phase.
    notes : sequence of str
        What people should know, such as what a reader repaired.
    more_style : str
        Added to the style sheet.

    Returns
    -------
    str
        HTML that needs nothing else: no file, no network.

    Examples
    --------
    >>> import archsim
    >>> from archsim.report import html_report
    >>> chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    >>> work = archsim.load_workload("workloads/watch_mlp.yaml", ["timesteps=2", "samples=1", "batch=1"])
    >>> page = html_report([archsim.simulate(chip, work)])
    >>> page.startswith("<!doctype html>"), "src=" in page
    (True, False)
    """
    from archsim.plot import rule_colours

    records = [result.to_dict() for result in results]
    summaries = [Summary.of(record) for record in records]
    return render(
        "report.html.j2",
        "report.css",
        script=script(),
        more_style=more_style,
        title=", ".join(dict.fromkeys(summary.name for summary in summaries)),
        columns=(*RUN_COLUMNS[:_SPLIT], "of it dynamic", "leakage", *RUN_COLUMNS[_SPLIT:]),
        rows=[_cells(summary, record) for summary, record in zip(summaries, records, strict=True)],
        phases=[summary.phase for summary in summaries],
        colours=rule_colours([summary.phase for summary in summaries]),
        notes=[*notes, *filter(None, map(idle_line, records))],
        warnings=warning_lines(records),
        provenance=_provenance(results),
        runs=[tuple(map(in_script, _run(*pair))) for pair in zip(results, records, strict=True)],
    )


def _cells(summary: Summary, record: dict[str, Any]) -> list[str]:
    """A row of the summary, with dynamic and leakage energy in columns of their own."""
    cells, whole = summary.row(), summary.energy_pj or 1.0
    split = [
        f"{format_quantity(record['totals'][f'{name}_energy_pj'], 'energy')} "
        f"({percent(record['totals'][f'{name}_energy_pj'] / whole)})"
        for name in ("dynamic", "leakage")
    ]
    return [*cells[:_SPLIT], *split, *cells[_SPLIT:]]


def script(names: Sequence[str] = SCRIPTS) -> str:
    """The script that draws a page; that of a run if not given."""
    units = in_script({kind: shown_units(kind) for kind in _DRAWN})
    return "\n".join(['"use strict";', f"const UNITS = {units};", *map(asset, names)])


def render(
    page: str, css: str, script: str = "", more_style: str = "", inner: Sequence[str] = (), **parts: Any
) -> str:
    """A page of a template, in which what is put in is text, and that runs and shows nothing else.

    Its content security policy names its own style and script by their hashes, and allows pictures in the page
    alone: no other script runs whatever a name holds, and nothing is asked for from elsewhere.

    Parameters
    ----------
    page, css : str
        Files of this folder.
    script, more_style : str
    inner : sequence of str
        Styles and scripts of pages within this one, which obey its policy, too.
    parts
        What the template shows.
    """
    style = asset(css) + more_style
    allowed = " ".join(dict.fromkeys(f"'sha256-{_sha256(text)}'" for text in (style, script, *inner) if text))
    policy = (
        f"default-src 'none'; style-src {allowed}; script-src {allowed}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    return str(template(page).render(policy=policy, style=style, script=script, **parts))


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def breakable(name: str) -> Any:
    """A long name that may break behind a dot or an underscore.

    Examples
    --------
    >>> str(breakable("chip.<x>"))
    'chip.<wbr>&lt;x&gt;'
    """
    from markupsafe import Markup, escape

    return Markup(re.sub(r"([._])", r"\1<wbr>", str(escape(name))))  # escaped before


@cache
def asset(name: str) -> str:
    """A file of this folder."""
    return (files("archsim.report.html") / name).read_text(encoding="utf-8")


def template(name: str) -> Any:
    """A template of this folder; what is put into it is text, not HTML."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    names = FunctionLoader(asset)
    environment = Environment(autoescape=True, undefined=StrictUndefined, loader=names)
    environment.filters["breakable"] = breakable
    return environment.get_template(name)


def _run(result: Result, record: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Data of the first picture of a run, and of the rest; its figures are those of ``result.json``."""
    from archsim.plot import layer_colours, stage_colours

    figures = {key: value for key, value in record.items() if key != "provenance"}
    drawn = timeline(result)
    layers = [name for name in drawn["layers"] if name not in ("", "input")]
    rest = {name: drawn.pop(name) for name in ("spans", "path", "edges", "unseen")}
    rest["steps"] = drawn["levels"].pop("steps")
    first = {
        "record": figures,
        "timeline": drawn,
        "cells": cells(result),
        "areas": areas(result),
        "power": power(result),
        "floor": floor(result),
        "network": network(result),
        "raster": result.activity.raster if result.activity is not None else {},
        **why(result),
        "colours": {"layer": layer_colours(layers), "stage": stage_colours(drawn["stages"])},
    }
    return first, rest


def in_script(data: object) -> str:
    """JSON that ends no script element."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # lone surrogates are no characters and cannot be written
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text.translate(str.maketrans(_ESCAPES))


def _provenance(results: Sequence[Result]) -> dict[str, Any]:
    """Seed, engine, versions and hashes as rows; the resolved chip and workload as text."""
    known = [result.provenance for result in results if result.provenance]
    if not known:
        return {"rows": [], "texts": []}
    first: dict[str, Any] = known[0]
    versions = first.get("versions")
    rows = [("seed", first.get("seed")), ("engine", first.get("engine"))]
    if isinstance(versions, dict):
        rows.append(("versions", ", ".join(f"{name} {version}" for name, version in versions.items())))
    rows += [(f"SHA-256 of the inputs of {item.get('phase')}", item.get("inputs_sha256")) for item in known]
    texts = [(f"Resolved {key}", _readable(first[key])) for key in ("chip", "workload") if key in first]
    return {"rows": rows, "texts": texts}


def _readable(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, default=str, allow_nan=False)
