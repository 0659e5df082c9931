"""The report of a study: a page; pictures for print, tables and chips beside it."""

from __future__ import annotations

from pathlib import Path

from archsim.errors import ExploreError
from archsim.explore.front import CHEAP, nearest
from archsim.explore.measures import kind_of
from archsim.explore.page import study_page
from archsim.explore.results import (
    PAGE,
    PICTURES,
    check_libraries,
    importance,
    knee,
    remove_older,
    write_tables,
)
from archsim.explore.run import Explored
from archsim.files import fresh_folder, inside, path_of, write_text


def report(found: Explored, folder: Path) -> Path:
    """Write a page that needs no other file: all configurations, front, knee, hypervolume; the rest beside it.

    Where no configuration keeps to all constraints, it shows those that come nearest.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ExploreError
        Nothing has figures yet, or a library of the extra `explore` is missing.
    WriteError
        The folder cannot be written.
    """
    check_libraries()
    if not found.records:
        raise ExploreError(f"{found.folder}: nothing is finished yet; there is nothing to show")
    if not (found.front or nearest(found.study, found.records, 1)):
        errors = [record["error"] for record in found.records if record["error"]]
        said = f"; the first error: {errors[0]}" if errors else ""
        raise ExploreError(f"{found.folder}: no configuration has all its figures; there is nothing to show{said}")
    with fresh_folder(folder) as place:
        names = write_tables(found, place)
        _pictures(found, place)
        write_text(inside(place, PAGE), study_page(found, path_of(folder)))
    remove_older(folder, names)
    return inside(folder, PAGE)


def _pictures(found: Explored, folder: Path) -> None:
    """Draw front, parallel coordinates and importances, those that there are."""
    from archsim.plot.explored import importances, parallel_coordinates, scatter_matrix

    objectives = list(found.study.model.objectives)
    done = [
        r
        for r in found.records
        if r["state"] != CHEAP and all(r["metrics"].get(name) is not None for name in objectives)
    ]
    keys = {record["key"] for record in found.front}
    on_front = [record["key"] in keys for record in done]
    columns = {name: [record["metrics"][name] for record in done] for name in objectives}
    kinds = {name: kind_of(name) for name in objectives}
    best = knee(found)
    place = None if best is None else [record["key"] for record in done].index(best["key"])
    if len(objectives) > 1:
        scatter_matrix(columns, kinds, on_front, inside(folder, PICTURES["front"]), place)
    parameters = {name: [r["parameters"].get(name, "–") for r in done] for name in found.study.parameters}
    parallel_coordinates({**parameters, **columns}, on_front, inside(folder, PICTURES["parallel"]), kinds, place)
    shares = {name: parts for name, parts in importance(found).items() if parts}
    if shares:
        importances(shares, inside(folder, PICTURES["importance"]))
