"""Saved runs of a study's configurations, which its page links to."""

from __future__ import annotations

from pathlib import Path

from archsim.explore.log import Record
from archsim.explore.results import PAGE, RUNS, choices
from archsim.explore.run import Explored
from archsim.files import inside, make_folder
from archsim.metrics import Result
from archsim.simulate import simulate


def run_page(record: Record) -> str:
    """Where the page of a configuration's run is kept, from the folder of the study's page."""
    return f"{RUNS}/{record['key'][:12]}/{PAGE}"


def kept_runs(found: Explored, folder: Path) -> dict[str, str]:
    """Pages of runs that stand in the folder of a study's page, from there, by key."""
    return {r["key"]: run_page(r) for r in found.records if (folder / run_page(r)).is_file()}


def keep_runs(found: Explored, folder: Path) -> list[Path]:
    """Simulate the knee and the best of each objective once more, and write their results below `folder`.

    What is there already is not done again.

    Returns
    -------
    list of Path
        The pages of the runs.

    Raises
    ------
    WriteError
        The folder cannot be written.
    """
    make_folder(inside(folder, RUNS))
    return [_kept(found, record, folder) for record in choices(found).values()]


def _kept(found: Explored, record: Record, folder: Path) -> Path:
    from archsim.report import notes_of, result_folder, write_results

    page = inside(folder, *run_page(record).split("/"))
    if not page.is_file():
        with result_folder(page.parent) as place:
            result = _simulated(found, record)
            network = found.study.resolve(record["parameters"]).work.network
            write_results(place, [result], notes_of(network.notes, [result]))
    return page


def _simulated(found: Explored, record: Record) -> Result:
    given = found.study.resolve(record["parameters"])
    return simulate(given.chip, given.work, "compiled", record["seed"], record["phase"])
