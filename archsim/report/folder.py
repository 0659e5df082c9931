"""The folder of a result: written whole or not at all, and read back.

It holds ``result.json``, ``report.md``, ``report.html`` (see :func:`archsim.report.html_report`), and for each
phase ``pipeline_<phase>.png`` and ``run_<phase>.npz`` (the run itself, see :func:`archsim.load_result`), of which
all other pictures and files can be made.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim.errors import ArchsimError
from archsim.files import fresh_folder, inside, path_of, write_text
from archsim.json_reader import shown_path
from archsim.names import with_stages
from archsim.reading import input_json
from archsim.registry import VIEWS
from archsim.report.markdown import markdown
from archsim.report.saved import bundle_errors, record_errors

if TYPE_CHECKING:
    from archsim.metrics import LongResult, Result

FORMAT = "archsim result 2"
FORMER = "archsim result 1"  # a task's stage was called its phase
_BY_PHASE = ("inputs_sha256", "tile_places")  # of the provenance, what is not the same in every phase
RESULT_FILE = "result.json"
PAGE_FILE = "report.html"
MOST_ERRORS_SHOWN = 20
# what a folder may hold to count as an older result, which is replaced as a whole
_OURS = re.compile(
    r"result\.json|report\.(md|html)|(spans|run)_\w+\.npz"  # spans: of versions before
    r"|timelines_\w+\.png"
    r"|\.\S+\.part(-\d+-[0-9a-f]+)?"  # left by a process that was killed
    r"|crossbar\.json|crossbar_\w+\.png|compare\.(json|md|html)"
)


@dataclass(frozen=True)
class Saved:
    """Content of a ``result.json``.

    Parameters
    ----------
    results : dict of str to dict
        Runs by phase, as `Result.to_dict` gives them.
    notes : tuple of str
    """

    results: dict[str, dict[str, Any]]
    notes: tuple[str, ...]


def bundle(records: Sequence[Mapping[str, Any]], notes: Sequence[str] = ()) -> dict[str, Any]:
    """Runs of one chip and workload as one JSON object; what they share of the provenance stands once.

    Returns
    -------
    dict
        ``format``, ``notes``, ``results`` by phase, ``provenance`` (with ``inputs_sha256`` and ``tile_places`` by
        phase).
    """
    shared: dict[str, Any] = {}
    apart: dict[str, dict[str, Any]] = {key: {} for key in _BY_PHASE}
    results = {}
    for record in records:
        provenance = dict(record.get("provenance", {}))
        provenance.pop("phase", None)
        for key, of_phase in apart.items():
            if key in provenance:
                of_phase[record["phase"]] = provenance.pop(key)
        shared |= provenance
        results[record["phase"]] = {key: value for key, value in record.items() if key != "provenance"}
    provenance = {**shared, **{key: of_phase for key, of_phase in apart.items() if of_phase}}
    return {"format": FORMAT, "notes": list(notes), "results": results, "provenance": provenance}


def read_results(path: str | Path) -> Saved:
    """Read a result folder or its ``result.json``.

    Raises
    ------
    ArchsimError
        There is no such file, or it holds something else.
    """
    path_of(path)
    file = Path(path).expanduser()
    if file.is_dir():
        file = file / RESULT_FILE
    try:
        data = input_json(file)
    except FileNotFoundError:
        raise ArchsimError(_what_is_there(file)) from None
    except OSError as cause:
        raise ArchsimError(f"{file}: cannot be read: {cause.strerror or cause}") from None
    except ValueError as cause:
        raise ArchsimError(f"{file}: not a result of archsim: {cause}") from None
    if isinstance(data, dict) and data.get("format") in (FORMAT, FORMER):
        if isinstance(found := data.get("results"), dict):
            data["results"] = {phase: with_stages(record) for phase, record in found.items()}
        refuse_saved(file, bundle_errors(data))
        return Saved(_with_provenance(data), tuple(data.get("notes", ())))
    if isinstance(data, dict) and "totals" in data:  # what Result.save writes: a single run
        data = with_stages(data)
        refuse_saved(file, record_errors(data))
        return Saved({data["phase"]: data}, ())
    found = (
        f"its format is {data['format']!r}, {FORMAT!r} is read"
        if isinstance(data, dict) and "format" in data
        else f"no format {FORMAT!r}"
    )
    raise ArchsimError(f"{file}: not a result of archsim ({found})")


def refuse_saved(file: Path, errors: Sequence[tuple[tuple[str | int, ...], str]]) -> None:
    """Name every field that is wrong, if one is."""
    if errors:
        lines = [f"{shown_path(path)}: {said}" if path else said for path, said in errors]
        more = [f"… and {len(errors) - MOST_ERRORS_SHOWN} more"] if len(errors) > MOST_ERRORS_SHOWN else []
        raise ArchsimError("\n".join(f"{file}: {line}" for line in [*lines[:MOST_ERRORS_SHOWN], *more]))


_OF_A_STUDY = ("study.json", "study.yaml", "results.jsonl", "journal.jsonl")


def _what_is_there(file: Path) -> str:
    """Why there is no result: its folder holds a study, or nothing that we know."""
    folder = file.parent
    if not any((folder / name).exists() for name in _OF_A_STUDY):
        return (
            f"{file}: there is no such file; a result is what archsim run -o writes, a study what archsim sweep "
            "or search does"
        )
    if (folder / "study.json").exists():
        return f"{folder}: holds a study, no result; archsim report {folder} shows it"
    if (folder / "results.jsonl").exists():
        return (
            f"{folder}: holds a study without its study.json, which says what its results are of; bring that file "
            "back, or do the study again in another folder. results.jsonl itself can be read with pandas"
        )
    return f"{folder}: holds a study that was begun and has no results; archsim sweep or search goes on with it"


def _with_provenance(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    shared = dict(data.get("provenance", {}))
    apart = {key: shared.pop(key, {}) for key in _BY_PHASE}

    def own(phase: str) -> dict[str, Any]:
        return {key: of_phase[phase] for key, of_phase in apart.items() if phase in of_phase}

    return {
        phase: {**record, "provenance": {**shared, "phase": phase, **own(phase)}}
        for phase, record in data["results"].items()
    }


@contextmanager
def result_folder(path: str | Path) -> Iterator[Path]:
    """A folder beside `path` to write into; it takes the place of `path` at the end of the ``with`` block.

    If the block raises, or is interrupted, it is removed and `path` is as it was. Enter before a long
    computation: whether `path` can be written is found out at once.

    Parameters
    ----------
    path : str or path
        A new folder, an empty one, or an older result, which is replaced.

    Raises
    ------
    ArchsimError
        `path` cannot be written, or holds files that are no result of archsim.
    """
    target = path_of(path).resolve()
    _refuse_foreign(target)
    with fresh_folder(target, whole=True) as beside:
        yield beside


def _refuse_foreign(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise ArchsimError(f"{target}: is a file; name a folder for the result")
    found = sorted(entry.name for entry in target.iterdir()) if os.access(target, os.R_OK) else []
    if target == Path.cwd() or target in Path.cwd().parents:
        raise ArchsimError(f"{target}: is the folder you work in; name another one for the result")
    foreign = [name for name in found if not (_OURS.fullmatch(name) or _is_picture(name))]
    if foreign:
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise ArchsimError(
            f"{target}: holds files that are no result of archsim ({', '.join(foreign[:3])}{more}); "
            "name another folder, or empty it"
        )


def _is_picture(name: str) -> bool:
    """Whether it is called like one of a view: ``power_dfa.svg``."""
    return any(re.fullmatch(rf"{view}_\w+\.(png|svg|pdf)", name) for view in VIEWS)


def write_results(folder: Path, results: Sequence[Result | LongResult], notes: Sequence[str] = ()) -> None:
    """Write everything of a result folder into an existing folder.

    Parameters
    ----------
    folder : Path
        From `result_folder`.
    results : sequence of Result
        One for each phase; of a long run there are no page and no pictures.
    notes : sequence of str

    Raises
    ------
    ArchsimError
        The disk is full or the folder is gone.
    """
    from archsim.metrics import LongResult, phase_file, run_file, write_run
    from archsim.plot import pipeline
    from archsim.report.html import html_report

    records = [result.to_dict() for result in results]
    text = json.dumps(bundle(records, notes), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(inside(folder, RESULT_FILE), text + "\n")
    write_text(inside(folder, "report.md"), markdown(records, notes))
    traced = [result for result in results if not isinstance(result, LongResult)]
    if traced:
        write_text(inside(folder, PAGE_FILE), html_report(traced, notes))
    for result in traced:
        write_run(result, inside(folder, run_file(result.phase)))
        pipeline(result, inside(folder, phase_file("pipeline", result.phase, "png")))
