"""The page of a study: all configurations, its front, where it comes from."""

from __future__ import annotations

from pathlib import Path

from archsim.explore.folder import read_about
from archsim.explore.front import CHEAP, nearest
from archsim.explore.kept import kept_runs
from archsim.explore.log import Record
from archsim.explore.measures import kind_of
from archsim.explore.page_data import study_data
from archsim.explore.results import (
    CHIPS,
    MOST_NEAREST,
    common_metrics,
    hypervolume,
    knee,
    other_version,
    shown,
)
from archsim.explore.run import Explored
from archsim.report.html import LIBRARY, STUDY_SCRIPTS, asset, in_script, render, script

MOST_LISTED = 50
"""Rows of the front that stand in the page without its script."""


def study_page(found: Explored, folder: Path) -> str:
    """A page that needs no other file, in which every name is text.

    Parameters
    ----------
    found : Explored
    folder : Path
        Where the page will stand: runs that were kept there are led to.
    """
    best, names = knee(found), list(found.study.parameters)
    listed = found.front or nearest(found.study, found.records, MOST_NEAREST)
    metrics = common_metrics(listed)
    states = {s: sum(r["state"] == s for r in found.records) for s in ("done", CHEAP, "pruned", "failed")}
    about = read_about(found.folder)
    library = asset(LIBRARY)
    return render(
        "study.html.j2",
        "report.css",
        script(STUDY_SCRIPTS),
        asset("study.css"),
        [library],
        library=library,
        data=in_script(study_data(found, kept_runs(found, folder))),
        name=found.study.name,
        n_configurations=len(found.records),
        counts=", ".join(f"{n} {state}" for state, n in states.items() if n),
        hypervolume=f"{hypervolume(found):.4f}" if found.front else None,
        columns=[*names, *metrics],
        rows=[_row(record, names, metrics, best) for record in listed[:MOST_LISTED]],
        more=max(0, len(listed) - MOST_LISTED),
        folder=CHIPS,
        other_version=other_version(found),
        model=about["model"],
        sha256=about["sha256"][:16],
    )


def _row(record: Record, names: list[str], metrics: list[str], best: Record | None) -> dict[str, object]:
    cells = [str(record["parameters"].get(name, "")) for name in names]
    cells += [shown(record["metrics"][name], kind_of(name)) for name in metrics]
    is_knee = best is not None and record["key"] == best["key"]
    return {"cells": cells, "file": f"{record['key'][:12]}.yaml", "is_knee": is_knee}
