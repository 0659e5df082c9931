"""The folder of a study: what it is of, its result log, and who works in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from archsim.errors import ExploreError
from archsim.explore.identity import digest_of, model_version
from archsim.explore.log import RESULTS, Claims, ResultLog
from archsim.explore.models import StudyModel
from archsim.explore.shapes import AboutShape, misfit
from archsim.explore.study import Study, describe, described_model, without_files
from archsim.files import holding, inside, make_folder, path_of, remove, write_text
from archsim.learn.checkpoints import differences
from archsim.reading import input_json, input_text
from archsim.units import shape_error

FORMAT = "archsim explore 1"
STUDY_COPY, ABOUT, JOURNAL, LEARNED = "study.yaml", "study.json", "journal.jsonl", "learned"
_OPEN: set[Path] = set()


@dataclass
class StudyFolder:
    """An opened folder."""

    path: Path
    log: ResultLog
    claims: Claims

    @property
    def journal(self) -> Path:
        """Optuna's journal."""
        return inside(self.path, JOURNAL)

    @cached_property
    def learned(self) -> Path:
        """Networks that were trained before the chip."""
        return inside(self.path, LEARNED)

    def close(self) -> None:
        """Give back what was claimed."""
        _OPEN.discard(self.path)
        self.claims.close()

    def __enter__(self) -> StudyFolder:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def open_folder(study: Study, folder: Path) -> StudyFolder:
    """The folder of a study, made if it is not there, resumed if it is.

    Raises
    ------
    ExploreError
        It holds other files, another study, or one that another version of archsim began.
    WriteError
        It is a file, or cannot be written.
    """
    target = path_of(folder).resolve()
    # claims are the process's: two threads would both take one, and a file of claims that is closed drops them all
    if target in _OPEN:
        said = "is open in this process already; give each sweep or search of it a process of its own"
        raise ExploreError(f"{target}: {said}")
    make_folder(target)
    foreign = sorted(path.name for path in target.iterdir() if not _is_of_a_beginning(path))
    if foreign and not (target / ABOUT).exists():  # asked last: another process may be making it
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise ExploreError(
            f"{target}: holds files that are no study of archsim ({', '.join(foreign[:3])}{more}); name another "
            "folder, or empty it"
        )
    about = about_of(study)
    with holding(target / "folder.lock"):
        for half_written in filter(_is_half_written, target.iterdir()):  # by a process that was killed
            remove(half_written)
        if (target / ABOUT).exists():
            _refuse_other(target, read_about(target), about)
        else:
            write_text(inside(target, STUDY_COPY), _text_of(study))
            text = json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False)
            write_text(inside(target, ABOUT), text + "\n")
    opened = StudyFolder(target, log_of(target, study), Claims(target / "claims"))
    _OPEN.add(target)
    return opened


def _text_of(study: Study) -> str:
    """Its file; one that was given otherwise, as a file would hold it."""
    path = study.document.path
    if path.is_file():
        return input_text(path, encoding="utf-8-sig")
    return json.dumps(study.document.data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _is_of_a_beginning(path: Path) -> bool:
    """Whether a folder that is just being made, or was when a process was killed, may hold the file."""
    return path.name in {"folder.lock", STUDY_COPY} or _is_half_written(path)


def _is_half_written(path: Path) -> bool:
    return any(path.match(f".{name}.*part") for name in (ABOUT, STUDY_COPY))


def about_of(study: Study) -> dict[str, Any]:
    """A study's description in its folder, and the version of the model."""
    described = describe(study)
    folder = str(study.workload.path.parent.resolve())
    return {
        "format": FORMAT,
        "model": model_version(),
        "sha256": digest_of(described),
        "workload_folder": folder,
        "study": described,
    }


def log_of(folder: Path, study: Study) -> ResultLog:
    """The result log of a folder; what can be no record of its study is left out."""
    return ResultLog(folder / RESULTS, misfit=partial(misfit, study))


def read_about(folder: Path) -> dict[str, Any]:
    """The description of a study in its folder.

    Raises
    ------
    ExploreError
        It holds no study, or one of another format.
    """
    try:
        about = input_json(folder / ABOUT)
    except OSError:
        raise ExploreError(f"{folder}: holds no study; one is made by archsim sweep or archsim search") from None
    except ValueError as cause:
        raise _damaged(folder, str(cause)) from None
    found = about.get("format") if isinstance(about, dict) else None
    if found != FORMAT:
        raise ExploreError(
            f"{folder}: a study of format {found!r} is not read here, only {FORMAT!r}; name another folder"
        )
    checked: dict[str, Any] = about
    if said := shape_error(about, AboutShape):
        raise _damaged(folder, said)
    if digest_of(about["study"]) != about["sha256"]:
        raise _damaged(folder, "study is not what sha256 is of")
    return checked


def _damaged(folder: Path, said: str) -> ExploreError:
    return ExploreError(
        f"{folder / ABOUT}: is damaged: {said}. It says what the results beside it are of: bring it back, or "
        "name another folder"
    )


def _refuse_other(folder: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    names = there["study"].get("name"), here["study"]["name"]
    if names[0] != names[1]:
        raise ExploreError(f"{folder}: holds another study, {names[0]}, not {names[1]}. Name another folder (-o)")
    plain = json.loads(json.dumps(here["study"], allow_nan=False))
    differs = "; ".join(differences(_by_this_version(there["study"]), plain))
    if there["model"] != here["model"]:
        also = f" It is another study, too: {differs}." if differs else ""
        raise ExploreError(
            f"{folder}: the study was begun by archsim {there['model']}; this is {here['model']}, which may give "
            f"other figures.{also} Name another folder (-o), or go on with the version that began it"
        )
    if differs:
        raise ExploreError(
            f"{folder}: holds another study: {differs}. Name another folder (-o), or make the study as it was"
        )


def _by_this_version(described: dict[str, Any]) -> dict[str, Any]:
    """The record of another version, with defaults for the keys that it did not know."""
    try:
        model = StudyModel.model_validate(without_files(described))
    except ValueError:  # it knew what we do not: shown as it stands
        return described
    completed: dict[str, Any] = json.loads(json.dumps(described_model(model), allow_nan=False))
    return {**completed, "files": described["files"]}
