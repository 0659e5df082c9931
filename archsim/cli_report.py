"""The command ``report``."""

from __future__ import annotations

from pathlib import Path

from archsim.cli_say import say
from archsim.errors import ArchsimError
from archsim.files import inside, write_text
from archsim.report import PAGE_FILE, html_report, load_result, read_results


def report(item: Path, output: Path | None) -> None:
    """The page of a saved result, or of a study with its tables and chips; the name of the file on stdout."""
    if (item / "study.json").is_file():
        from archsim.explore.report import report as study_report
        from archsim.explore.results import notes_on
        from archsim.explore.results import read_results as read_study_results

        found = read_study_results(item)
        say(str(study_report(found, output or item)))
        for note in notes_on(found):
            say(f"note: {note}", err=True)
        return
    if item.is_file() and item.suffix in (".yaml", ".yml"):
        raise ArchsimError(f"{item}: is no result; name the folder that run, sweep or search made (their -o)")
    if item.is_file() and item.suffix != ".json":
        raise ArchsimError(f"{item}: is no result; name the result folder, {item.parent}")
    saved = read_results(item)
    target = output or inside(item if item.is_dir() else item.parent, PAGE_FILE)
    if target.is_dir():
        raise ArchsimError(f"{target}: is a folder; name a file, such as {target / PAGE_FILE}")
    results = [load_result(item, phase) for phase in saved.results]
    write_text(target, html_report(results, saved.notes))
    say(str(target))
